"""Why a page came up, or why not: token by token and phase by phase.

Computed from `index.page` and `index.search` alone, so it is the same over any index and encoder.
Each phase is run once, however many pages are explained.
"""

from dataclasses import dataclass

import numpy as np

from index.interface import BM25, HAMMING_THEN_FLOAT, PageIndex
from index.pages import Page
from query.found import Found
from query.fusion import HYBRID, contributions
from query.token_matches import TokenMatch, match_tokens
from query.why.phases import Phases, place_of, run_phases
from query.why.query_words import QueryWord, query_words_on
from query.why.why_not import score_by_text, why_not


@dataclass(frozen=True)
class FusedShare:
    """What one of the halves of `hybrid` gives to a page.

    Attributes:
        ranking: its name.
        place: the page's place there, from 1; None where it did not find the page.
        score: the page's score there; None without a place.
        contribution: as query/fusion.py defines it, 0 without a place; they add up to the fused
            score.
        share: contribution / fused score; 0 where that is 0.
    """

    ranking: str
    place: int | None
    score: float | None
    contribution: float
    share: float


@dataclass(frozen=True, eq=False)
class PageExplanation:
    """Why one page is where it is in the answer to a query.

    Attributes:
        page_id: `<document_id>-<page_number>`.
        ranking: as asked for.
        score, score_sum: as in `Hit`, made anew from the page's vectors for the MaxSim rankings
            (they agree with the index to 1e-4) and from the parts in `fused` for `hybrid`; from the
            index for `bm25`. -inf for a page without vectors, as index/maxsim.py defines it.
        tokens: all tokens of the query, in its order, for the MaxSim rankings and for the part of
            `hybrid` that is one, `hamming-then-float`; none for `bm25`, nor without vectors.
        words: for `bm25` and `hybrid`, which of the query's words stand on the page.
        phase_1_place: from 1; None where the page is below the `phase_1_depth` best. Of two phases
            the place by Hamming distance, as which Vespa has it; a folder compares the same bits
            more finely. The only phase of `hamming`, `float` and `bm25`.
        place: among the hits, from 1; None where the page did not come up.
        phase_1_depth: how many places of phase 1 are told.
        n_candidates: pages that passed the filters.
        fused: for `hybrid`, what each of its halves gives; empty for others.
        why_not: where the page did not come up, one plain sentence that says why.
        ocr_engine: what read the page's words; "" where OCR read none of them.
    """

    page_id: str
    ranking: str
    score: float
    score_sum: float
    tokens: tuple[TokenMatch, ...]
    words: tuple[QueryWord, ...]
    phase_1_place: int | None
    place: int | None
    phase_1_depth: int
    n_candidates: int
    fused: tuple[FusedShare, ...]
    why_not: str | None
    ocr_engine: str

    @property
    def ocr_said(self) -> str:
        """Who read the page's words, where that was OCR; else ""."""
        return f"words read by OCR ({self.ocr_engine})" if self.ocr_engine else ""


def explain(index: PageIndex, found: Found, page_id: str) -> PageExplanation:
    """Explain any page of the index, whether the search found it or not.

    Args:
        index: where the search ran.
        found: what it gave.
        page_id: the page to explain.

    Raises:
        WrongUseError: no such page.
    """
    page = index.page(page_id)
    is_hit = place_of(page_id, found.result.hits) is not None
    return _explain_page(index, found, page, run_phases(index, found, beyond_hits=not is_hit))


def explain_hits(index: PageIndex, found: Found) -> tuple[PageExplanation, ...]:
    """Explain every hit of a search, in their order.

    Args:
        index: where the search ran.
        found: what it gave.
    """
    if not found.result.hits:
        return ()
    phases = run_phases(index, found, beyond_hits=False)
    return tuple(
        _explain_page(index, found, index.page(hit.page_id), phases) for hit in found.result.hits
    )


def _explain_page(index: PageIndex, found: Found, page: Page, phases: Phases) -> PageExplanation:
    query, ranking = found.query, found.request.ranking
    reads_text = ranking in (BM25, HYBRID)
    fused = _fused_shares(page.page_id, phases)
    tokens: tuple[TokenMatch, ...] = ()
    if ranking != BM25:
        tokens = match_tokens(query, page, HAMMING_THEN_FLOAT if ranking == HYBRID else ranking)
    score_sum, n_tokens = 0.0, 1
    if ranking == HYBRID:
        score_sum = sum(part.contribution for part in fused)
    elif ranking == BM25:
        score_sum = score_by_text(index, query, page, phases)
    else:
        has_vectors = len(page.vectors.vectors) > 0
        score_sum = sum(match.contribution for match in tokens) if has_vectors else -np.inf
        n_tokens = max(1, len(query.tokens))
    text = found.query_of(BM25).text if ranking == HYBRID else query.text
    place = place_of(page.page_id, phases.last[: phases.k])
    if found.request.is_too_low(score_sum / n_tokens):
        place = None
    return PageExplanation(
        page_id=page.page_id,
        ranking=ranking,
        score=score_sum / n_tokens,
        score_sum=score_sum,
        tokens=tokens,
        words=query_words_on(page.words.text, text, page.language) if reads_text else (),
        phase_1_place=place_of(page.page_id, phases.phase_1),
        place=place,
        phase_1_depth=phases.depth,
        n_candidates=phases.n_candidates,
        fused=fused,
        why_not=None if place else why_not(index, found, page, phases),
        ocr_engine=page.ocr_engine,
    )


def _fused_shares(page_id: str, phases: Phases) -> tuple[FusedShare, ...]:
    """What each half gives to a page; empty where nothing was fused."""
    places = {name: place_of(page_id, hits) for name, hits in phases.fused.items()}
    given = {
        name: contributions(name, hits).get(page_id, 0.0) for name, hits in phases.fused.items()
    }
    total = sum(given.values())
    return tuple(
        FusedShare(
            name,
            place,
            phases.fused[name][place - 1].score if place else None,
            given[name],
            given[name] / total if total else 0.0,
        )
        for name, place in places.items()
    )
