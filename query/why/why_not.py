"""Why a page did not come up, as one plain sentence."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from index.filters import Filters
from index.interface import BM25, HAMMING, PageIndex
from index.pages import VECTOR_DIM, Page, QueryVectors, RankedPage
from index.wording import count, score_text
from query.found import Found
from query.fusion import HYBRID
from query.token_matches import match_tokens
from query.why.phases import TWO_PHASES, Phases, place_of

_SAME = 1e-4
"""Scores that differ by less are taken for equal: the index may add in another order."""


def why_not(index: PageIndex, found: Found, page: Page, phases: Phases) -> str:
    """Say why a page is not among the hits.

    Args:
        index: where the search ran.
        found: what it gave.
        page: not among the first k of `phases.last`.
        phases: of the search.
    """
    query, ranking = found.query, found.request.ranking
    if page.page_id == found.request.except_page_id:
        return "It is the page whose like is wanted."
    kept_out = _kept_out(index, page, found.request.filters)
    if kept_out is not None:
        return kept_out
    place = place_of(page.page_id, phases.last)
    if place is not None and found.request.is_too_low(phases.last[place - 1].score):
        return (
            f"Its score of {score_text(phases.last[place - 1].score, ranking)} is lower than the "
            f"least that was asked for, {found.request.min_score:g}."
        )
    if place is not None:
        return (
            f"It is at place {place} with a score of "
            f"{score_text(phases.last[place - 1].score, ranking)}; the last of the {phases.k} "
            f"shown has {score_text(phases.last[phases.k - 1].score, ranking)}."
        )
    if ranking == BM25:
        return _why_not_by_text(index, query, page, _lowest(phases.last))
    by_vectors = _why_not_by_vectors(query, page, ranking, phases)
    if ranking != HYBRID:
        return by_vectors
    by_text = _why_not_by_text(index, query, page, _lowest(phases.fused[BM25]))
    n_fused = max(len(hits) for hits in phases.fused.values())
    return (
        f"It is among the best {n_fused:,} pages of neither ranking that hybrid fuses. "
        f"By vectors: {by_vectors} By words: {by_text}"
    )


def _lowest(hits: Sequence[RankedPage]) -> RankedPage | None:
    return hits[-1] if hits else None


def _kept_out(index: PageIndex, page: Page, filters: Filters) -> str | None:
    """The filter that a page does not pass, or why no search sees it; None where it takes part."""
    id_, number = page.document_id, page.page_number
    if not id_.startswith(filters.document_id or ""):
        return f"The filter document={filters.document_id} leaves its document out."
    if filters.not_document_id and id_.startswith(filters.not_document_id):
        return f"The filter not_document={filters.not_document_id} leaves its document out."
    if not _is_within(number, filters.first_page, filters.last_page):
        wanted = _page_range(filters.first_page, filters.last_page)
        return f"The filter pages={wanted} leaves page {number} out."
    unwanted = (filters.not_first_page, filters.not_last_page)
    if filters.leaves_pages_out and _is_within(number, *unwanted):
        return f"The filter not_pages={_page_range(*unwanted)} leaves page {number} out."
    if filters.language not in (None, page.language):
        language = page.language or "not known"
        return f"The filter language={filters.language} leaves it out: its language is {language}."
    if filters.not_language is not None and filters.not_language == page.language:
        return f"The filter not_language={filters.not_language} leaves it out."
    by_file = _kept_out_by_file(index, page, filters) if filters.names_file else None
    by_file = by_file or _kept_out_by_path(index, page, filters)
    return by_file or _kept_out_by_words(index, page, filters)


def _kept_out_by_words(index: PageIndex, page: Page, filters: Filters) -> str | None:
    for phrase in filters.phrases:
        if not _is_candidate(index, page, Filters(phrases=(phrase,))):
            return f'The phrase "{phrase}" does not stand on it.'
    for word in filters.without:
        if not _is_candidate(index, page, Filters(without=(word,))):
            return f'The query leaves it out: "{word}" stands on it.'
    return None


def _kept_out_by_path(index: PageIndex, page: Page, filters: Filters) -> str | None:
    asked = Filters(path_glob=filters.path_glob, not_path_glob=filters.not_path_glob)
    if _is_candidate(index, page, asked):
        return None
    if not _is_candidate(index, page, Filters()):
        return "No path leads to its document: it is being added, or waits to be replaced."
    if _is_candidate(index, page, replace(asked, path_glob=None)):
        return f"The filter path={filters.path_glob} matches no path of its document."
    return f"The filter not_path={filters.not_path_glob} matches a path of its document."


def _kept_out_by_file(index: PageIndex, page: Page, filters: Filters) -> str | None:
    document = index.document(page.document_id)
    if document is None or not document.files:
        return None
    year, kind = document.year, document.kind
    years, not_years = (
        (filters.first_year, filters.last_year),
        (filters.not_first_year, filters.not_last_year),
    )
    changed = f"its file was last changed in {year}"
    if not Filters(first_year=years[0], last_year=years[1]).passes_file(year, kind):
        return f"The filter year={_page_range(*years)} leaves it out: {changed}."
    if filters.kind not in (None, kind):
        return f"The filter kind={filters.kind} leaves it out: its file is of kind {kind}."
    if filters.not_kind == kind:
        return f"The filter not_kind={kind} leaves it out."
    if not filters.passes_file(year, kind):
        return f"The filter not_year={_page_range(*not_years)} leaves it out: {changed}."
    return None


def _is_within(number: int, first: int | None, last: int | None) -> bool:
    return (first or 1) <= number <= (last or number)


def _page_range(first: int | None, last: int | None) -> str:
    return f"{first or ''}-{last or ''}" if first != last else str(first)


def _is_candidate(index: PageIndex, page: Page, filters: Filters) -> bool:
    """Whether a search with these filters sees the page; paths are known to the index alone."""
    probe = np.zeros((1, VECTOR_DIM), np.float32)
    probe[0, 0] = 1  # any vector will do: every page with vectors has some score
    query = QueryVectors("", probe, ("",), np.ones(1, np.bool_))
    found = index.search(query, HAMMING, 1, rerank=1, filters=_only(page, filters))
    return bool(found.hits) or found.n_candidates > 0


def _only(page: Page, filters: Filters) -> Filters:
    """The filters, and of the pages that pass them this one alone."""
    number = page.page_number
    return replace(filters, document_id=page.document_id, first_page=number, last_page=number)


def score_by_text(index: PageIndex, query: QueryVectors, page: Page, phases: Phases) -> float:
    """The page's bm25 score, which only the index knows: 0 where its text search does not find it.

    Args:
        index: where the search ran.
        query: as the search had it.
        page: any page of the index.
        phases: of a `bm25` search.
    """
    place = place_of(page.page_id, phases.last)
    if place is not None:
        return phases.last[place - 1].score_sum
    return _score_alone(index, query, page)


def _score_alone(index: PageIndex, query: QueryVectors, page: Page) -> float:
    """The bm25 score of a page that may be below those looked at."""
    hits = index.search(query, BM25, 1, rerank=1, filters=_only(page, Filters())).hits
    return hits[0].score_sum if hits else 0.0


def _why_not_by_text(
    index: PageIndex, query: QueryVectors, page: Page, lowest: RankedPage | None
) -> str:
    """Why text search did not find a page; `lowest` is the last page it looked at."""
    score = _score_alone(index, query, page)
    if score > 0 and lowest is not None:
        return (
            f"Its bm25 score is {score_text(score, BM25)}; the last page looked at has "
            f"{score_text(lowest.score, BM25)}."
        )
    if not page.words.texts:
        return "It has no words, and the name of its file holds no word of the query."
    return "Neither its text nor the name of its file holds a word of the query."


def _why_not_by_vectors(query: QueryVectors, page: Page, ranking: str, phases: Phases) -> str:
    """Why the phases did not let a page through that takes part in the search."""
    if page.is_waiting:
        return (
            "Its vectors are still to come; until then only a ranking that reads text can find it."
        )
    if len(page.vectors.vectors) == 0:
        return (
            "It has no vectors, because the encoder saw nothing on it; only a ranking that reads "
            "text can find it."
        )
    has_two = ranking in TWO_PHASES
    place = place_of(page.page_id, phases.phase_1)
    if place is not None and ranking == HYBRID:
        return f"By Hamming distance it is at place {place}; a finer comparison sends it down."
    if place is not None:
        return (
            f"By Hamming distance it is at place {place}, but by a finer comparison of the sign "
            "bits other pages went on to phase 2. A larger --rerank reaches further."
        )
    comparison = HAMMING if has_two else ranking
    matches = match_tokens(query, page, comparison)
    score = sum(match.contribution for match in matches) / max(1, len(matches))
    phase = "Phase 1" if has_two else f"The ranking {ranking}"
    lowest = phases.phase_1[-1].score if phases.phase_1 else -np.inf
    if score > lowest + _SAME:
        return (
            f"{phase} would give it a score of {score_text(score, comparison)}, which is enough, "
            "but the index did not compare it: a Vespa server may compare only the pages its graph "
            "names. Use --candidates scan."
        )
    if has_two:
        return (
            f"Phase 2 did not score it: by Hamming distance it has {score_text(score, comparison)},"
            f" and place {len(phases.phase_1):,} has {score_text(lowest, comparison)}. "
            "A larger --rerank reaches further."
        )
    return (
        f"The ranking {ranking} gives it a score of {score_text(score, comparison)}; the last of "
        f"the {count(len(phases.phase_1), 'page')} looked at has "
        f"{score_text(lowest, comparison)}. A larger --rerank reaches further."
    )
