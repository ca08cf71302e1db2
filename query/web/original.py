"""The file a page is of, and parts of the page drawn from it, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict
from starlette.types import Receive, Scope, Send

from index.wording import file_name
from query.request import SearchRequest
from query.service.original import Original
from query.service.service import SearchService
from query.web.api import PageId
from query.web.api_models import MAX_WIDTH_PX, TokenSearch, said
from query.web.pictures import WebpResponse, described
from query.web.problems import documented

_KEEP_REGION = {"Cache-Control": "private, max-age=3600"}
"""A page id names its bytes; an hour, for the file may be gone, and is then not shown any more."""

_ORIGINAL: dict[int | str, dict[str, object]] = {
    status: {
        "description": said,
        "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
    }
    for status, said in ((200, "The file."), (206, "The part of it that Range names."))
}


class RegionSearch(TokenSearch):
    """A part of a page, how large its picture is to be, and the search whose heat is drawn."""

    model_config = ConfigDict(extra="forbid")

    x0: float = said("Left edge, a fraction of the page's width.", 0.1, ge=0, le=1)
    y0: float = said("Upper edge, a fraction of the page's height.", 0.1, ge=0, le=1)
    x1: float = said("Right edge.", 0.6, ge=0, le=1)
    y1: float = said("Lower edge.", 0.4, ge=0, le=1)
    width: int = said("Of the picture, in pixels, at most.", 1280, 1280, ge=1, le=MAX_WIDTH_PX)


class PrintedNumber(BaseModel):
    """The number printed on a page."""

    printed_number: str = said("Such as iv or A-3; empty where there is no other number.", "iv")


class OriginalResponse(FileResponse):
    """A file that is open, with ranges; closed when it is sent."""

    def __init__(self, original: Original, document_id: str, *, is_download: bool) -> None:
        self._original = original
        super().__init__(
            f"/dev/fd/{original.file.fileno()}",  # the file compared, wherever its path leads now
            media_type=original.media_type,
            headers={"ETag": f'"{document_id}"'},
            filename=file_name(original.path.as_posix()),
            stat_result=original.stat,
            content_disposition_type="attachment" if is_download else "inline",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or as much as is wanted of it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._original.file.close()


def original_response(service: SearchService, page_id: str, *, is_download: bool) -> Response:
    """The file a page is of.

    Raises:
        PagelensError: as `SearchService.original`.
    """
    document_id = page_id.partition("-")[0]
    return OriginalResponse(service.original(page_id), document_id, is_download=is_download)


def make_router(service: SearchService) -> APIRouter:
    """What the REST interface has of files: below /api/pages/."""
    router = APIRouter(
        prefix="/api/pages/{page_id}",
        responses=documented(401, 403, 404, 409, 421, 422, 500, 503),
    )

    @router.head("/original", include_in_schema=False)
    @router.get("/original", response_class=FileResponse, responses=_ORIGINAL)
    def original(
        page_id: PageId,
        download: Annotated[
            bool, Query(description="To be saved, not shown.", examples=[True])
        ] = False,
    ) -> Response:
        """The file the page is of, while it has the bytes that were indexed."""
        return original_response(service, page_id, is_download=download)

    @router.get(
        "/region", response_class=WebpResponse, responses={200: described(WebpResponse)[200]}
    )
    def region(page_id: PageId, asked: Annotated[RegionSearch, Query()]) -> Response:
        """A part of the page, drawn from its file; with a search, in the colours of its heat."""
        box = asked.x0, asked.y0, asked.x1, asked.y1
        if not (asked.q or asked.like):
            picture = service.region(page_id, box, asked.width)
        else:
            found = service.search_for_heat(_searched(service, asked))
            picture = service.heat_region(found, page_id, asked.token, box, asked.width)
        return WebpResponse(picture, headers=_KEEP_REGION)

    @router.get("/printed_number")
    def printed_number(page_id: PageId) -> PrintedNumber:
        """The number printed on the page, where its file names one that is not its place."""
        return PrintedNumber(printed_number=service.printed_number(page_id))

    return router


def _searched(service: SearchService, asked: RegionSearch) -> SearchRequest:
    request = asked.request(asked.q)
    return request if asked.like is None else service.like_page(asked.like, request)
