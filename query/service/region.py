"""A part of a page as a picture, drawn anew from its file: sharper than the preview."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from index.errors import PageFailure, WrongUseError
from index.pages import Document, Page
from index.wording import file_name
from query.service.cached_function import CachedFunction
from query.service.concurrency_limit import ConcurrencyLimit
from query.service.original import Originals
from query.service.refusals import NoOriginalError, UnavailableError

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1, fractions of the page."""
WHOLE_PAGE: Box = (0, 0, 1, 1)

DrawRegion = Callable[[Path, int, tuple[float, float], Box, int], Image.Image]
"""Draws a part of a page: its file, its number, width and height as seen, the box, and how wide in
pixels. Raises PageFailure."""

MAX_REGION_PIXELS = 8_000_000  # all of a large screen, 24 MB as RGB
MAX_PAGE_EDGE_PX = 20_000  # as large a whole page would be: an A4 at 1,700 dpi shows nothing new
_LEAST_SIDE = 0.002  # of a page's side: less is no place to look at
N_RECENT = 48  # pictures of some 300 kB
_N_AT_ONCE, _N_WAITING, _WAIT_S = 2, 16, 20.0


@dataclass(frozen=True)
class _Wanted:
    """A picture, named by content: the document's bytes, and what is to be seen of them."""

    document_id: str
    page_number: int
    box: Box
    width_px: int
    document: Document = field(compare=False)
    page_size: tuple[float, float] = field(compare=False)


class Regions:
    """Draws parts of pages for many threads, a few at once, and keeps what was asked for last."""

    def __init__(self, originals: Originals, draw: DrawRegion | None) -> None:
        self._originals = originals
        self._draw = draw
        self._limit = ConcurrencyLimit("pictures", _N_AT_ONCE, _N_WAITING, _WAIT_S)
        self._recent = CachedFunction(self._drawn, N_RECENT)

    @property
    def can_draw(self) -> bool:
        """Whether there is anything to draw with."""
        return self._draw is not None

    def picture(self, document: Document, page: Page, box: Box, width_px: int) -> bytes:
        """A part of a page, WebP.

        Args:
            document: whose file is drawn, if it still has its bytes.
            page: of it.
            box: x0, y0, x1, y1, fractions of the page.
            width_px: of the picture; less is given where it would be too large.

        Raises:
            WrongUseError: this is no part of a page.
            NoOriginalError: the file has not its bytes any more, or cannot be drawn.
            BusyError: too many pictures at once.
        """
        _check_box(box)
        self._originals.open(document).file.close()
        size = page.width_pt, page.height_pt
        width_px = _limited(width_px, box, size)
        wanted = _Wanted(page.document_id, page.page_number, box, width_px, document, size)
        return self._recent(wanted)

    def _drawn(self, wanted: _Wanted) -> bytes:
        if self._draw is None:
            raise UnavailableError("This server draws nothing but the previews of pages.")
        original = self._originals.open(wanted.document)
        try:
            with self._limit.slot():
                image = self._draw(
                    original.path,
                    wanted.page_number,
                    wanted.page_size,
                    wanted.box,
                    wanted.width_px,
                )
        except PageFailure as e:
            raise NoOriginalError(
                f"Page {wanted.page_number} of {file_name(str(original.path))} cannot be drawn: {e}"
            ) from e
        finally:
            original.file.close()
        if not original.is_still_there():  # what was drawn may be something else
            raise NoOriginalError(
                f"{file_name(str(original.path))} was changed while it was drawn, so it is not "
                "shown. Bring the index up to date: pagelens ingest FOLDER"
            )
        data = io.BytesIO()
        image.save(data, "WEBP", quality=85, method=0)
        return data.getvalue()


def _check_box(box: Box) -> None:
    x0, y0, x1, y1 = box
    is_inside = min(box) >= 0 and max(box) <= 1
    if not (is_inside and x1 - x0 >= _LEAST_SIDE and y1 - y0 >= _LEAST_SIDE):
        raise WrongUseError(
            f"{x0:g}, {y0:g}, {x1:g}, {y1:g} is no part of a page. Give x0, y0, x1, y1 as "
            "fractions of its width and height from the top left, x1 and y1 at least "
            f"{_LEAST_SIDE} more than x0 and y0."
        )


def _limited(width_px: int, box: Box, page_size: tuple[float, float]) -> int:
    """The width, or the most that both limits leave."""
    width, height = page_size
    x0, y0, x1, y1 = box
    aspect = ((y1 - y0) * height) / ((x1 - x0) * width)  # of the part, height to width
    by_pixels = (MAX_REGION_PIXELS / aspect) ** 0.5
    by_page = MAX_PAGE_EDGE_PX * (x1 - x0) * width / max(width, height)
    return max(1, int(min(width_px, by_pixels, by_page)))
