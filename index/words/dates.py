"""Dates as people write them, and the one way of ISO 8601 in which they are found."""

import re
from collections.abc import Iterator

from index.words.spelling import canonical, with_e
from index.words.tokens import Whole

_MONTHS = """
january jan januar jänner janvier janv enero ene gennaio gen janeiro januari stycznia ledna
ianuarie ocak oca tammikuuta января янв ιανουαρίου ιαν

february feb febr februar février févr fév febrero febbraio febb fevereiro fev februari lutego
února februarie şubat şub helmikuuta февраля фев φεβρουαρίου φεβ

march mar märz mrz mär mars marzo março maart mrt marts marca března martie mart maaliskuuta марта
мар μαρτίου μαρ

april apr avril avr abril abr aprile kwietnia dubna aprilie nisan nis huhtikuuta апреля апр
απριλίου απρ

may mai mayo maggio mag maio mei maj maja května mayıs toukokuuta мая μαΐου μαϊ

june jun juni juin junio giugno giu junho czerwca června iunie haziran haz kesäkuuta июня июн
ιουνίου ιουν

july jul juli juillet juil julio luglio lug julho lipca července iulie temmuz tem heinäkuuta июля
июл ιουλίου ιουλ

august aug août agosto ago augustus augusti sierpnia srpna ağustos ağu elokuuta августа авг
αυγούστου αυγ

september sep sept septembre septiembre settembre sett setembro set września září septembrie
eylül eyl syyskuuta сентября сен сент σεπτεμβρίου σεπ

october oct oktober okt octobre octubre ottobre ott outubro out października října octombrie ekim
eki lokakuuta октября окт οκτωβρίου οκτ

november nov novembre noviembre novembro listopada listopadu noiembrie kasım kas marraskuuta
ноября ноя νοεμβρίου νοε

december dec dezember dez décembre déc diciembre dic dicembre dezembro desember grudnia prosince
decembrie aralık ara joulukuuta декабря дек δεκεμβρίου δεκ
"""
"""Names of the twelve months and what is short for them, a paragraph each; in the case that dates
take."""
_MONTH = {
    spelling(name): i + 1
    for i, names in enumerate(_MONTHS.strip().split("\n\n"))
    for name in names.split()
    for spelling in (canonical, with_e)
}

_NUMERIC = re.compile(
    r"(?P<y>[0-9]{4})(?P<s>[-/.])(?P<m>[0-9]{1,2})(?P=s)(?P<d>[0-9]{1,2})"
    r"|(?P<a>[0-9]{1,2})(?P<t>[-/.])(?P<b>[0-9]{1,2})(?P=t)(?P<z>[0-9]{4}|[0-9]{2})"
)
_MONTH_OF_YEAR = re.compile(
    r"(?P<y>[12][0-9]{3})[-/](?P<m>[0-9]{2})|(?P<n>[0-9]{1,2})/(?P<z>[12][0-9]{3})"
)
_YEAR = re.compile(r"(?<![\w.,])[12][0-9]{3}(?![\w-])")
_BEFORE_YEAR = re.compile(
    r"(?:(?<![\w.,])(?P<d>[0-9]{1,2})(?:st|nd|rd|th|er|e|º|ª)?\.? ?-?(?:of |de |d')?)?"
    r"(?P<month>[^\W\d_]{3,14})\.?"
    r"(?: (?P<e>[0-9]{1,2})(?:st|nd|rd|th)?)?,?(?: de| del| of)?[ -]$"
)
_LONGEST_BEFORE_YEAR = 34
_EAST_ASIAN = re.compile(
    r"(?P<y>[12][0-9]{3}) ?[年년] ?(?P<m>[0-9]{1,2}) ?[月월](?: ?(?P<d>[0-9]{1,2}) ?[日일])?"
)
_THIS_CENTURY = 70
"""Years of two digits below it are of this century, others of the last."""


def numeric_date(text: str) -> tuple[str, ...]:
    """The dates that a word of digits and separators may be; none where it is no date.

    A stroke does not say whether day or month comes first; a full stop says the day does.

    >>> numeric_date("12.03.2024"), numeric_date("03/04/2024"), numeric_date("2.12.1")
    (('2024-03-12',), ('2024-04-03', '2024-03-04'), ())
    """
    match = _NUMERIC.fullmatch(text)
    if match is None:
        month = _MONTH_OF_YEAR.fullmatch(text)
        return _iso(month["y"] or month["z"], month["m"] or month["n"]) if month else ()
    if match["y"]:
        return _iso(match["y"], match["m"], match["d"])
    year = match["z"]
    if len(year) == 2:
        if match["t"] == "-" or len(match["a"]) < 2 or len(match["b"]) < 2:
            return ()  # more likely a version or a number
        year = f"{'20' if int(year) < _THIS_CENTURY else '19'}{year}"
    day_first = _iso(year, match["b"], match["a"])
    month_first = _iso(year, match["a"], match["b"]) if match["t"] != "." else ()
    return tuple(dict.fromkeys(day_first + month_first))


def is_month(word: str) -> bool:
    """Whether a word in canonical spelling is a month's name or short for it."""
    return word in _MONTH


def dates_of_several_words(text: str) -> Iterator[Whole]:
    """Dates with the month's name, or with the signs of East Asia, as ISO dates and months.

    >>> [whole.term for whole in dates_of_several_words("12 march 2024, 2024年3月13日")]
    ['2024-03-12', '2024-03-13']
    """
    for year in _YEAR.finditer(text):
        first = max(0, year.start() - _LONGEST_BEFORE_YEAR)
        before = _BEFORE_YEAR.search(text[first : year.start()])
        month = _MONTH.get(canonical(before["month"])) if before else None
        if before and month:
            iso = _iso(year[0], str(month), before["d"] or before["e"])
            if iso:
                yield Whole(first + before.start(), year.end(), iso[0])
    for match in _EAST_ASIAN.finditer(text):
        iso = _iso(match["y"], match["m"], match["d"])
        if iso:
            yield Whole(*match.span(), iso[0])


def _iso(year: str, month: str, day: str | None = None) -> tuple[str, ...]:
    """One date, or a month where no day is given; none where there is no such day."""
    if not 1 <= int(month) <= 12:
        return ()
    if day is None:
        return (f"{year}-{int(month):02}",)
    return (f"{year}-{int(month):02}-{int(day):02}",) if 1 <= int(day) <= 31 else ()
