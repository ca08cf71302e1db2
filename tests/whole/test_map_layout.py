"""Where UMAP puts pages on the map; what needs no training is in tests/unit/test_page_map.py."""

import numpy as np
import pytest
from numpy.typing import NDArray

from query.service.page_map import MIN_UMAP_PAGES, project
from tests.random_pages import unit_vectors

GROUP_SIZE = 15


def planted(n_groups: int) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Pages around a few directions at right angles, and the group of each; shuffled."""
    rng = np.random.default_rng(3)
    groups = rng.permutation(np.repeat(np.arange(n_groups), GROUP_SIZE))
    vectors = np.eye(128, dtype=np.float32)[groups] + 0.6 * unit_vectors(rng, len(groups))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), groups


def nearest_on_map(points: NDArray[np.float32]) -> NDArray[np.intp]:
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    return distance.argmin(axis=1)


@pytest.mark.parametrize("n_groups", [2, 5])
def test_like_pages_lie_side_by_side(n_groups: int) -> None:
    vectors, groups = planted(n_groups)
    assert len(vectors) >= MIN_UMAP_PAGES
    points = project(vectors)
    assert (groups[nearest_on_map(points)] == groups).mean() >= 0.95


def test_the_same_pages_lie_the_same_way() -> None:
    vectors, _ = planted(3)
    points = project(vectors)
    assert points.dtype == np.float32 and points.shape == (len(vectors), 2)
    np.testing.assert_array_equal(points, project(vectors.copy()))


@pytest.mark.parametrize("n", [2, 3, 10, MIN_UMAP_PAGES - 1, MIN_UMAP_PAGES, 60])
def test_a_map_fills_the_unit_square_on_its_longer_side(n: int) -> None:
    points = project(unit_vectors(np.random.default_rng(n), n))
    low, high = points.min(axis=0), points.max(axis=0)
    assert (high - low).max() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose((low + high) / 2, 0.5, atol=1e-5)


@pytest.mark.parametrize("n", [5, 50])
def test_copies_of_one_page_have_a_place_each(n: int) -> None:
    points = project(np.tile(unit_vectors(np.random.default_rng(0), 1), (n, 1)))
    assert np.isfinite(points).all()
    assert points.min() >= -1e-5 and points.max() <= 1 + 1e-5


def test_opposite_pages_are_told_apart() -> None:
    vector = unit_vectors(np.random.default_rng(0), 1)
    vectors = np.concatenate([np.tile(vector, (30, 1)), np.tile(-vector, (3, 1))])
    points = project(vectors)
    assert np.isfinite(points).all()
    assert (nearest_on_map(points)[30:] >= 30).all()


def test_an_empty_strip_between_groups_is_narrow() -> None:
    points = project(planted(2)[0])
    steps = np.diff(np.sort(points[:, 0]))
    assert steps.max() < 0.3
