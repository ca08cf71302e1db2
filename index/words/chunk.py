"""A run of characters without spaces in canonical spelling, and where each of them comes from."""

import re
import unicodedata
from typing import NamedTuple

from index.words.relatives import relatives
from index.words.spelling import fold, place_of, settled
from index.words.tokens import LONGEST_TERM, Token, each_once

KEPT = ".,'-_/:&+#@°\\"
"""Marks that words and codes are written with; every other one parts words as a space does."""
LETTER = f"[^ {re.escape(KEPT)}]"
"""A letter, digit or sign over one, in a chunk's text; a regular expression."""

_ASCII = {code: " " for code in range(128) if not chr(code).isalnum() and chr(code) not in KEPT}
_ASCII[ord("`")] = "'"
_QUOTE_IN_HEBREW = '(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])'


class Chunk(NamedTuple):
    """A run without spaces, and whose it is.

    Attributes:
        raw: as it stands in the text.
        text: in canonical spelling, with a space for each character that parts words.
        edges: for each character of `text` its place in `raw`, and the end of `raw`.
        language: of the page, "" where unknown.
        is_query: whether it is typed.
    """

    raw: str
    text: str
    edges: list[int]
    language: str
    is_query: bool

    def token(self, term: str, start: int, end: int, also: tuple[str, ...] = ()) -> Token:
        """A token from one place in `text` to another."""
        term = term[:LONGEST_TERM]
        first, last = place_of(self.edges, start, end)
        last = first + len(self.raw[first:last].rstrip(" "))
        return Token(term, first, last, each_once(term, also))

    def word(self, start: int, end: int) -> Token:
        """A word of letters with its relatives."""
        term = settled(self.text[start:end])[:LONGEST_TERM]
        raw = self.raw[self.edges[start] : self.edges[end]][:LONGEST_TERM]
        return self.token(term, start, end, relatives(raw, term, self.language, self.is_query))


def chunk_of(raw: str, language: str, is_query: bool) -> Chunk:
    """The chunk of a run as it stands in a text."""
    folded, edges = fold(raw)
    if " " in raw:  # a line's end inside Chinese or Japanese
        kept = [i for i in range(len(folded)) if raw[edges[i]] != " "]
        folded, edges = "".join(folded[i] for i in kept), [*(edges[i] for i in kept), edges[-1]]
    return Chunk(raw, _without_marks(folded), edges, language, is_query)


def _without_marks(text: str) -> str:
    if text.isascii():
        return text.translate(_ASCII)
    if '"' in text:
        text = re.sub(_QUOTE_IN_HEBREW, "'", text)
    return "".join(
        c if c.isalnum() or c in KEPT or unicodedata.category(c)[0] == "M" else " " for c in text
    )
