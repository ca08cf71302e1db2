"""Is a file there, readable and of the kind its name says? Asked before and after a tool fails."""

import os
from pathlib import Path

from index.errors import PageFailure

END_SIZE_BYTES = 1024  # as far as PDF readers look for the header, so junk before it is allowed


def read_head(path: Path) -> bytes:
    """The first bytes of a file, at least one.

    Raises:
        PageFailure: the file is empty, gone or must not be read.
    """
    head = _read_end(path, offset=0)
    if not head:
        raise PageFailure("empty file")
    return head


def has_eof_mark(path: Path) -> bool:
    """Whether a PDF's last line is there; a copy or download that broke off lacks it.

    Raises:
        PageFailure: the file is gone or must not be read.
    """
    return b"%%EOF" in _read_end(path, offset=-END_SIZE_BYTES)


def _read_end(path: Path, offset: int) -> bytes:
    """END_SIZE_BYTES from the offset, which counts from the end where it is negative."""
    try:
        with path.open("rb") as file:
            size_bytes = file.seek(0, os.SEEK_END)
            file.seek(max(0, size_bytes + offset) if offset < 0 else offset)
            return file.read(END_SIZE_BYTES)
    except OSError as error:
        raise PageFailure(f"cannot be read: {error.strerror}") from error
