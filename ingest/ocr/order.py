"""In which order the lines of a page are read: columns of text one by one, tables row by row.

Lines come as boxes on a page put straight; nothing is known of their text. The page is cut into
bands from top to bottom, each as high as one gap between columns goes on; a heading over both
columns ends it. What stands on both sides of a gap is read column by column where it is running
text or keeps to no rows, and row by row where it is a table.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""float32 (n_lines, 4), x0, y0, x1, y1 in pixels."""

_SAME_ROW = 0.5  # in heights: the middles of two lines of a row are nearer than this
_ALIGNED = 0.2  # in heights: cells of a table are, lines of two columns only by chance
_NARROWEST_GAP = 0.6  # in heights: below, it is a space between words
_CORE = 0.6  # part of a line's height that no line above or below it reaches into
_LONG_LINE = 10  # in heights, some 25 letters: few cells of a table are so long
_WIDER = 1.5  # than the usual one is a gap before something else
_MOST_ALIGNED = 0.7
_FEWEST_ROWS = 3  # of a table


class _Band(NamedTuple):
    """Lines of some strips of the page, and what all of them leave free from left to right."""

    lines: list[int]
    free: list[tuple[float, float]]


def reading_order(boxes: Boxes) -> list[int]:
    """The numbers of the lines in the order they are read.

    >>> left, right = [[0, y, 150, y + 10] for y in (0, 12, 24)], [[170, 5, 320, 15]] * 3
    >>> reading_order(np.float32([right[0], *left]))
    [1, 2, 3, 0]
    """
    return list(_in_order(boxes, range(len(boxes))))


def _in_order(boxes: Boxes, lines: Sequence[int]) -> Iterator[int]:
    for band in _bands(boxes, lines):
        columns = _columns(boxes, band)
        parts = _table_apart(boxes, band.lines)
        if not parts and _is_read_by_columns(boxes, columns):
            parts = _running_text_apart(boxes, columns)
        if not parts:
            yield from _row_by_row(boxes, band.lines)
        for part in parts:
            yield from _in_order(boxes, part)


def _bands(boxes: Boxes, lines: Sequence[int]) -> Iterator[_Band]:
    """Strips from top to bottom, joined as long as they share a gap, or none has any."""
    band: _Band | None = None
    for strip in _strips(boxes, lines):
        free = _free(boxes, strip)
        if band is not None:
            shared = _Band(band.lines + strip, _shared(boxes, strip, band.free, free))
            has_gaps = [len(_columns(boxes, b)) > 1 for b in (band, _Band(strip, free), shared)]
            if has_gaps[2] or not any(has_gaps):
                band = shared
                continue
            yield band
        band = _Band(strip, free)
    if band is not None:
        yield band


def _table_apart(boxes: Boxes, lines: Sequence[int]) -> list[list[int]]:
    """What stands above and below a wide gap, if one is a table, the other columns of text."""
    strips = list(_strips(boxes, lines))
    if len(strips) < 2:
        return []
    tops = [float(boxes[strip, 1].min()) for strip in strips]
    bottoms = [float(boxes[strip, 3].max()) for strip in strips]
    gaps = [top - bottom for top, bottom in zip(tops[1:], bottoms, strict=False)]
    if max(gaps) <= _WIDER * max(0, float(np.median(gaps))):
        return []
    at = gaps.index(max(gaps)) + 1
    halves = strips[:at], strips[at:]
    parts = [list(chain.from_iterable(half)) for half in halves]
    columns = [_columns(boxes, _Band(part, _free(boxes, part))) for part in parts]
    kinds = [_is_read_by_columns(boxes, each) for each in columns]
    has_rows = [len(half) >= _FEWEST_ROWS for half in halves]
    is_apart = (kinds == [True, False] and has_rows[1]) or (kinds == [False, True] and has_rows[0])
    return parts if is_apart else []


