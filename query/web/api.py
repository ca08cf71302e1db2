"""The REST interface: the service's answers as JSON and images, below /api/.

Endpoints are plain functions, so each runs in a thread of the server's and may wait there.
"""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, File, Path, Query, Response, UploadFile

from index.pages import Document
from query.as_json import explanation_as_json, found_as_json, hot_words_as_json
from query.request import SearchRequest
from query.service.service import SearchService
from query.web.api_models import (
    MAX_WIDTH_PX,
    PAGE_ID_PATTERN,
    DocumentBody,
    ExplanationBody,
    HeatmapSearch,
    HotWordBody,
    PageBody,
    PageSearch,
    Refinement,
    Search,
    SearchBody,
    StatusBody,
    TokenSearch,
)
from query.web.problems import documented

PageId = Annotated[
    str, Path(pattern=PAGE_ID_PATTERN, description="As a hit has it.", examples=["0" * 32 + "-1"])
]
_ALWAYS = (400, 401, 403, 409, 421, 422, 500, 503)
"""Problems any path may answer with: a search that cannot be, no token, a foreign site, an encoder
that is not the index's, a foreign name, wrong parameters, a bug or damage, busy or lost."""

_KEEP_PREVIEW = {"Cache-Control": "private, max-age=3600"}
"""A page id names its bytes; an hour, for they may be rendered anew."""

_WEBP: dict[int | str, dict[str, object]] = {
    200: {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}
}


class WebpResponse(Response):
    """A picture."""

    media_type = "image/webp"


def make_router(service: SearchService) -> APIRouter:
    """The paths of the REST interface over a service."""
    router = APIRouter(prefix="/api", responses=documented(*_ALWAYS))
    page_router = APIRouter(prefix="/pages/{page_id}", responses=documented(404))

    @router.get("/search", response_model=SearchBody)
    def search(search: Annotated[Search, Query()]) -> Response:
        """Find pages by what they say or show."""
        return _found(service, search.request(search.q))

    @router.post("/search/image", response_model=SearchBody, responses=documented(413))
    def search_by_image(
        file: Annotated[UploadFile, File(description="PNG, JPEG, WebP, GIF, TIFF or BMP.")],
        refinement: Annotated[Refinement, Query()],
    ) -> Response:
        """Find pages that look like an image; only where the index was made from images."""
        request = service.like_image(file.file.read(), refinement.request())
        return _found(service, request)

    @router.get("/documents")
    def documents() -> list[DocumentBody]:
        """Every document, those that could not be read included."""
        return [_document_body(document) for document in service.documents()]

    @router.get("/status")
    def status() -> StatusBody:
        """What the index holds, and how far the model is."""
        state = service.state
        return StatusBody.model_validate(
            {
                "state": state.name,
                "message": state.message,
                "sees_images": service.sees_images,
                "encoder": asdict(service.fingerprint),
                **asdict(service.stats()),
            }
        )

    @page_router.get("")
    def page(page_id: PageId) -> PageBody:
        """What is known of a page."""
        found = service.page(page_id)
        return PageBody(
            page_id=found.page_id,
            document_id=found.document_id,
            page_number=found.page_number,
            width_pt=found.width_pt,
            height_pt=found.height_pt,
            language=found.language,
            n_patches=len(found.vectors.vectors),
            is_waiting=found.is_waiting,
            ocr_engine=found.ocr_engine,
            text=found.words.text,
        )

    @page_router.get("/preview", response_class=WebpResponse, responses=_WEBP)
    def preview(
        page_id: PageId,
        width: Annotated[
            int | None, Query(ge=1, le=MAX_WIDTH_PX, description="In pixels, at most.")
        ] = None,
    ) -> Response:
        """The page as an image."""
        return WebpResponse(service.image(page_id, width), headers=_KEEP_PREVIEW)

    @page_router.get("/similar", response_model=SearchBody)
    def similar(page_id: PageId, refinement: Annotated[Refinement, Query()]) -> Response:
        """Find more pages like this one."""
        return _found(service, service.like_page(page_id, refinement.request()))

    @page_router.get("/heatmap", response_class=WebpResponse, responses=_WEBP)
    def heatmap(page_id: PageId, search: Annotated[HeatmapSearch, Query()]) -> Response:
        """Where the page matches, drawn over it; one colour scale for all pages of a search."""
        found = service.search_for_heat(_by_text_or_page(service, search))
        return WebpResponse(service.heatmap(found, page_id, search.token, search.width))

    @page_router.get("/words")
    def words(page_id: PageId, search: Annotated[TokenSearch, Query()]) -> list[HotWordBody]:
        """The words that stand where the page matches, hottest first."""
        found = service.search_for_heat(_by_text_or_page(service, search))
        words = service.hot_words(found, page_id, search.token)
        return [HotWordBody.model_validate(word) for word in hot_words_as_json(words)]

    @page_router.get("/explain")
    def explain(page_id: PageId, search: Annotated[PageSearch, Query()]) -> ExplanationBody:
        """Why the page came up, token by token, or why not."""
        found = service.search(_by_text_or_page(service, search))
        explanation = service.explain(found, page_id)
        return ExplanationBody.model_validate(explanation_as_json(explanation))

    router.include_router(page_router)
    return router


def _found(service: SearchService, request: SearchRequest) -> Response:
    """Search, and say it as the command line does."""
    found = service.search(request)
    return Response(found_as_json(found, reasons={}), media_type="application/json")


def _by_text_or_page(service: SearchService, search: PageSearch) -> SearchRequest:
    """The search that a page is seen by; a page to be like takes the place of the text."""
    request = search.request(search.q)
    return request if search.like is None else service.like_page(search.like, request)


def _document_body(document: Document) -> DocumentBody:
    return DocumentBody.model_validate(
        {
            "document_id": document.document_id,
            "paths": list(document.paths),
            "title": document.title,
            "page_count": document.page_count,
            "is_complete": document.is_complete,
            "failures": [asdict(failure) for failure in document.failures],
            "not_searched": document.not_searched,
        }
    )
