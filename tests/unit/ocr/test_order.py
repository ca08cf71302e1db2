"""Lines drawn as boxes: x from, y from, x to, y to. Names say in which order they are read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ocr.order import reading_order

Box = tuple[float, float, float, float]


def line(x0: float, y: float, x1: float) -> Box:
    return (x0, y, x1, y + 10)


def column(x0: float, x1: float, y: float, n: int, spacing: float = 13) -> list[Box]:
    return [line(x0, y + spacing * i, x1) for i in range(n)]


def cells(xs: list[float], y: float, n_rows: int) -> list[Box]:
    return [line(x, y + 16 * row, x + 50) for row in range(n_rows) for x in xs]


HEADING = [line(100, 0, 300)]
LEFT, RIGHT = column(0, 180, 30, 6), column(200, 380, 30, 6)
TABLE = cells([0, 120, 320], 140, 4)
PAGES = {
    "one column": column(0, 380, 30, 8),
    "ragged lines": [line(0, 0, 300), line(0, 13, 120), line(20, 26, 350), line(200, 39, 380)],
    "a heading over two columns": HEADING + LEFT + RIGHT,
    "columns whose lines do not stand side by side": column(0, 180, 30, 6)
    + column(200, 380, 36, 7, 12),
    "a short last line, and a longer column": column(0, 180, 30, 4)
    + [line(0, 82, 60)]
    + column(200, 380, 30, 9),
    "three columns": column(0, 120, 0, 5) + column(135, 255, 0, 5) + column(270, 390, 0, 5),
    "columns, a line over both, columns": LEFT
    + RIGHT
    + [line(0, 120, 380)]
    + column(0, 180, 145, 5)
    + column(200, 380, 145, 5),
    "a table": TABLE,
    "a table below two columns": LEFT + RIGHT + TABLE,
    "a table above two columns": cells([0, 220], 0, 3)
    + column(0, 180, 80, 6)
    + column(200, 380, 80, 6),
    "a table in a column": LEFT + cells([200, 320], 30, 3),
    "labels of a picture beside a column": column(0, 180, 0, 9)
    + [line(220, 8, 260), line(300, 33, 340), line(230, 60, 250), line(310, 100, 350)],
    "names and texts": [
        box for i in range(4) for box in (line(0, 16 * i, 60), line(100, 16 * i, 380))
    ],
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("seed", range(3))
def test_lines_are_read_in_order_however_they_are_given(name: str, seed: int) -> None:
    boxes = np.array(PAGES[name], np.float32)
    mixed = np.random.default_rng(seed).permutation(len(boxes))
    assert mixed[reading_order(boxes[mixed])].tolist() == list(range(len(boxes)))


@given(st.lists(st.tuples(*[st.integers(0, 60)] * 4), max_size=40))
def test_every_line_is_read_once(corners: list[tuple[int, int, int, int]]) -> None:
    boxes = np.array([(a, b, a + c + 1, b + d + 1) for a, b, c, d in corners], np.float32)
    assert sorted(reading_order(boxes.reshape(-1, 4))) == list(range(len(corners)))
