"""What a plan will take: its tiles, known from the shapes of pages, and time and memory, measured.

A model's time goes by the tiles it is given, and pages differ in them by a third. So what some
pages took is scaled up by tiles and not by pages.
"""

import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from encoders.interface import Encoder
from ingest.plan import Plan


@dataclass(frozen=True)
class Forecast:
    """What is left of an ingest, after a few of its pages.

    Attributes:
        seconds: for all that is left.
        seconds_per_page: of the pages that were measured.
        memory_bytes: the most this process has had so far, the model included. A GPU's own memory
            is not in it.
    """

    seconds: float
    seconds_per_page: float
    memory_bytes: int


@dataclass(frozen=True)
class OcrForecast:
    """What OCR is to read of a plan.

    Attributes:
        n_pages: pages it is to read.
        is_exact: every page was looked at, and not some of them.
        seconds: for all of these.
    """

    n_pages: int
    is_exact: bool
    seconds: float


def page_tiles(plan: Plan, encoder: Encoder) -> tuple[int, ...]:
    """Tiles of each page to do, in the plan's order; nothing is rendered.

    Returns:
        0 for a page without a size, which will fail, and for every page of an encoder of words.
    """
    tiles = []
    for work in plan.work:
        for page_number in work.page_numbers:
            width, height = work.facts.page_shape(page_number) if work.facts else (0, 0)
            tiles.append(encoder.n_tiles(width, height) if min(width, height) > 0 else 0)
    return tuple(tiles)


def scaled_up(seconds: float, done: Sequence[int], left: Sequence[int]) -> Forecast:
    """From what some pages took, what the others will.

    Args:
        seconds: that the done pages took.
        done: tiles of each of them, at least one page.
        left: tiles of each of the others.
    """
    # where no page has tiles, one is like the other
    n_done, n_left = (sum(max(1, tiles) for tiles in pages) for pages in (done, left))
    return Forecast(seconds / n_done * n_left, seconds / len(done), _peak_memory_bytes())


class Pace:
    """Times the first batch of an ingest, from which the rest is foretold."""

    def __init__(self, tiles: Sequence[int], batch_size: int) -> None:
        """The first batch is the next to come.

        Args:
            tiles: of each page, in the order of the plan.
            batch_size: of the encoder.
        """
        self._tiles = tiles
        self._n_in_batch = min(batch_size, len(tiles))
        self._n_done = 0
        self.begin()

    def begin(self) -> None:
        """The first batch begins only now."""
        self._start = time.monotonic()

    def page_done(self) -> Forecast | None:
        """Count a page; the forecast where it was the last of the first batch, and pages are left.

        Pages are done in nearly the order of the plan.
        """
        self._n_done += 1
        n = self._n_done
        if n != self._n_in_batch or n == len(self._tiles):
            return None
        return scaled_up(time.monotonic() - self._start, self._tiles[:n], self._tiles[n:])


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
