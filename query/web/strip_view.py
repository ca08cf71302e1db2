"""The open document's pages in a row, with those marked that a search finds, and its search box."""

from dataclasses import dataclass, replace

from index.interface import HAMMING_THEN_FLOAT
from index.pages import Document, Hit, page_id
from query.found import Found
from query.hit_words import NAME
from query.web.search_form import SearchForm

_LEAST_WIDTH = 1 / 250  # of the strip: a mark can be seen and met however long the document is
_LEAST_HEIGHT = 0.3


@dataclass(frozen=True)
class Mark:
    """A page that the search finds.

    Attributes:
        x, width: from 0 to the number of pages, so that a page is 1 wide.
        height: 0 to 1, by its score among them.
        place: among the hits in the document, from 1.
    """

    page_number: int
    href: str
    x: float
    width: float
    height: float
    place: int
    is_here: bool


@dataclass(frozen=True)
class StripView:
    """The strip of one document.

    Attributes:
        n_pages: that the document has.
        here: x of the open page, from 0.
        here_width: at least as wide as a mark.
        marks: in page order.
        said: how many pages were found; "" where nothing was searched for.
        hits: address of the hits in this document alone; "" where there are none.
        action: where the box sends the search: to the open page.
        form: the search in this document, with which the box is filled.
    """

    n_pages: int
    here: float
    here_width: float
    marks: tuple[Mark, ...]
    said: str
    hits: str
    action: str
    form: SearchForm


def strip_view(
    document: Document, page_number: int, inside: Found | None, form: SearchForm
) -> StripView | None:
    """Lay out the strip; None for a document of one page.

    Args:
        document: that is open.
        page_number: of the open page.
        inside: what the search finds in this document alone.
        form: the search the page is seen from, which the marks keep.
    """
    n_pages = document.page_count
    if n_pages < 2:
        return None
    of = replace(form.without_filters(), like="", document=document.document_id)
    here, here_width = _place(page_number, n_pages)
    marks = () if inside is None else _marks(inside, n_pages, page_number, form)
    return StripView(
        n_pages=n_pages,
        here=here,
        here_width=here_width,
        marks=marks,
        said="" if inside is None else _said(len(marks), n_pages, inside.request.k),
        hits=replace(of, like=form.like).href if marks else "",
        action=SearchForm().page_href(page_id(document.document_id, page_number)),
        form=of,
    )


def _marks(inside: Found, n_pages: int, page_number: int, form: SearchForm) -> tuple[Mark, ...]:
    hits = _hits_on_pages(inside)
    best = max((hit.score for hit in hits), default=1.0)
    marks = []
    for place, hit in enumerate(hits, 1):
        x, width = _place(hit.page_number, n_pages)
        height = max(_LEAST_HEIGHT, hit.score / best) if best > 0 else 1.0
        marks.append(
            Mark(
                page_number=hit.page_number,
                href=form.page_href(hit.page_id),
                x=x,
                width=width,
                height=round(height, 3),
                place=place,
                is_here=hit.page_number == page_number,
            )
        )
    return tuple(sorted(marks, key=lambda mark: mark.page_number))


def _hits_on_pages(inside: Found) -> list[Hit]:
    """The hits above the line, without those that only the name of the document brings up."""
    above = inside.shown[: inside.n_above_line]
    words = inside.hit_words[: inside.n_above_line]
    line = inside.line
    return [
        hit
        for hit, of_hit in zip(above, words, strict=True)
        if line is None
        or of_hit.matched_by != NAME
        or hit.halves.get(HAMMING_THEN_FLOAT, hit.score) >= line.score
    ]


def _place(page_number: int, n_pages: int) -> tuple[float, float]:
    """Where a page begins on the strip, and how wide it is drawn."""
    width = max(0.8, n_pages * _LEAST_WIDTH)
    return round(min(page_number - 1, n_pages - width), 3), round(width, 3)


def _said(n: int, n_pages: int, k: int) -> str:
    if n == k:
        return f"the best {n:,} of {n_pages:,} pages"
    return f"found on {n or 'none'} of {n_pages:,} pages"
