"""A dozen vectors for a page: the mean over each region, to nominate pages too many to scan.

They take part in no score: a page they miss is not looked at, a page they find is ranked as ever.
"""

import numpy as np
from numpy.typing import NDArray

from index.pages import VECTOR_DIM, PageVectors

REGIONS_PER_SIDE = 4
"""Cuts a page into 16 regions at most: about the 12 to 16 tiles a ColSmol page has."""

_SHORTEST = 1e-6  # a mean of unit vectors this short is rounding error around zero


def region_means(vectors: PageVectors) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Average a page's vectors over a grid of 4 by 4 regions.

    A cell belongs to the region its box's centre lies in, so the regions need nothing but the patch
    map: they are the same for tiles, pooled vectors and words, and cells of a global view fall in
    with those that show the same area. With (x, y) the centre, v the vector that stands for a cell:

        region(cell) = 4 * min(floor(4 * y), 3) + min(floor(4 * x), 3)
        mean(r)      = sum of v over the cells of region r / number of cells of region r

    Boxes as words have them may reach beyond the page; such a centre counts for the nearest region.

    Args:
        vectors: of one page.

    Returns:
        The regions' numbers, intp (n_regions,), ascending, and float32 (n_regions, 128). Regions
        without cells are left out, and those whose vectors cancel out: they have no direction, and
        their sign bits would be noise.
    """
    patch_map = vectors.patch_map
    if not patch_map.vector_index.size:
        return np.zeros(0, np.intp), np.zeros((0, VECTOR_DIM), np.float32)
    centres = (patch_map.boxes[:, :2] + patch_map.boxes[:, 2:]) / 2  # (n_cells, 2): x, y
    steps = np.floor(centres * REGIONS_PER_SIDE).clip(0, REGIONS_PER_SIDE - 1).astype(np.intp)
    region_of = steps[:, 1] * REGIONS_PER_SIDE + steps[:, 0]  # (n_cells,)
    by_region = np.argsort(region_of, kind="stable")
    regions, starts, n_cells = np.unique(
        region_of[by_region], return_index=True, return_counts=True
    )  # (n_regions,) each
    # Row after row, in doubles: the same bits on every machine. A matrix product would be as fast
    # alone, and forty times slower beside another process, as BLAS waits for all its threads.
    cells = vectors.vectors[patch_map.vector_index[by_region]]  # (n_cells, 128)
    means = np.add.reduceat(cells, starts, axis=0, dtype=np.float64) / n_cells[:, None]
    has_direction = np.linalg.norm(means, axis=1) > _SHORTEST
    return regions[has_direction], means[has_direction].astype(np.float32)
