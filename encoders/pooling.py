"""Pooling: fewer vectors for a page, each standing for several patches that look alike.

Of the page alone: a query keeps all its vectors. The patch map names for every cell the vector that
stands for it now, so all that is told of places stays true.
"""

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from encoders.interface import Encoder, PageInput
from index.errors import IndexMismatchError, WrongUseError
from index.pages import Fingerprint, PageVectors, PatchMap, QueryVectors

NO_POOLING = "none"
_METHOD = "ward-"
_SHORTEST = 1e-6  # a mean of unit vectors this short is rounding error around zero


def pooling_name(factor: int) -> str:
    """`Fingerprint.pooling` of vectors pooled by a factor.

    Raises:
        WrongUseError: the factor is below 1.

    >>> pooling_name(1), pooling_name(3)
    ('none', 'ward-3')
    """
    if factor < 1:
        raise WrongUseError(
            f"--pool {factor} must be at least 1: one vector for that many patches, 1 for each."
        )
    return NO_POOLING if factor == 1 else f"{_METHOD}{factor}"


def pool_factor(pooling: str) -> int:
    """The factor that `pooling_name` made a name of.

    Raises:
        IndexMismatchError: another version's name.

    >>> pool_factor("none"), pool_factor("ward-3")
    (1, 3)
    """
    factor = pooling.removeprefix(_METHOD)
    if pooling == NO_POOLING:
        return 1
    if factor == pooling or not factor.isdecimal():
        raise IndexMismatchError(
            f"The index holds vectors of the pooling {pooling!r}, which this version of Pagelens "
            "does not have. Update Pagelens, or ingest again into a new index."
        )
    return int(factor)


def pool(page: PageVectors, factor: int) -> PageVectors:
    """Merge a page's vectors until ceil(n_patches / factor) are left, or fewer.

    Ward's method (J. H. Ward, 1963, "Hierarchical Grouping to Optimize an Objective Function"):
    again and again those two groups become one whose union adds least to the sum of squared
    distances between vectors and the mean of their group. Equal vectors, as blank patches may have,
    are one from the start. What stands for a group is its mean at unit length: of all vectors the
    one with the highest mean cosine to the group's. A group of equal ones keeps theirs to the bit.

    Args:
        page: as an encoder makes it.
        factor: at least 1, which changes nothing.

    Returns:
        Vectors in order of the first patch they stand for; the same cells in the same order.
    """
    n_wanted = -(-len(page.vectors) // factor)  # ceil
    if n_wanted == len(page.vectors):
        return page
    rows: dict[bytes, int] = {}
    distinct_of = np.array([rows.setdefault(row.tobytes(), len(rows)) for row in page.vectors])
    firsts = np.unique(distinct_of, return_index=True)[1]
    distinct = page.vectors[firsts]  # (n_distinct, 128), in order of first occurrence
    n_equal = np.bincount(distinct_of)
    if len(distinct) > n_wanted:
        group_of = _ward_groups(distinct, n_equal, n_wanted)
    else:
        group_of = np.arange(len(distinct))
    number_of = group_of[distinct_of].astype(np.int32)  # (n_patches,)
    cells = PatchMap(page.patch_map.boxes, number_of[page.patch_map.vector_index])
    return PageVectors(_means(distinct, n_equal, group_of), cells)


def _ward_groups(
    vectors: NDArray[np.float32], n_equal: NDArray[np.int64], n_groups: int
) -> NDArray[np.int64]:
    """The group of each vector, (n_vectors,), numbered in order of their first vectors."""
    from index.compiled.ward import ward_kernel  # imports numba

    first_of = np.empty(len(vectors), np.int64)
    ward_kernel()(vectors.ravel(), n_equal.astype(np.float64), n_groups, first_of)
    groups: NDArray[np.int64] = np.unique(first_of, return_inverse=True)[1].reshape(-1)
    return groups


def _means(
    vectors: NDArray[np.float32], n_equal: NDArray[np.int64], group_of: NDArray[np.int64]
) -> NDArray[np.float32]:
    """What stands for each group, float32 (n_groups, 128), unit length."""
    by_group = np.argsort(group_of, kind="stable")
    firsts, n_members = np.unique(group_of[by_group], return_index=True, return_counts=True)[1:]
    weighted = vectors[by_group].astype(np.float64) * n_equal[by_group, None]
    # row after row, in doubles: the same on every machine
    means = np.add.reduceat(weighted, firsts, axis=0)  # (n_groups, 128)
    means /= np.add.reduceat(n_equal[by_group], firsts)[:, None]
    lengths = np.linalg.norm(means, axis=1)
    # one vector is itself; of those that cancel out the first stands for all
    is_kept = (n_members == 1) | (lengths < _SHORTEST)
    pooled = vectors[by_group[firsts]]
    pooled[~is_kept] = (means[~is_kept] / lengths[~is_kept, None]).astype(np.float32)
    return pooled


def pooled_encoder(encoder: Encoder, factor: int) -> Encoder:
    """An encoder whose pages have one vector for `factor` patches; the same one for 1.

    Raises:
        WrongUseError: the factor is below 1.
    """
    return encoder if pooling_name(factor) == NO_POOLING else _PooledEncoder(encoder, factor)


class _PooledEncoder:
    """Pools what another encoder makes of pages, in the threads that wait for that."""

    def __init__(self, encoder: Encoder, factor: int) -> None:
        self._encoder = encoder
        self._factor = factor
        self._fingerprint = replace(encoder.fingerprint, pooling=pooling_name(factor))
        self._encoding = threading.Semaphore(encoder.n_at_once)

    @property
    def fingerprint(self) -> Fingerprint:
        """The encoder's, with the pooling."""
        return self._fingerprint

    @property
    def batch_size(self) -> int:
        """As the encoder."""
        return self._encoder.batch_size

    @property
    def n_at_once(self) -> int:
        """Twice as many where it takes several pages at once, as on a GPU: others are pooled.

        No more where it takes one page at a time: that takes it a hundred times as long as pooling,
        and the next would only be begun to be waited for when the run is stopped.
        """
        n = self._encoder.n_at_once
        return 2 * n if self._encoder.batch_size > 1 else n

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """As the encoder."""
        return self._encoder.page_size_px(width, height)

    def n_tiles(self, width: float, height: float) -> int:
        """As the encoder."""
        return self._encoder.n_tiles(width, height)

    def prepare(self, page: PageInput) -> PageInput:
        """As the encoder."""
        return self._encoder.prepare(page)

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """One PageVectors for each page, pooled."""
        with self._encoding:
            encoded = self._encoder.encode_pages(pages)
        return [pool(page, self._factor) for page in encoded]

    def encode_query(self, text: str) -> QueryVectors:
        """As the encoder: a query's vectors are not pooled."""
        return self._encoder.encode_query(text)
