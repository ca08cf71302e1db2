"""The part of a page's text that shows best why the page was found.

Works on the text alone and knows nothing of rankings: a page that a visual model found may hold
none of the query's words, and then shows its first ones.
"""

import math
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from encoders.stopwords import is_stop_word
from index.broken_words import broken_words
from index.spellings import POINTS, with_ligatures

MAX_CHARS = 160  # two lines of a usual terminal

_CJK = r"\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_CJK}]+|(?:[^\W{_CJK}]|[{POINTS}])+")
_CJK_WORD = re.compile(f"[{_CJK}]+")
_SHORTEST_STEM = 4
_SNAP = 20
"""A cut is moved by up to this many characters so as to fall between two words."""


@dataclass(frozen=True)
class Snippet:
    """A piece of text with the places where the query's words stand.

    Attributes:
        text: one line; an ellipsis where text was left out.
        spans: (start, end) of each matched word, in characters of `text`, ascending.
    """

    text: str
    spans: tuple[tuple[int, int], ...]

    @property
    def matched_words(self) -> tuple[str, ...]:
        """The matched words as they stand in the text, each once, in order."""
        return tuple(dict.fromkeys(self.text[start:end] for start, end in self.spans))


@dataclass(frozen=True)
class _Match:
    """Where one of the query's words stands in the page's text."""

    start: int
    end: int
    query_word: str


def snippet(text: str, query: str, max_chars: int = MAX_CHARS) -> Snippet:
    """Cut out the part of a page's text that holds most of the query's words.

    Args:
        text: the page's words.
        query: what the user typed.
        max_chars: length of the part without its ellipses; half of it for Chinese and Japanese.

    >>> found = snippet("We show how many nested traces a tree holds.", "trace tree nesting", 20)
    >>> found.text, found.matched_words
    ('…traces a tree…', ('traces', 'tree'))
    """
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    if 2 * sum(map(len, _CJK_WORD.findall(text))) > len(text):
        max_chars = max(1, max_chars // 2)  # such characters are twice as wide and say more
    matches = _matches(text, query)
    start, end = _window(text, _best_run(matches, max_chars), max_chars)
    before = "…" if start > 0 else ""
    after = "…" if end < len(text) else ""
    shown = [match for match in matches if start <= match.start and match.end <= end]
    return Snippet(before + text[start:end] + after, _merged(shown, len(before) - start))


def _matches(text: str, query: str) -> list[_Match]:
    """Every place where a query word stands, in order of place; only CJK ones may overlap."""
    words = _query_words(query)
    wholes = [(whole, _query_word_of(fold(whole.text), words)) for whole in broken_words(text)]
    matches = [_Match(whole.start, whole.end, word) for whole, word in wholes if word is not None]
    starts, ends = {match.start for match in matches}, {match.end for match in matches}
    known: dict[str, str | None] = {}  # page word -> query word; a page repeats its words
    for found in _WORD.finditer(text):
        word = found[0]
        if found.start() in starts or found.end() in ends:
            continue  # a part of a broken word that is marked as a whole
        if _CJK_WORD.fullmatch(word):
            matches += _cjk_matches(found, words)
            continue
        if word not in known:
            spellings = (fold(word), *with_ligatures(fold(word)))
            known[word] = next(filter(None, (_query_word_of(s, words) for s in spellings)), None)
        query_word = known[word]
        if query_word is not None:
            matches.append(_Match(found.start(), found.end(), query_word))
    return sorted(matches, key=lambda match: match.start)


def _query_words(query: str) -> list[str]:
    """The query's words, folded; stop words only where there are no others."""
    found = _WORD.findall(unicodedata.normalize("NFC", query))
    # kana keep their voicing marks, which folding would take for accents
    words = list(dict.fromkeys(w if _CJK_WORD.fullmatch(w) else fold(w) for w in found))
    return [word for word in words if not is_stop_word(word)] or words


def fold(word: str) -> str:
    """A word without upper case and diacritics, as it is compared.

    >>> fold("Größe"), fold("Ｃａｆé")
    ('grosse', 'cafe')
    """
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _query_word_of(word: str, query_words: list[str]) -> str | None:
    """The query word that a page word, folded, is or is a form of."""
    if word in query_words:
        return word
    return next((q for q in query_words if _is_form_of(word, q)), None)


def _is_form_of(word: str, query_word: str) -> bool:
    """Whether two words share a stem, or one begins with the other; numbers must be equal.

    >>> _is_form_of("trees", "tree"), _is_form_of("umsatzsteuer", "umsatz")
    (True, True)
    >>> _is_form_of("2023a", "2023"), _is_form_of("interest", "internal")
    (False, False)
    """
    if not (word.isalpha() and query_word.isalpha()):
        return False
    n_common = len(os.path.commonprefix([word, query_word]))
    if n_common < _SHORTEST_STEM:
        return False
    if n_common == len(query_word):
        return True
    if n_common == len(word):
        return 2 * n_common >= len(query_word)
    return 3 * n_common >= 2 * max(len(word), len(query_word))


def _cjk_matches(found: re.Match[str], query_words: list[str]) -> Iterator[_Match]:
    """The pairs of characters, or the single one, that a run shares with the query's runs."""
    run = found[0]
    wanted = {pair for word in query_words for pair in _pairs(word)}
    for start in range(len(run)):
        for end in (start + 2, start + 1):
            if run[start:end] in wanted and end <= len(run):
                yield _Match(found.start() + start, found.start() + end, run[start:end])
                break


def _pairs(word: str) -> list[str]:
    if not _CJK_WORD.fullmatch(word):
        return []
    pairs = [word[i : i + 2] for i in range(max(1, len(word) - 1))]
    return [pair for pair in pairs if not is_stop_word(pair)]


def _best_run(matches: list[_Match], max_chars: int) -> list[_Match]:
    """Neighbouring matches, within `max_chars`, that hold most of the query.

    Each query word counts once, and the less the more often the page has it: the rest of the page
    says little about why it was found.
    """
    n_places = Counter(match.query_word for match in matches)
    weights = {word: 1 / (1 + math.log(n)) for word, n in n_places.items()}
    best: list[_Match] = []
    best_value = (0.0, 0)
    end = 0
    for first, match in enumerate(matches):
        end = max(end, first + 1)
        while end < len(matches) and matches[end].end <= match.start + max_chars:
            end += 1
        run = matches[first:end]
        value = (math.fsum(weights[word] for word in {m.query_word for m in run}), len(run))
        if value > best_value:
            best, best_value = run, value
    return best


def _window(text: str, run: list[_Match], max_chars: int) -> tuple[int, int]:
    """Where to cut the text so that the run stands in the middle; the beginning without a run."""
    first, last = (run[0].start, run[-1].end) if run else (0, 0)
    room = max(0, max_chars - (last - first))
    start = max(0, min(first - room // 2, len(text) - max_chars))
    if start <= _SNAP and last <= max_chars:
        start = 0
    end = min(start + max_chars, len(text))
    if start > 0:
        space = text.find(" ", start - 1, min(first, start + _SNAP))
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", max(last, end - _SNAP), end + 1)
        end = space if space >= 0 else end
    return start, end


def _merged(matches: list[_Match], shift: int) -> tuple[tuple[int, int], ...]:
    """Spans of the matches, moved by `shift`; overlapping ones made one."""
    spans: list[tuple[int, int]] = []
    for match in matches:
        start, end = match.start + shift, match.end + shift
        if spans and start < spans[-1][1]:
            start, end = spans.pop()[0], max(end, start)
        spans.append((start, end))
    return tuple(spans)
