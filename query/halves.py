"""Which pages a request finds, in which order: one ranking of an index, or the halves of `hybrid`.

No page is read for it, but where a word of the query stands nowhere and one spelled like it is
looked for on the pages found.
"""

from collections.abc import Sequence
from dataclasses import replace

from index.interface import BM25, PageIndex
from index.pages import QueryVectors, RankedPage, SearchResult
from index.timing import StageTimer
from query.found import with_alike
from query.fusion import FUSION_DEPTH, HYBRID, WEIGHTS, fuse
from query.request import SearchRequest
from query.texts import Texts
from query.words_nowhere import LOOKED_AT_HITS, spelled_alike, words_nowhere


class Halves:
    """The one ranking a request asks for, or the two that `hybrid` is made of, and what they found.

    Attributes:
        results: by ranking; of `hybrid` its half by words is the last.
        hits: of all together, best first.
    """

    def __init__(
        self, index: PageIndex, query: QueryVectors, request: SearchRequest, timer: StageTimer
    ) -> None:
        """Run them; adds their stages to `timer`."""
        self._index, self._query, self._request, self._timer = index, query, request, timer
        self._is_fused = request.ranking == HYBRID
        names = tuple(WEIGHTS) if self._is_fused else (request.ranking,)
        self.results = {name: run_ranking(index, query, request, name, timer) for name in names}
        self.hits = self._fused()

    @property
    def first(self) -> SearchResult:
        """What the first ranking found; of `hybrid` that by vectors."""
        return next(iter(self.results.values()))

    @property
    def by_words(self) -> tuple[RankedPage, ...]:
        """The hits likeliest to hold every word of the query."""
        return tuple(self.results.values())[-1].hits[:LOOKED_AT_HITS]

    @property
    def finds_alike(self) -> bool:
        """Whether words that are spelled alike are near each other to a ranking."""
        return self._request.ranking != BM25 and self._index.fingerprint.rendering == "words"

    def spelled_alike(self, nowhere: Sequence[str], texts: Texts) -> tuple[str, ...]:
        """Words of pages found by vectors that words standing nowhere may be meant to be."""
        if not nowhere or not self.finds_alike:
            return ()
        return spelled_alike(nowhere, self._request.words, texts.hits(self.first.hits))

    def ask_for(self, alike: Sequence[str]) -> None:
        """Let the half of `hybrid` that goes by words look for these as well."""
        if self._is_fused and alike:
            query = with_alike(self._query, alike)
            found = run_ranking(self._index, query, self._request, BM25, self._timer)
            self.results[BM25] = found
            self.hits = self._fused()

    def result(self) -> SearchResult:
        """As many hits as the request looks for, with what must be known of them."""
        results = self.results.values()
        notices = tuple(dict.fromkeys(notice for one in results for notice in one.notices))
        hits = self.hits[: self._request.n_pages]
        return SearchResult(hits, self.first.n_candidates, self._timer.timings_ms, notices)

    def _fused(self) -> tuple[RankedPage, ...]:
        if not self._is_fused:
            return self.first.hits
        with self._timer.stage("fuse"):
            return fuse({name: result.hits for name, result in self.results.items()})


def ranked(index: PageIndex, query: QueryVectors, request: SearchRequest) -> SearchResult:
    """The pages that `query.search.find` finds, in its order, where none of them is shown."""
    halves = Halves(index, query, request, StageTimer())
    if request.ranking == HYBRID and halves.finds_alike:
        nowhere = words_nowhere(index, request.words, ())
        halves.ask_for(halves.spelled_alike(nowhere, Texts(index)))
    return halves.result()


def run_ranking(
    index: PageIndex,
    query: QueryVectors,
    request: SearchRequest,
    ranking: str,
    timer: StageTimer | None = None,
) -> SearchResult:
    """Run a ranking of the index as a request needs it.

    Args:
        index: where to look.
        query: of the request.
        request: asks for this ranking, or for `hybrid`, of which it is a half.
        ranking: one of INDEX_RANKINGS.
        timer: takes the ranking's stages.

    Returns:
        As many hits as the request looks for, of a half as many as are fused; without the page
        whose like is wanted, which a half must not measure the others by.
    """
    n = max(request.n_pages, FUSION_DEPTH) if request.ranking == HYBRID else request.n_pages
    n_asked = n + (request.except_page_id is not None)
    result = index.search(query, ranking, n_asked, rerank=request.rerank, filters=request.filters)
    if timer is not None:
        for stage, ms in result.timings_ms.items():
            timer.timings_ms[stage] = timer.timings_ms.get(stage, 0.0) + ms
    return replace(result, hits=request.of_hits(result.hits)[:n])
