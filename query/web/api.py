"""The REST interface: the service's answers as JSON and images, below /api/.

Endpoints are plain functions, so each runs in a thread of the server's and may wait there.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, File, Path, Query, Request, Response, UploadFile

from index.facets import most_first
from index.pages import Document
from query.as_json import explanation_as_json, found_as_json, hot_words_as_json
from query.request import SearchRequest
from query.service.ingest_state import IngestState
from query.service.service import SearchService
from query.web.addresses import urls
from query.web.api_models import (
    DEFAULT_DOCUMENTS,
    MAX_DOCUMENTS,
    MAX_OFFSET,
    PAGE_ID,
    PAGE_ID_PATTERN,
    DocumentBody,
    DocumentsBody,
    ExplanationBody,
    FacetsBody,
    Filtered,
    HeatmapSearch,
    HotWordBody,
    PageBody,
    PageSearch,
    Refinement,
    Search,
    SearchBody,
    StatusBody,
    TokenSearch,
    UrlsBody,
)
from query.web.known_parameters import refuse_unknown_parameters
from query.web.pictures import (
    KEPT_AN_HOUR,
    KEPT_FOR_GOOD,
    JpegResponse,
    WebpResponse,
    described,
    picture_answer,
)
from query.web.problems import documented

PageId = Annotated[
    str, Path(pattern=PAGE_ID_PATTERN, description="As a hit has it.", examples=[PAGE_ID])
]
_ALWAYS = (401, 403, 409, 421, 422, 500, 503)
"""Problems any path may answer with: no token, a foreign site, an encoder that is not the index's,
a foreign name, what cannot be asked for, a bug or damage, busy or lost."""


def make_router(service: SearchService, ingest_state: Callable[[], IngestState]) -> APIRouter:
    """The paths of the REST interface over a service."""
    router = APIRouter(
        prefix="/api",
        responses=documented(*_ALWAYS),
        dependencies=[Depends(refuse_unknown_parameters)],
    )
    page_router = APIRouter(prefix="/pages/{page_id}", responses=documented(404))

    @router.get("/search", response_model=SearchBody)
    def search(search: Annotated[Search, Query()]) -> Response:
        """Find pages by what they say or show."""
        return _found(service, search.request(search.q))

    @router.post("/search/image", response_model=SearchBody, responses=documented(400, 413))
    def search_by_image(
        image: Annotated[
            UploadFile,
            File(description="PNG, JPEG, WebP, GIF, TIFF or BMP.", examples=["photograph.jpg"]),
        ],
        refinement: Annotated[Refinement, Query()],
    ) -> Response:
        """Find pages that look like an image; only where the index was made from images."""
        request = service.like_image(image.file.read(), refinement.request())
        return _found(service, request)

    @router.get("/documents")
    def documents(
        offset: Annotated[
            int,
            Query(ge=0, le=MAX_OFFSET, description="Documents passed over.", examples=[0]),
        ] = 0,
        limit: Annotated[
            int,
            Query(ge=1, le=MAX_DOCUMENTS, description="Documents, at most.", examples=[100]),
        ] = DEFAULT_DOCUMENTS,
    ) -> DocumentsBody:
        """Documents in order of id, those that could not be read included."""
        return DocumentsBody(
            total=service.document_count(),
            offset=offset,
            limit=limit,
            documents=[_document_body(document) for document in service.documents(offset, limit)],
        )

    @router.get("/facets")
    def facets(filtered: Annotated[Filtered, Query()]) -> FacetsBody:
        """Count pages by language, year, kind of file and folder."""
        counted = service.facets(filtered.filters())
        return FacetsBody(
            n_pages=counted.n_pages,
            languages=most_first(counted.languages),
            years=most_first(counted.years),
            kinds=most_first(counted.kinds),
            folders=most_first(counted.folders),
        )

    @router.get("/status")
    def status() -> StatusBody:
        """What the index holds, and how far the model and an ingest are."""
        state, ingest = service.state, ingest_state()
        return StatusBody.model_validate(
            {
                "state": state.name,
                "message": state.message,
                "sees_images": service.sees_images,
                "encoder": asdict(service.fingerprint),
                "ingest": {**asdict(ingest), "said": ingest.said},
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
            urls=UrlsBody(**urls(page_id)),
        )

    @page_router.get("/preview", response_class=WebpResponse, responses=described(WebpResponse))
    def preview(page_id: PageId, request: Request) -> Response:
        """The page as an image."""
        return picture_answer(WebpResponse, request, service.image(page_id), KEPT_AN_HOUR)

    @page_router.get("/thumbnail", response_class=JpegResponse, responses=described(JpegResponse))
    def thumbnail(page_id: PageId, request: Request) -> Response:
        """The page as a small image. It never changes: ask once."""
        return picture_answer(JpegResponse, request, service.thumbnail(page_id), KEPT_FOR_GOOD)

    @page_router.get("/similar", response_model=SearchBody)
    def similar(page_id: PageId, refinement: Annotated[Refinement, Query()]) -> Response:
        """Find more pages like this one."""
        return _found(service, service.like_page(page_id, refinement.request()))

    @page_router.get(
        "/heatmap", response_class=WebpResponse, responses={200: described(WebpResponse)[200]}
    )
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
    return Response(
        found_as_json(found, {}, lambda page_id: {"urls": urls(page_id)}),
        media_type="application/json",
    )


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
