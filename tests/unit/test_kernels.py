import re
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index import kernels, maxsim
from index.compiled.hamming import hamming_kernel
from index.errors import VectorShapeError
from index.quantize import from_bfloat16, pack_sign_bits
from tests.stored_pages import Stored, random_pages, store, unit_vectors

RAGGED = [1, 0, 5, 17, 2, 832, 3, 64, 31, 32, 33, 0, 300, 15, 16, 63, 65]


def assert_equal_to_definition(query: NDArray[np.float32], pages: Stored, **threads) -> None:
    """Every kernel against its plain twin: Hamming to the last bit, floats to 1e-6."""
    query_bits, starts, counts = pack_sign_bits(query), pages.starts, pages.counts
    spans = [slice(s, s + c) for s, c in zip(starts, counts, strict=True)]
    floats = from_bfloat16(pages.halves)

    plain = np.array([maxsim.hamming_maxsim(query_bits, pages.bits[s]) for s in spans])
    fast = kernels.hamming_scores(query_bits, pages.words, starts, counts, **threads)
    assert_same(fast, plain, 0, 0)
    plain = np.array([maxsim.bits_maxsim(query, pages.bits[s]) for s in spans])
    fast = kernels.bits_scores(query, pages.words, starts, counts, **threads)
    assert_same(fast, plain, 1e-6, 1e-6 * len(query))
    plain = np.array([maxsim.float_maxsim(query, floats[s]) for s in spans])
    fast = kernels.float_scores(query, pages.halves, starts, counts, **threads)
    assert_same(fast, plain, 1e-6, 1e-7 * len(query))
    plain = np.array([looked_up(query, pages.bits[s]) for s in spans])
    fast = kernels.sign_table_scores(query, pages.words, starts, counts, **threads)
    assert_same(fast, plain, 0, 0)


def looked_up(query: NDArray[np.float32], bits: NDArray[np.uint8]) -> float:
    """`sign_table_scores` of a page, entry by entry."""
    if not len(bits):
        return -np.inf
    nibbles = np.stack([bits >> 4, bits & 15], axis=2).reshape(-1, 32)  # (n_patches, 32)
    score = 0.0
    for entries, step, lowest in zip(*kernels.sign_tables(query), strict=True):
        sums = entries[np.arange(32), nibbles].astype(int).sum(axis=1)  # (n_patches,)
        score += sums.max() * step + lowest
    return score


def assert_same(fast, plain, relative: float, absolute: float) -> None:
    """Equal, infinities included; `absolute` is the rounding of token sums that cancel."""
    assert fast.dtype == np.float64
    assert fast.shape == plain.shape
    assert (np.isneginf(fast) == np.isneginf(plain)).all()
    finite = np.isfinite(plain)
    difference = np.abs(fast[finite] - plain[finite])
    excess = difference - relative * np.abs(plain[finite]) - absolute
    assert (excess <= 0).all(), f"max difference {difference.max():.3g} at {difference.argmax()}"


@pytest.mark.parametrize("n_tokens", [*range(10), 14, 33])
def test_kernels_equal_their_definition_on_ragged_pages(n_tokens):
    query = unit_vectors(np.random.default_rng(2), n_tokens)
    assert_equal_to_definition(query, random_pages(RAGGED))


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 9),
    st.lists(st.integers(0, 40), max_size=6),
    st.integers(1, 3),
)
@settings(max_examples=40)
def test_kernels_equal_their_definition_on_any_pages(seed, n_tokens, counts, n_threads):
    query = unit_vectors(np.random.default_rng(seed), n_tokens)
    assert_equal_to_definition(query, random_pages(counts, seed + 1), n_threads=n_threads)


@pytest.mark.parametrize("order", [[], [5], [12, 3, 3, 1, 0], list(range(12, -1, -1))])
def test_any_subset_of_the_pages_in_any_order(order):
    query = unit_vectors(np.random.default_rng(3), 5)
    assert_equal_to_definition(query, random_pages(RAGGED).subset(np.array(order, np.int64)))


def test_pages_whose_every_patch_opposes_the_query():
    token = np.full((1, 128), 128**-0.5, np.float32)
    pages = store(np.repeat(-token, 10, axis=0), [1, 9, 0])
    query = np.repeat(token, 3, axis=0)
    assert_equal_to_definition(query, pages)
    assert kernels.float_scores(query, pages.halves, pages.starts, pages.counts)[1] < -2.9
    # Against bits a page of all ones and a negative query is the opposite.
    opposite = store(np.repeat(token, 10, axis=0), [1, 9, 0])
    assert_equal_to_definition(-query, opposite)
    scores = kernels.bits_scores(-query, opposite.words, opposite.starts, opposite.counts)
    assert scores[1] == pytest.approx(-3 * 128**0.5)


