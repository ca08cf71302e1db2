"""Text to ranked pages: encode, two phases, fuse, hits. The whole path on one screen.

The two phases run inside the index; `hybrid` is made here, from two rankings of any index.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from encoders.interface import Encoder
from index.errors import WrongUseError
from index.interface import BM25, HAMMING_THEN_FLOAT, INDEX_RANKINGS, PageIndex
from index.pages import Filters, Hit, QueryVectors, SearchResult
from index.timing import StageTimer

HYBRID = "hybrid"
RANKINGS = (*INDEX_RANKINGS, HYBRID)
DEFAULT_RANKING = HAMMING_THEN_FLOAT

FUSED_RANKINGS = (HAMMING_THEN_FLOAT, BM25)
RRF_K = 60  # as in the paper named at `fuse`
FUSION_DEPTH = 100
"""Pages of each ranking that are fused. A page further down could gain at most 1/161, two fifths of
what a first place gives."""

PAGES_PER_DOCUMENT = 10
"""Pages looked at for each document asked for; fewer, and one long document hides the others."""


def search(
    index: PageIndex,
    encoder: Callable[[], Encoder],
    text: str,
    ranking: str,
    k: int,
    *,
    rerank: int | None = None,
    filters: Filters | None = None,
) -> SearchResult:
    """Find the best k pages for a text.

    Args:
        index: where to look.
        encoder: gives the encoder the index was made with; not called for `bm25`, so that a search
            of words never waits for a model.
        text: what the user typed.
        ranking: one of RANKINGS.
        k: how many hits, at least 1.
        rerank: how many pages phase 2 scores; None takes the index's default.
        filters: applied before ranking.

    Raises:
        WrongUseError: an empty text, an unknown ranking, or k or rerank below 1.
    """
    check_query(text, ranking, k)
    timer = StageTimer()
    query = QueryVectors.text_only(text)
    if ranking != BM25:
        with timer.stage("load"):
            loaded = encoder()
        with timer.stage("encode"):
            query = loaded.encode_query(text)

    result = search_encoded(index, query, ranking, k, rerank=rerank, filters=filters)
    return replace(result, timings_ms={**timer.timings_ms, **result.timings_ms})


def search_encoded(
    index: PageIndex,
    query: QueryVectors,
    ranking: str,
    k: int,
    *,
    rerank: int | None = None,
    filters: Filters | None = None,
) -> SearchResult:
    """Find the best k pages for a query that is vectors already.

    Args:
        index: where to look.
        query: vectors for the MaxSim rankings, text for `bm25`, both for `hybrid`.
        ranking: one of RANKINGS.
        k: how many hits, at least 1.
        rerank: how many pages phase 2 scores; None takes the index's default.
        filters: applied before ranking.

    Raises:
        WrongUseError: an unknown ranking, or k or rerank below 1.
    """
    timer = StageTimer()
    names = FUSED_RANKINGS if ranking == HYBRID else (ranking,)
    depth = max(k, FUSION_DEPTH) if ranking == HYBRID else k
    results = [index.search(query, name, depth, rerank=rerank, filters=filters) for name in names]
    for result in results:
        for stage, ms in result.timings_ms.items():
            timer.timings_ms[stage] = timer.timings_ms.get(stage, 0.0) + ms

    hits = results[0].hits
    if ranking == HYBRID:
        with timer.stage("fuse"):
            hits = fuse([result.hits for result in results])[:k]
    notices = tuple(dict.fromkeys(notice for result in results for notice in result.notices))
    return SearchResult(hits, results[0].n_candidates, timer.timings_ms, notices)


def check_query(text: str, ranking: str, k: int) -> None:
    """Refuse what no search can answer.

    Raises:
        WrongUseError: an empty text, an unknown ranking, or k below 1.
    """
    if not text.strip():
        raise WrongUseError(
            "The query is empty. Type what the page says or shows, for example: "
            'pagelens query "revenue by region"'
        )
    if ranking not in RANKINGS:
        raise WrongUseError(f"No ranking {ranking!r}. There are: {', '.join(RANKINGS)}.")
    if k < 1:
        raise WrongUseError(f"-k ({k}) must be at least 1.")


def fuse(rankings: Sequence[Sequence[Hit]]) -> tuple[Hit, ...]:
    """Merge rankings by reciprocal rank, which needs no common scale of scores.

    A page's score is the sum of 1 / (RRF_K + rank) over the rankings that found it, rank from 1
    (Cormack, Clarke and Buettcher: Reciprocal Rank Fusion outperforms Condorcet and individual
    Rank Learning Methods, SIGIR 2009).

    Args:
        rankings: hits, best first.

    Returns:
        Every page found, best first; ties in order of document id and page number.
    """
    scores: dict[str, float] = {}
    found: dict[str, Hit] = {}
    for hits in rankings:
        for rank, hit in enumerate(hits, 1):
            scores[hit.page_id] = scores.get(hit.page_id, 0.0) + 1 / (RRF_K + rank)
            found[hit.page_id] = hit
    fused = [replace(hit, score=scores[id_], score_sum=scores[id_]) for id_, hit in found.items()]
    return tuple(sorted(fused, key=lambda hit: (-hit.score, hit.document_id, hit.page_number)))


@dataclass(frozen=True)
class DocumentHits:
    """The pages of one document that were found.

    Attributes:
        best: the document's highest ranked page.
        others: its other pages, in order of rank.
    """

    best: Hit
    others: tuple[Hit, ...]


def group_by_document(hits: Sequence[Hit]) -> tuple[DocumentHits, ...]:
    """Gather pages under their documents, in order of each document's best page.

    Args:
        hits: best first.
    """
    pages: dict[str, list[Hit]] = {}
    for hit in hits:
        pages.setdefault(hit.document_id, []).append(hit)
    return tuple(DocumentHits(best, tuple(others)) for best, *others in pages.values())
