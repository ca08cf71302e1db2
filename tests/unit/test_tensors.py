"""Tensors: the very bits, in hex; and back from every form Vespa writes."""

import re
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from index.errors import DamagedIndexError, ServerError, VectorShapeError
from index.quantize import from_bfloat16, to_bfloat16
from tests.random_pages import unit_vectors
from vespa_app.tensors import bfloat16_blocks, float_blocks, sign_bit_blocks, vectors_from_tensor

FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
VECTORS = arrays(np.float32, st.tuples(st.integers(0, 4), st.just(128)), elements=FLOAT32)
HALVES = arrays(np.uint16, st.tuples(st.integers(0, 4), st.just(128))).map(
    lambda halves: np.where(~halves & 0x7F80, halves, halves & 0x8000)  # infinite, NaN: zeros
)
TYPE = "tensor<bfloat16>(patch{},v[128])"


def rounded(seed: int, n: int) -> np.ndarray:
    return from_bfloat16(to_bfloat16(unit_vectors(np.random.default_rng(seed), n)))


@given(HALVES)
def test_bfloat16_digits_are_the_stored_bits_and_come_back(halves: np.ndarray) -> None:
    vectors = from_bfloat16(halves)
    tensor = bfloat16_blocks(vectors)
    expected = {str(row): "".join(f"{h:04x}" for h in half) for row, half in enumerate(halves)}
    assert tensor == {"blocks": expected}
    assert (to_bfloat16(vectors_from_tensor(tensor)) == halves).all()


@given(VECTORS)
def test_float_digits_are_ieee_big_endian(vectors: np.ndarray) -> None:
    expected = {str(row): struct.pack(">128f", *v).hex() for row, v in enumerate(vectors)}
    assert float_blocks(vectors) == {"blocks": expected}


@given(VECTORS)
def test_sign_bits_run_from_the_high_bit_of_the_first_digit(vectors: np.ndarray) -> None:
    expected = {
        str(row): f"{sum(1 << (127 - i) for i in range(128) if v[i] > 0):032x}"
        for row, v in enumerate(vectors)
    }
    assert sign_bit_blocks(vectors) == {"blocks": expected}


def test_more_vectors_than_one_digit_counts_come_back_in_order() -> None:
    vectors = rounded(1, 1088)
    tensor = bfloat16_blocks(vectors)
    assert list(tensor["blocks"]) == [str(row) for row in range(1088)]
    assert (vectors_from_tensor(tensor) == vectors).all()


def test_every_form_of_the_same_tensor_is_read_alike() -> None:
    """The first six as JsonFormat.encode of Vespa 8.700.24 writes them, digits in upper case."""
    vectors = rounded(2, 12)
    as_hex = {label: d.upper() for label, d in bfloat16_blocks(vectors)["blocks"].items()}
    numbers = {str(row): vector.tolist() for row, vector in enumerate(vectors)}
    cells = [
        {"address": {"patch": label, "v": str(v)}, "value": value}
        for label, vector in numbers.items()
        for v, value in enumerate(vector)
    ]
    forms: list[object] = [
        as_hex,
        numbers,
        {"type": TYPE, "blocks": as_hex},
        {"type": TYPE, "blocks": numbers},
        cells,
        {"type": TYPE, "cells": cells},
        {"blocks": [{"address": {"patch": p}, "values": v} for p, v in as_hex.items()]},
        {"blocks": [{"address": {"patch": p}, "values": v} for p, v in numbers.items()]},
        {"blocks": dict(sorted(as_hex.items(), key=lambda block: block[0][::-1]))},
        {"blocks": as_hex | {"3": numbers["3"]}},
    ]
    for form in forms:
        assert (vectors_from_tensor(form) == vectors).all()


@pytest.mark.parametrize(
    "form", [{}, [], {"blocks": {}}, {"blocks": []}, {"type": TYPE, "cells": []}]
)
def test_every_form_of_the_empty_tensor_is_read_alike(form: object) -> None:
    assert vectors_from_tensor(form).shape == (0, 128)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (None, "a tensor was expected, not None"),
        ("nothing", "a tensor was expected, not 'nothing'"),
        ([1, 2], "a tensor was expected, not [1, 2]"),
        (
            {"blocks": [{"values": "00"}]},
            "a tensor was expected, not {'blocks': [{'values': '00'}]}",
        ),
        (
            [{"address": {"patch": "0", "v": "200"}, "value": 1}],
            "a tensor was expected, not [{'address': {'patch': '0', 'v': '200'}, 'value': 1}]",
        ),
        ({"0": "3f80"}, "a tensor's block must be 512 hex digits, not 4: '3f80'"),
        (
            {"0": "3f80" * 127 + " 3f8"},
            "a tensor's block holds what is no hex digit",
        ),
        ({"0": "3f8g" * 128}, "a tensor's block holds what is no hex digit"),
        ({"0": "3f80" * 127 + "3f  "}, "a tensor's block holds what is no hex digit"),
        ({"0": [1, 2]}, "a tensor's block must be 128 numbers or 512 hex digits, not [1, 2]"),
        ({"0": [None] * 128}, "a tensor's block must be 128 numbers or 512 hex digits, not [None"),
        ({"0": [[1], 2]}, "a tensor's block must be 128 numbers or 512 hex digits, not [[1], 2]"),
    ],
)
def test_what_is_no_such_tensor_is_refused(tensor: object, message: str) -> None:
    with pytest.raises(ServerError, match=f"^{re.escape(message)}"):
        vectors_from_tensor(tensor)


@pytest.mark.parametrize(
    ("labels", "missing"), [(("0", "2"), "1"), (("1",), "0"), (("0", "01"), "1")]
)
def test_missing_patches_are_noticed(labels: tuple[str, ...], missing: str) -> None:
    message = f"a tensor of {len(labels)} patches has none labelled '{missing}': some are missing"
    with pytest.raises(DamagedIndexError, match=f"^{re.escape(message)}$"):
        vectors_from_tensor({"blocks": dict.fromkeys(labels, "3f80" * 128)})


def test_vectors_of_another_length_are_refused() -> None:
    for write in (bfloat16_blocks, float_blocks, sign_bit_blocks):
        with pytest.raises(VectorShapeError, match=r"must be float32 \(n, 128\), got float32"):
            write(np.zeros((2, 64), np.float32))
