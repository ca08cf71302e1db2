"""The REST interface to the upload folder; there where `--allow-upload` names one."""

from typing import Annotated

from fastapi import APIRouter, File, Path, Response, UploadFile
from pydantic import BaseModel, Field

from query.service.service import SearchService
from query.service.upload_folder import UploadedFile, UploadFolder
from query.web.problems import documented
from query.web.uploaded import OnlyOurPages, UploadState, uploaded_files

FileName = Annotated[str, Path(max_length=255, description="As the list has it.")]


class StoredBody(BaseModel):
    """A file of the upload folder; it is searchable some seconds later."""

    file: str = Field(description="The name it has: another than it came with, where that is taken")
    size_bytes: int


class UploadBody(StoredBody):
    """A file of the upload folder, and what became of it."""

    state: UploadState = Field(
        description="waiting until it is read; removed: it can be put back for some days"
    )
    document_id: str = Field(description="Empty where it is not searchable.")
    n_pages: int = Field(description="Pages that can be found.")
    reason: str = Field(description="Why it could not be read, else empty.")


def make_router(service: SearchService, uploads: UploadFolder) -> APIRouter:
    """The paths of the upload folder."""
    router = APIRouter(prefix="/api", responses=documented(400, 401, 403, 421, 422, 500, 503))
    one = "/uploads/{file}"

    @router.post(
        "/documents",
        status_code=201,
        dependencies=[OnlyOurPages],
        responses=documented(413, 415),
    )
    def add_document(
        file: Annotated[UploadFile, File(description="A PDF, by its bytes.")],
    ) -> StoredBody:
        """Add a PDF to the upload folder; the same again, under the same name, changes nothing."""
        return _stored(uploads.store(file.filename or "", file.file))

    @router.get("/uploads")
    def list_uploads() -> list[UploadBody]:
        """The files of the upload folder, and those that were removed from it."""
        return [
            UploadBody(
                file=of.file.name,
                size_bytes=of.file.size_bytes,
                state=of.state,
                document_id=of.document_id,
                n_pages=of.n_pages,
                reason=of.reason,
            )
            for of in uploaded_files(service, uploads)
        ]

    @router.delete(
        one,
        status_code=204,
        response_class=Response,
        dependencies=[OnlyOurPages],
        responses=documented(404),
    )
    def remove_upload(file: FileName) -> None:
        """Remove a file of the upload folder; it can be put back for some days."""
        uploads.remove(file)

    @router.post(f"{one}/restore", dependencies=[OnlyOurPages], responses=documented(404))
    def restore_upload(file: FileName) -> StoredBody:
        """Put a removed file back; under another name, where its own is taken."""
        return _stored(uploads.restore(file))

    return router


def _stored(file: UploadedFile) -> StoredBody:
    return StoredBody(file=file.name, size_bytes=file.size_bytes)
