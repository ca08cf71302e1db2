"""What a PDF holds beside its pages, and what no search will find: attachments, XFA, notes."""

import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from index.errors import PageFailure
from index.wording import count
from ingest.poppler import run

_N_ATTACHMENTS = re.compile(rb"^(\d+) embedded files?$", re.MULTILINE)
_XFA = re.compile(r"^Form: +XFA$", re.MULTILINE)


def not_searched(path: Path, pdfinfo_output: str) -> str:
    """Such as "2 attachments, a form in XFA, notes pinned to pages", "" if nothing.

    Args:
        path: a PDF that poppler opens.
        pdfinfo_output: what pdfinfo wrote of it.
    """
    parts = []
    n_attachments = _count_attachments(path)
    if n_attachments:
        parts.append(count(n_attachments, "attachment"))
    if _XFA.search(pdfinfo_output):
        parts.append("a form in XFA")
    if _has_notes(path):
        parts.append("notes pinned to pages")
    return ", ".join(parts)


def _count_attachments(path: Path) -> int:
    try:
        said = run("pdfdetach", "-list", str(path.absolute())).output
    except PageFailure:  # the pages are not the worse for it
        return 0
    match = _N_ATTACHMENTS.search(said)
    return int(match[1]) if match else 0


_NOTE = re.compile(rb"/Subtype\s*/Text\b")
"""What stands in a text annotation and nowhere else (ISO 32000-1, 12.5.6.4)."""

_OBJECT_STREAM = re.compile(rb"/ObjStm\b")
_STREAM_START = re.compile(rb"\bstream\r?\n")
_DICTIONARY_BYTES = 1 << 12  # as far as a stream's first byte is looked for behind its type
_INFLATED_BYTES = 1 << 24
_LOOKED_AT_BYTES = 1 << 27  # of a larger file its end: what was added to it later stands there


def _has_notes(path: Path) -> bool:
    """Whether people pinned notes to pages, as far as the file's bytes show it.

    No program of poppler's tells of them, so their mark is looked for, also in streams of objects.
    One that was deleted may still stand in the file; an encrypted one is not seen.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOOKED_AT_BYTES))
            data = file.read()
    except OSError:  # the pages are not the worse for it
        return False
    return bool(_NOTE.search(data)) or any(map(_NOTE.search, _object_streams(data)))


def _object_streams(data: bytes) -> Iterator[bytes]:
    """What streams of objects hold, those that are deflated: all that programs write."""
    for kind in _OBJECT_STREAM.finditer(data):
        start = _STREAM_START.search(data, kind.end(), kind.end() + _DICTIONARY_BYTES)
        if start is None:
            continue
        deflated = data[start.end() : start.end() + _INFLATED_BYTES]
        try:
            # it ends where the stream does, whatever length the file claims
            yield zlib.decompressobj().decompress(deflated, _INFLATED_BYTES)
        except zlib.error:
            continue
