"""What crosses the borders is checked at the border, with both values."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import VectorShapeError, WrongUseError
from index.filters import Filters
from index.pages import (
    Document,
    Failure,
    PageVectors,
    PageWords,
    PatchMap,
    QueryVectors,
)
from tests.random_pages import unit_vectors

UNIT = unit_vectors(np.random.default_rng(1), 3)
NO_CELLS = PatchMap(np.zeros((0, 4), np.float32), np.zeros(0, np.int32))


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (UNIT[:, :64], "Page vectors must be float32 (n, 128), got float32 (3, 64)."),
        (UNIT[0], "Page vectors must be float32 (n, 128), got float32 (128,)."),
        (UNIT.astype(np.float64), "Page vectors must be float32 (n, 128), got float64 (3, 128)."),
    ],
)
def test_arrays_of_another_shape_or_dtype_are_refused(vectors: np.ndarray, message: str) -> None:
    with pytest.raises(VectorShapeError, match=re.escape(message)):
        PageVectors(vectors, NO_CELLS)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_vectors_whose_sign_bits_would_hide_a_fault_are_refused(value: float) -> None:
    wrong = UNIT.copy()
    wrong[1] = value
    message = r"must have unit length, row 1 of 3 has length .*\(1 such rows\).*try --device cpu"
    with pytest.raises(VectorShapeError, match="Page vectors " + message):
        PageVectors(wrong, NO_CELLS)
    with pytest.raises(VectorShapeError, match="Query vectors " + message):
        QueryVectors("text", wrong, ("a", "b", "c"), np.ones(3, np.bool_))


def test_a_patch_map_names_only_vectors_that_exist() -> None:
    cells = PatchMap(np.zeros((2, 4), np.float32), np.array([0, 3], np.int32))
    with pytest.raises(VectorShapeError, match="names vectors 0 to 3, the page has 3"):
        PageVectors(UNIT, cells)


def test_every_word_has_a_box() -> None:
    with pytest.raises(VectorShapeError, match=r"Word boxes must be float32 \(2, 4\)"):
        PageWords(("a", "b"), np.zeros((1, 4), np.float32))


def test_an_empty_page_range_is_refused() -> None:
    with pytest.raises(WrongUseError, match="The page range 3-2 is empty. Write the lower"):
        Filters(first_page=3, last_page=2)


@given(
    n=st.integers(0, 6),
    failures=st.lists(st.tuples(st.integers(1, 7), st.integers(0, 3), st.booleans()), max_size=4),
    whole_file=st.booleans(),
)
def test_whether_pages_are_readable_is_told_without_naming_them(n, failures, whole_file) -> None:
    failed = [
        Failure(first, "no size", first + more, has_words=has_words)
        for first, more, has_words in failures
    ]
    if whole_file:
        failed.append(Failure(None, "is empty"))
    document = Document("0" * 32, (), "", n, is_complete=True, failures=tuple(failed))
    assert document.has_readable_pages == bool(document.readable_pages)


def test_a_file_may_claim_any_number_of_pages() -> None:
    failed = (Failure(1, "no size", 900_000_000_000), Failure(5, "no ink", 10))
    document = Document("0" * 32, (), "", 10**12, is_complete=True, failures=failed)
    assert document.has_readable_pages
    assert not replace(document, page_count=900_000_000_000).has_readable_pages
