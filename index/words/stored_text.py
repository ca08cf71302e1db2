"""What a text index stores of a text, and what it is asked: terms, each one token to any tokenizer.

Two texts are stored: `words`, each word as it is written, in order, for phrases; and `also`, what
else they are found by. A word of a query is any of its forms in either; a phrase is in `words`.
"""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from index.broken_words import without_spaces_in_cjk
from index.words.cut import Token, cut, cut_query
from index.words.stored import stored_form

Terms = tuple[str, ...]
"""Stored forms of terms."""


class StoredText(NamedTuple):
    """What is stored, terms parted by spaces.

    Attributes:
        words: each word as it is written, in order.
        also: what else they are found by.
        codes: of `also` the codes, dates and amounts that stand there whole.
    """

    words: str
    also: str
    codes: str

    @property
    def all(self) -> str:
        """All words in one text."""
        return f"{self.words} {self.also}".strip()


class AskedWord(NamedTuple):
    """A word of a query.

    Attributes:
        forms: its term, and then the others it is found by.
        wholes: terms of the codes, dates or amounts it is a part of.
        n_parts: words it lies over, where it is one of those itself; else 1.
    """

    forms: Terms
    wholes: Terms
    n_parts: int


def stored_text(text: str, language: str = "") -> StoredText:
    """What is stored of a page's text; `language` as for `cut`.

    >>> stored_text("all docu- ments, 5 km")
    StoredText(words='all documents 5 km', also='ments docu 5km ment document', codes='5km')
    """
    line, others = _in_line(cut(text, language))
    also = [*(token.term for token in others), *_also(others), *_also(line)]
    whole = [token for token in others if any(map(str.isdigit, token.term))]
    codes = [term for token in whole for term in (token.term, *token.also)]
    words = [token.term for token in line]
    return StoredText(*(" ".join(map(stored_form, terms)) for terms in (words, also, codes)))


def place_text(title: str, paths: Iterable[str]) -> str:
    """The words of a document's title and of its files' names.

    >>> place_text("Report", ["/a/minutes.pdf"])
    'Report minutes'
    """
    return " ".join([title, *(PurePosixPath(path).stem for path in paths)])


def asked_words(text: str) -> list[AskedWord]:
    """The words of a query in order; one that is a form of one before it would count twice.

    A lone letter of a compound (the e of "e-mail") is asked for as the whole alone.

    >>> [word.forms for word in asked_words("2023-0042, 0042")]
    [('2023',), ('0042',), ('2023dash0042', '20230042')]
    >>> asked_words("2023-0042")[0].wholes
    ('2023dash0042', '20230042')
    """
    words: list[AskedWord] = []
    known: set[str] = set()
    tokens = cut_query(text)
    line, over = _in_line(tokens)
    for token in tokens:
        forms = stored_forms(token)
        if len(token.term) == 1 and token.term.isalpha():
            forms = tuple(form for form in forms[1:] if form != forms[0]) or forms
        if forms[0] not in known:
            wholes = (t.term for t in over if t.term != token.term and _covers(t, token))
            n_parts = sum(_covers(token, part) for part in line)
            words.append(AskedWord(forms, tuple(map(stored_form, wholes)), max(1, n_parts)))
            known.update(forms)
    return words


def stored_forms(token: Token) -> Terms:
    """A token's term, and then the other terms it is found by."""
    return tuple(dict.fromkeys(stored_form(term) for term in (token.term, *token.also)))


def phrase_ways(text: str) -> tuple[Terms, ...]:
    """The ways a phrase may stand in `words`; empty for a text without words.

    A hyphen may part two words, or be where a line's end broke one; so may a space in Japanese.

    >>> phrase_ways("long-term plan")
    (('long', 'term', 'plan'), ('longterm', 'plan'))
    """
    text = without_spaces_in_cjk(text)
    tokens = cut_query(text)
    whole, _ = _in_line(tokens)
    joined, _ = _in_line(cut_query(text.replace("-", "")))
    ways = (_terms(_parts(tokens)), _terms(whole), _terms(joined))
    return tuple(dict.fromkeys(way for way in ways if way))


def word_ways(text: str) -> tuple[tuple[Terms, ...], Terms]:
    """The ways a single word may stand on a page, though it is cut into several.

    Returns:
        Phrases, any of which may stand in `words`, and forms, any of which may stand in either.
    """
    tokens = cut_query(text)
    line, others = _in_line(tokens)
    alone = line if len(line) == 1 else others
    forms = dict.fromkeys(form for token in alone for form in stored_forms(token))
    return phrase_ways(text), tuple(forms)


def _in_line(tokens: Sequence[Token]) -> tuple[list[Token], list[Token]]:
    """The words one after the other as a phrase has them, and those that lie over or under them.

    A whole of letters (docu- ments) stands in the place of its parts; one with digits (a code, a
    date) does not, so that its parts are part of a phrase.
    """
    line: list[Token] = []
    others: list[Token] = []
    for token in tokens:
        if not line or not _covers(token, line[-1]):
            line.append(token)
        elif any(c.isdigit() for c in token.term):
            others.append(token)
        else:
            while line and _covers(token, line[-1]):
                others.append(line.pop())
            line.append(token)
    return line, others


def _parts(tokens: Sequence[Token]) -> list[Token]:
    """The smallest words alone."""
    line: list[Token] = []
    for token in tokens:
        if not line or not _covers(token, line[-1]):
            line.append(token)
    return line


def _covers(whole: Token, part: Token) -> bool:
    return whole.start <= part.start and part.end <= whole.end


def _also(tokens: Sequence[Token]) -> list[str]:
    return [term for token in tokens for term in token.also]


def _terms(tokens: Sequence[Token]) -> Terms:
    return tuple(stored_form(token.term) for token in tokens)
