"""Float vectors to what an index stores: one sign bit per dimension, and bfloat16.

Both engines hold exactly these bits, so rounding and bit order are decided here and nowhere else.
NaN and infinite values never come in: `PageVectors` and `QueryVectors` refuse them.
"""

import numpy as np
from numpy.typing import NDArray

from index.pages import VECTOR_DIM, check_array

BYTES_PER_VECTOR = VECTOR_DIM // 8
"""Bytes of one vector's sign bits."""


def pack_sign_bits(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Keep one sign bit per dimension, so Hamming distance can pre-rank pages.

    Args:
        vectors: float32 (n_vectors, 128); scale is ignored, zero counts as negative.

    Returns:
        uint8 (n_vectors, 16), dimension 0 in the high bit of byte 0; view as int8 for Vespa.

    Raises:
        VectorShapeError: not float32 (n_vectors, 128).

    Bit order matches Vespa's unpack_bits default, "big" (RankingExpressionParser.jj).

    >>> pack_sign_bits(np.float32([[1, -1, 1, 1] + [-1, 0] * 62]))[0, :3]
    array([176,   0,   0], dtype=uint8)
    """
    check_array("Vectors", vectors, np.float32, None, VECTOR_DIM)
    return np.packbits(vectors > 0, axis=1)  # (n_vectors, 16)


def to_bfloat16(vectors: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Keep the upper half of each float32, rounded to nearest, ties to even.

    Args:
        vectors: float32 (n_vectors, 128).

    Returns:
        uint16 (n_vectors, 128), the bit patterns: sign, 8 exponent bits, 7 bits of fraction. The
        relative error is at most 2**-8. Above bfloat16's largest value comes infinity.

    Raises:
        VectorShapeError: not float32 (n_vectors, 128).

    >>> halves = to_bfloat16(np.full((1, 128), 1 + 2**-8, np.float32))  # between 1 and 1 + 2**-7
    >>> hex(halves[0, 0])  # the even one of both: 1
    '0x3f80'
    """
    check_array("Vectors", vectors, np.float32, None, VECTOR_DIM)
    whole = np.ascontiguousarray(vectors).view(np.uint32)
    upper_is_odd = (whole >> np.uint32(16)) & np.uint32(1)
    # 0x7FFF carries into the upper half for more than a half; 0x8000, where odd, for a half too.
    rounded: NDArray[np.uint32] = (whole + np.uint32(0x7FFF) + upper_is_odd) >> np.uint32(16)
    return rounded.astype(np.uint16)


def from_bfloat16(halves: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Widen bfloat16 to float32; exact.

    Args:
        halves: uint16 (n_vectors, 128), bit patterns as `to_bfloat16` makes them.

    Returns:
        float32 (n_vectors, 128).

    Raises:
        VectorShapeError: not uint16 (n_vectors, 128).

    >>> float(from_bfloat16(np.full((1, 128), 0x3F80, np.uint16))[0, 0])
    1.0
    """
    check_array("bfloat16 vectors", halves, np.uint16, None, VECTOR_DIM)
    whole: NDArray[np.uint32] = halves.astype(np.uint32) << np.uint32(16)
    return whole.view(np.float32)
