"""What a search gave, and what of it people and programs are to know."""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.interface import BM25, HAMMING_THEN_FLOAT
from index.pages import Hit, QueryVectors, SearchResult
from query.close_calls import noise, ties_with_previous
from query.fusion import HYBRID
from query.groups import HitGroup
from query.hit_words import RESEMBLANCE, HitWords, hit_words
from query.request import MOST_PLACES, SearchRequest
from query.resemblance import Line


@dataclass(frozen=True, eq=False)
class Found:
    """What a search gave.

    Attributes:
        request: as it was asked, with the ranking that was taken.
        query: as the index saw it; without vectors for `bm25`, unless the request had them.
        result: which pages were found, with the time it took; its notices say what an answer lacks.
        groups: the k hits to show, best first; `others` is empty unless they are grouped.
        given: what names each hit from the first place to the last shown: its page's id, or that
            of its document where they are grouped by it.
        words_nowhere: words of the query that no page of the index holds, as typed.
        spelled_alike: words of pages that they may be meant to be, where the ranking finds those.
        line: what the last hit above the line of resemblance meets; None where there is no line.
        found_by: what brings up a page without a word of the query, as people read it.
        best_score: of all pages, those below `min_score` included; None where none was found.
        advice: where another query or ranking would do better, a line each; usually nothing.
        n_waiting: pages of the index that only their words could find yet.
    """

    request: SearchRequest
    query: QueryVectors
    result: SearchResult
    groups: tuple[HitGroup, ...]
    given: tuple[str, ...] = ()
    words_nowhere: tuple[str, ...] = ()
    spelled_alike: tuple[str, ...] = ()
    line: Line | None = None
    found_by: str = "resemblance"
    best_score: float | None = None
    advice: tuple[str, ...] = ()
    n_waiting: int = 0

    @property
    def notices(self) -> tuple[str, ...]:
        """Everything the user must know of this answer, a line each."""
        return self.result.notices + self.advice

    @property
    def shown(self) -> tuple[Hit, ...]:
        """The page that stands for each hit, best first."""
        return tuple(group.best for group in self.groups)

    @property
    def next_offset(self) -> int | None:
        """Where the answer goes on; None where it has ended, or is not gone on with."""
        following = self.request.offset + self.request.k
        is_full = len(self.groups) == self.request.k and following < self.result.n_candidates
        return following if is_full and following < MOST_PLACES else None

    def query_of(self, half: str) -> QueryVectors:
        """The query as a ranking that is fused saw it."""
        return with_alike(self.query, self.spelled_alike) if half == BM25 else self.query

    @functools.cached_property
    def hit_words(self) -> tuple[HitWords, ...]:
        """What each hit holds of the query's words, with its snippet."""
        return tuple(self.words_of(hit) for hit in self.shown)

    def words_of(self, hit: Hit) -> HitWords:
        """What a hit holds of the query's words, with its snippet."""
        misspelt = self.words_nowhere if self.spelled_alike else ()
        return hit_words(hit, self.request.words, misspelt, self.found_by)

    @functools.cached_property
    def n_above_line(self) -> int:
        """How many of the hits, the first ones, stand above the line of resemblance."""
        line = self.line
        if line is None:
            return len(self.groups)
        answers = [
            (line.words_do and words.matched_by != RESEMBLANCE)
            or _score_by_vectors(hit, self.request.ranking) >= line.score
            for hit, words in zip(self.shown, self.hit_words, strict=True)
        ]
        return max((place for place, is_one in enumerate(answers, 1) if is_one), default=0)

    @property
    def ties(self) -> tuple[bool, ...]:
        """Whether each hit's score is too close to that of the hit before to call it worse."""
        scores = [max(hit.score for hit in (group.best, *group.others)) for group in self.groups]
        return ties_with_previous(scores, self.least_gap)

    @property
    def least_gap(self) -> float:
        """By how much scores must differ not to be too close."""
        return noise(self.request.ranking, len(self.query.tokens))


def with_alike(query: QueryVectors, alike: Sequence[str]) -> QueryVectors:
    """A query that text search also asks for words spelled like those that stand nowhere."""
    return replace(query, text=" ".join((query.text, *alike)))


def _score_by_vectors(hit: Hit, ranking: str) -> float:
    return hit.halves.get(HAMMING_THEN_FLOAT, -math.inf) if ranking == HYBRID else hit.score
