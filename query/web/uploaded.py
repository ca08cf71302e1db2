"""What became of the files of the upload folder, for REST and for the page."""

import posixpath
import sys
from dataclasses import dataclass
from typing import Literal

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from index.pages import Document, FileRecord
from query.service.service import SearchService
from query.service.upload_folder import UploadedFile, UploadFolder

_ALL = sys.maxsize
UploadState = Literal["waiting", "searchable", "failed", "removed"]


@dataclass(frozen=True)
class Uploaded:
    """A file, and what became of it.

    Attributes:
        state: "waiting" until it is read; "removed" where it can be put back.
        document_id: "" where it is not searchable.
        n_pages: of them that can be found.
        reason: why it could not be read; else "".
    """

    file: UploadedFile
    state: UploadState
    document_id: str = ""
    n_pages: int = 0
    reason: str = ""


def uploaded_files(service: SearchService, uploads: UploadFolder) -> list[Uploaded]:
    """What lies in the folder, in order of name, then what was removed from it."""
    files = uploads.files()
    known: dict[str, tuple[FileRecord, Document]] = {}
    if files:
        folder = f"{posixpath.dirname(files[0].path)}/"
        with service.reading() as index:
            part = index.documents_by_path(0, _ALL, find=folder)
        known.update(
            (at.path, (at, document)) for document in part.documents for at in document.files
        )
    removed = [Uploaded(file, "removed") for file in uploads.removed()]
    return [*(_became_of(file, known.get(file.path)) for file in files), *removed]


def _became_of(file: UploadedFile, known: tuple[FileRecord, Document] | None) -> Uploaded:
    if known is None:
        return Uploaded(file, "waiting")
    record, document = known
    pages = document.readable_pages
    if document.failures and not pages:
        return Uploaded(file, "failed", reason=document.failures[0].reason)
    is_of_now = (record.size_bytes, record.mtime_ns) == (file.size_bytes, file.changed_ns)
    if not (document.is_complete and is_of_now):
        return Uploaded(file, "waiting")
    return Uploaded(file, "searchable", document.document_id, len(pages))


def _refuse_other_origins(request: Request) -> None:
    """Refuse what a page of another site makes an old browser send.

    Newer ones say more, in Sec-Fetch-Site, which is looked at for every request; and only to hosts
    they take for safe. Programs send neither.
    """
    headers = request.headers
    origin = headers.get("origin")
    if origin is None or "sec-fetch-site" in headers:
        return
    if origin.partition("://")[2] != headers.get("host"):
        raise HTTPException(403, "Pages of other sites may not use this server.")


OnlyOurPages = Depends(_refuse_other_origins)
"""What every address depends on that changes the folder."""
