"""What every door (command line, web, REST, agents, Python) asks for: a SearchRequest."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from index.errors import WrongUseError
from index.filters import Filters
from index.interface import (
    HAMMING_THEN_FLOAT,
    INDEX_RANKINGS,
    check_search_arguments,
)
from index.pages import QueryVectors, RankedPage
from index.wording import rounded_score
from query.fusion import HYBRID
from query.operators import read_operators

RANKINGS = (*INDEX_RANKINGS, HYBRID)
DEFAULT_RANKINGS_SAID = (
    f"{HYBRID} for an index made from words, or while pages wait for vectors, else "
    f"{HAMMING_THEN_FLOAT}"
)

BY_DOCUMENT: Literal["document"] = "document"
PAGES_PER_GROUP = 10
"""Pages looked at for each hit asked for where they are grouped: enough, unless long documents hide
the others."""
MOST_PAGES_GROUPED = 5_000
"""However long the documents are: each page looked at is read, and Vespa gives no more than twice
as many."""
_FURTHER = 4  # times as many pages, so that all looks together take little more than the last
MOST_PLACES = 1_000
"""How far an answer can be gone on with: each part is ranked from the first place."""
SHOWN_OTHER_PAGES = 5  # of a hit, beside its best: the first places to look


@dataclass(frozen=True)
class SearchRequest:
    """What is asked for.

    Attributes:
        query: what the user typed, or vectors made already; `bm25` reads the text of either. Of a
            text the operators are taken out and become filters, see query/operators.py.
        k: how many hits; groups, where they are grouped. Each door has its own default.
        ranking: one of RANKINGS; "" takes the index's own, see `default_ranking`.
        rerank: how many pages phase 2 scores; None takes the index's default.
        filters: applied before ranking.
        group_by: BY_DOCUMENT for one hit a document, with its other pages beside it.
        collapse: one hit for pages whose bits nearly agree, the newest, with the others beside it;
            not together with `group_by`.
        except_page_id: no hit, though it would be the best: the page whose like is wanted.
        min_score: hits whose score, as it is shown, is lower are left out.
        offset: how many hits, the first ones, are passed over: those given before.
        pages_per_group: pages looked at for each hit asked for where they are grouped; `find` looks
            further where that is too few.
    """

    query: str | QueryVectors
    k: int
    ranking: str = ""
    rerank: int | None = None
    filters: Filters = field(default_factory=Filters)
    group_by: Literal["document"] | None = None
    collapse: bool = False
    except_page_id: str | None = None
    min_score: float | None = None
    offset: int = 0
    pages_per_group: int = PAGES_PER_GROUP

    def __post_init__(self) -> None:
        if isinstance(self.query, str):
            asked = read_operators(self.query)
            phrases = (*self.filters.phrases, *asked.phrases)
            without = (*self.filters.without, *asked.without)
            object.__setattr__(self, "query", asked.text)
            object.__setattr__(
                self, "filters", replace(self.filters, phrases=phrases, without=without)
            )

    @property
    def text(self) -> str:
        """The words of the query."""
        return self.query if isinstance(self.query, str) else self.query.text

    @property
    def words(self) -> str:
        """The words to be marked; "" where a page or an image is the query."""
        return "" if self.except_page_id else self.text

    @property
    def n_pages(self) -> int:
        """How many pages are looked for to have k hits behind those passed over."""
        n = self.offset + self.k
        if not self.group_by and not self.collapse:
            return n
        return max(n, min(n * self.pages_per_group, MOST_PAGES_GROUPED))

    def further(self, hits: Sequence[RankedPage]) -> "SearchRequest | None":
        """The request that looks at more pages, where these are of too few documents.

        Args:
            hits: all that this request has found, best first.

        Returns:
            None where there are enough documents, no more pages, or only such as are not wanted;
            and for near-duplicates, of which each page looked at is compared with the others.
        """
        if not self.group_by or len(hits) < self.n_pages or self.is_too_low(hits[-1].score):
            return None
        if len({hit.document_id for hit in hits}) >= self.offset + self.k:
            return None
        more = replace(self, pages_per_group=_FURTHER * self.pages_per_group)
        return more if more.n_pages > self.n_pages else None

    def of_hits(self, hits: Iterable[RankedPage]) -> tuple[RankedPage, ...]:
        """The hits that may come up: all but the page whose like is wanted."""
        return tuple(hit for hit in hits if hit.page_id != self.except_page_id)

    def is_too_low(self, score: float) -> bool:
        """Whether a score, as it is shown, is below the least that is wanted."""
        least = self.min_score
        return least is not None and rounded_score(score, self.ranking) < least


def check_request(request: SearchRequest) -> None:
    """Refuse what no search can answer.

    Raises:
        WrongUseError: an empty text, an unknown ranking, k or rerank below 1, an offset below 0,
            two ways to group, or a least score that is no number.
    """
    if request.offset < 0:
        raise WrongUseError(
            f"The offset {request.offset} must be at least 0: it is how many hits are passed over."
        )
    if request.min_score is not None and not math.isfinite(request.min_score):
        raise WrongUseError(
            f"No score can be compared with {request.min_score}. Give the least score wanted as a "
            "number, for example 0.6."
        )
    if request.group_by and request.collapse:
        raise WrongUseError(
            "Hits are grouped by document, or pages that look alike are collapsed: not both at "
            "once, for a page would belong to two groups. Leave out one."
        )
    if isinstance(request.query, str) and not request.query.strip():
        if request.filters.without:
            left_out = " ".join(f"-{word}" for word in request.filters.without)
            raise WrongUseError(
                f"The query only leaves words out ({left_out}). Add what to look for, for example: "
                "budget -draft"
            )
        raise WrongUseError(
            "The query is empty. Type what the page says or shows, for example: revenue by region"
        )
    check_search_arguments(request.ranking or RANKINGS[0], request.k, request.rerank, RANKINGS)
