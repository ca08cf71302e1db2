"""The layouts without tiles: one grid in the page's shape, and one square for every page."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from encoders.layouts.fixed import FixedLayout
from encoders.layouts.grid import GridLayout
from encoders.layouts.interface import Layout

COLQWEN2, COLPALI = GridLayout(cell_px=28, max_cells=768), FixedLayout(448, 32)

sides = st.floats(1, 100)  # narrower than 1:100 no page is drawn: ingest/page_shape.py


@pytest.mark.parametrize("layout", [COLQWEN2, COLPALI])
@given(width=sides, height=sides)
def test_cells_cover_the_page_once_row_by_row(layout: Layout, width: float, height: float) -> None:
    boxes = layout.cell_boxes(width, height)
    x0, y0, x1, y1 = boxes.T.astype(float)
    assert ((x1 - x0) * (y1 - y0)).sum() == pytest.approx(1)
    assert (boxes.min(), boxes.max()) == (0, 1)
    cells = list(zip(y0, x0, strict=True))
    assert cells == sorted(set(cells))


@given(width=sides, height=sides)
def test_a_grid_keeps_the_pages_shape_and_the_number_of_cells(width: float, height: float) -> None:
    width_px, height_px = COLQWEN2.page_size_px(width, height)
    cols, rows = width_px // 56, height_px // 56
    assert (cols * 56, rows * 56) == (width_px, height_px)  # drawn twice as large as it is seen
    assert cols * rows <= 768 < (cols + 1) * (rows + 1)
    exact = np.sqrt(768 * width / height)
    assert cols == int(exact)
    assert rows == int(768 / exact)


@given(width=sides, height=sides)
def test_a_grid_stays_what_it_is(width: float, height: float) -> None:
    """Rounded edges are not rounded again, drawn or as the model sees them."""
    drawn = COLQWEN2.page_size_px(width, height)
    boxes = COLQWEN2.cell_boxes(width, height)
    for size in (drawn, tuple(edge // 2 for edge in drawn)):
        assert COLQWEN2.page_size_px(*size) == drawn
        np.testing.assert_array_equal(COLQWEN2.cell_boxes(*size), boxes)


@pytest.mark.parametrize(("layout", "times"), [(COLQWEN2, 2), (COLPALI, 3)])
def test_a_page_is_drawn_larger_than_the_model_sees_it(layout: Layout, times: int) -> None:
    drawn = layout.page_size_px(595, 842)
    images = layout.cut(Image.new("RGB", drawn, "white"))
    assert tuple(edge * times for edge in images.size_px) == drawn
    assert images.pixels.shape == (1, 3, images.size_px[1], images.size_px[0])
    assert max(drawn) >= 1280  # people can read it: ingest/render.py
    (digest,) = images.digests
    other = Image.new("RGB", drawn, "white")
    other.paste("black", (0, 0, 9, 9))
    assert layout.cut(other).digests != (digest,)


@pytest.mark.parametrize("shape", [(1.0, 300.0), (300.0, 1.0), (1.0, 9000.0)])
def test_a_strip_is_as_long_as_the_processor_takes_it(shape: tuple[float, float]) -> None:
    size = COLQWEN2.page_size_px(*shape)
    assert max(size) <= 200 * min(size)


def test_names_tell_settings_apart() -> None:
    names = {GridLayout(28, 768).name, GridLayout(28, 1024).name, COLPALI.name}
    assert names == {"grid-28-cells-768", "grid-28-cells-1024", "fixed-448-cells-32"}
