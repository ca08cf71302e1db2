"""Words that a page's text holds in parts, made whole for whoever searches or marks them.

A page keeps its words as they stand there, each with its box. What belongs together across a line's
end, or in a column of single characters, is put together here and nowhere else.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from index.cjk import CJK_CHARACTERS, may_have_cjk

_LETTER = r"[^\W\d_]"
_BROKEN = re.compile(rf"(?<!{_LETTER})({_LETTER}+)[-\u2010\u2011\u00ad] ({_LETTER}+)")
CJK_SPACE = f"(?<=[{CJK_CHARACTERS}]) (?=[{CJK_CHARACTERS}])"
"""A line's end inside Chinese or Japanese, or what sets characters apart; a regular expression."""

_COLUMN = f"[、-〿{CJK_CHARACTERS}]"
_COLUMN_SPACE = f"(?<=(?<![^ ]){_COLUMN}) (?={_COLUMN}(?![^ ]))"


class BrokenWord(NamedTuple):
    """A word hyphenated at a line's end.

    Attributes:
        text: the whole word, without the hyphen.
        start, end: where its two parts stand in the text, in characters.
    """

    text: str
    start: int
    end: int


def broken_words(text: str) -> Iterator[BrokenWord]:
    """Words of which a line's end holds the beginning and a hyphen: "docu- ments".

    What goes on with a capital was two words before it was broken, or is a name.

    >>> [word.text for word in broken_words("all docu- ments of North- Rhine")]
    ['documents']
    """
    for match in _BROKEN.finditer(text):
        if match[2][0].islower():
            yield BrokenWord(match[1] + match[2], *match.span())


def without_spaces_in_cjk(text: str) -> str:
    """Chinese and Japanese as one run, across line ends and whatever parts its characters.

    >>> without_spaces_in_cjk("機械 学習 of 東京")
    '機械学習 of 東京'
    """
    return re.sub(CJK_SPACE, "", text) if may_have_cjk(text) else text


def with_columns_joined(text: str) -> str:
    """Characters that stand alone one after the other, as in vertical writing, as one word.

    Poppler gives a word for each character of a column.

    >>> with_columns_joined("1 日 本 語 。 東京 大阪")
    '1 日本語。 東京 大阪'
    """
    return re.sub(_COLUMN_SPACE, "", text) if may_have_cjk(text) else text
