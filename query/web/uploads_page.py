"""The page that takes PDFs, lists them, and removes them with a way back. Works without script."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates

from index.wording import count, printable, size
from query.service.service import SearchService
from query.service.upload_folder import KEEP_DAYS, UploadFolder
from query.web.search_form import SearchForm
from query.web.uploaded import OnlyOurPages, Uploaded, uploaded_files

_PAGE = "/uploads"


def make_router(
    service: SearchService, uploads: UploadFolder, templates: Jinja2Templates
) -> APIRouter:
    """The addresses of the page.

    Args:
        service: says which files are searchable.
        uploads: the folder.
        templates: of the folder `templates`.
    """
    router = APIRouter(include_in_schema=False)

    @router.get(_PAGE)
    def show_uploads(request: Request) -> Response:
        every = uploaded_files(service, uploads)
        context = {
            "here": "uploads",
            "files": [_row(of) for of in every if of.state != "removed"],
            "removed": [_row(of) for of in every if of.state == "removed"],
            "keep_days": KEEP_DAYS,
            "max_bytes": uploads.max_bytes,
            "max_size": size(uploads.max_bytes),
        }
        return templates.TemplateResponse(request, "uploads.html", context)

    @router.post(_PAGE, dependencies=[OnlyOurPages])
    def take(file: Annotated[UploadFile, File()]) -> Response:
        uploads.store(file.filename or "", file.file)
        return _back()

    @router.post(f"{_PAGE}/remove", dependencies=[OnlyOurPages])
    def remove(file: Annotated[str, Form()]) -> Response:
        uploads.remove(file)
        return _back()

    @router.post(f"{_PAGE}/restore", dependencies=[OnlyOurPages])
    def restore(file: Annotated[str, Form()]) -> Response:
        uploads.restore(file)
        return _back()

    return router


def _back() -> RedirectResponse:
    return RedirectResponse(_PAGE, 303)


def _row(of: Uploaded) -> dict[str, str]:
    """What the page shows of a file."""
    is_found = of.state == "searchable"
    said = {
        "waiting": "waiting to be read",
        "searchable": f"{count(of.n_pages, 'page')} to be found",
        "failed": f"not read: {printable(of.reason)}",
        "removed": "removed",
    }
    return {
        "name": of.file.name,
        "shown": printable(of.file.name),
        "size": size(of.file.size_bytes),
        "state": of.state,
        "said": said[of.state],
        "href": SearchForm().page_href(f"{of.document_id}-1") if is_found else "",
    }
