import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from index.errors import VectorShapeError
from index.maxsim import (
    bits_maxsim,
    bits_similarities,
    float_maxsim,
    float_similarities,
    hamming_maxsim,
    hamming_similarities,
)
from index.quantize import pack_sign_bits
from tests.random_pages import unit_vectors


def bits(max_rows: int):
    return arrays(np.uint8, st.tuples(st.integers(1, max_rows), st.just(16)))


def vectors(max_rows: int):
    values = st.floats(-0.125, 0.125, width=32)  # at most a unit vector's length times 1.4
    return arrays(np.float32, st.tuples(st.integers(1, max_rows), st.just(128)), elements=values)


def comparisons(query, page):
    """Each comparison as (its matrix, its score, its two arguments)."""
    query_bits, page_bits = pack_sign_bits(query), pack_sign_bits(page)
    return [
        (hamming_similarities, hamming_maxsim, query_bits, page_bits),
        (bits_similarities, bits_maxsim, query, page_bits),
        (float_similarities, float_maxsim, query, page),
    ]


def ones_of(row) -> str:
    return "".join(f"{byte:08b}" for byte in row.tolist())


@given(bits(4), bits(4))
def test_hamming_is_the_written_formula(query, page):
    def distance(token, patch):
        return sum(a != b for a, b in zip(ones_of(token), ones_of(patch), strict=True))

    expected = sum(max(1 / (1 + distance(t, p)) for p in page) for t in query)
    assert hamming_maxsim(query, page) == pytest.approx(expected, rel=1e-15)


@given(vectors(3), bits(3))
def test_bits_sum_the_query_where_the_page_has_ones(query, page):
    expected = sum(
        max(
            math.fsum(v for v, bit in zip(t.tolist(), ones_of(p), strict=True) if bit == "1")
            for p in page
        )
        for t in query
    )
    assert bits_maxsim(query, page) == pytest.approx(expected, rel=1e-6, abs=1e-4)


@given(vectors(3), vectors(3))
def test_float_is_the_written_formula(query, page):
    expected = sum(
        max(math.fsum(a * b for a, b in zip(t.tolist(), p.tolist(), strict=True)) for p in page)
        for t in query
    )
    assert float_maxsim(query, page) == pytest.approx(expected, rel=1e-6, abs=1e-5)


@given(vectors(3), vectors(4))
def test_order_and_repetition_of_patches_do_not_matter(query, page):
    shuffled = np.concatenate([page[::-1], page[:1]])
    packed = pack_sign_bits(shuffled)
    assert float_maxsim(query, shuffled) == pytest.approx(float_maxsim(query, page), abs=1e-5)
    assert bits_maxsim(query, packed) == pytest.approx(
        bits_maxsim(query, pack_sign_bits(page)), abs=1e-4
    )
    query_bits = pack_sign_bits(query)
    assert hamming_maxsim(query_bits, packed) == hamming_maxsim(query_bits, pack_sign_bits(page))


@given(vectors(5), vectors(9))
def test_each_score_is_the_sum_of_the_row_maxima_of_its_matrix(query, page):
    for compare, score, of_query, of_page in comparisons(query, page):
        best = compare(of_query, of_page).max(axis=1).astype(np.float64)
        assert score(of_query, of_page) == np.cumsum(best)[-1], compare.__name__  # in their order


@given(vectors(5), vectors(9))
def test_a_token_compares_as_it_would_alone(query, page):
    for compare, _, of_query, of_page in comparisons(query, page):
        together = compare(of_query, of_page)
        alone = [compare(of_query[i : i + 1], of_page)[0] for i in range(len(query))]
        np.testing.assert_array_equal(together, alone, err_msg=compare.__name__)


def test_float_similarities_of_unit_vectors_are_cosines():
    vectors = unit_vectors(np.random.default_rng(0), 3)
    found = float_similarities(np.eye(128, dtype=np.float32)[:2], vectors)
    np.testing.assert_allclose(found, vectors[:, :2].T, atol=1e-6)


