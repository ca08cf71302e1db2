"""Ward's method, for pooling a page's vectors: `encoders/pooling.py`."""

import numpy as np
from numba import types
from numpy.typing import NDArray

from index.compiled.compiler import (
    Floats,
    Integers,
    Kernel,
    compiled,
    read_only,
    use_widest_vectors,
)
from index.pages import VECTOR_DIM


def ward_kernel() -> Kernel:
    """(float32 vectors, flat; float64 weights; n_groups; int64 groups): `_ward`."""
    return compiled(_ward, _TYPES, reorder_sums=True)


def _ward(vectors: NDArray[np.float32], weights: Floats, n_groups: int, groups: Integers) -> None:
    """Merge vectors by Ward's method until `n_groups` are left; a group is named by its first.

    The distance of two groups is what their union adds to the sum of squared distances between
    vectors and the means of their groups: weight * weight / (sum of weights) * squared distance of
    the means; that of a union to others follows from its parts' (Lance and Williams, 1967). Unions
    are found along chains of nearest neighbours (F. Murtagh, 1983): they are those of always taking
    the closest two, in another order, so they are sorted by distance before the last are left out.
    Of equal distances the first counts.
    """
    use_widest_vectors()
    dim = VECTOR_DIM
    n = len(weights)
    weight = weights.copy()
    distance = np.empty((n, n), np.float64)
    for i in range(n):
        left = vectors[dim * i : dim * (i + 1)]
        distance[i, i] = np.inf
        for j in range(i):
            right = vectors[dim * j : dim * (j + 1)]
            squares = np.float32(0)
            for d in range(dim):
                difference = left[d] - right[d]
                squares += difference * difference
            added = squares * (weight[i] * weight[j] / (weight[i] + weight[j]))
            distance[i, j] = distance[j, i] = added
    lefts, rights = np.empty(n - 1, np.int64), np.empty(n - 1, np.int64)
    heights = np.empty(n - 1)
    is_merged = np.zeros(n, np.bool_)
    chain, length, lowest = np.empty(n, np.int64), 0, 0
    for union in range(n - 1):
        if length == 0:
            while is_merged[lowest]:
                lowest += 1
            chain[0], length = lowest, 1
        while True:
            a = chain[length - 1]
            b = chain[length - 2] if length > 1 else a  # on a tie the chain turns back, and ends
            nearest = distance[a, b]
            for k in range(n):
                if distance[a, k] < nearest:
                    nearest, b = distance[a, k], k
            if length > 1 and b == chain[length - 2]:
                break
            chain[length] = b
            length += 1
        length -= 2
        a, b = min(a, b), max(a, b)
        lefts[union], rights[union], heights[union] = a, b, nearest
        is_merged[b] = True
        for k in range(n):
            if not is_merged[k] and k != a:
                total = weight[a] + weight[b] + weight[k]
                parts = (weight[a] + weight[k]) * distance[a, k]
                parts += (weight[b] + weight[k]) * distance[b, k] - weight[k] * nearest
                distance[a, k] = distance[k, a] = parts / total
            distance[k, b] = np.inf
        weight[a] += weight[b]
    for i in range(n):
        groups[i] = i
    for union in np.argsort(heights, kind="mergesort")[: n - n_groups]:
        a, b = lefts[union], rights[union]
        while groups[a] != a:
            a = groups[a]
        while groups[b] != b:
            b = groups[b]
        groups[max(a, b)] = min(a, b)
    for i in range(n):  # a group's first comes before the others and is named already
        groups[i] = groups[groups[i]]


_TYPES = types.void(
    read_only(types.float32), read_only(types.float64), types.int64, types.int64[::1]
)
