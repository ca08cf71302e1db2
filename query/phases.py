"""The order of pages after each phase of a search: what an explanation places a page in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.interface import (
    HAMMING,
    HAMMING_THEN_BITS,
    HAMMING_THEN_FLOAT,
    RERANK_COUNT,
    PageIndex,
)
from index.pages import Filters, Hit, QueryVectors, SearchResult
from query.search import FUSED_RANKINGS, FUSION_DEPTH, HYBRID, fuse

TWO_PHASES = frozenset({HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, HYBRID})
"""Rankings whose first phase is `hamming`; all others have one phase alone."""


@dataclass(frozen=True)
class Phases:
    """What each phase of one search found, best first.

    Attributes:
        ranking: as asked for.
        k: hits that come up.
        depth: pages looked at in phase 1: those that phase 2 scores.
        phase_1: the best `depth` pages after phase 1, with that phase's scores.
        last: pages in their final order; k of them, or as many as were looked at.
        fused: for `hybrid` the hits of each ranking that was fused; empty for others.
        n_candidates: pages that passed the filters.
    """

    ranking: str
    k: int
    depth: int
    phase_1: tuple[Hit, ...]
    last: tuple[Hit, ...]
    fused: Mapping[str, tuple[Hit, ...]]
    n_candidates: int


def run_phases(
    index: PageIndex,
    query: QueryVectors,
    ranking: str,
    k: int,
    rerank: int | None,
    filters: Filters | None,
    result: SearchResult | None = None,
) -> Phases:
    """Run each phase once.

    Args:
        index: where to look.
        query: as the search had it.
        ranking: one of RANKINGS.
        k: how many hits; where `result` has more, that many.
        rerank: how many pages phase 2 scores; None takes the index's default.
        filters: applied before ranking.
        result: what the search gave, where it is at hand: the last phase is then not run again.

    Raises:
        WrongUseError: an unknown ranking, or k or rerank below 1.
    """
    k = max(k, len(result.hits) if result is not None else 0)
    depth = max(k, RERANK_COUNT if rerank is None else rerank)
    fused: dict[str, tuple[Hit, ...]] = {}
    if ranking == HYBRID:
        n_fused = max(k, FUSION_DEPTH)
        depth = max(depth, n_fused)
        fused = {
            name: index.search(query, name, n_fused, rerank=rerank, filters=filters).hits
            for name in FUSED_RANKINGS
        }
    if ranking not in TWO_PHASES:
        only = index.search(query, ranking, depth, rerank=depth, filters=filters)
        return Phases(ranking, k, depth, only.hits, only.hits, fused, only.n_candidates)
    first = index.search(query, HAMMING, depth, rerank=depth, filters=filters)
    if result is not None:
        last = result.hits
    elif ranking == HYBRID:
        last = fuse(list(fused.values()))
    else:
        last = index.search(query, ranking, depth, rerank=depth, filters=filters).hits
    return Phases(ranking, k, depth, first.hits, last, fused, first.n_candidates)


def place_of(page_id: str, hits: Sequence[Hit]) -> int | None:
    """A page's place among hits, from 1; None where it is not one of them."""
    return next((place for place, hit in enumerate(hits, 1) if hit.page_id == page_id), None)
