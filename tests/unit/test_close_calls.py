"""query/close_calls.py: which hits tie, who is told, and that the noise is as it was measured."""

from math import sqrt

import numpy as np
import pytest

from encoders.lexical import LexicalEncoder
from index.interface import BM25, FLOAT, HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT
from index.maxsim import bits_maxsim, float_maxsim, hamming_maxsim
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from query.close_calls import (
    NOISE_OF_ONE_TOKEN,
    close_call_notices,
    noise,
    ties_with_previous,
)
from query.request import RANKINGS
from query.search import HYBRID
from tests.finding import found_for
from tests.library import fill
from tests.memory_index import MemoryIndex
from tests.random_pages import unit_vectors

GAP = 0.01


def test_a_gap_below_the_noise_is_a_tie_and_one_above_is_none() -> None:
    assert ties_with_previous([0.5, 0.5 - 0.99 * GAP], GAP) == (False, True)
    assert ties_with_previous([0.5, 0.5 - 1.01 * GAP], GAP) == (False, False)


def test_three_in_a_row_tie_though_the_ends_are_further_apart() -> None:
    assert ties_with_previous([0.5, 0.493, 0.486, 0.4], GAP) == (False, True, True, False)


def test_equal_scores_tie_where_anything_is_rounded() -> None:
    assert ties_with_previous([0.5, 0.5], GAP) == (False, True)
    assert ties_with_previous([0.5, 0.5], 0.0) == (False, False)  # bm25, hybrid


def test_no_hit_and_one_hit_tie_with_nothing() -> None:
    assert ties_with_previous([], GAP) == ()
    assert ties_with_previous([0.5], GAP) == (False,)


def test_more_tokens_are_less_noise() -> None:
    assert noise(HAMMING, 16) == noise(HAMMING, 1) / 4
    assert noise(BM25, 4) == noise(HYBRID, 4) == 0
    assert noise(HAMMING, 0) == noise(HAMMING, 1)  # of a query without vectors


def test_every_ranking_of_vectors_has_a_noise() -> None:
    assert set(NOISE_OF_ONE_TOKEN) == set(RANKINGS) - {BM25, HYBRID}


def test_hits_that_float_can_tell_apart_are_named() -> None:
    ties = (False, True, True, False, False, True)
    assert close_call_notices(HAMMING, ties, 0.00035) == (
        "Hits 1 to 3 and 5 to 6 are too close to call: hamming cannot tell pages apart whose "
        "scores differ by less than 0.00035. The ranking float compares them exactly.",
    )
    assert close_call_notices(HAMMING_THEN_BITS, (False, False), 0.05) == ()
    for ranking in (FLOAT, HAMMING_THEN_FLOAT, BM25, HYBRID):
        assert close_call_notices(ranking, ties, 0.00005) == ()


def test_the_noise_is_what_rounding_does_to_random_vectors() -> None:
    """tests/bench/bench_noise.py measures the same on more, and on pages with an order in them."""
    rng, n_tokens = np.random.default_rng(3), 9
    pages = [unit_vectors(rng, 300) for _ in range(60)]
    off: dict[str, list[float]] = {ranking: [] for ranking in NOISE_OF_ONE_TOKEN}
    for _ in range(4):
        query = unit_vectors(rng, n_tokens)
        exact = np.array([float_maxsim(query, page) for page in pages]) / n_tokens
        bits = [pack_sign_bits(page) for page in pages]
        rounded = [float_maxsim(query, from_bfloat16(to_bfloat16(page))) for page in pages]
        sums = {
            HAMMING_THEN_FLOAT: rounded,
            FLOAT: rounded,
            HAMMING_THEN_BITS: [bits_maxsim(query, page) for page in bits],
            HAMMING: [hamming_maxsim(pack_sign_bits(query), page) for page in bits],
        }
        for ranking, scores in sums.items():
            mean = np.array(scores) / n_tokens
            line = np.polynomial.Polynomial.fit(exact, mean, 1)
            off[ranking].append(sqrt(2 * n_tokens) * float((mean - line(exact)).std()))
    for ranking, measured in off.items():
        assert np.mean(measured) == pytest.approx(NOISE_OF_ONE_TOKEN[ranking], rel=0.25), ranking


def test_a_search_tells_its_ties() -> None:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    found = found_for(index, "containers by quay", HAMMING, 3)
    assert found.ties == (False, True, False)  # both reports say it, in the same words
    (notice,) = found.advice
    assert notice.startswith("Hits 1 to 2 are too close to call: hamming cannot")
    exact = found_for(index, "containers by quay", FLOAT, 3)
    assert (exact.ties, exact.advice) == ((False, True, False), ())
    assert found_for(index, "containers by quay", BM25, 3).ties == (False, False)
