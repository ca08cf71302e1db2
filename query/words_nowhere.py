"""Which words of a query no page of the index holds: what a search by resemblance must say."""

from collections.abc import Sequence

from index.interface import BM25, PageIndex
from index.pages import Hit
from index.words.cut import Token
from index.words.stored_text import place_text
from query.asked_words import AskedWord, content_words, text_words

LOOKED_AT_HITS = 1
"""Hits whose words are looked at first; what they hold, the index is not asked for. To cut a page
into words costs as much as several looks into the index."""

MAX_ASKED = 16
"""Words that the index is asked for, at most: each is a look into its text search."""

_SHOWN_CHARS = 40


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


def nowhere_notices(words: Sequence[str], ranking: str, n_hits: int) -> tuple[str, ...]:
    """Say which words stand nowhere, and what the hits are then.

    Args:
        words: by `words_nowhere`.
        ranking: that found the hits.
        n_hits: how many there are.

    Returns:
        One line, or none; without hits it is said why there are none (query/why/no_hits.py).

    >>> nowhere_notices(["xyzzyqq"], "float", 5)
    ('No page holds xyzzyqq; these are the most similar.',)
    """
    if not words or not n_hits:
        return ()
    *others, last = [_shortened(word) for word in words]
    said = f"{', '.join(others)} or {last}" if others else last
    is_alike = ranking != BM25
    hits = "these are the most similar" if is_alike else "these hold other words of the query"
    return (f"No page holds {said}; {hits}.",)


def _shortened(word: str) -> str:
    return word if len(word) <= _SHOWN_CHARS else word[:_SHOWN_CHARS] + "…"
