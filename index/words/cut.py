"""Which words a text holds, where, and by what else each of them is found.

A text is cut the same way on a page and in a query. What a page's word is found by besides (parts
of it, single characters of a pair) is said on the page's side alone; what a query's word may be a
form of, in the languages it may be in, on the query's.
"""

import functools
import re
import unicodedata
from collections.abc import Iterator

from index.broken_words import CJK_SPACE
from index.cjk import may_have_cjk
from index.words.amounts import RATE
from index.words.chunk import LETTER, Chunk, chunk_of
from index.words.codes import code_in
from index.words.letters import compound
from index.words.relatives import relatives
from index.words.scripts import pairs, regions
from index.words.spelling import compose, place_of
from index.words.tokens import LONGEST_TERM, Token, Whole
from index.words.wholes import wholes_of

__all__ = ["LONGEST_TERM", "Token", "cut", "cut_query", "forms", "is_match"]

LONGEST_REMEMBERED = 100
"""Characters of a run without spaces that is remembered: pages repeat words, but no hashes."""

FEWEST_WORDS_OF_A_LANGUAGE = 20
"""A page's language is taken for true from so many words on; a heading's is a guess."""

MOST_INFLECTED_WORDS = 64
"""A longer query is a text, and its words are stemmed as English alone: 1 ms a word otherwise."""

_CHUNK = r"\S+"
_CHUNK_OF_CJK_PAGE = rf"\S+(?:{CJK_SPACE}\S+)*"
_PLAIN = re.compile(
    rf'["(\[]*(?P<word>[A-Za-z]|[A-Za-z][a-z]{{1,{LONGEST_TERM - 1}}}|[A-Z]{{2,{LONGEST_TERM}}})'
    r'[.,;:!?)\]"]*'
)
"""A word as it is, between marks that are not part of it."""

_NAMED = re.compile(
    rf"(?<!{LETTER})(?:[a-z]\+\+|[a-z]{{2,10}}\+\+(?!{LETTER})|[a-z]\#(?!{LETTER}))"  # c++, c#
    rf"|(?:(?<!{LETTER})|(?<=\basp)|(?<=\bado)|(?<=\bvb))\.net(?!{LETTER}|[-./@_]{LETTER})"
    rf"|(?<!{LETTER})[a-z]{{1,3}}&[a-z]{{1,3}}(?!{LETTER})"  # r&d, at&t
    rf"|(?<![^\W\d_])(?<![^\W\d_][/.])(?:{RATE})(?!{LETTER}|/)"  # km/h
    rf"|(?<!{LETTER})(?<!{LETTER}/)[a-z]/[a-z](?!{LETTER}|[/+#])"  # a/b, i/o
    rf"|°[cfk](?!{LETTER})"
)
_COMPOUND = re.compile(rf"{LETTER}+(?:[-.,'_/:@\\]{LETTER}+)*")
_DIGIT = re.compile("[0-9]")


def cut(text: str, language: str = "") -> list[Token]:
    """The words of a page's text, in reading order; a compound's parts stand before the whole.

    Args:
        text: words parted by spaces, as a page has them.
        language: ISO 639-1, "" where unknown.

    Returns:
        Tokens whose places are in the text as given. A whole with digits (a code, a date, a number
        with its unit) lies over its parts and ends with the last of them.

    >>> [token.term for token in cut("The Œuvre of 12 March 2024")]
    ['the', 'oeuvre', 'of', '12', 'march', '2024', '2024-03-12']
    """
    return _cut(text, language, False)


def cut_query(text: str) -> list[Token]:
    """The words of a query, in the order typed; its language is not known.

    >>> is_match(cut("Größe")[0], cut_query("GROESSE")[0])
    True
    """
    return _cut(text, "", True)


def forms(token: Token) -> frozenset[str]:
    """Every term a token is found by."""
    return frozenset((token.term, *token.also))


def is_match(page_token: Token, query_token: Token) -> bool:
    """Whether a word of a query stands on a page: the one definition of it."""
    return not forms(page_token).isdisjoint(forms(query_token))


