import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.layouts.tiles import TileLayout

PUBLISHED = TileLayout(long_edge_px=2048, tile_px=512, cells_per_side=8)
SMALL = TileLayout(long_edge_px=4, tile_px=2, cells_per_side=2)
edges = st.floats(0.01, 1e5)


@pytest.mark.parametrize(
    ("shape", "size_px", "n_cells"),
    [
        ((100, 100), (2048, 2048), 1088),
        ((595, 842), (1536, 2048), 832),
        ((842, 595), (2048, 1536), 832),
        ((1280, 720), (2048, 1536), 832),
        ((1920, 1080), (2048, 1536), 832),
        ((720, 1280), (1536, 2048), 832),
        ((2000, 1000), (2048, 1024), 576),
        ((5000, 10), (2048, 512), 320),
        ((10, 5000), (512, 2048), 320),
        ((1e6, 1), (2048, 512), 320),
    ],
)
def test_a_page_of_this_shape_has_this_size_and_number_of_cells(shape, size_px, n_cells):
    assert PUBLISHED.page_size_px(*shape) == size_px
    assert len(PUBLISHED.cell_boxes(*shape)) == n_cells


def test_a_sliver_over_a_whole_tile_takes_another_tile():
    assert PUBLISHED.page_size_px(2048, 1024) == (2048, 1024)
    assert PUBLISHED.page_size_px(2048, 1025) == (2048, 1536)  # 1025 is made even: 1026
    assert PUBLISHED.page_size_px(2048, 1024.9) == (2048, 1024)  # cut off to 1024


@given(edges, edges)
def test_the_size_is_whole_tiles_and_its_own_size(width, height):
    size = PUBLISHED.page_size_px(width, height)
    assert max(size) == 2048
    assert all(edge % 512 == 0 and edge >= 512 for edge in size)
    assert PUBLISHED.page_size_px(*size) == size


@given(edges, edges)
def test_turning_the_page_turns_its_size(width, height):
    landscape, portrait = (
        PUBLISHED.page_size_px(width, height),
        PUBLISHED.page_size_px(height, width),
    )
    # width / height and height / width are rounded apart, so a size on the border may differ
    assert abs(np.subtract(landscape, portrait[::-1])).max() in (0, 512)
    if landscape != portrait[::-1]:
        longer, shorter = max(width, height), min(width, height)
        assert (2048 * shorter / longer + 1e-6) % 512 < 1e-5


def test_boxes_go_tile_by_tile_and_the_global_view_comes_last():
    # 2 by 1 tiles of 2 by 2 cells: a landscape page cut into 4 columns and 2 rows
    quarter, half = 0.25, 0.5
    tiles = [
        *[(0, 0, quarter, half), (quarter, 0, half, half)],
        *[(0, half, quarter, 1), (quarter, half, half, 1)],
        *[(half, 0, 3 * quarter, half), (3 * quarter, 0, 1, half)],
        *[(half, half, 3 * quarter, 1), (3 * quarter, half, 1, 1)],
    ]
    global_view = [(0, 0, half, half), (half, 0, 1, half), (0, half, half, 1), (half, half, 1, 1)]
    boxes = SMALL.cell_boxes(4, 2)
    assert boxes.dtype == np.float32
    np.testing.assert_array_equal(boxes, np.array(tiles + global_view, np.float32))


def test_a_page_of_one_tile_has_the_global_view_alone():
    one_tile = TileLayout(long_edge_px=512, tile_px=512, cells_per_side=2)
    np.testing.assert_array_equal(
        one_tile.cell_boxes(1, 1),
        np.float32([(0, 0, 0.5, 0.5), (0.5, 0, 1, 0.5), (0, 0.5, 0.5, 1), (0.5, 0.5, 1, 1)]),
    )


@given(edges, edges)
def test_the_tiles_cover_the_page_once_and_the_global_view_once_more(width, height):
    boxes = PUBLISHED.cell_boxes(width, height).astype(np.float64)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    assert areas[:-64].sum() == pytest.approx(1, abs=1e-5)
    assert areas[-64:].sum() == pytest.approx(1, abs=1e-5)
    corners = {tuple(box[:2]) for box in boxes[:-64].round(5)}
    assert len(corners) == len(boxes) - 64  # none lies over another


def test_the_rim_of_a_tile_that_no_cell_sees_is_in_no_box():
    large = TileLayout(long_edge_px=1536, tile_px=384, cells_per_side=9, unseen_px=6)
    boxes = large.cell_boxes(595, 842)  # 3 by 4 tiles, and the page once more
    assert boxes.shape == (13 * 81, 4)
    x_px = sorted({*(boxes[:-81, 0] * 1152).round(), *(boxes[:-81, 2] * 1152).round()})
    assert x_px == [384 * tile + 42 * i for tile in range(3) for i in range(10)]
    np.testing.assert_allclose(boxes[-1], [336 / 384, 336 / 384, 378 / 384, 378 / 384], atol=1e-6)
