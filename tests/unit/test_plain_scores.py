"""index/plain_scores.py: few pages scored by the definition, as the kernels would score them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from index import kernels, plain_scores
from index.quantize import pack_sign_bits, to_bfloat16
from tests.random_pages import unit_vectors

TOKEN = np.full((1, 128), 128**-0.5, np.float32)
RAGGED = (1, 0, 5, 832, 2, 0, 33)


def random_vectors(n: int) -> NDArray[np.float32]:
    return unit_vectors(np.random.default_rng(n), n)


CASES = {
    "ragged": (random_vectors(14), random_vectors(sum(RAGGED)), RAGGED),
    "one patch": (random_vectors(3), random_vectors(1), (1,)),
    "no patches": (random_vectors(3), random_vectors(0), (0, 0)),
    "no pages": (random_vectors(3), random_vectors(0), ()),
    "no tokens": (random_vectors(0), random_vectors(4), (3, 0, 1)),
    "every similarity negative": (np.repeat(TOKEN, 3, 0), np.repeat(-TOKEN, 10, 0), (1, 9)),
    "equal pages": (random_vectors(5), np.tile(random_vectors(7), (3, 1)), (7, 7, 7)),
}


@pytest.mark.parametrize("case", CASES)
def test_both_ways_of_scoring_agree(case: str) -> None:
    query, vectors, counts = CASES[case]
    counts = np.array(counts, np.int64)
    order = np.arange(len(counts))[::-1]  # any subset in any order: the last page first
    pages = (np.cumsum(counts) - counts)[order], counts[order]
    query_bits, bits = pack_sign_bits(query), pack_sign_bits(vectors).reshape(-1).view(np.uint64)
    halves = to_bfloat16(vectors)
    for stored in (bits, halves):
        stored.flags.writeable = False  # as an index's mapped files are

    plain = plain_scores.hamming_scores(query_bits, bits, *pages)
    assert plain.dtype == np.float64
    np.testing.assert_array_equal(plain, kernels.hamming_scores(query_bits, bits, *pages))
    for name, stored in (("bits_scores", bits), ("float_scores", halves)):
        plain = getattr(plain_scores, name)(query, stored, *pages)
        assert plain.dtype == np.float64
        fast = getattr(kernels, name)(query, stored, *pages)
        np.testing.assert_allclose(plain, fast, rtol=1e-6, atol=1e-6 * len(query), err_msg=name)
    if case == "every similarity negative":
        assert (plain < -2.9).all()
    if case == "equal pages":
        assert len(set(plain.tolist())) == 1
