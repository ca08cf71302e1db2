"""The part of a page's text that shows best why the page was found.

Works on the text alone and knows nothing of rankings: a page that was found by what it looks like,
or by words that resemble those asked for, may hold none of them, and then has no such part.
"""

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from index.cjk import n_cjk
from query.asked_words import Place, content_words, merged_spans, text_words

MAX_CHARS = 160  # two lines of a usual terminal

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


def snippet(
    text: str,
    query: str,
    max_chars: int = MAX_CHARS,
    *,
    language: str = "",
    misspelt: Collection[str] = (),
) -> Snippet:
    """Cut out the part of a page's text that holds most of the query's words.

    Args:
        text: the page's words.
        query: what the user typed; where that is nothing, the first words are shown.
        max_chars: length of the part without its ellipses; half of it for Chinese and Japanese.
        language: of the page, "" where unknown.
        misspelt: those of the query's words, as typed, for which what is spelled alike does too.

    Returns:
        Without text where the page holds none of the words.

    >>> found = snippet("We show how many nested traces a tree holds.", "trace of a tree", 20)
    >>> found.text, found.matched_words
    ('…traces a tree…', ('traces', 'tree'))
    """
    words, on_page = content_words(query), text_words(text, language)
    text = on_page.text
    matches = on_page.places(words)
    if misspelt:
        alike = on_page.places_alike(word for word in words if word.text in misspelt)
        matches = sorted([*matches, *alike], key=lambda place: (place.start, -place.end))
    if words and not matches:
        return Snippet("", ())
    if 2 * n_cjk(text) > len(text):
        max_chars = max(1, max_chars // 2)  # such characters are twice as wide and say more
    start, end = _window(text, best_run(matches, max_chars), max_chars)
    before = "…" if start > 0 else ""
    after = "…" if end < len(text) else ""
    shown = [match for match in matches if start <= match.start and match.end <= end]
    spans = merged_spans(text, shown)
    shift = len(before) - start
    moved = tuple((first + shift, last + shift) for first, last in spans)
    return Snippet(before + text[start:end] + after, moved)


def best_run(matches: list[Place], max_chars: int) -> list[Place]:
    """Neighbouring matches, within `max_chars`, that hold most of the query.

    Each word of the query counts once, and the less the more often the page has it: the rest of
    the page says little about why it was found.
    """
    n_places = Counter(match.token for match in matches)
    weights = {token: 1 / (1 + math.log(n)) for token, n in n_places.items()}
    best: list[Place] = []
    best_value = (0.0, 0)
    end = 0
    for first, match in enumerate(matches):
        end = max(end, first + 1)
        while end < len(matches) and matches[end].end <= match.start + max_chars:
            end += 1
        run = matches[first:end]
        value = (math.fsum(weights[token] for token in {m.token for m in run}), len(run))
        if value > best_value:
            best, best_value = run, value
    return best


def _window(text: str, run: list[Place], max_chars: int) -> tuple[int, int]:
    """Where to cut the text so that the run stands in the middle; the beginning without a run."""
    first, last = (run[0].start, max(match.end for match in run)) if run else (0, 0)
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
