"""Searches as tests ask for them: what is asked for in one line, without a door of its own."""

from collections.abc import Callable, Sequence
from typing import Any

from encoders.interface import Encoder
from encoders.lexical import LexicalEncoder
from index.filters import Filters
from index.interface import HAMMING_THEN_FLOAT, PageIndex
from index.pages import Hit, QueryVectors, RankedPage, SearchResult
from query.found import Found
from query.groups import HitGroup
from query.request import SearchRequest
from query.search import find
from query.texts import Texts


def found_for(
    index: PageIndex,
    query: str | QueryVectors,
    ranking: str,
    k: int,
    *,
    encoder: Callable[[], Encoder] = LexicalEncoder,
    rerank: int | None = None,
    filters: Filters | None = None,
    **others: Any,
) -> Found:
    """Search; texts are encoded by words unless told otherwise."""
    request = SearchRequest(query, k, ranking, rerank, filters or Filters(), **others)
    return find(index, encoder, request)


def shown(index: PageIndex, pages: Sequence[RankedPage]) -> tuple[Hit, ...]:
    """Pages that an index found, as they are shown."""
    return Texts(index).hits(pages)


def found_hits(
    hits: Sequence[Hit], text: str = "cranes", ranking: str = HAMMING_THEN_FLOAT
) -> Found:
    """An answer of these hits that no index gave."""
    groups = tuple(HitGroup(hit, ()) for hit in hits)
    request = SearchRequest(text, max(1, len(hits)), ranking)
    result = SearchResult(tuple(hits), len(hits))
    return Found(request, QueryVectors.text_only(text), result, groups)
