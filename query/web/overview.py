"""The overview of an index: its page, and the map of its pages as data.

The page is complete without script but for the map, which a script draws from /api/map.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field

from index.interface import PageIndex
from index.pages import DocumentPart, split_page_id
from index.wording import file_name, printable
from query.service.cached_function import CachedFunction
from query.service.map_maker import MapMaker, PageMap
from query.service.page_map import MAX_PAGES
from query.service.service import SearchService
from query.web.api_models import DocumentIdOut, PageIdOut, PageNumber, Title
from query.web.known_parameters import refuse_unknown_parameters
from query.web.overview_view import ROWS, folder_of, marks, overview
from query.web.problems import documented

MAX_FIND_LENGTH = 200

AT_ONCE = 1000
"""Pages up to which the map is drawn without being asked for: a few seconds' work from a folder."""

RETRY_AFTER_S = 1


class MapPage(BaseModel):
    """A page on the map: x to the right and y down, 0 to 1."""

    page_id: PageIdOut
    document_id: DocumentIdOut
    file: str = Field(description="Name of the document's file.", examples=["report.pdf"])
    page_number: PageNumber
    x: float = Field(description="To the right, 0 to 1.", examples=[0.25])
    y: float = Field(description="Down, 0 to 1.", examples=[0.75])


class MapDocument(BaseModel):
    """A document with pages on the map; colour (of 6) and shape (of 4) repeat after 24."""

    document_id: DocumentIdOut
    file: str = Field(description="Name of its file.", examples=["report.pdf"])
    folder: str = Field(description="Where it lies.", examples=["/home/you/Documents/2023"])
    title: Title
    colour: int = Field(description="Of its marks, 0 to 5.", examples=[0])
    shape: int = Field(description="Of its marks, 0 to 3.", examples=[0])
    n_pages: int = Field(description="Pages it has on the map.", examples=[12])


class MapAnswer(BaseModel):
    """The map, or that it is being drawn: then everything else is empty."""

    state: Literal["ready", "drawing"] = Field(
        description="Whether the map is drawn.", examples=["ready"]
    )
    n_pages: int = Field(default=0, description="Pages the index holds.", examples=[306])
    n_chosen: int = Field(
        default=0,
        description="Pages chosen for the map; where they are fewer, a sample.",
        examples=[306],
    )
    n_without_vectors: int = Field(
        default=0, description="Pages chosen that have no place on it.", examples=[0]
    )
    documents: list[MapDocument] = Field(default=[], description="Those with pages on the map.")
    pages: list[MapPage] = Field(default=[], description="The pages on the map.")


def make_router(service: SearchService, templates: Jinja2Templates) -> APIRouter:
    """The routes of the overview and its map.

    Args:
        service: gives the index.
        templates: of the folder `templates`.
    """
    router = APIRouter()
    maker = MapMaker(service.reading)
    answer_of = CachedFunction(_answer, size=1)

    @router.get("/overview", response_class=HTMLResponse, include_in_schema=False)
    def show_overview(
        request: Request,
        find: Annotated[str, Query(max_length=MAX_FIND_LENGTH)] = "",
        start: Annotated[int, Query(ge=1, le=1_000_000_000)] = 1,
    ) -> HTMLResponse:
        stats, wanted = service.stats(), find.strip()
        with service.reading() as index:
            first, listed = _rows_at(index, start, wanted)
            failed = index.documents_by_path(0, ROWS, only_failed=True)
            n_unfinished = index.n_unfinished()
            made_with = index.fingerprint
        view = overview(stats, n_unfinished, listed, failed, made_with, find, first)
        return templates.TemplateResponse(
            request,
            "overview.html",
            {
                "here": "overview",
                "view": view,
                "max_find_length": MAX_FIND_LENGTH,
                "max_map_pages": MAX_PAGES,
                "draw_at_once": maker.is_drawn or stats.n_pages <= AT_ONCE,
            },
        )

    @router.get(
        "/api/map",
        response_model=MapAnswer,
        dependencies=[Depends(refuse_unknown_parameters)],
        responses={
            202: {"model": MapAnswer, "description": "It is being drawn: ask again."},
            **documented(422, 503),
        },
    )
    def get_map() -> Response:
        """Where pages lie on a map on which like pages lie side by side; drawn on demand."""
        drawn = maker.current()
        if drawn is None:
            drawing = MapAnswer(state="drawing").model_dump_json()
            headers = {"Retry-After": str(RETRY_AFTER_S)}
            return Response(drawing, 202, headers, "application/json")
        return Response(answer_of(drawn), media_type="application/json")

    return router


def _rows_at(index: PageIndex, start: int, find: str) -> tuple[int, DocumentPart]:
    """The documents around a place of the list, counted from 1, and the place of the first."""
    first = (start - 1) // ROWS * ROWS
    listed = index.documents_by_path(first, ROWS, find=find)
    if first and not listed.documents:  # a link of an earlier, longer list
        first = max(0, listed.n_documents - 1) // ROWS * ROWS
        listed = index.documents_by_path(first, ROWS, find=find)
    return first + 1, listed


def _answer(drawn: PageMap) -> str:
    """The map as JSON."""
    documents = drawn.documents
    n_pages: dict[str, int] = {}
    pages = []
    for page_id, (x, y) in zip(drawn.page_ids, drawn.points.tolist(), strict=True):
        document_id, page_number = split_page_id(page_id)
        n_pages[document_id] = n_pages.get(document_id, 0) + 1
        pages.append(
            MapPage(
                page_id=page_id,
                document_id=document_id,
                file=file_name(documents[document_id].name),
                page_number=page_number,
                x=round(x, 4),
                y=round(y, 4),
            )
        )
    mark_of = marks(documents[document_id] for document_id in n_pages)
    answer = MapAnswer(
        state="ready",
        n_pages=drawn.n_pages,
        n_chosen=drawn.n_chosen,
        n_without_vectors=drawn.n_without_vectors,
        documents=[
            MapDocument(
                document_id=document_id,
                file=file_name(documents[document_id].name),
                folder=folder_of(documents[document_id].name),
                title=printable(documents[document_id].title),
                colour=mark_of[document_id].colour,
                shape=mark_of[document_id].shape,
                n_pages=n,
            )
            for document_id, n in n_pages.items()
        ],
        pages=pages,
    )
    return answer.model_dump_json()
