import math
import re
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from index.errors import VectorShapeError
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16

FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
SUBNORMALS = st.integers(0, 2**23 - 1).map(lambda i: np.uint32(i).view(np.float32).item())
MIDPOINTS = st.integers(0, 0x7F7E).map(
    lambda i: np.uint32((i << 16) + 0x8000).view(np.float32).item()
)
LARGEST_BFLOAT16 = 0x7F7F


def vectors_of(values: st.SearchStrategy[float]) -> st.SearchStrategy[NDArray[np.float32]]:
    return arrays(np.float32, st.tuples(st.integers(0, 3), st.just(128)), elements=values)


def value_of(half: int) -> Fraction:
    """A bfloat16's exact value, read by the standard library."""
    return Fraction(struct.unpack(">f", struct.pack(">I", half << 16))[0])


def nearest_half(value: float) -> int:
    """The slow definition: the nearer of the two bfloat16 around a value, the even one of a tie."""
    magnitude = Fraction(abs(value))
    low, high = 0, LARGEST_BFLOAT16
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if value_of(middle) <= magnitude else (low, middle)
    below, above = magnitude - value_of(low), value_of(high) - magnitude
    nearest = low if (below, low % 2) < (above, high % 2) else high
    return nearest | (0x8000 if math.copysign(1, value) < 0 else 0)


@given(vectors_of(FLOAT32))
def test_sign_bits_are_the_signs_from_the_high_bit_down(vectors):
    expected = [
        [sum(128 >> i for i in range(8) if row[8 * b + i] > 0) for b in range(16)]
        for row in vectors
    ]
    assert pack_sign_bits(vectors).tolist() == expected


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_zero_counts_as_negative(zero):
    assert not pack_sign_bits(np.full((1, 128), zero, np.float32)).any()


@given(arrays(np.float32, 128, elements=FLOAT32 | SUBNORMALS | MIDPOINTS | MIDPOINTS.map(abs)))
def test_bfloat16_is_the_nearest_with_ties_to_even(values):
    within = np.where(np.abs(values) <= float(value_of(LARGEST_BFLOAT16)), values, np.float32(0))
    halves = to_bfloat16(within.astype(np.float32)[None])[0]
    assert halves.tolist() == [nearest_half(float(v)) for v in within]


@pytest.mark.parametrize(
    ("bits", "half"),
    [
        (0x3F808000, 0x3F80),  # half way, the lower one is even
        (0x3F818000, 0x3F82),  # half way, the upper one is even
        (0x3F808001, 0x3F81),  # just over half way
        (0x3F817FFF, 0x3F81),  # just under half way
        (0x3FFF8000, 0x4000),  # carries into the exponent
        (0x00008000, 0x0000),  # subnormal, half way to the smallest bfloat16
        (0x00008001, 0x0001),
        (0x807FFFFF, 0x8080),  # the largest subnormal becomes the smallest normal
        (0x7F7FFFFF, 0x7F80),  # above the largest bfloat16: infinity
    ],
)
def test_bfloat16_by_hand(bits, half):
    vectors = np.full((1, 128), bits, np.uint32).view(np.float32)
    assert (to_bfloat16(vectors) == half).all()


def test_every_bfloat16_survives_the_round_trip():
    halves = np.arange(2**16, dtype=np.uint16)
    halves = halves[~halves & 0x7F80 > 0].reshape(-1, 128)  # all but infinities and NaN
    assert halves.size == 2**16 - 2 * 128
    assert (to_bfloat16(from_bfloat16(halves)) == halves).all()


def test_a_column_slice_is_taken_as_it_reads():
    wide = np.random.default_rng(1).standard_normal((3, 256), np.float32)
    narrow = np.ascontiguousarray(wide[:, ::2])
    assert (to_bfloat16(wide[:, ::2]) == to_bfloat16(narrow)).all()
    assert (pack_sign_bits(wide[:, ::2]) == pack_sign_bits(narrow)).all()


@pytest.mark.parametrize(
    ("function", "argument", "message"),
    [
        (
            pack_sign_bits,
            np.zeros((2, 64), np.float32),
            "Vectors must be float32 (n, 128), got float32 (2, 64).",
        ),
        (
            to_bfloat16,
            np.zeros((2, 128)),
            "Vectors must be float32 (n, 128), got float64 (2, 128).",
        ),
        (
            from_bfloat16,
            np.zeros(128, np.uint16),
            "bfloat16 vectors must be uint16 (n, 128), got uint16 (128,).",
        ),
    ],
)
def test_other_shapes_and_types_are_refused_with_both_values(function, argument, message):
    with pytest.raises(VectorShapeError, match=f"^{re.escape(message)}$"):
        function(argument)
