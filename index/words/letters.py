"""Words of letters: compounds, paths and addresses, what an apostrophe joins, CamelCase.

A compound of letters is its parts, each of which is found by the whole too.
"""

import re

from index.words.chunk import LETTER, Chunk
from index.words.tokens import Token, found_by

MOST_PARTS = 8
"""Parts of a compound that is found as a whole; what has more is a list."""

_PART = re.compile(r"[^-._/:,\\@]+")
_BETWEEN_WORDS = re.compile(r"[^/:,\\@]+")
_SEPARATOR = re.compile(r"[-._/:,\\@']")
_ACRONYM = re.compile(rf"(?:{LETTER}{{1,2}}\.)+{LETTER}{{1,2}}")
_FILE = re.compile(r"[@\\]|[/].*[/.]|\..*[/]|://")
_ELISIONS = """
l d j m t s n c qu jusqu lorsqu puisqu quoiqu presqu quelqu un dell all nell sull dall coll quest
quell sant bell
"""
_ELIDED = frozenset(_ELISIONS.split())
"""What French, Italian and Catalan leave of a word before a vowel: it is no part of the next."""
_CLITICS = frozenset(("s", "m", "ll", "re", "ve", "d"))
"""What English hangs on a word behind an apostrophe."""
_SHORTEST_HUMP = 3


def compound(chunk: Chunk, start: int, end: int) -> list[Token]:
    """The words of a compound of letters, each found by the whole of it too.

    Args:
        chunk: the run it is part of.
        start: in the chunk's text.
        end: likewise.
    """
    text = chunk.text[start:end]
    if _SEPARATOR.search(text) is None:
        return parts_of_word(chunk, start, end)
    if not _FILE.search(text) and re.search(r"[/:,]", text):  # words that a stroke joins
        words = [
            (start + word.start(), start + word.end()) for word in _BETWEEN_WORDS.finditer(text)
        ]
        return [token for word in words for token in compound(chunk, *word)]
    if _ACRONYM.fullmatch(text):
        return [chunk.token(text.replace(".", ""), start, end)]
    tokens: list[Token] = []
    for part in _PART.finditer(text):
        tokens += parts_of_word(chunk, start + part.start(), start + part.end())
    if 2 <= len(tokens) <= MOST_PARTS:
        joined = _SEPARATOR.sub("", text.removeprefix("www."))
        return [found_by(token, joined) for token in tokens]
    return tokens


def parts_of_word(chunk: Chunk, start: int, end: int) -> list[Token]:
    """A word without hyphens: parted at an apostrophe, or where a capital stands inside."""
    text = chunk.text[start:end]
    if "'" in text:
        return _with_apostrophe(chunk, start, end)
    raw = chunk.raw[chunk.edges[start] : chunk.edges[end]]
    humps = _humps(raw) if len(raw) == end - start else []
    if not humps:
        return [chunk.word(start, end)]
    bounds = [start, *(start + hump for hump in humps), end]
    parts = list(zip(bounds[:-1], bounds[1:], strict=True))
    if len(parts) > MOST_PARTS or min(b - a for a, b in parts) < _SHORTEST_HUMP:
        whole = chunk.word(start, end)  # McDonald, iPhone, GmbH
        long_parts = [chunk.text[a:b] for a, b in parts if b - a > _SHORTEST_HUMP]
        return [whole if chunk.is_query else found_by(whole, *long_parts[:MOST_PARTS])]
    return [found_by(chunk.word(a, b), text) for a, b in parts]


def _humps(raw: str) -> list[int]:
    """Where CamelCase parts a word: at a capital behind a small letter, or before one."""
    if raw[1:].islower() or raw.isupper() or raw.islower():
        return []
    return [
        i
        for i in range(1, len(raw))
        if raw[i].isupper()
        and (raw[i - 1].islower() or (i + 1 < len(raw) and raw[i + 1].islower()))  # HTTPServer
    ]


def _with_apostrophe(chunk: Chunk, start: int, end: int) -> list[Token]:
    """L'eau is eau, page's is page; don't, O'Brien and the rest are one word."""
    text = chunk.text[start:end]
    first, _, rest = text.partition("'")
    before, _, last = text.rpartition("'")
    joined = text.replace("'", "")
    if first in _ELIDED and len(rest) > 1 and "'" not in rest:
        inner = parts_of_word(chunk, start + len(first) + 1, end)
        return [found_by(token, joined) for token in inner]
    if last in _CLITICS and "'" not in before:
        inner = parts_of_word(chunk, start, start + len(before))
        return [found_by(token, joined) for token in inner] if last == "s" else inner
    if not joined:
        return []
    parts = [part for part in text.split("'") if len(part) >= _SHORTEST_HUMP]
    inside = () if chunk.is_query else tuple(parts[:MOST_PARTS])
    return [chunk.token(joined, start, end, (*inside, *chunk.word(start, end).also))]
