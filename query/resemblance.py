"""Where hits end and resemblance begins: the score above which a hit needs no word of the query.

A search by vectors always gives k pages, however little they have to do with the query. Below the
line stand those that are nothing better than the best of so many pages by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

from index.filters import Filters
from index.interface import PageIndex
from index.pages import QueryVectors

MOST_SCORES = 320
"""Pages whose scores show what chance gives: their number grows or shrinks by 16 with each digit of
a document's id, so there are FEWEST_SCORES of them at least."""

FEWEST_SCORES = 20
"""Of fewer pages nothing is known of chance."""

_ANY_DIGITS = "5a3c"  # hex digits, of which no document's id knows

_MIDDLE_HALF = 1.349
"""Width of the middle half of a normal distribution, in standard deviations."""


@dataclass(frozen=True)
class Line:
    """What a hit must meet so as not to be found by chance.

    Attributes:
        score: by vectors, as shown; infinite where scores tell nothing.
        words_do: whether holding a word of the query is enough, or one spelled nearly like it.
    """

    score: float
    words_do: bool

    @property
    def said(self) -> str:
        """What a person reads at the line."""
        if self.words_do:
            return "no word of the query below"
        return "below: no more alike than some pages are by chance"


def line_of_chance(scores: Sequence[float], n_pages: int) -> float | None:
    """The score that the best of so many pages reaches though none has to do with the query.

    Pages score about normally, with the middle and the width of the middle half of some of them:
    the few that have to do with the query do not move these. The highest of n normal numbers is
    near sqrt(2 ln n) standard deviations above their mean.

    Args:
        scores: of pages taken at random, best first.
        n_pages: that were ranked.

    Returns:
        None where there are too few to tell.

    >>> line_of_chance([0.9] + [0.5] * 10, 11) is None
    True
    """
    n = len(scores)
    if n < FEWEST_SCORES:
        return None
    deviation = (scores[n // 4] - scores[3 * n // 4]) / _MIDDLE_HALF
    return scores[n // 2] + sqrt(2 * log(n_pages)) * deviation


def scores_at_random(index: PageIndex, query: QueryVectors, ranking: str, n: int) -> list[float]:
    """What pages of the index score whatever they have to do with the query.

    A document's id is a hash, so documents whose ids begin alike are taken at random.

    Args:
        index: where the search ran.
        query: of the search.
        ranking: by vectors.
        n: how many pages the index is thought to have.

    Returns:
        Of MOST_SCORES pages at most, best first; of fewer where chance has it.
    """
    n_digits = 0
    while n > MOST_SCORES:
        n_digits, n = n_digits + 1, n // 16
    while True:
        some = Filters(document_id=_ANY_DIGITS[:n_digits] or None)
        found = index.search(query, ranking, MOST_SCORES, rerank=MOST_SCORES, filters=some)
        if found.n_candidates <= MOST_SCORES or n_digits == len(_ANY_DIGITS):
            return [hit.score for hit in found.hits]
        n_digits += 1
