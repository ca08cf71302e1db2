"""The scores of `maxsim.py` for many ragged pages at once, by the definition itself, page by page.

The functions of `kernels.py` that a ranking calls, for when there is so little to score that
loading compiled code would take longer. Nothing is imported but numpy. Arguments and results are
those of the kernels; that each page lies within what is stored is not checked here.
"""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.maxsim import bits_maxsim, float_maxsim, hamming_maxsim
from index.quantize import BYTES_PER_VECTOR, from_bfloat16

_Stored = TypeVar("_Stored", np.uint8, np.uint16)


def hamming_scores(
    query_bits: NDArray[np.uint8],
    bits: NDArray[np.uint64],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> NDArray[np.float64]:
    """`maxsim.hamming_maxsim` of each page."""
    pages = _pages(bits.view(np.uint8).reshape(-1, BYTES_PER_VECTOR), starts, counts)
    return np.array([hamming_maxsim(query_bits, page) for page in pages], np.float64)


def bits_scores(
    query: NDArray[np.float32],
    bits: NDArray[np.uint64],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> NDArray[np.float64]:
    """`maxsim.bits_maxsim` of each page."""
    pages = _pages(bits.view(np.uint8).reshape(-1, BYTES_PER_VECTOR), starts, counts)
    return np.array([bits_maxsim(query, page) for page in pages], np.float64)


sign_table_scores = bits_scores
"""What chooses the pages of phase 2. The kernels' rounding only saves time; these are exact."""


def float_scores(
    query: NDArray[np.float32],
    vectors: NDArray[np.uint16],
    starts: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> NDArray[np.float64]:
    """`maxsim.float_maxsim` of each page."""
    pages = _pages(vectors, starts, counts)
    return np.array([float_maxsim(query, from_bfloat16(page)) for page in pages], np.float64)


def _pages(
    stored: NDArray[_Stored], starts: NDArray[np.int64], counts: NDArray[np.int64]
) -> Iterator[NDArray[_Stored]]:
    """The patches of each page, views of what is stored."""
    for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
        yield stored[start : start + count]
