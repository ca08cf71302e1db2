"""How well each place of a page matches a query: computed from boxes and stored vectors alone.

Any encoder and any geometry: tiles with a global view, pooled vectors, words as cells. Knows
nothing of colours.

A cell's heat is the cosine of its vector and a query token, or the highest over the content tokens.
How cells that overlap become one picture:

1. The finest cells are painted as they are; where cells of about one size overlap, the highest
   counts, as in MaxSim.
2. A coarser cell (a cell of the global view, which sees a dozen tile cells at once and with them
   the context) says THAT something in its area matches, and the finer cells say WHERE. So if it is
   hotter than every finer cell below it, they are all raised by one amount, until the hottest of
   them has the coarser cell's heat. If it is cooler it changes nothing: MaxSim would not take it.

So the hottest place of the map has exactly the similarity that enters the score and lies within the
box of the vector that won; a coarse match is never shown sharper than it is unless finer cells give
reason to; and a level whose similarities are higher throughout does not bury the finer one. A
plain maximum would show the global view's squares wherever they win, and a mean would show numbers
that no vector has, its maximum outside of the winning box.

Last, heat runs evenly from the middle of one cell to the middle of the next. The window of that
smoothing is no larger than the smallest of the finest cells, so each keeps its own heat in its
middle. Where no cell lies there is no heat (NaN), not a low one.
"""

import numpy as np
from numpy.typing import NDArray

from index.maxsim import float_similarities
from index.pages import Page, QueryVectors

COARSER = 2.0
"""A cell of more than this many times the area of another is on a coarser level. A cell of the
global view is 4 to 16 times a tile cell; neighbouring words that share a letter's width, and cells
at an edge that rounding made smaller, stay on one level."""

MAP_LONG_EDGE_PX = 640
"""Enough for a map: a tile cell of an A4 page has 20 pixels, a line of 8-point type 6."""

_Slices = tuple[slice, slice]


def heat_of_cells(query: QueryVectors, page: Page, token_index: int | None) -> NDArray[np.float32]:
    """How well each cell of a page matches.

    Args:
        query: with vectors.
        page: as the index gives it.
        token_index: one token of the query; None takes the highest over the content tokens.

    Returns:
        float32 (n_cells,), cosines, in the order of the patch map. A query without any content
        token is taken whole.
    """
    if token_index is None:
        rows = np.flatnonzero(query.is_content)
        rows = rows if rows.size else np.arange(len(query.tokens))
    else:
        rows = np.array([token_index])
    vector_index = page.vectors.patch_map.vector_index
    if len(vector_index) == 0 or len(rows) == 0:
        return np.full(len(vector_index), np.nan, np.float32)
    cosines = float_similarities(query.vectors[rows], page.vectors.vectors)  # (n_rows, n_patches)
    heat: NDArray[np.float32] = cosines.max(axis=0)[vector_index]
    return heat


def map_size_px(page: Page) -> tuple[int, int]:
    """Width and height of a heat map of this page that shows all there is to see.

    >>> from tests.random_pages import page, unit_vectors
    >>> map_size_px(page(1, 1, unit_vectors(np.random.default_rng(0), 1)))  # A4
    (452, 640)
    """
    scale = MAP_LONG_EDGE_PX / max(page.width_pt, page.height_pt)
    return max(1, round(page.width_pt * scale)), max(1, round(page.height_pt * scale))


def heat_map(
    query: QueryVectors, page: Page, token_index: int | None, width_px: int, height_px: int
) -> NDArray[np.float32]:
    """The heat of every point of a page, by the rule above.

    Args:
        query: with vectors.
        page: as the index gives it.
        token_index: one token of the query; None takes the highest over the content tokens.
        width_px: of the map, at least 1; `map_size_px` is enough for any preview.
        height_px: of the map, at least 1.

    Returns:
        float32 (height_px, width_px), cosines; NaN where no cell lies.
    """
    heat = heat_of_cells(query, page, token_index)
    boxes = page.vectors.patch_map.boxes
    shown = np.isfinite(heat)
    return smooth(merge_cells(boxes[shown], heat[shown], width_px, height_px), boxes[shown])


