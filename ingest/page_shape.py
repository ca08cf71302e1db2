"""Which pages have a shape that no encoder and no reader can make use of."""

from index.errors import PageFailure
from ingest.document_facts import NO_SUCH_PAGE

MAX_PAGE_SIDE_PT = 14_400  # 5.1 m, the most that PDF's own reader takes; plans and banners have it
MAX_ASPECT = 100  # a receipt of 2 m has 25; beyond, the short side is a dozen pixels of the model's
_MM_PER_PT = 25.4 / 72


def check_pdf_page(width_pt: float, height_pt: float) -> None:
    """Refuse a page box that is missing, of many metres, or a mere line.

    Raises:
        PageFailure: with the page's size and the limit.

    >>> check_pdf_page(20000, 14400)
    Traceback (most recent call last):
    index.errors.PageFailure: page is 7.1 x 5.1 m, larger than the limit of 5.1 m
    """
    if not (width_pt > 0 and height_pt > 0):  # poppler gives such a page 0 x 0 points
        raise PageFailure(NO_SUCH_PAGE)
    if max(width_pt, height_pt) > MAX_PAGE_SIDE_PT:
        raise PageFailure(
            f"page is {_metres(width_pt)} x {_metres(height_pt)} m, "
            f"larger than the limit of {_metres(MAX_PAGE_SIDE_PT)} m"
        )
    check_aspect(width_pt, height_pt, "pt")


def check_aspect(width: float, height: float, unit: str) -> None:
    """Refuse a page that is a mere line.

    Raises:
        PageFailure: with the page's size and the limit.
    """
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise PageFailure(
            f"page is {width:g} x {height:g} {unit}, narrower than the limit of 1:{MAX_ASPECT}"
        )


def _metres(length_pt: float) -> str:
    return f"{length_pt * _MM_PER_PT / 1000:.1f}".removesuffix(".0")
