"""Which words a text holds, where, and by what else each of them is found.

A text is cut the same way on a page and in a query; what a page's word is found by besides (parts
of it, single characters) is added to the page's side alone, and what a query's word may be an
inflection of to the query's.
"""

import functools
import re
from typing import NamedTuple

from index.words.spelling import fold, settled

LONGEST_TERM = 64
"""Characters kept of a term. No word is longer; what is longer is a hash, a rule or an attack."""


class Token(NamedTuple):
    """One word of a text.

    Attributes:
        term: the word in canonical spelling; never empty, at most LONGEST_TERM characters.
        start, end: where it stands in the text as given, in characters.
        also: other terms it is found by, each once, without `term`.
    """

    term: str
    start: int
    end: int
    also: tuple[str, ...] = ()


def cut(text: str, language: str = "") -> list[Token]:
    """The words of a page's text, in reading order; a compound's parts stand before the whole.

    Args:
        text: words parted by spaces, as a page has them.
        language: ISO 639-1, "" where unknown.

    >>> [token.term for token in cut("The Œuvre, 2nd part")]
    ['the', 'oeuvre', '2nd', 'part']
    """
    return _cut(text, language, False)


def cut_query(text: str) -> list[Token]:
    """The words of a query, in the order typed; its language is not known.

    >>> is_match(cut("Größe")[0], cut_query("GRÖSSE")[0])
    True
    """
    return _cut(text, "", True)


def forms(token: Token) -> frozenset[str]:
    """Every term a token is found by."""
    return frozenset((token.term, *token.also))


def is_match(page_token: Token, query_token: Token) -> bool:
    """Whether a word of a query stands on a page: the one definition of it."""
    return not forms(page_token).isdisjoint(forms(query_token))


_CHUNK = re.compile(r"\S+")
_WORD = re.compile(r"\w+")


def _cut(text: str, language: str, is_query: bool) -> list[Token]:
    tokens = []
    for chunk in _CHUNK.finditer(text):
        at = chunk.start()
        for term, start, end, also in _cut_chunk(chunk[0], language, is_query):
            tokens.append(Token(term, at + start, at + end, also))
    return tokens


@functools.lru_cache(1 << 16)
def _cut_chunk(chunk: str, language: str, is_query: bool) -> tuple[Token, ...]:
    folded, edges = fold(chunk)
    return tuple(
        Token(settled(match[0])[:LONGEST_TERM], edges[match.start()], edges[match.end()])
        for match in _WORD.finditer(folded)
    )
