"""The file a document was made from, given out only while it has the bytes that were indexed.

A path says nothing: the file may have been edited, replaced, or be a link that leads elsewhere by
now. What counts is the SHA-256 that names the document, of the very file that was opened.
"""

import hashlib
import os
import stat
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import NoReturn

from index.pages import Document, FileRecord
from index.wording import printable
from query.service.concurrency_limit import ConcurrencyLimit
from query.service.refusals import NoOriginalError

N_KNOWN = 10_000
"""Files whose SHA-256 is kept: a second look at one, or at the next range of it, reads nothing."""
_N_AT_ONCE, _N_WAITING, _WAIT_S = 2, 48, 60.0
_BLOCK_BYTES = 1 << 20
_UNKNOWN = "application/octet-stream"

_State = tuple[int, int, int, int, int]
"""A file as it was at one time: device, inode, size, mtime and ctime, which nobody can set back."""

_MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
"""Of every kind of document. What else a path may end in is never shown, only saved."""


@dataclass(frozen=True, eq=False)
class Original:
    """A file that has the bytes of its document, open for reading from its beginning.

    Attributes:
        file: to be closed by whoever got it; reads the bytes that were compared, whatever the path
            leads to meanwhile.
        path: where it was found.
        stat: of the file that is open.
        media_type: of HTTP.
    """

    file: FileIO
    path: Path
    stat: os.stat_result
    media_type: str

    def is_still_there(self) -> bool:
        """Whether the path leads to the same file, and nobody has written to it since."""
        try:
            return _state(self.path.stat()) == _state(self.stat)
        except OSError:
            return False


class Originals:
    """Opens originals for many threads, and remembers which files it has compared."""

    def __init__(self) -> None:
        self._document_ids: dict[_State, str] = {}
        self._limit = ConcurrencyLimit("comparisons of files", _N_AT_ONCE, _N_WAITING, _WAIT_S)

    def open(self, document: Document) -> Original:
        """Open a document's file: the first of its paths at which its bytes lie.

        Raises:
            NoOriginalError: they lie at none of them; says so of the first.
            BusyError: too many files are being compared.
        """
        first: NoOriginalError | None = None
        records = {file.path: file for file in document.files}
        for path in document.paths:
            try:
                return self._opened(document.document_id, records[path])
            except NoOriginalError as e:
                first = first or e
        raise first or NoOriginalError(f"Document {document.document_id} has no file any more.")

    def _opened(self, document_id: str, record: FileRecord) -> Original:
        path = record.path
        with ExitStack() as on_failure:
            try:
                # without O_NONBLOCK a pipe would wait for ever to be opened
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                on_failure.callback(os.close, fd)
                found = os.fstat(fd)
                if not stat.S_ISREG(found.st_mode):
                    _refuse(path, "is not a regular file any more")
                same = found.st_size == record.size_bytes and self._id_of(fd) == document_id
            except (FileNotFoundError, NotADirectoryError):
                _refuse(path, "is not there any more")
            except (OSError, ValueError) as e:
                _refuse(path, f"cannot be read: {getattr(e, 'strerror', None) or e}")
            # what was written while it was compared counts as another file
            if not same or _state(os.fstat(fd)) != _state(found):
                _refuse(path, "has changed since it was indexed")
            on_failure.pop_all()
        media_type = _MEDIA_TYPES.get(PurePosixPath(path).suffix.lower(), _UNKNOWN)
        return Original(FileIO(fd), Path(path), found, media_type)

    def _id_of(self, fd: int) -> str:
        state = _state(os.fstat(fd))
        known = self._document_ids.get(state)
        if known is None:
            with self._limit.slot():
                known = _document_id(fd)
            if len(self._document_ids) >= N_KNOWN:
                self._document_ids.clear()
            self._document_ids[state] = known
        return known


def may_be_original(document: Document) -> bool:
    """Whether there is a file to open, as far as a look at its size tells: for what is offered."""
    for record in document.files:
        try:
            found = Path(record.path).stat()
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(found.st_mode) and found.st_size == record.size_bytes:
            return True
    return False


def _state(found: os.stat_result) -> _State:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _document_id(fd: int) -> str:
    """First 32 hex digits of the SHA-256 of an open file, which is what names a document."""
    digest = hashlib.sha256()
    os.lseek(fd, 0, os.SEEK_SET)
    while block := os.read(fd, _BLOCK_BYTES):
        digest.update(block)
    os.lseek(fd, 0, os.SEEK_SET)
    return digest.hexdigest()[:32]


def _refuse(path: str, what: str) -> NoReturn:
    raise NoOriginalError(
        f"{printable(path)} {what}, so it is not shown. Search its pages as they were, or bring "
        "the index up to date: pagelens ingest FOLDER"
    )
