"""The order of pages after each phase of a search: what an explanation places a page in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.interface import (
    HAMMING,
    HAMMING_THEN_BITS,
    HAMMING_THEN_FLOAT,
    PageIndex,
)
from index.pages import RankedPage, SearchResult
from query.found import Found
from query.fusion import FUSION_DEPTH, HYBRID, WEIGHTS, fuse
from query.halves import run_ranking

TWO_PHASES = frozenset({HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, HYBRID})
"""Rankings whose first phase is `hamming`; all others have one phase alone."""


PLACES_TOLD = 200
"""Places that are told one by one where no `--rerank` says how many."""


@dataclass(frozen=True)
class Phases:
    """What each phase of one search found, best first.

    Attributes:
        k: hits that come up.
        depth: places of phase 1 that are told.
        phase_1: the best `depth` pages by Hamming distance, with its scores: of two phases Vespa's
            first; a folder's compares the same bits more finely.
        last: pages in their final order; k of them, or all that the last phase scored.
        fused: for `hybrid` the hits of each of its halves; empty for others.
        n_candidates: pages that passed the filters.
    """

    k: int
    depth: int
    phase_1: tuple[RankedPage, ...]
    last: tuple[RankedPage, ...]
    fused: Mapping[str, tuple[RankedPage, ...]]
    n_candidates: int


def run_phases(index: PageIndex, found: Found, *, beyond_hits: bool) -> Phases:
    """Run each phase of a search once more.

    Args:
        index: where the search ran.
        found: what it gave.
        beyond_hits: whether `last` is to hold the pages below the hits too; else the last phase of
            a ranking of two is not run again.
    """
    request, query = found.request, found.query
    ranking, k = request.ranking, request.n_pages
    depth = max(k, request.rerank or PLACES_TOLD)
    n_scored = max(k, request.rerank or index.rerank_count)

    def best(name: str, n: int, rerank: int | None) -> SearchResult:
        n += request.except_page_id is not None
        return index.search(query, name, n, rerank=rerank, filters=request.filters)

    fused: dict[str, tuple[RankedPage, ...]] = {}
    if ranking == HYBRID:
        depth = max(depth, FUSION_DEPTH)
        fused = {
            name: run_ranking(index, found.query_of(name), request, name).hits for name in WEIGHTS
        }
    first = best(HAMMING if ranking in TWO_PHASES else ranking, depth, depth)
    last = first.hits
    if ranking in TWO_PHASES:
        last = found.result.hits
        if beyond_hits and ranking == HYBRID:
            last = fuse(fused)
        elif beyond_hits:
            last = best(ranking, n_scored, n_scored).hits
    phase_1, last = request.of_hits(first.hits), request.of_hits(last)
    return Phases(k, depth, phase_1, last, fused, first.n_candidates)


def place_of(page_id: str, hits: Sequence[RankedPage]) -> int | None:
    """A page's place among hits, from 1; None where it is not one of them."""
    return next((place for place, hit in enumerate(hits, 1) if hit.page_id == page_id), None)