def test_equal_pages_tie_exactly_wherever_they_lie():
    page = unit_vectors(np.random.default_rng(4), 37)
    other = unit_vectors(np.random.default_rng(5), 20)
    pages = store(np.concatenate([page, other, page, page[:1], page]), [37, 20, 37, 1, 37])
    query = unit_vectors(np.random.default_rng(6), 14)
    for scores in (
        kernels.hamming_scores(pack_sign_bits(query), pages.words, pages.starts, pages.counts),
        kernels.bits_scores(query, pages.words, pages.starts, pages.counts),
        kernels.sign_table_scores(query, pages.words, pages.starts, pages.counts),
        kernels.float_scores(query, pages.halves, pages.starts, pages.counts),
    ):
        assert scores[0] == scores[2] == scores[4]


def test_a_page_longer_than_65535_patches():
    pages = random_pages([3, 70_001, 5])
    assert_equal_to_definition(unit_vectors(np.random.default_rng(7), 3), pages)


def test_pages_without_patches_score_minus_infinity_even_without_tokens():
    pages, query = random_pages([0, 2]), np.zeros((0, 128), np.float32)
    for scores in (
        kernels.hamming_scores(pack_sign_bits(query), pages.words, pages.starts, pages.counts),
        kernels.bits_scores(query, pages.words, pages.starts, pages.counts),
        kernels.sign_table_scores(query, pages.words, pages.starts, pages.counts),
        kernels.float_scores(query, pages.halves, pages.starts, pages.counts),
    ):
        assert scores.tolist() == [-np.inf, 0]


def test_the_number_of_threads_changes_no_score():
    rng = np.random.default_rng(8)
    pages, query = random_pages(rng.integers(0, 12, 2000).tolist()), unit_vectors(rng, 7)
    arguments = (pages.words, pages.starts, pages.counts)

    def scores(n_threads: int | None):
        yield kernels.hamming_scores(pack_sign_bits(query), *arguments, n_threads=n_threads)
        yield kernels.bits_scores(query, *arguments, n_threads=n_threads)
        yield kernels.sign_table_scores(query, *arguments, n_threads=n_threads)
        yield kernels.float_scores(
            query, pages.halves, pages.starts, pages.counts, n_threads=n_threads
        )

    for one, two, five, default in zip(scores(1), scores(2), scores(5), scores(None), strict=True):
        assert (one == two).all()
        assert (one == five).all()
        assert (one == default).all()


def test_read_only_memory_maps_are_read_without_another_compilation(tmp_path):
    pages, query = random_pages(RAGGED), unit_vectors(np.random.default_rng(9), 6)
    pages.bits.tofile(tmp_path / "bits")
    pages.halves.tofile(tmp_path / "vectors")
    words = np.memmap(tmp_path / "bits", np.uint64, "r")
    halves = np.memmap(tmp_path / "vectors", np.uint16, "r").reshape(-1, 128)
    starts, counts = pages.starts, pages.counts
    query_bits = pack_sign_bits(query)
    for mapped, in_memory in (
        (
            kernels.hamming_scores(query_bits, words, starts, counts),
            kernels.hamming_scores(query_bits, pages.words, starts, counts),
        ),
        (
            kernels.bits_scores(query, words, starts, counts),
            kernels.bits_scores(query, pages.words, starts, counts),
        ),
        (
            kernels.float_scores(query, halves, starts, counts),
            kernels.float_scores(query, pages.halves, starts, counts),
        ),
    ):
        assert (mapped == in_memory).all()
    assert len(hamming_kernel().signatures) == 1


@given(st.integers(0, 2**32 - 1), st.floats(2**-20, 2**20, width=32))
@settings(max_examples=60)
def test_sign_tables_keep_within_the_written_bound(seed, scale):
    rng = np.random.default_rng(seed)
    pages, query = random_pages([1, 30, 7], seed), unit_vectors(rng, 4) * np.float32(scale)
    query[0] = 0
    exact_query = query.astype(np.float64)
    exact = [
        (exact_query @ np.unpackbits(pages.bits[s : s + c], axis=1).T).max(axis=1).sum()
        for s, c in zip(pages.starts, pages.counts, strict=True)
    ]
    scores = kernels.sign_table_scores(query, pages.words, pages.starts, pages.counts)
    fours = exact_query.reshape(4, 32, 4)
    ranges = np.maximum(fours, 0).sum(axis=2) - np.minimum(fours, 0).sum(axis=2)  # (4, 32)
    bound = (16 * ranges.max(axis=1) / 63).sum()
    difference = np.abs(scores - exact).max()
    assert difference <= bound * (1 + 1e-9), f"max difference {difference:.3g}, bound {bound:.3g}"


def test_sign_tables_order_pages_nearly_as_exact_bits_do():
    rng = np.random.default_rng(10)
    pages, query = random_pages([100] * 30), unit_vectors(rng, 14)
    arguments = (query, pages.words, pages.starts, pages.counts)
    exact, rounded = kernels.bits_scores(*arguments), kernels.sign_table_scores(*arguments)
    assert np.abs(rounded - exact).max() < 0.3 * exact.std()
    assert exact.argmax() == rounded.argmax()


def test_a_token_of_zeros_and_one_of_equal_values():
    pages = random_pages([40, 3])
    query = np.zeros((2, 128), np.float32)
    query[1] = -1
    arguments = (query, pages.words, pages.starts, pages.counts)
    rounded, exact = kernels.sign_table_scores(*arguments), kernels.bits_scores(*arguments)
    assert np.abs(rounded - exact).max() <= 16 * 4 / 63


