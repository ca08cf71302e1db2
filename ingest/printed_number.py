"""The number printed on a page, such as "iv" or "A-3", where the PDF names it (ISO 32000, 12.4.2).

Of poppler's programs pdftops alone tells it, in the comment that begins a page (Adobe's document
structuring conventions: `%%Page: label ordinal`), so it is run up to there. Of a name that is not
Latin-1 poppler keeps half of each character, and nothing shows that it did.
"""

import io
import re
from pathlib import Path

from index.errors import PageFailure
from index.wording import printable
from ingest.image_files import IMAGE_SUFFIXES
from ingest.poppler import Running

_CPU_LIMIT_S = 10.0
_MEMORY_LIMIT_BYTES = 1_000_000_000
_BLOCK_BYTES = 1 << 18
_MOST_BYTES = 50_000_000  # before the comment stand the page's fonts
_LONGEST_LINE = 4096  # bytes; poppler writes at most 200 characters of a label
_LONGEST = 40  # characters: what is longer is no number

_PAGE = re.compile(rb"^%%Page: (?:\(((?:[^\\()\n]|\\.)*)\)|(\S+)) [0-9]+\r?$", re.MULTILINE)
_ESCAPED = re.compile(rb"\\(-?[0-7]{2,3}|.)", re.DOTALL)  # poppler 22 takes bytes as signed


def printed_number(path: Path, page_number: int) -> str:
    """What a PDF calls a page.

    Args:
        path: the document.
        page_number: counted from 1.

    Returns:
        "" where it does not say, says the same number, cannot be read, or is an image file.

    Raises:
        MissingDependencyError: poppler is not installed.
    """
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return ""
    number = str(page_number)
    arguments = ("-f", number, "-l", number, str(path.absolute()), "-")
    output, n_before = io.BytesIO(), -1
    try:
        with Running(
            "pdftops", *arguments, cpu_limit_s=_CPU_LIMIT_S, memory_limit_bytes=_MEMORY_LIMIT_BYTES
        ) as running:
            while n_before < output.tell() < _MOST_BYTES:
                n_before = output.tell()
                running.read(_BLOCK_BYTES, output)
                # only what is new, and the line that may have begun before it
                output.seek(max(0, n_before - _LONGEST_LINE))
                if found := _PAGE.search(output.read()):
                    label = _plain(found[1]) if found[1] is not None else _text(found[2])
                    return "" if label == number or len(label) > _LONGEST else label
    except PageFailure:
        pass
    return ""


def _plain(escaped: bytes) -> str:
    r"""A PostScript string's text, without the spaces around it.

    >>> _plain(rb"A\(\351\-27\\ ")
    'A(éé\\'
    """
    return _text(_ESCAPED.sub(_unescaped, escaped))


def _unescaped(found: "re.Match[bytes]") -> bytes:
    return bytes([int(found[1], 8) & 255]) if len(found[1]) > 1 else found[1]


def _text(label: bytes) -> str:
    return printable(label.decode("latin-1")).strip()
