"""Words that only several words of a text make together: amounts, dates, codes, broken words."""

import re
from collections.abc import Iterator

from index.broken_words import broken_words
from index.words.amounts import numbers_of_several_words
from index.words.codes import code, code_also
from index.words.dates import dates_of_several_words, is_month
from index.words.groups import numbers_in_groups
from index.words.relatives import relatives
from index.words.spelling import canonical, plain_marks
from index.words.stop_words import is_stop_word
from index.words.tokens import LONGEST_TERM, Whole

_DIGIT = re.compile("[0-9]")
_AND = re.compile(r"(?<!\w)([a-z]) & ([a-z])(?!\w)")
_LETTER_AND_WORD = re.compile(r"(?<!\w)[etxu] [a-z]{3,}(?!\w)")
_CODE = re.compile(
    r"(?<![\w/.@-])(?P<word>[^\W\d_]{1,6})\.?"
    r"(?P<groups>(?: [0-9][0-9a-z]*(?:[-/.:][0-9a-z]+)*){1,4})(?P<letter> [a-z])?(?!\w)"
)
_GROUP = re.compile("[^ :]+")
_GROUP_PART = re.compile("[0-9a-z]+")


def wholes_of(text: str, language: str, is_query: bool) -> Iterator[Whole]:
    """What several words of a text say together, with its place in the text as given.

    Args:
        text: of a page or a query.
        language: of the page, "" where unknown.
        is_query: whether it is typed.

    >>> [whole.term for whole in wholes_of("R & D on 12 March 2024: docu- ments", "", True)]
    ['2024-03-12', 'r&d', 'documents']
    """
    plain = plain_marks(text)
    if _DIGIT.search(plain):
        yield from numbers_of_several_words(plain)
        for date in dates_of_several_words(plain):
            month = date.term[:7]  # a page of this day is one of this month
            is_of_month = month != date.term and not is_query
            yield date._replace(also=(month,)) if is_of_month else date
        yield from numbers_in_groups(plain)
        yield from _codes(plain)
    if "&" in plain:
        for match in _AND.finditer(plain):
            yield Whole(*match.span(), f"{match[1]}&{match[2]}")
    for match in _LETTER_AND_WORD.finditer(plain):  # e mail, t shirt, x ray
        yield Whole(*match.span(), match[0].replace(" ", "")[:LONGEST_TERM])
    for broken in broken_words(text):
        term = canonical(broken.text)[:LONGEST_TERM]
        also = relatives(broken.text[:LONGEST_TERM], term, language, is_query)
        yield Whole(broken.start, broken.end, term, also)


def _codes(text: str) -> Iterator[Whole]:
    """A word and the numbers behind it: ISO 9001, INV 2023 0042."""
    for match in _CODE.finditer(text):
        word = canonical(match["word"])
        if is_stop_word(word) or is_month(word):
            continue
        parts = [word]
        for group in _GROUP.finditer(match["groups"]):
            parts += _GROUP_PART.findall(group[0])
            term = code(parts)[:LONGEST_TERM]
            yield Whole(match.start(), match.start("groups") + group.end(), term, code_also(term))
        if match["letter"]:
            term = code([*parts, match["letter"].strip()])[:LONGEST_TERM]
            yield Whole(*match.span(), term, code_also(term))
