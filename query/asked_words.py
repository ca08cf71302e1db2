"""Which words a query asks for, and where they stand in a text: for marks, snippets and reasons.

What a word is, and which words are the same, is said in index/words alone.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.words.cut import Token, cut, cut_query, forms
from index.words.stop_words import is_stop_word
from query.alike import letters_between

_PARTS_WORDS = re.compile(r"[^\w.:/_&+#@°\\'’\-\u2010-\u2015\u00ad]")
"""What stands between two words, and not inside of one."""


_SPACE = re.compile(r"\s")
_MARK = re.compile(r"[^\w\s]")


@dataclass(frozen=True)
class AskedWord:
    """One word of a query.

    Attributes:
        text: as typed.
        parts: what it is cut into; function words and single letters only where there is nothing
            else. A word that is not cut is its own only part.
        wholes: what stands for all of it, alone or with the words beside it: a code, a date.
        is_content: whether it says what the query is about.
    """

    text: str
    parts: tuple[Token, ...]
    wholes: tuple[Token, ...]
    is_content: bool

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Everything that is a match of it."""
        return (*self.wholes, *self.parts)

    def is_held(self, holds: Callable[[Token], bool]) -> bool:
        """Whether something holds the word.

        A whole does, or all parts; but those of a code are another one's too. A run of a script
        without spaces is as many words as it has pairs: any of them does.

        Args:
            holds: says so of a single token.
        """
        if any(map(holds, self.wholes)):
            return True
        if any(a.end > b.start for a, b in pairwise(self.parts)):  # a run of pairs
            return any(map(holds, self.parts))
        is_code = any(any(map(str.isdigit, token.term)) for token in self.parts)
        if is_code and len(self.parts) > 1:
            return False
        return all(map(holds, self.parts))


@dataclass(frozen=True)
class Place:
    """Where a word that was asked for stands in a text.

    Attributes:
        start, end: in characters of the text, end exclusive.
        token: that of the query which it matches.
    """

    start: int
    end: int
    token: Token


@functools.lru_cache(256)  # each hit of an answer asks again
def asked_words(query: str) -> tuple[AskedWord, ...]:
    """The words of a query, in the order typed, each once.

    Args:
        query: as typed; "" asks for nothing.

    >>> [(word.text, word.is_content) for word in asked_words("the trace of rivers")]
    [('the', False), ('trace', True), ('of', False), ('rivers', True)]
    """
    runs = _runs(query, cut_query(query))
    words: dict[str, AskedWord] = {}
    for run in runs:
        words.setdefault(query[run.start : run.end], _asked_word(query, run))
    return tuple(words.values())


def content_words(query: str) -> tuple[AskedWord, ...]:
    """The words that say what a query is about; all of them where none does."""
    words = asked_words(query)
    return tuple(word for word in words if word.is_content) or words


class TextWords:
    """A text cut once, to be asked for many words.

    Args:
        text: of a page, or its names.
        language: of the page, "" where unknown.

    Attributes:
        text: on one line, in NFC: what places are in.
    """

    def __init__(self, text: str, language: str = "") -> None:
        self.text = text = unicodedata.normalize("NFC", " ".join(text.split()))
        self._by_form: dict[str, list[Token]] = {}
        for token in cut(text, language):
            for form in forms(token):
                self._by_form.setdefault(form, []).append(token)

    def holds(self, token: Token) -> bool:
        """Whether a word of a query stands here: some word of the text matches, see `is_match`."""
        return not self._by_form.keys().isdisjoint(forms(token))

    def places(self, words: Iterable[AskedWord]) -> list[Place]:
        """Every place where words of a query stand, in order; places may overlap."""
        found: dict[tuple[int, int], Place] = {}
        for word in words:
            for token in word.tokens:
                for form in forms(token):
                    for match in self._by_form.get(form, ()):
                        where = self._where(match, form)
                        if where not in found or match.term == token.term:
                            found[where] = Place(*where, token)
        return sorted(found.values(), key=lambda place: (place.start, -place.end))

    def places_alike(self, words: Iterable[AskedWord]) -> list[Place]:
        """Every place where something stands that one of these words may be meant to be."""
        found: dict[tuple[int, int], Place] = {}
        asked = [token for word in words for token in word.tokens]
        for form, matches in self._by_form.items():
            alike = (t for t in asked if letters_between(t.term, form) is not None)
            token = next(alike, None)
            if token is not None:
                found |= {(m.start, m.end): Place(m.start, m.end, token) for m in matches}
        return sorted(found.values(), key=lambda place: (place.start, -place.end))

    def _where(self, token: Token, form: str) -> tuple[int, int]:
        """Where a form of a token stands; of a pair of characters it may be a single one."""
        at = self.text.find(form, token.start, token.end) if len(form) == 1 else -1
        return (token.start, max(token.end, token.start + 1)) if at < 0 else (at, at + 1)

    def words_of(self, word: AskedWord) -> tuple[str, ...]:
        """What a word of a query matches, as it stands in the text, each once, in order."""
        spans = merged_spans(self.text, self.places([word]))
        return tuple(dict.fromkeys(self.text[start:end] for start, end in spans))