@pytest.mark.parametrize("n_tokens", [0, 2])
@pytest.mark.parametrize("n_patches", [0, 3])
def test_matrices_have_a_row_a_token_and_a_column_a_patch(n_tokens, n_patches):
    query = np.ones((n_tokens, 128), np.float32)
    page = np.ones((n_patches, 128), np.float32)
    matrices = [compare(*arguments) for compare, _, *arguments in comparisons(query, page)]
    assert [matrix.shape for matrix in matrices] == [(n_tokens, n_patches)] * 3
    assert [matrix.dtype for matrix in matrices] == [np.float64, np.float32, np.float32]


def test_a_page_that_opposes_the_query_scores_below_zero():
    token = np.full((1, 128), 128**-0.5, np.float32)
    assert float_maxsim(token, -token) == pytest.approx(-1)
    assert bits_maxsim(-token, pack_sign_bits(token)) == pytest.approx(-(128**0.5))
    assert hamming_maxsim(pack_sign_bits(token), pack_sign_bits(-token)) == 1 / 129


@pytest.mark.parametrize("n_tokens", [0, 2])
def test_a_page_without_patches_scores_below_every_page(n_tokens):
    query, page = np.ones((n_tokens, 128), np.float32), np.zeros((0, 128), np.float32)
    no_bits = pack_sign_bits(page)
    assert hamming_maxsim(pack_sign_bits(query), no_bits) == -math.inf
    assert bits_maxsim(query, no_bits) == -math.inf
    assert float_maxsim(query, page) == -math.inf


def test_a_query_without_tokens_scores_zero():
    query, page = np.zeros((0, 128), np.float32), np.ones((3, 128), np.float32)
    assert hamming_maxsim(pack_sign_bits(query), pack_sign_bits(page)) == 0
    assert bits_maxsim(query, pack_sign_bits(page)) == 0
    assert float_maxsim(query, page) == 0


@pytest.mark.parametrize(
    ("score", "query", "page", "message"),
    [
        (
            hamming_maxsim,
            np.zeros((1, 128), np.uint8),
            np.zeros((1, 16), np.uint8),
            "Query bits must be uint8 (n, 16), got uint8 (1, 128).",
        ),
        (
            hamming_maxsim,
            np.zeros((1, 16), np.uint8),
            np.zeros((1, 16), np.int8),
            "Page bits must be uint8 (n, 16), got int8 (1, 16).",
        ),
        (
            bits_maxsim,
            np.zeros((1, 128), np.float32),
            np.zeros(16, np.uint8),
            "Page bits must be uint8 (n, 16), got uint8 (16,).",
        ),
        (
            float_maxsim,
            np.zeros((1, 128)),
            np.zeros((1, 128), np.float32),
            "Query vectors must be float32 (n, 128), got float64 (1, 128).",
        ),
        (
            float_maxsim,
            np.zeros((1, 128), np.float32),
            np.zeros((1, 128), np.uint16),
            "Page vectors must be float32 (n, 128), got uint16 (1, 128).",
        ),
    ],
)
def test_other_shapes_and_types_are_refused_with_both_values(score, query, page, message):
    with pytest.raises(VectorShapeError, match=f"^{re.escape(message)}$"):
        score(query, page)


@pytest.mark.parametrize("n_tokens", [1, 2, 5, 14])
def test_equal_patches_compare_equal_wherever_they_stand(n_tokens: int) -> None:
    rng = np.random.default_rng(n_tokens)
    query, patch = unit_vectors(rng, n_tokens), unit_vectors(rng, 1)
    alone = float_similarities(query, patch)  # (n_tokens, 1)
    for n_before in range(9):
        for n_behind in range(9):
            page = np.concatenate([unit_vectors(rng, n_before), patch, unit_vectors(rng, n_behind)])
            assert (float_similarities(query, page)[:, [n_before]] == alone).all()
