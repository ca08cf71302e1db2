"""Numbers as people write them: marks between thousands, decimals, units, money.

All of it reads lower-case text with digits 0 to 9, plain hyphens, apostrophes and spaces.
"""

import re
from collections.abc import Iterator

from index.words.tokens import Whole

_POINT = r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?"  # 1,234.5
_COMMA = r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?"  # 1.234,5
_APOSTROPHE = r"[1-9][0-9]{0,2}(?:'[0-9]{3})+(?:[.,][0-9]+)?"  # 1'234.5
_INDIAN = r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?"  # 1,00,000
_SPACES = r"[1-9][0-9]{0,2}(?: [0-9]{3}){1,5}(?:[.,][0-9]+)?"  # 1 234,5
AMOUNT = rf"(?:{_POINT}|{_INDIAN}|{_APOSTROPHE}|{_COMMA}|[0-9]+[.,][0-9]+)(?![.,']?[0-9])"
"""A number with a mark in it; a regular expression without groups."""

# fmt: off
_UNITS = """
km m cm mm dm nm μm m2 m3 km2 cm2 cm3 mm2 ha kg mg g μg t lb lbs oz l ml cl dl hl hz khz mhz ghz
w kw mw gw kwh mwh gwh wh v kv mv ma ah mah kj mj kcal cal kn pa kpa mpa hpa bar mbar psi
kb mb gb tb kib mib gib tib kbit mbit gbit db dpi ppm px pt s ms ns min h rpm ft in yd mi mph lm
lx ω kω mω μf nf pf mol mmol cd
"""
_RATES = """
km/h m/s m/s2 g/l mg/l mg/dl mmol/l l/min l/h mb/s gb/s mbit/s gbit/s kg/m3 g/cm3 w/m2 kwh/m2
kwh/a n/mm2 v/m u/min
"""
_CURRENCIES = {
    "us$": "usd", "$": "usd", "usd": "usd", "€": "eur", "eur": "eur", "euros": "eur", "euro": "eur",
    "£": "gbp", "gbp": "gbp", "¥": "jpy", "jpy": "jpy", "円": "jpy", "chf": "chf", "sfr": "chf",
    "₹": "inr", "inr": "inr", "rs": "inr", "₽": "rub", "руб": "rub", "zł": "pln", "pln": "pln",
    "kr": "kr", "₩": "krw", "₺": "try", "tl": "try",
}
# fmt: on
_OTHER_UNITS = {"percent": "%", "prozent": "%", "pct": "%", "℃": "°c", "℉": "°f"}


def _any_of(words: list[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


RATE = _any_of(_RATES.split())
"""Units with a stroke in them, as alternatives of a regular expression."""

GLUED = _any_of([*_UNITS.split(), *(name for name in _CURRENCIES if name.isalpha())])
"""What may stand right behind a number's last digit and is a word of its own, likewise."""

_NUMBER = rf"(?:{_SPACES}(?![.,']?[0-9])|{AMOUNT}|[0-9]+(?![.,'][0-9]))"
_NUMBER_IN_SPACES = re.compile(rf"(?<![\w.,])(?<![0-9] ){_SPACES}(?!\w| [0-9]{{3}}(?![0-9]))")
_WITH_UNIT = re.compile(
    rf"(?<![\w.,])({_NUMBER})[ -]?"
    rf"({_any_of([*_UNITS.split(), *_RATES.split(), *_OTHER_UNITS])}|°[cfk]|%|‰)(?![\w/])"
)
_MONEY = re.compile(
    rf"(?<![\w.,])({_NUMBER}) ?({_any_of(list(_CURRENCIES))})(?!\w)"
    rf"|(?<!\w)({_any_of(list(_CURRENCIES))})\.? ?({_NUMBER})(?!\w)"
)
_SECTION = re.compile(
    r"(?:(?P<sign>§) ?|(?<!\w)(?:art|artikel|article|section|sec|abs|absatz|no|nr)\.? )"
    r"(?P<number>[0-9]+ ?[a-z](?!\w)|[0-9]+(?![\w.]))"
)


def plain_number(text: str) -> str:
    """A number without marks between thousands, with a decimal point, without zero cents.

    >>> plain_number("1.234,50"), plain_number("1,00,000"), plain_number("3,14")
    ('1234.50', '100000', '3.14')
    """
    text = text.replace(" ", "").replace("'", "")
    if re.fullmatch(_POINT, text) or re.fullmatch(_INDIAN, text):
        text = text.replace(",", "")
    elif re.fullmatch(_COMMA, text):
        text = text.replace(".", "")
    return text.replace(",", ".").removesuffix(".00")


def numbers_of_several_words(text: str) -> Iterator[Whole]:
    """Numbers with spaces between their thousands, with a unit, with a currency, of a section.

    >>> [whole.term for whole in numbers_of_several_words("1 000 people, 5 km for $20; § 14a")]
    ['1000', '5km', '20usd', '§14a']
    """
    for match in _NUMBER_IN_SPACES.finditer(text):
        yield Whole(*match.span(), plain_number(match[0]))
    for match in _WITH_UNIT.finditer(text):
        unit = _OTHER_UNITS.get(match[2], match[2])
        yield Whole(*match.span(), plain_number(match[1]) + unit)
    for match in _MONEY.finditer(text):
        number, currency = (match[1], match[2]) if match[1] else (match[4], match[3])
        yield Whole(*match.span(), plain_number(number) + _CURRENCIES[currency])
    for match in _SECTION.finditer(text):
        number = match["number"].replace(" ", "")
        if match["sign"] or (not number.isdigit() and " " not in match["number"]):
            terms = (f"§{number}", number) if match["sign"] else (number,)
            yield Whole(*match.span("number"), terms[0], terms[1:], is_only=True)
