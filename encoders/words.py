"""Which terms stand in a text: the same cut for pages and queries. Knows nothing of vectors.

A word is what stands between two spaces; a term is what is looked for. Most words are one term.

- Spelling: Unicode NFKC, case folded, accents of Latin and Greek, vowel points of Hebrew and Arabic
  and invisible characters dropped, digits of every script written 0 to 9.
- A word with inner punctuation gives its parts and the parts joined: "state-of-the-art" is found
  by "art", "e-mail" by "email", "ISO-9001" by "iso 9001" and "iso9001".
- A number is one term whatever its separators: 1,234 and 1.234 are 1234, and 3,14 is 3.14.
- Chinese and Japanese are written without spaces, so each run is cut into overlapping bigrams.
- A word broken at a line's end also gives the whole word, and CJK text the bigram across the break.
"""

import itertools
import re
import unicodedata
from typing import NamedTuple

from index.broken_words import CJK_CHARACTERS, broken_words
from index.spellings import POINTS

LONGEST_TERM = 64
"""Characters kept of a term. No word is longer; what is longer is a hash, a rule or an attack."""

_DROPPED_MARKS = re.compile(
    "(?<=[\u0000-\u03ff])[\u0300-\u036f]+"  # accents on Latin and Greek letters
    f"|[{POINTS}]"
)
_SEPARATORS_KEPT = ".,'"
_APOSTROPHES = "’‘ʼ"

_REGION = re.compile(f"[{CJK_CHARACTERS}]+|[^{CJK_CHARACTERS}]+")
_PART = re.compile(
    r"(?<![\w.,])(?:"
    r"(?P<point>[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?)"  # 1,234.5
    r"|(?P<comma>[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?)"  # 1.234,5
    r"|(?P<decimal>[0-9]+[.,][0-9]+)"  # 3.14 and 3,14
    r")(?![.,]?[0-9])"
    r"|[^\W\d_]{4,}(?=[0-9])"  # Form1040; and "results1", a footnote mark glued to its word
    r"|[^ .,']+"
)
_LAST_CJK = re.compile(f"[{CJK_CHARACTERS}]$")
_FIRST_CJK = re.compile(f"^[{CJK_CHARACTERS}]")


class Term(NamedTuple):
    """One term of a word.

    Attributes:
        text: in normal spelling, at most LONGEST_TERM characters.
        start, end: the part of the word it stands in, from 0 to 1 along the line of text. Only CJK
            bigrams are smaller than their word; all other terms are shown as the whole word.
    """

    text: str
    start: float = 0.0
    end: float = 1.0


def split_word(word: str) -> list[Term]:
    """Cut a word into terms, in reading order; none where it holds no letter or digit.

    >>> [term.text for term in split_word("(State-of-the-Art)")]
    ['state', 'of', 'the', 'art', 'stateoftheart']
    >>> split_word("機械学習")[1]
    Term(text='械学', start=0.25, end=0.75)
    """
    text = _normal_spelling(word)
    terms: list[Term] = []
    edges: list[float] = []
    for region in _REGION.finditer(text):
        if _FIRST_CJK.match(region[0]):
            edges = edges or _character_edges(word, text)
            first, last = region.span()
            for i in range(first, max(first + 1, last - 1)):
                end = min(i + 2, last)
                terms.append(Term(text[i:end], edges[i], edges[end]))
        else:
            terms += [Term(part[:LONGEST_TERM]) for part in _spaced_terms(region[0])]
    return terms


def term_across_break(first: str, second: str) -> tuple[Term, Term] | None:
    """The term of which one word holds the beginning and the next word the end, if there is one.

    In an alphabet that is a word hyphenated at a line's end: a hyphen, and then a lower-case
    letter. In CJK text it is the bigram that a line's end, or a space set between characters, cuts.

    Returns:
        The same term twice: where it stands in the first word, and where in the second.

    >>> term_across_break("docu-", "ments.")[1].text
    'documents'
    >>> term_across_break("機械", "学習")
    (Term(text='械学', start=0.5, end=1.0), Term(text='械学', start=0.0, end=0.5))
    """
    whole = next(broken_words(f"{first} {second}"), None)
    if whole is not None:
        term = Term(_normal_spelling(whole.text)[:LONGEST_TERM])
        return term, term
    if not first.isascii() and not second.isascii():
        left, right = _normal_spelling(first), _normal_spelling(second)
        if _LAST_CJK.search(left) and _FIRST_CJK.search(right):
            bigram = left[-1] + right[0]
            start = _character_edges(first, left)[-2]
            end = _character_edges(second, right)[1]
            return Term(bigram, start, 1.0), Term(bigram, 0.0, end)
    return None


def _normal_spelling(word: str) -> str:
    """The word with every separator a space, but for full stop, comma and apostrophe."""
    if word.isascii():
        text = word.lower()
    else:
        text = unicodedata.normalize("NFKC", word).casefold()
        text = _DROPPED_MARKS.sub("", unicodedata.normalize("NFD", text))
        text = unicodedata.normalize("NFKC", "".join(map(_plain_character, text)))
    return "".join(
        c if c.isalnum() or c in _SEPARATORS_KEPT or unicodedata.category(c)[0] == "M" else " "
        for c in text
    )


def _character_edges(word: str, text: str) -> list[float]:
    """Where each character of a word begins, and the last one ends, from 0 to 1 along the line.

    East Asian characters are set twice as wide as digits and Latin letters. Where normal spelling
    has changed the number of characters, its own are measured.
    """
    drawn = word if len(word) == len(text) else text
    widths = [2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in drawn]
    edges = list(itertools.accumulate(widths, initial=0))
    return [edge / edges[-1] for edge in edges]


def _plain_character(character: str) -> str:
    """Its digit 0 to 9, the plain apostrophe, nothing for an invisible character, or itself."""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if character in _APOSTROPHES:
        return "'"
    return "" if unicodedata.category(character) == "Cf" else character


def _spaced_terms(text: str) -> list[str]:
    """The parts of a word in an alphabet, and after them the parts joined."""
    parts = [_plain_number(match) for match in _PART.finditer(text)]
    parts = [part for part in parts if any(map(str.isalnum, part))]
    if len(parts) < 2:
        return parts
    joined = parts[0]
    for part in parts[1:]:
        if len(joined) > LONGEST_TERM:
            break
        # the dash keeps 2.12.1 apart from 2121, and makes one date of 12.03.2024 and 12/03/2024
        joined += "-" + part if joined[-1].isdigit() and part[0].isdigit() else part
    if "'" in text or "." in text:  # the s of "page's", the l of "l'eau", the letters of "U.S."
        parts = [part for part in parts if len(part) > 1 or part.isdigit()]
    return [*parts, joined]


def _plain_number(part: re.Match[str]) -> str:
    """A number without marks between thousands and with a decimal point; other parts unchanged."""
    if part["point"]:
        return part[0].replace(",", "")
    if part["comma"]:
        return part[0].replace(".", "").replace(",", ".")
    return part[0].replace(",", ".") if part["decimal"] else part[0]
