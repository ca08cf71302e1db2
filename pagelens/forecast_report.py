"""What an ingest says of how much there is to do, and how long it will take."""

from collections.abc import Sequence
from dataclasses import dataclass

from index.wording import count, duration, size
from ingest.forecast import Forecast, OcrForecast

MANY_PAGES_FOR_A_CPU = 200
"""At some 20 s a page, more than an hour."""

CHOICES = (
    "--text-first, as it is on a CPU unless told otherwise, has words find every page meanwhile",
    "--max-edge 1024, with a new --index, gives a model that cuts pages into tiles fewer of them",
    "--encoder lexical, with a new --index, reads the words alone and needs no model",
    "--device cuda, or mps, on a machine that has a GPU",
    "--shard K/N, for N machines that fill one Vespa together",
)
"""What makes a long ingest shorter or easier to bear, a line each. The only place to add one."""


@dataclass(frozen=True)
class Cost:
    """What a plan will take, as a dry run says it.

    Attributes:
        n_tiles: 0 for an encoder of words.
        forecast: None where no page could be measured.
        choices: see `choices`.
        ocr: how much of it OCR is to read; None where OCR is not wanted.
    """

    n_tiles: int
    forecast: Forecast | None
    choices: tuple[str, ...]
    ocr: OcrForecast | None = None


def cost_lines(n_pages: int, cost: Cost) -> list[str]:
    """The same as a person reads it, a line each."""
    how_much = size_line(n_pages, cost.n_tiles)
    time = f", {forecast_line(cost.forecast)}" if cost.forecast is not None else ""
    return [
        f"{how_much} to render and encode{time}.",
        *ocr_lines(n_pages, cost.ocr),
        *choices_lines(n_pages, cost.choices),
    ]


def ocr_lines(n_pages: int, ocr: OcrForecast | None) -> list[str]:
    """How much OCR is to read, if anything, in a line.

    >>> ocr_lines(1930, OcrForecast(412, is_exact=False, seconds=850.0))
    ['About 412 of 1,930 pages need OCR, about 14 min more.']
    """
    if ocr is None or not ocr.n_pages:
        return []
    about = "" if ocr.is_exact else "About "
    need = "needs" if ocr.n_pages == 1 else "need"
    return [
        f"{about}{ocr.n_pages:,} of {count(n_pages, 'page')} {need} OCR, "
        f"about {duration(ocr.seconds)} more."
    ]


def size_line(n_pages: int, n_tiles: int) -> str:
    """How much there is to do.

    >>> size_line(3, 43), size_line(1, 0)
    ('3 pages of 43 tiles', '1 page')
    """
    pages = count(n_pages, "page")
    return f"{pages} of {count(n_tiles, 'tile')}" if n_tiles else pages


def forecast_line(forecast: Forecast) -> str:
    """How long and how large, measured.

    >>> forecast_line(Forecast(7200, 21.4, 3_400_000_000))
    'about 2.0 h: 21.4 s a page, and 3.4 GB of memory so far'
    """
    return (
        f"about {duration(forecast.seconds)}: {duration(forecast.seconds_per_page)} a page, and "
        f"{size(forecast.memory_bytes)} of memory so far"
    )


def choices(n_pages: int, *, is_on_cpu: bool) -> tuple[str, ...]:
    """What helps with an ingest, where it is long enough to say so.

    Args:
        n_pages: to be encoded.
        is_on_cpu: whether a model looks at them, without a GPU.
    """
    return CHOICES if is_on_cpu and n_pages > MANY_PAGES_FOR_A_CPU else ()


def choices_lines(n_pages: int, shorter: Sequence[str]) -> list[str]:
    """The same as a person reads it, a line each."""
    if not shorter:
        return []
    return [
        f"A CPU takes long for {count(n_pages, 'page')}. What helps:",
        *(f"  {choice}" for choice in shorter),
    ]
