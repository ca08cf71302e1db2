"""What is known of a document before rendering, and how pdfinfo says it. Starts no process."""

import re
from dataclasses import dataclass

from ingest.text_layer import clean_title

_TITLE = re.compile(r"^Title: +(.*)$", re.MULTILINE)
_PAGE_COUNT = re.compile(r"^Pages: +(\d+)$", re.MULTILINE)
_PAGE_SIZE = re.compile(r"^Page +(\d+) size: +([-.\de+]+) x ([-.\de+]+) pts", re.MULTILINE)
_PAGE_ROTATION = re.compile(r"^Page +(\d+) rot: +(-?\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class PdfPage:
    """Shape of a PDF page.

    Attributes:
        width_pt, height_pt: as a person sees the page, after rotation and crop box; 0 where the
            page is named in the file but not there.
        is_turned: by a quarter to the left or right, so that width and height changed places.
    """

    width_pt: float
    height_pt: float
    is_turned: bool


@dataclass(frozen=True)
class DocumentFacts:
    """What is known of a document before any of its pages is rendered.

    Attributes:
        title: from the metadata, "" where there is none worth showing.
        page_count: at least 1.
        pdf_pages: one for each page, read all at once, for that costs no more than reading one;
            empty for an image file.
    """

    title: str
    page_count: int
    pdf_pages: tuple[PdfPage, ...] = ()


def parse_pdfinfo(output: str) -> DocumentFacts | None:
    """Read what `pdfinfo -f 1 -l -1` wrote; None where it says nothing of pages.

    Metadata come first and may hold anything, such as a subject with "Pages: 12-15" on a line of
    its own, so pages are looked for from pdfinfo's own count on, the last in its output.
    """
    counts = list(_PAGE_COUNT.finditer(output))
    if not counts:
        return None
    title = _TITLE.search(output)
    return DocumentFacts(
        clean_title(title[1]) if title else "",
        page_count=int(counts[-1][1]),
        pdf_pages=_pdf_pages(output[counts[-1].end() :], int(counts[-1][1])),
    )


def _pdf_pages(output: str, page_count: int) -> tuple[PdfPage, ...]:
    """The shape of each page from pdfinfo's lines, whose sizes are before rotation."""
    sizes = {int(m[1]): (float(m[2]), float(m[3])) for m in _PAGE_SIZE.finditer(output)}
    turned = {int(m[1]) for m in _PAGE_ROTATION.finditer(output) if int(m[2]) % 180}
    pages = []
    for number in range(1, page_count + 1):
        width_pt, height_pt = sizes.get(number, (0.0, 0.0))
        if number in turned:
            width_pt, height_pt = height_pt, width_pt
        pages.append(PdfPage(width_pt, height_pt, number in turned))
    return tuple(pages)
