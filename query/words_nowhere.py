"""Which words of a query no page of the index holds: what a search by resemblance must say."""

import re
from collections.abc import Sequence

from index.interface import BM25, PageIndex
from index.pages import Hit
from index.words.cut import Token
from index.words.spelling import canonical
from index.words.stored_text import place_text
from query.alike import SHORTEST, letters_between
from query.asked_words import AskedWord, content_words, text_words

LOOKED_AT_HITS = 1
"""Hits whose words are looked at first; what they hold, the index is not asked for. To cut a page
into words costs as much as several looks into the index."""

MOST_ALIKE = 3
"""Words spelled alike that are taken for one that stands nowhere."""

MAX_ASKED = 16
"""Words that the index is asked for, at most: each is a look into its text search."""

_SHOWN_CHARS = 40
_LETTERS = re.compile(rf"[^\W\d_]{{{SHORTEST},}}")


def words_nowhere(index: PageIndex, query: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    """The words that say what a query is about and that stand on no page, in no title or file name.

    Args:
        index: where the search ran; filters do not count.
        query: what the user typed; "" where that was a page or an image.
        hits: that were found, best first. Where they hold every word the index is not asked.

    Returns:
        As typed; of the words that the first hits lack, MAX_ASKED are looked for.
    """
    missing = list(content_words(query))
    for hit in hits[:LOOKED_AT_HITS]:
        if not missing:
            break
        missing = _not_on(hit, missing)
    return tuple(word.text for word in missing[:MAX_ASKED] if not word.is_held(index.holds))


def _not_on(hit: Hit, words: Sequence[AskedWord]) -> list[AskedWord]:
    text, names = text_words(hit.text, hit.language), text_words(place_text(hit.title, hit.paths))

    def holds(token: Token) -> bool:
        return text.holds(token) or names.holds(token)

    return [word for word in words if not word.is_held(holds)]


def spelled_alike(words: Sequence[str], query: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    """What words that stand nowhere may be meant to be: words of hits that are spelled alike.

    Args:
        words: by `words_nowhere`.
        query: they are of.
        hits: by vectors of words, best first: a word spelled alike is near.

    Returns:
        The nearest few for each word, in small letters, each once; nothing for a word without such
        a relative.
    """
    asked = [word for word in content_words(query) if word.text in words]
    if not asked:
        return ()
    on_pages = dict.fromkeys(w for hit in hits for w in _LETTERS.findall(hit.text.lower()))
    found: dict[str, None] = {}
    for word in asked:
        distances = {
            letters: distance
            for letters in on_pages
            for token in word.tokens
            if (distance := letters_between(token.term, canonical(letters))) is not None
        }
        found |= dict.fromkeys(sorted(distances, key=distances.__getitem__)[:MOST_ALIKE])
    return tuple(found)


def nowhere_notices(
    words: Sequence[str], ranking: str, n_hits: int, alike: Sequence[str] = ()
) -> tuple[str, ...]:
    """Say which words stand nowhere, and what the hits are then.

    Args:
        words: by `words_nowhere`.
        ranking: that found the hits.
        n_hits: how many there are.
        alike: by `spelled_alike`.

    Returns:
        One line, or none; without hits it is said why there are none (query/why/no_hits.py).

    >>> nowhere_notices(["rythm"], "float", 5, ["rhythm"])
    ('No page holds rythm; these are the most similar. Nearest in spelling: rhythm.',)
    """
    if not words or not n_hits:
        return ()
    *others, last = [_shortened(word) for word in words]
    said = f"{', '.join(others)} or {last}" if others else last
    is_alike = ranking != BM25
    hits = "these are the most similar" if is_alike else "these hold other words of the query"
    nearest = f" Nearest in spelling: {', '.join(map(_shortened, alike))}." if alike else ""
    return (f"No page holds {said}; {hits}.{nearest}",)


def _shortened(word: str) -> str:
    return word if len(word) <= _SHOWN_CHARS else word[:_SHOWN_CHARS] + "…"
