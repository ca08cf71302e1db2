"""The MaxSim rankings over a snapshot: phase 1 for every candidate, phase 2 for the best.

Phase 1 reads sign bits, as everywhere, but compares the float query with them: as fast as Hamming
distance on a processor without a popcount for vectors, and far fewer pages suffice. Every
score that leaves here is one `index/maxsim.py` defines; only which pages reach phase 2 is
approximate. Few candidates are scored by that definition, many by the compiled kernels: the phases
are the same, and so are the scores, to float32 rounding.
"""

from collections.abc import Callable
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from index import plain_scores
from index.embedded.catalog import VECTOR_SIZE
from index.embedded.snapshot import Snapshot
from index.interface import FLOAT, HAMMING, HAMMING_THEN_BITS
from index.pages import QueryVectors
from index.quantize import pack_sign_bits
from index.timing import StageTimer

PLAIN_COMPARISONS = 500_000
"""Up to so many query tokens times patches of candidates are scored by the definition itself, page
by page: 260 pages of 100 patches, or 41 of 832, at 14 tokens. More would be scored sooner by it in
a new process, but one that lives on pays at every query: 40 ms of its processor at twice this
limit, where the kernels take 3."""

PLAIN_COMPARISONS_OF_ONE_SEARCH = 15_000_000
"""The same in a process that searches once: 7,900 pages of 100 patches, or 1,230 of 832. They take
0.6 s, to import and load the kernels 1.1 s, and more where they are not yet compiled.
`python -m tests.bench.bench_cold`; docs/decisions.md."""

COMPARISONS_OF_A_PAGE = 500
"""What it takes to score a page plainly, beside the comparisons: 15 us, counted in these. Pages of
few vectors are many."""

Rows = NDArray[np.int64]
Scores = NDArray[np.float64]


def rank_by_maxsim(
    snapshot: Snapshot,
    candidates: Rows,
    query: QueryVectors,
    ranking: str,
    k: int,
    rerank: int,
    timer: StageTimer,
    *,
    searches_once: bool = False,
) -> tuple[Rows, Scores]:
    """The best k candidates.

    Args:
        snapshot: to be ranked.
        candidates: rows of it.
        query: with vectors.
        ranking: one by vectors.
        k: how many.
        rerank: pages that phase 2 scores.
        timer: takes the stages.
        searches_once: whether the process ends after this search.

    Returns:
        rows int64 (n,) and their scores, summed over query tokens, float64 (n,), best first; ties
        in tie order. Pages without patches are never among them.
    """
    rows = candidates[snapshot.n_patches[candidates] > 0]
    n_comparisons = len(query.tokens) * int(snapshot.n_patches[rows].sum())
    n_comparisons += COMPARISONS_OF_A_PAGE * len(rows)
    limit = PLAIN_COMPARISONS_OF_ONE_SEARCH if searches_once else PLAIN_COMPARISONS
    scorer = plain_scores if n_comparisons <= limit else _kernels()
    if ranking == FLOAT:
        with timer.stage("float"):
            return _best(snapshot, rows, _float(scorer, snapshot, query, rows), k)
    if ranking == HAMMING:
        with timer.stage("phase_1"):
            return _best(snapshot, rows, _hamming(scorer, snapshot, query, rows), k)
    rerank = max(rerank, k)
    if len(rows) > rerank:
        with timer.stage("phase_1"):
            rows, _ = _best(snapshot, rows, _sign_tables(scorer, snapshot, query, rows), rerank)
    with timer.stage("phase_2"):
        score = _bits if ranking == HAMMING_THEN_BITS else _float
        # as they lie on disk, the vectors are read from one end to the other
        rows = rows[np.argsort(snapshot.first_patch[rows])]
        if score is _float:
            starts, counts = snapshot.first_patch[rows], snapshot.n_patches[rows]
            snapshot.vectors_file.will_need(starts * VECTOR_SIZE, counts * VECTOR_SIZE)
        return _best(snapshot, rows, score(scorer, snapshot, query, rows), k)


def _kernels() -> ModuleType:
    from index import kernels  # imports numba

    return kernels


def _best(snapshot: Snapshot, rows: Rows, scores: Scores, k: int) -> tuple[Rows, Scores]:
    """The k highest, best first; those that tie with the last are cut in tie order."""
    if len(rows) > k:
        kth = np.partition(scores, len(rows) - k)[len(rows) - k]
        keep = np.flatnonzero(scores >= kth)
        rows, scores = rows[keep], scores[keep]
    order = np.lexsort((snapshot.tie_order(rows), -scores))[:k]
    return rows[order], scores[order]


def _over_pages(
    score: Callable[..., Scores], snapshot: Snapshot, query: object, stored: object, rows: Rows
) -> Scores:
    return score(query, stored, snapshot.first_patch[rows], snapshot.n_patches[rows])


def _hamming(scorer: ModuleType, snapshot: Snapshot, query: QueryVectors, rows: Rows) -> Scores:
    bits = pack_sign_bits(query.vectors)
    return _over_pages(scorer.hamming_scores, snapshot, bits, snapshot.bits, rows)


def _sign_tables(scorer: ModuleType, snapshot: Snapshot, query: QueryVectors, rows: Rows) -> Scores:
    return _over_pages(scorer.sign_table_scores, snapshot, query.vectors, snapshot.bits, rows)


def _bits(scorer: ModuleType, snapshot: Snapshot, query: QueryVectors, rows: Rows) -> Scores:
    return _over_pages(scorer.bits_scores, snapshot, query.vectors, snapshot.bits, rows)


def _float(scorer: ModuleType, snapshot: Snapshot, query: QueryVectors, rows: Rows) -> Scores:
    return _over_pages(scorer.float_scores, snapshot, query.vectors, snapshot.vectors, rows)
