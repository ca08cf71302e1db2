"""Function words in the spelling of `split_word`; the list is that of `index/words`."""

import re

from encoders.words import split_word
from index.words.stop_words import FUNCTION_WORDS

_STOP_WORDS = frozenset(term.text for word in FUNCTION_WORDS.split() for term in split_word(word))
_HIRAGANA = re.compile("[぀-ゟ]+")


def is_stop_word(term: str) -> bool:
    """Whether a term, in the spelling of `split_word`, is a function word.

    Japanese writes particles and endings in hiragana and most names of things in kanji or
    katakana, so a bigram of hiragana alone counts as a function word.

    >>> is_stop_word("fur"), is_stop_word("verwaltung"), is_stop_word("です")
    (True, False, True)
    """
    return term in _STOP_WORDS or _HIRAGANA.fullmatch(term) is not None
