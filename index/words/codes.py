"""Numbers, dates and codes written without spaces: their parts, and then the whole.

The whole stands for itself: its parts elsewhere on a page, or in another order, are not it.
"""

import re

from index.words.amounts import AMOUNT, GLUED, plain_number
from index.words.chunk import LETTER, Chunk
from index.words.dates import numeric_date
from index.words.letters import MOST_PARTS, parts_of_word
from index.words.spelling import settled
from index.words.tokens import LONGEST_TERM, Token

FEWEST_DIGITS_JOINED = 6
"""Digits of a code that is found without its separators too: with fewer, AX-17/045 and AX-170/45
would be one."""

_ATOM = re.compile(
    r"(?<![0-9.,'])(?:"
    r"v?(?P<version>[0-9]+(?:\.[0-9]+){2,}|(?<=v)[0-9]+\.[0-9]+)(?![.]?[0-9])"
    rf"|(?P<amount>{AMOUNT}))"
    rf"|(?P<letters>[^\W\d_]{{4,}}(?=[0-9])|[^\W\d_]{{2,3}}(?=[0-9]{{2,}}(?!{LETTER})))"
    rf"|[0-9]+(?=(?:{GLUED})(?!{LETTER}))"
    rf"|{LETTER}+"
)
_TIME = re.compile("0?([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)")
_MOMENT = re.compile("(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})t(?=[0-9]{2}:[0-9]{2})")
_BETWEEN_DATES = re.compile("[^-,]+")
_DIGITS = re.compile("[0-9]+")


def code_in(chunk: Chunk, start: int, end: int) -> list[Token]:
    """The parts of a number, a date or a code, and the whole.

    Args:
        chunk: the run it is part of.
        start: in the chunk's text.
        end: likewise.
    """
    text = chunk.text[start:end]
    if dates := numeric_date(text):
        return _date(chunk, start, end, dates)
    if moment := _MOMENT.match(text):
        date_end = start + moment.end("date")
        return [*code_in(chunk, start, date_end), *code_in(chunk, date_end + 1, end)]
    pieces = list(_BETWEEN_DATES.finditer(text))
    if 1 < len(pieces) <= MOST_PARTS and all(numeric_date(piece[0]) for piece in pieces):
        spans = [(start + piece.start(), start + piece.end()) for piece in pieces]
        return [token for span in spans for token in code_in(chunk, *span)]
    tokens: list[Token] = []
    parts: list[str] = []
    first = last = start
    for atom in _ATOM.finditer(text):
        a, b = start + atom.start(), start + atom.end()
        between = chunk.text[last:a]
        if ":" in between:  # ISO-9001:2015 is ISO-9001
            tokens += _whole(chunk, parts, first, last)
        if "," in between:  # a list of codes
            tokens += _whole(chunk, parts, first, last)
            parts, first = [], a
        last = b
        if atom.start() and chunk.text[a - 1] == "'" and len(atom[0]) == 1 and atom[0].isalpha():
            continue  # the s of 1990's
        if atom[0].isalpha():
            parts.append(chunk.text[a:b])
            tokens += parts_of_word(chunk, a, b)
        else:
            number = plain_number(atom[0]) if atom["amount"] else atom["version"]
            parts.append(number or settled(atom[0]))
            tokens.append(chunk.token(parts[-1], a, b))
    return [*tokens, *_whole(chunk, parts, first, end)]


def code(parts: list[str]) -> str:
    """A code in canonical spelling: its parts without separators, and a hyphen between two digits.

    >>> code(["inv", "2023", "0042"])
    'inv2023-0042'
    """
    joined = parts[0]
    for part in parts[1:]:
        joined += "-" + part if joined[-1].isdigit() and part[0].isdigit() else part
    return joined


def code_also(term: str) -> tuple[str, ...]:
    """A long code without any separator."""
    bare = term.replace("-", "")
    is_long = sum(map(str.isdigit, term)) >= FEWEST_DIGITS_JOINED
    return (bare,) if bare != term and is_long else ()


def _date(chunk: Chunk, start: int, end: int, dates: tuple[str, ...]) -> list[Token]:
    """Its numbers, and the date as ISO writes it; a page's is found by its month too."""
    numbers = [
        chunk.token(number[0], start + number.start(), start + number.end())
        for number in _DIGITS.finditer(chunk.text[start:end])
    ]
    months = () if chunk.is_query else tuple(date[:7] for date in dates)
    return [*numbers, chunk.token(dates[0], start, end, (*dates, *months))]


def _whole(chunk: Chunk, parts: list[str], start: int, end: int) -> list[Token]:
    """The whole of a code as one word, where it has several parts and is no list."""
    if not 2 <= len(parts) <= MOST_PARTS:
        return []
    time = _TIME.fullmatch(chunk.text[start:end])
    term = time[1] if time else code(parts)
    return [chunk.token(term, start, end, code_also(term))] if len(term) <= LONGEST_TERM else []