def _cut(text: str, language: str, is_query: bool) -> list[Token]:
    """The words of a text, however its accents are composed."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return _cut_composed(text, language, is_query)
    composed, edges = compose(text)
    tokens = _cut_composed(composed, language, is_query)
    places = (place_of(edges, token.start, token.end) for token in tokens)
    return [Token(t.term, *place, t.also) for t, place in zip(tokens, places, strict=True)]


def _cut_composed(text: str, language: str, is_query: bool) -> list[Token]:
    """The words of each run without spaces, and those that several runs make together.

    On a page Chinese and Japanese go on over the space that stands for a line's end; in a query
    whoever types one parts words.
    """
    is_simple = is_query or not may_have_cjk(text)
    chunks = list(re.finditer(_CHUNK if is_simple else _CHUNK_OF_CJK_PAGE, text))
    if is_query:
        language = "" if len(chunks) <= MOST_INFLECTED_WORDS else "en"
    elif len(chunks) < FEWEST_WORDS_OF_A_LANGUAGE:
        language = ""
    tokens: list[Token] = []
    for chunk in chunks:
        at = chunk.start()
        cutter = _remembered if len(chunk[0]) <= LONGEST_REMEMBERED else _cut_chunk
        for term, start, end, also in cutter(chunk[0], language, is_query):
            tokens.append(Token(term, at + start, at + end, also))
    wholes = list(wholes_of(text, language, is_query))
    return _with_wholes(tokens, wholes) if wholes else tokens


def _with_wholes(tokens: list[Token], wholes: list[Whole]) -> list[Token]:
    """Both in reading order, each once; without the words in whose place a whole stands."""
    taken = {i for whole in wholes if whole.is_only for i in range(whole.start, whole.end)}
    if taken:
        tokens = [t for t in tokens if t.start not in taken or t.end - 1 not in taken]
    merged = [*tokens, *(Token(whole.term, whole.start, whole.end, whole.also) for whole in wholes)]
    return sorted(dict.fromkeys(merged), key=lambda token: (token.end, -token.start))


def _cut_chunk(raw: str, language: str, is_query: bool) -> tuple[Token, ...]:
    """The words of a run of characters without spaces, each with its place in it.

    >>> [token.term for token in _cut_chunk("ISO-9001:2015", "en", False)]
    ['iso', '9001', 'iso9001', '2015', 'iso9001-2015']
    >>> _cut_chunk("e-mail", "en", False)[1]
    Token(term='mail', start=2, end=6, also=('email',))
    """
    if plain := _PLAIN.fullmatch(raw):  # most words of most languages, and much faster so
        word, start = plain["word"], plain.start("word")
        term = word.lower()
        also = relatives(word, term, language, is_query)
        return (Token(term, start, start + len(word), also),)
    chunk = chunk_of(raw, language, is_query)
    tokens: list[Token] = []
    for start, end, is_spaced, is_cjk in regions(chunk.text):
        tokens += _spaced(chunk, start, end) if is_spaced else _run(chunk, start, end, is_cjk)
    return tuple(token for token in tokens if any(map(str.isalnum, token.term)))


_remembered = functools.lru_cache(1 << 16)(_cut_chunk)


def _run(chunk: Chunk, start: int, end: int, is_cjk: bool) -> Iterator[Token]:
    """A run in a script without spaces as pairs; a page's are found by single characters too."""
    text = chunk.text[start:end]
    for first, last, inner in pairs(text, is_cjk):
        edges = (first, *inner)
        singles = tuple(text[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True))
        also = () if chunk.is_query else singles
        yield chunk.token(text[first:last], start + first, start + last, also)


def _spaced(chunk: Chunk, start: int, end: int) -> list[Token]:
    """The words of a region in an alphabet: names of programs and the like, then the compounds."""
    tokens = []
    text = chunk.text[start:end]
    named = list(_NAMED.finditer(text))
    for match in named:
        tokens.append(chunk.token(match[0], start + match.start(), start + match.end()))
    if named:
        text = _NAMED.sub(lambda match: " " * len(match[0]), text)
    for match in _COMPOUND.finditer(text):
        cut_compound = code_in if _DIGIT.search(match[0]) else compound
        tokens += cut_compound(chunk, start + match.start(), start + match.end())
    return sorted(tokens, key=lambda token: (token.end, -token.start)) if named else tokens
