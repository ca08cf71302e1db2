"""Is a file there, readable and of the kind its name says? Asked before and after a tool fails."""

import os
from pathlib import Path

from encoders.image_decoder import SIGNATURES
from index.errors import PageFailure, PassingFailure

END_SIZE_BYTES = 1024  # as far as PDF readers look for the header, so junk before it is allowed


IMAGE_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")

PDF, IMAGE = "a PDF", "an image"
"""The kinds of document, as they stand in a sentence."""


def kind_of(head: bytes) -> str | None:
    """What a file is by its first bytes; None where they are those of no document.

    Args:
        head: END_SIZE_BYTES or more, less only of a shorter file.

    >>> kind_of(b"RIFF....WEBPVP8 "), kind_of(b"junk before %PDF-1.7"), kind_of(b"RIFF....WAVE")
    ('an image', 'a PDF', None)
    """
    is_image = head.startswith(tuple(start for name in IMAGE_FORMATS for start in SIGNATURES[name]))
    if is_image and (not head.startswith(b"RIFF") or head[8:12] == b"WEBP"):
        return IMAGE
    return PDF if b"%PDF-" in head[:END_SIZE_BYTES] else None


def read_head(path: Path) -> bytes:
    """The first bytes of a file, at least one.

    Raises:
        PageFailure: the file is empty.
        PassingFailure: it is gone or must not be read.
    """
    head = _read_end(path, offset=0)
    if not head:
        raise PageFailure("empty file")
    return head


def has_eof_mark(path: Path) -> bool:
    """Whether a PDF's last line is there; a copy or download that broke off lacks it.

    Raises:
        PassingFailure: the file is gone or must not be read.
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
        raise PassingFailure(f"cannot be read: {error.strerror}") from error
