"""Digits in groups: telephone, account and card numbers are one number however they are parted."""

import re
from collections.abc import Iterator

from index.words.dates import numeric_date
from index.words.tokens import Whole

_FEWEST_DIGITS = 7
_MOST_DIGITS = 19  # of a card; an IBAN is matched by its own form
_DIGITS = re.compile(
    r"(?<![\w.,/-])(?P<plus>\+)?\(?"
    rf"[0-9](?:\(0\)|[ ./()-]{{0,2}}[0-9]){{{_FEWEST_DIGITS - 1},{_MOST_DIGITS - 1}}}(?!\w)"
)
_IBAN = re.compile(r"(?<!\w)[a-z]{2}[0-9]{2}(?: ?[0-9a-z]{4}){2,7}(?: ?[0-9a-z]{1,3})?(?!\w)")
_FEWEST_DIGITS_OF_IBAN = 10
_ONE_DIGIT_COUNTRIES = "17"
_TWO_DIGITS = """
20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66
81 82 84 86 90 91 92 93 94 95 98
"""
_TWO_DIGIT_COUNTRIES = frozenset(_TWO_DIGITS.split())
"""Calling codes by their length (ITU-T E.164, list of assigned codes); all others have three."""


def numbers_in_groups(text: str) -> Iterator[Whole]:
    """Numbers of seven digits and more without what parts them, in lower-case text.

    >>> [whole.term for whole in numbers_in_groups("+49 30 1234-567, de89 3704 0044 0532 0130 00")]
    ['de89370400440532013000', '49301234567']
    """
    accounts = []
    for match in _IBAN.finditer(text):
        joined = match[0].replace(" ", "")
        if sum(map(str.isdigit, joined)) >= _FEWEST_DIGITS_OF_IBAN:
            accounts.append(match.span())
            yield Whole(*match.span(), joined)
    for match in _DIGITS.finditer(text):
        is_in_account = any(start <= match.start() < end for start, end in accounts)
        if is_in_account or numeric_date(match[0]):
            continue
        digits = re.sub("[^0-9]", "", match[0].replace("(0)", ""))
        if len(digits) >= _FEWEST_DIGITS:
            is_abroad = match["plus"] is not None or digits.startswith("00")
            number = digits.removeprefix("00") if is_abroad else digits
            yield Whole(*match.span(), number, _at_home(number) if is_abroad else ())


def _at_home(number: str) -> tuple[str, ...]:
    """A number with its country's code, as dialled in the country: with a 0 in most of them."""
    if number[0] in _ONE_DIGIT_COUNTRIES:
        return (number[1:],)
    n = 2 if number[:2] in _TWO_DIGIT_COUNTRIES else 3
    return ("0" + number[n:],)