@functools.lru_cache(64)  # the hits of an answer are asked by what looks for words, and by doors
def text_words(text: str, language: str = "") -> TextWords:
    """A text cut once; as TextWords."""
    return TextWords(text, language)


def merged_spans(text: str, places: Iterable[Place]) -> list[tuple[int, int]]:
    """Where to mark a text: places that touch, or have a single mark between them, are one.

    What several words make together ("report 2024") is marked word by word where it can be.

    Args:
        text: in which they are.
        places: in order.

    Returns:
        (start, end) of each, ascending.
    """
    places = list(places)
    narrow = [place for place in places if not _SPACE.search(text, place.start, place.end)]
    starts, ends = {place.start for place in narrow}, {place.end for place in narrow}
    spans: list[tuple[int, int]] = []
    for place in places:
        start, end = place.start, place.end
        is_wide = _SPACE.search(text, start, end) is not None
        if is_wide and start in starts and end in ends:
            continue
        if spans and (start <= spans[-1][1] or _MARK.fullmatch(text, spans[-1][1], start)):
            before = spans.pop()
            start, end = before[0], max(before[1], end)
        spans.append((start, end))
    return spans


@dataclass
class _Run:
    """Tokens of what was typed as one word, and what they and the words beside them make."""

    start: int
    end: int
    tokens: list[Token]
    wholes: list[Token]


def _runs(query: str, tokens: Sequence[Token]) -> list[_Run]:
    """Tokens that lie over each other, or next to each other, together."""
    runs: list[_Run] = []
    wide = [token for token in tokens if _SPACE.search(query, token.start, token.end)]
    narrow = [token for token in tokens if token not in wide]
    alone = [w for w in wide if not any(w.start < t.end and t.start < w.end for t in narrow)]
    for token in sorted([*narrow, *alone], key=lambda token: (token.start, -token.end)):
        if not runs or _PARTS_WORDS.search(query, runs[-1].end, token.start):
            runs.append(_Run(token.start, token.end, [], []))
        runs[-1].tokens.append(token)
        runs[-1].end = max(runs[-1].end, token.end)
    for run in runs:
        run.wholes += [w for w in wide if w.start <= run.start and run.end <= w.end]
    return runs


def _asked_word(query: str, run: _Run) -> AskedWord:
    parts = [t for t in run.tokens if (t.start, t.end) != (run.start, run.end)]
    wholes = [token for token in run.tokens if token not in parts] if parts else []
    telling = [token for token in parts if not _is_scrap(token)] or parts or run.tokens
    is_content = not all(is_stop_word(token.term) for token in [*wholes, *telling])
    text = query[run.start : run.end]
    return AskedWord(text, tuple(telling), tuple([*wholes, *run.wholes]), is_content)


def _is_scrap(part: Token) -> bool:
    """Whether a part of a word says nothing alone: the s of "candle's", the l of "l'eau"."""
    return is_stop_word(part.term) or (part.term.isalpha() and part.end - part.start == 1)
