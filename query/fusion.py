"""`hybrid`: a ranking by vectors and one by words made one. Knows nothing of indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from index.interface import BM25, HAMMING_THEN_FLOAT
from index.pages import RankedPage

HYBRID = "hybrid"

WEIGHTS: Mapping[str, float] = {HAMMING_THEN_FLOAT: 0.5, BM25: 0.5}
"""The halves of `hybrid`, and how much of a score each can give; measured in docs/decisions.md."""

FUSION_DEPTH = 100
"""Pages of each half that are fused: with more the first places stay the same, with fewer some
questions lose (docs/decisions.md). However many are asked for, so that each has its place whether
it is asked for or not."""


def fuse(halves: Mapping[str, Sequence[RankedPage]]) -> tuple[RankedPage, ...]:
    """Merge the hits of both halves by their scores.

    A page's score is the sum of what each half gives it, see `contributions`: 1 where both have it
    first, however well it matches (a convex combination of normalized scores: Bruch, Gai and
    Ingber, An Analysis of Fusion Functions for Hybrid Retrieval, ACM TOIS 42, 2023, equation 3).

    Args:
        halves: the hits of each ranking in WEIGHTS, best first.

    Returns:
        Every page found, best first; ties in order of document id and page number. Pages that no
        half has among its first FUSION_DEPTH follow, in order of their better place.
    """
    found: dict[str, RankedPage] = {}
    scores: dict[str, float] = {}
    shown: dict[str, dict[str, float]] = {}
    behind: dict[str, int] = {}  # by how many places a page is behind those that are fused
    for ranking in WEIGHTS:
        given = contributions(ranking, halves[ranking])
        for place, hit in enumerate(halves[ranking], 1):
            id_ = hit.page_id
            found[id_] = hit
            behind[id_] = min(max(0, place - FUSION_DEPTH), behind.get(id_, place))
            scores[id_] = scores.get(id_, 0.0) + given.get(id_, 0.0)
            shown.setdefault(id_, {})[ranking] = hit.score
    fused = [
        replace(hit, score=scores[id_], score_sum=scores[id_], halves=shown[id_])
        for id_, hit in found.items()
    ]
    return tuple(
        sorted(
            fused,
            key=lambda hit: (
                behind[hit.page_id],
                -hit.score,
                hit.document_id,
                hit.page_number,
            ),
        )
    )


def contributions(ranking: str, hits: Sequence[RankedPage]) -> dict[str, float]:
    """What one half gives to its first FUSION_DEPTH pages: to the best the whole of its weight.

    From there it falls to 0 in a line: at a bm25 score of 0, which is that of a page without a word
    of the query; for a mean cosine, which is never 0 where it matters, at the lowest of the hits. A
    page that a half did not find gets nothing of it. For a page that waits for its vectors the
    words stand for both halves, or it could never come before one that has them.

    Args:
        ranking: one of WEIGHTS.
        hits: what it found, best first.

    >>> def hit(n: int, score: float) -> RankedPage:
    ...     return RankedPage(f"{n}", "", n, score, score)
    >>> contributions("bm25", [hit(1, 12.0), hit(2, 9.0)])  # 12/12 and 9/12 of one half
    {'1': 0.5, '2': 0.375}
    >>> contributions("bm25", [hit(1, 12.0), replace(hit(2, 9.0), is_waiting=True)])
    {'1': 0.5, '2': 0.75}
    >>> contributions("hamming-then-float", [hit(1, 0.7), hit(2, 0.6), hit(3, 0.3)])
    {'1': 0.5, '2': 0.375, '3': 0.0}
    """
    hits = hits[:FUSION_DEPTH]
    if not hits:
        return {}
    weight, best = WEIGHTS[ranking], hits[0].score
    floor = 0.0 if ranking == BM25 else hits[-1].score
    given = {}
    for hit in hits:
        part = (hit.score - floor) / (best - floor) if best > floor else 1.0  # else all are alike
        given[hit.page_id] = part * (1.0 if hit.is_waiting else weight)
    return given
