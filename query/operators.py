"""The operators of a query: "quoted words" stand one after the other, -word stands nowhere.

There are no others: every other sign is part of the text, or parts its words.
"""

import re
from typing import NamedTuple

_QUOTES = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\u300e\u300f'
_PHRASE = re.compile(rf"(?<![^\s(])(-?)[{_QUOTES}]([^{_QUOTES}]*\w[^{_QUOTES}]*)[{_QUOTES}](?!\w)")
_QUOTE = re.compile(rf"[{_QUOTES}](?:[{_QUOTES}-]*(?=[^\W\d_]))?")
"""With the dashes that would, without it, leave the next word out."""
_WITHOUT = re.compile(r"(?<!\S)-(?=[^\W\d_])(\S+)")
_DASH_BEFORE_WORD = re.compile(r"(?<!\S)-+(?=\w)")

OPERATORS_SAID = (
    '"Quoted words" must stand on the page one after the other, and -word must not stand on it.'
)
"""The operators as every door describes them."""


class Operators(NamedTuple):
    """A query as it is searched for.

    Attributes:
        text: what is looked for, by vectors and by words: without quotes and excluded words.
        phrases: what must stand on the page as it is, a phrase each.
        without: words and phrases that must not.
    """

    text: str
    phrases: tuple[str, ...]
    without: tuple[str, ...]


def read_operators(typed: str) -> Operators:
    r"""Read what a user typed; a text without operators comes back as it is.

    A quote that is not closed is a sign like others. A dash leaves a word out only before a letter
    or a quote, behind a space or at the beginning: "e-mail" and "-5" are looked for.

    >>> read_operators('"annual report" -draft -5')
    Operators(text='annual report -5', phrases=('annual report',), without=('draft',))
    """
    phrases: list[str] = []
    without: list[str] = []

    def take_phrase(match: re.Match[str]) -> str:
        words = _DASH_BEFORE_WORD.sub("", " ".join(match[2].split()))
        (without if match[1] else phrases).append(words)
        return "" if match[1] else words

    def take_word(match: re.Match[str]) -> str:
        without.append(match[1])
        return ""

    text = _WITHOUT.sub(take_word, _PHRASE.sub(take_phrase, typed))
    if not phrases and not without:
        return Operators(typed, (), ())
    text = _QUOTE.sub(" ", text)  # what is left of quotes must not be read as others
    return Operators(" ".join(text.split()), tuple(phrases), tuple(without))