def merge_cells(
    boxes: NDArray[np.float32], heat: NDArray[np.float32], width_px: int, height_px: int
) -> NDArray[np.float32]:
    """Paint cells over each other by the rule above, without smoothing.

    Args:
        boxes: float32 (n_cells, 4), fractions of the page.
        heat: float32 (n_cells,).
        width_px: of the map.
        height_px: of the map.

    Returns:
        float32 (height_px, width_px); NaN where no cell lies.

    >>> third, two_thirds = 1 / 3, 2 / 3
    >>> fine = [[0, 0, third, 1], [third, 0, two_thirds, 1], [two_thirds, 0, 1, 1]]
    >>> boxes = np.float32([*fine, [0, 0, 1, 1]])
    >>> merge_cells(boxes, np.float32([0, 0.25, 0.5, 0.75]), 3, 1)  # raised: the best has 0.75
    array([[0.25, 0.5 , 0.75]], dtype=float32)
    >>> merge_cells(boxes, np.float32([0, 0.25, 0.5, 0.375]), 3, 1)  # cooler: changes nothing
    array([[0.  , 0.25, 0.5 ]], dtype=float32)
    """
    merged = np.full((height_px, width_px), np.nan, np.float32)
    places = pixels_of(boxes, width_px, height_px)
    for cells in _levels(boxes):
        # all amounts before any is added: cells of one level do not raise each other
        painted = [(places[cell], _raised(merged[places[cell]], heat[cell])) for cell in cells]
        level = np.full_like(merged, np.nan)
        for place, values in painted:
            np.fmax(level[place], values, out=level[place])
        np.fmax(merged, level, out=merged)
    return merged


def smooth(merged: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let heat run evenly between the cells' middles.

    Each point becomes the mean of a window around it, of all that is heat there. Over equal cells a
    window of a cell's size is linear interpolation.

    Args:
        merged: float32 (height_px, width_px), as `merge_cells` makes it.
        boxes: float32 (n_cells, 4), of the cells it was made from.

    Returns:
        float32 (height_px, width_px); NaN where it was.
    """
    if len(boxes) == 0:
        return merged
    finest = pixels_of(boxes[_levels(boxes)[0]], merged.shape[1], merged.shape[0])
    known = ~np.isnan(merged)
    total, count = np.where(known, merged, 0), known.astype(np.float32)
    for axis in (0, 1):
        reach = (min(place[axis].stop - place[axis].start for place in finest) - 1) // 2
        if reach:
            total, count = _running_sum(total, reach, axis), _running_sum(count, reach, axis)
    smoothed = np.full_like(merged, np.nan)
    smoothed[known] = (total[known] / count[known]).astype(np.float32)
    return smoothed


def _levels(boxes: NDArray[np.float32]) -> list[NDArray[np.intp]]:
    """Cells by size, the finest first: a level ends where one is COARSER than its first."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    area = np.maximum(width, 0) * np.maximum(height, 0)
    order = np.argsort(area, kind="stable")
    levels, start = [], 0
    while start < len(order):
        end = int(np.searchsorted(area[order], COARSER * area[order[start]], side="right"))
        levels.append(order[start:end])
        start = end
    return levels


def pixels_of(boxes: NDArray[np.float32], width_px: int, height_px: int) -> list[_Slices]:
    """Rows and columns of the pixels whose centres lie in each box, at least one of each.

    Args:
        boxes: float32 (n_boxes, 4), fractions of the page.
        width_px: of the map.
        height_px: of the map.
    """
    size = np.array([width_px, height_px, width_px, height_px])
    edges = np.ceil(boxes.astype(np.float64) * size - 0.5 - 1e-6).astype(np.int64)
    first = np.clip(edges[:, :2], 0, size[:2] - 1)
    last = np.clip(edges[:, 2:], first + 1, size[:2])
    return [
        (slice(y0, y1), slice(x0, x1))
        for (x0, y0), (x1, y1) in zip(first.tolist(), last.tolist(), strict=True)
    ]


def _raised(below: NDArray[np.float32], heat: np.float32) -> NDArray[np.float32]:
    """What a cell makes of the finer ones below it; its own heat where there is none."""
    painted = ~np.isnan(below)
    if not painted.any():
        return np.full_like(below, heat)
    lift = max(np.float32(0), heat - below[painted].max())
    return np.where(painted, below + lift, heat)


def _running_sum(values: NDArray[np.floating], reach: int, axis: int) -> NDArray[np.floating]:
    """Sum over 2 * reach + 1 neighbours along an axis; beyond the edge there is nothing."""
    n = values.shape[axis]
    before = np.zeros_like(values.take([0], axis), np.float64)
    sums = np.concatenate([before, values.cumsum(axis, np.float64)], axis)  # n + 1 along the axis
    at = np.arange(n)
    end, start = np.minimum(at + reach + 1, n), np.maximum(at - reach, 0)
    windows: NDArray[np.floating] = sums.take(end, axis) - sums.take(start, axis)
    return windows