QUERY_BITS, QUERY = np.zeros((1, 16), np.uint8), np.zeros((1, 128), np.float32)
WORDS, HALVES = np.zeros(8, np.uint64), np.zeros((4, 128), np.uint16)
STARTS, COUNTS = np.array([0, 2]), np.array([2, 2])


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (
            kernels.hamming_scores,
            (QUERY_BITS[:, :8], WORDS, STARTS, COUNTS),
            "Query bits must be uint8 (n, 16), got uint8 (1, 8).",
        ),
        (
            kernels.hamming_scores,
            (QUERY_BITS, WORDS.view(np.uint8), STARTS, COUNTS),
            "Bits must be uint64 (n), got uint8 (64,).",
        ),
        (
            kernels.hamming_scores,
            (QUERY_BITS, WORDS[:7], STARTS, COUNTS),
            "Bits must be two uint64 a patch, got 7 of them.",
        ),
        (
            kernels.bits_scores,
            (QUERY.astype(np.float64), WORDS, STARTS, COUNTS),
            "Query vectors must be float32 (n, 128), got float64 (1, 128).",
        ),
        (
            kernels.sign_table_scores,
            (QUERY, WORDS, STARTS.astype(np.int32), COUNTS),
            "Page starts must be int64 (n), got int32 (2,).",
        ),
        (
            kernels.float_scores,
            (QUERY, HALVES, STARTS, COUNTS[:1]),
            "Page counts must be int64 (2), got int64 (1,).",
        ),
        (
            kernels.float_scores,
            (QUERY, HALVES.astype(np.float32), STARTS, COUNTS),
            "bfloat16 vectors must be uint16 (n, 128), got float32 (4, 128).",
        ),
        (
            kernels.float_scores,
            (QUERY, HALVES, STARTS, COUNTS + 1),
            "Page 1 of 2 starts at patch 2 and has 3, 4 patches are stored.",
        ),
        (
            kernels.hamming_scores,
            (QUERY_BITS, WORDS, STARTS - 1, COUNTS),
            "Page 0 of 2 starts at patch -1 and has 2, 4 patches are stored.",
        ),
        (
            kernels.hamming_scores,
            (QUERY_BITS, WORDS, STARTS, COUNTS - 3),
            "Page 0 of 2 starts at patch 0 and has -1, 4 patches are stored.",
        ),
        (
            kernels.hamming_scores,
            (QUERY_BITS, WORDS, np.array([0, 2**63 - 1]), COUNTS),
            "Page 1 of 2 starts at patch 9223372036854775807 and has 2, 4 patches are stored.",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused_with_both_values(function, arguments, message):
    with pytest.raises(VectorShapeError, match=f"^{re.escape(message)}$"):
        function(*arguments)


def test_bits_with_gaps_between_them_are_refused():
    with pytest.raises(
        VectorShapeError, match=r"^Bits must be C-contiguous and aligned, got strides \(16,\) at"
    ):
        kernels.hamming_scores(QUERY_BITS, np.zeros(16, np.uint64)[::2], STARTS, COUNTS)


class CountingKernel:
    """A page's score is its start; remembers which thread scored how many pages at once."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, starts, counts, scores) -> None:
        self.calls.append((threading.get_ident(), len(starts)))
        scores[:] = starts


def score(kernel, n_pages: int):
    starts = np.arange(n_pages, dtype=np.int64)
    scores = kernels._score(kernel, (), starts, starts, 8, None)
    assert scores.tolist() == starts.tolist()  # every page, in its place


def test_a_call_alone_is_shared_out_among_all_cores(monkeypatch):
    monkeypatch.setattr(kernels, "_available_cores", lambda: 4)
    kernel = CountingKernel()
    score(kernel, 640)
    assert [n for _, n in kernel.calls] == [20] * 32


def test_calls_at_the_same_time_have_a_share_of_the_cores_each(monkeypatch):
    monkeypatch.setattr(kernels, "_available_cores", lambda: 4)
    monkeypatch.setattr(kernels, "_running", [print])
    second = CountingKernel()
    score(second, 640)
    assert [n for _, n in second.calls] == [40] * 16  # for two of four cores
    monkeypatch.setattr(kernels, "_running", [print] * 3)
    fourth = CountingKernel()
    score(fourth, 640)
    assert fourth.calls == [(threading.get_ident(), 640)]
    assert len(kernels._running) == 3


def test_what_a_helping_thread_raises_is_raised(monkeypatch):
    monkeypatch.setattr(kernels, "_available_cores", lambda: 2)
    caller = threading.get_ident()
    both_work = threading.Barrier(2)

    def kernel(starts, counts, scores) -> None:
        if starts[0] in (0, 40):  # the first two tasks, of two threads
            both_work.wait(10)
        if threading.get_ident() != caller:
            raise IndexError("of the helper")

    with pytest.raises(IndexError, match="of the helper"):
        score(kernel, 640)
    assert kernels._running == []
