"""What is known of a document before rendering, and how pdfinfo says it. Starts no process."""

import re
from dataclasses import dataclass

from index.pages import Failure
from ingest.text_layer import clean_title

NO_SUCH_PAGE = "page is missing or damaged: it has no size"

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
        page_count: at least 1; pages that are named at the end but are not there do not count.
        failures: those pages.
        pdf_pages: one for each page, read all at once, for that costs no more than reading one;
            empty for an image file.
        not_searched: what the file holds beside its pages, such as "2 attachments".
        image_size_px: of the first frame of an image file.
    """

    title: str
    page_count: int
    pdf_pages: tuple[PdfPage, ...] = ()
    failures: tuple[Failure, ...] = ()
    not_searched: str = ""
    image_size_px: tuple[int, int] = (0, 0)

    def page_shape(self, page_number: int) -> tuple[float, float]:
        """Width and height of a page, in any unit; 0 where it has none.

        All frames of an image file are taken to be like the first: to look costs the time of
        decoding them.
        """
        if not self.pdf_pages:
            return self.image_size_px
        page = self.pdf_pages[page_number - 1]
        return page.width_pt, page.height_pt


def parse_pdfinfo(output: str) -> DocumentFacts | None:
    """Read what `pdfinfo -f 1 -l -1` wrote; None where it says nothing of pages.

    A file may say that it has more pages than are there: poppler gives those no size. It has as
    many as the last one with a size; one at least, for its failure to have a place.

    Metadata come first and may hold anything, such as a subject with "Pages: 12-15" on a line of
    its own, so pages are looked for from pdfinfo's own count on, the last in its output.
    """
    counts = list(_PAGE_COUNT.finditer(output))
    if not counts:
        return None
    title, n_named = _TITLE.search(output), int(counts[-1][1])
    pages = _pdf_pages(output[counts[-1].end() :])
    n_there = max(pages, default=1)
    lacking = Failure(n_there + 1, NO_SUCH_PAGE, n_named if n_named > n_there + 1 else None)
    return DocumentFacts(
        clean_title(title[1]) if title else "",
        page_count=n_there,
        pdf_pages=tuple(pages.get(n, PdfPage(0.0, 0.0, False)) for n in range(1, n_there + 1)),
        failures=(lacking,) if n_named > n_there else (),
    )


def _pdf_pages(output: str) -> dict[int, PdfPage]:
    """The shape of each page that has one from pdfinfo's lines, whose sizes are before rotation."""
    turned = {int(m[1]) for m in _PAGE_ROTATION.finditer(output) if int(m[2]) % 180}
    pages = {}
    for match in _PAGE_SIZE.finditer(output):
        number, width_pt, height_pt = int(match[1]), float(match[2]), float(match[3])
        if number in turned:
            width_pt, height_pt = height_pt, width_pt
        if width_pt > 0 and height_pt > 0:
            pages[number] = PdfPage(width_pt, height_pt, number in turned)
    return pages
