"""What stands in a text: its content terms, its letters, whether spaces part its words."""

import functools
import re

from index.cjk import n_cjk
from index.words.cut import cut
from index.words.stop_words import is_stop_word

AROUND_WORDS = "\"'`´“”„‚‘’«»‹›()[]{}<>.,;:!?…*•·–—-|/\\=+~^°※●■◆○□▲▼★☆→⇒"
"""What stands around words and is no part of them."""

MARKS = re.compile(r"[@_={}]|://|www\.|\S{29}|(?=\S*\d)(?=\S*[^\W\d])\S{11}")
"""What no question has in it: addresses, formulas, code, gaps to fill in, account numbers."""

_CJK_PART = 0.3
_KNOWN_WORDS = 100_000  # whose terms are remembered: pages repeat their words
_LETTER = re.compile(r"[^\W\d_]")


def content_terms(text: str) -> list[str]:
    """The terms of a text without function words, in reading order.

    >>> content_terms("The salt of the seas")
    ['salt', 'seas']
    """
    return [term for word in text.split() for term, is_content in _terms(word) if is_content]


def part_of_function_words(text: str) -> float:
    """How many of its terms say how it is built and not what it is about, from 0 to 1."""
    terms = [is_content for word in text.split() for _, is_content in _terms(word)]
    return terms.count(False) / max(1, len(terms))


@functools.lru_cache(maxsize=_KNOWN_WORDS)
def _terms(word: str) -> tuple[tuple[str, bool], ...]:
    """The terms of a word, and which of them are no function words."""
    return tuple((token.term, not is_stop_word(token.term)) for token in cut(word))


def n_letters(text: str) -> int:
    """Letters of any script, without digits and marks."""
    return len(_LETTER.findall(text))


def is_cjk(text: str) -> bool:
    """Whether spaces do not part its words, as where Chinese or Japanese names things in Latin."""
    return n_cjk(text) > _CJK_PART * len(text)
