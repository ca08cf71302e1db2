"""Regions: the mean over each part of the page, from the patch map alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from encoders.layouts.tiles import TileLayout
from index.pages import PageVectors, PatchMap
from tests.random_pages import unit_vectors
from vespa_app.regions import region_means

COLSMOL = TileLayout(2048, 512, 8)


def seen(boxes: list[list[float]], vectors: np.ndarray, rows: list[int]) -> PageVectors:
    return PageVectors(vectors, PatchMap(np.float32(boxes), np.array(rows, np.int32)))


def one_hot(*dimensions: int) -> np.ndarray:
    return np.eye(128, dtype=np.float32)[list(dimensions)]


def test_a_mean_is_over_the_cells_whose_centre_lies_in_the_region() -> None:
    boxes = [[0, 0, 0.2, 0.2], [0.1, 0.1, 0.5, 0.3], [0.9, 0.9, 1, 1], [0.7, 0, 0.9, 0.1]]
    regions, means = region_means(seen(boxes, one_hot(0, 1), [0, 1, 1, 0]))
    # centres (0.1, 0.1), (0.3, 0.2), (0.95, 0.95), (0.8, 0.05)
    assert regions.tolist() == [0, 1, 3, 15]
    assert means.argmax(axis=1).tolist() == [0, 1, 0, 1]
    assert means.max(axis=1).tolist() == [1, 1, 1, 1]


def test_a_vector_counts_once_for_each_of_its_cells() -> None:
    box = [0.3, 0.3, 0.4, 0.4]
    regions, means = region_means(seen([box] * 4, one_hot(0, 1), [0, 0, 0, 1]))
    assert regions.tolist() == [5]
    assert means[0, :2].tolist() == [0.75, 0.25]


def test_regions_whose_vectors_cancel_out_have_no_direction_and_are_left_out() -> None:
    vectors = unit_vectors(np.random.default_rng(3), 30)
    opposed = np.concatenate([vectors, -vectors])
    boxes = [[0, 0, 0.1, 0.1]] * 60 + [[0.5, 0.5, 0.6, 0.6]]
    regions, _ = region_means(seen(boxes, opposed, [*range(60), 0]))
    assert regions.tolist() == [10]


def test_a_page_without_vectors_and_a_patch_map_without_cells_have_no_region() -> None:
    for n_vectors in (0, 3):
        vectors = unit_vectors(np.random.default_rng(1), n_vectors)
        nothing = PatchMap(np.zeros((0, 4), np.float32), np.zeros(0, np.int32))
        regions, means = region_means(PageVectors(vectors, nothing))
        assert regions.size == 0
        assert means.shape == (0, 128)


def test_an_upright_page_of_tiles_fills_every_region_evenly() -> None:
    boxes = COLSMOL.cell_boxes(595, 842)
    assert len(boxes) == 832
    # cell by cell: 24 by 32 cells of 12 tiles and 8 by 8 of the global view, cut 4 by 4
    counts = np.zeros(16, int)
    for x0, y0, x1, y1 in boxes:
        counts[4 * int(2 * (y0 + y1)) + int(2 * (x0 + x1))] += 1
    assert (counts == 6 * 8 + 2 * 2).all()
    vectors = unit_vectors(np.random.default_rng(1), len(boxes))
    regions, _ = region_means(PageVectors(vectors, PatchMap(boxes, np.arange(832, dtype=np.int32))))
    assert regions.tolist() == list(range(16))


@given(arrays(np.float32, (7, 4), elements=st.floats(-0.5, 1.5, width=32)), st.integers(0, 99))
def test_means_equal_the_formula_taken_cell_by_cell(boxes: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit_vectors(rng, 5)
    rows = rng.integers(0, 5, 7).astype(np.int32)
    regions, means = region_means(PageVectors(vectors, PatchMap(boxes, rows)))
    cells: dict[int, list[np.ndarray]] = {}
    for (x0, y0, x1, y1), row in zip(boxes, rows, strict=True):
        column, line = (min(max(int(np.floor(4 * (c / 2))), 0), 3) for c in (x0 + x1, y0 + y1))
        cells.setdefault(4 * line + column, []).append(vectors[row])
    assert regions.tolist() == sorted(cells)
    for region, mean in zip(regions, means, strict=True):
        np.testing.assert_allclose(mean, np.mean(cells[region], axis=0), atol=1e-6)