def _running_text_apart(boxes: Boxes, columns: Sequence[Sequence[int]]) -> list[list[int]]:
    """Each column of running text, and together what stands beside it: a table, or a picture's."""
    parts: list[list[int]] = []
    was_running = True
    for column in columns:
        is_running = _is_running_text(boxes, column)
        if is_running or was_running:
            parts.append([])
        parts[-1] += column
        was_running = is_running
    return parts


def _strips(boxes: Boxes, lines: Sequence[int]) -> Iterator[list[int]]:
    """Lines parted from those above and below by a gap over the whole width."""
    margin = (1 - _CORE) / 2 * (boxes[:, 3] - boxes[:, 1])
    tops, bottoms = boxes[:, 1] + margin, boxes[:, 3] - margin
    strip: list[int] = []
    end = -np.inf
    for i in sorted(lines, key=lambda i: float(tops[i])):
        if strip and tops[i] >= end:
            yield strip
            strip = []
        strip.append(i)
        end = max(end, bottoms[i]) if len(strip) > 1 else bottoms[i]
    if strip:
        yield strip


def _free(boxes: Boxes, lines: Sequence[int]) -> list[tuple[float, float]]:
    """What no line covers, from left to right, the margins of the page included."""
    free = []
    end = -np.inf
    for x0, x1 in sorted((float(boxes[i, 0]), float(boxes[i, 2])) for i in lines):
        if x0 > end:
            free.append((end, x0))
        end = max(end, x1)
    return [*free, (end, np.inf)]


def _shared(
    boxes: Boxes,
    lines: Sequence[int],
    first: Sequence[tuple[float, float]],
    second: Sequence[tuple[float, float]],
) -> list[tuple[float, float]]:
    """What both leave free, if it is as wide as a gap between columns."""
    narrowest = _NARROWEST_GAP * float(np.median(boxes[lines, 3] - boxes[lines, 1]))
    both = [(max(a, c), min(b, d)) for a, b in first for c, d in second]
    return [(start, end) for start, end in both if end - start >= narrowest]


def _columns(boxes: Boxes, band: _Band) -> list[list[int]]:
    """The lines of a band between one gap and the next, from left to right; empty ones left out."""
    columns = [
        [i for i in band.lines if left[1] <= boxes[i, 0] and boxes[i, 2] <= right[0]]
        for left, right in zip(band.free, band.free[1:], strict=False)
    ]
    return [column for column in columns if column]


def _is_read_by_columns(boxes: Boxes, columns: Sequence[Sequence[int]]) -> bool | None:
    """Whether they are running text, or what stands beside some; None for a single one."""
    if len(columns) < 2:
        return None
    n_running = sum(_is_running_text(boxes, column) for column in columns)
    return n_running > 1 or (n_running == 1 and _part_in_rows(boxes, columns) < _MOST_ALIGNED)


def _is_running_text(boxes: Boxes, lines: Sequence[int]) -> bool:
    x0, y0, x1, y1 = boxes[lines].T
    n_long = int(np.count_nonzero(x1 - x0 > _LONG_LINE * (y1 - y0)))
    return 2 * n_long >= len(lines)


def _part_in_rows(boxes: Boxes, columns: Sequence[Sequence[int]]) -> float:
    """How many lines, of those outside the longest column, have one of it beside them."""
    longest = max(columns, key=len)
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    others = [i for column in columns if column is not longest for i in column]
    off = np.abs(middles[others][:, None] - middles[longest]).min(axis=1)  # (n_others,)
    return float(np.mean(off < _ALIGNED * (boxes[others, 3] - boxes[others, 1])))


def _row_by_row(boxes: Boxes, lines: Sequence[int]) -> Iterator[int]:
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    heights = boxes[:, 3] - boxes[:, 1]
    row: list[int] = []
    for i in sorted(lines, key=lambda i: float(middles[i])):
        if row and middles[i] - middles[row[0]] > _SAME_ROW * min(heights[i], heights[row[0]]):
            yield from sorted(row, key=lambda i: float(boxes[i, 0]))
            row = []
        row.append(i)
    yield from sorted(row, key=lambda i: float(boxes[i, 0]))
