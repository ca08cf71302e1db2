"""The filters of a search as people write them: their names, and what a value may be.

The one grammar of every door: `--filter KEY=VALUE`, the web page's fields, REST, agents, Python.
Each filter has a twin that leaves out what it would let through: `not_path` beside `path`, on the
command line also `path!=VALUE`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from index.errors import WrongUseError
from index.filters import Filters


@dataclass(frozen=True)
class FilterKey:
    """One filter.

    Attributes:
        example: a value.
        meaning: what passes it, as the doors describe it.
        opposite: what passes its negation.
        pattern: regular expression of a value, to be matched as a whole.
        wrong: what is said of a value that is none, after "The filter KEY=VALUE is".
    """

    example: str
    meaning: str
    opposite: str
    pattern: str
    wrong: str


_POSITIVE = {
    "path": FilterKey(
        "2023/*.pdf",
        "Only files whose path ends like this; * stands for anything.",
        "No files whose path ends like this, in none of their places.",
        # two characters are white space to Python, Rust or JavaScript, and not to all of them
        r"[\s\S]*[^\s\x85\ufeff][\s\S]*",
        "empty. Write path=2023/*.pdf",
    ),
    "document": FilterKey(
        "1f3a",
        "Only the document of this id, or of one that begins so.",
        "Not the document of this id, nor one that begins so.",
        "[0-9a-fA-F]{1,32}",
        "not a document id. It is 32 hex digits, or the first few of them, as "
        "the document_id of an answer has it",
    ),
    "pages": FilterKey(
        "3-10",
        "Only such page numbers: 3, 3-10, 3- or -10.",
        "No such page numbers: 3, 3-10, 3- or -10.",
        "[0-9]{1,9}(-[0-9]{0,9})?|-[0-9]{1,9}",
        "not a page range. Write pages=3, pages=3-10, pages=3- or pages=-10",
    ),
    "language": FilterKey(
        "de",
        "Only pages in this language (ISO 639-1).",
        "No pages in this language (ISO 639-1).",
        "[a-zA-Z]{2}",
        "not a language code. Write its two letters (ISO 639-1): en, de, ja",
    ),
    "year": FilterKey(
        "2023",
        "Only files last changed in such years (UTC): 2023, 2020-2023, 2020- or -2023.",
        "No files last changed in such years (UTC): 2023, 2020-2023, 2020- or -2023.",
        "[0-9]{4}(-([0-9]{4})?)?|-[0-9]{4}",
        "not a year. Write year=2023, year=2020-2023, year=2020- or year=-2023",
    ),
    "kind": FilterKey(
        "pdf",
        "Only files of this kind, which is how their names end: pdf, png, jpg, ...",
        "No files of this kind, which is how their names end: pdf, png, jpg, ...",
        "[a-zA-Z0-9]{1,10}",
        "not a kind of file. Write how the files' names end, without a dot: kind=pdf",
    ),
}
"""What a page must meet."""

NOT = "not_"
"""Begins the name of a negation."""


def _negation(name: str, key: FilterKey) -> FilterKey:
    wrong = key.wrong.replace(f"{name}=", f"{NOT}{name}=")
    return FilterKey(key.example, key.opposite, key.meaning, key.pattern, wrong)


FILTER_KEYS = _POSITIVE | {f"{NOT}{name}": _negation(name, key) for name, key in _POSITIVE.items()}
"""Every filter by its name, negations last."""

MAX_PATH_LENGTH = 500
"""Characters of a path pattern that come from outside: what a server or an agent takes."""


def read_filters(values: Mapping[str, str | None]) -> Filters:
    """Read the conditions a page must meet, all of them.

    Args:
        values: by the names of FILTER_KEYS; None and blank ones are no condition.

    Raises:
        WrongUseError: a name that is none, or a value that cannot be read.
    """
    given: dict[str, str] = {}
    for key, value in values.items():
        if key not in FILTER_KEYS:
            raise WrongUseError(f"No filter {key!r}. There are: {', '.join(FILTER_KEYS)}.")
        if value is None or not value.strip():
            continue
        given[key] = value.strip()
        if not re.fullmatch(FILTER_KEYS[key].pattern, given[key]):
            raise WrongUseError(f"The filter {key}={given[key]} is {FILTER_KEYS[key].wrong}.")
    pages, not_pages = (_range(given.get(name)) for name in ("pages", "not_pages"))
    years, not_years = (_range(given.get(name)) for name in ("year", "not_year"))
    lower = {name: value.casefold() for name, value in given.items()}
    return Filters(
        path_glob=given.get("path"),
        document_id=lower.get("document"),
        first_page=pages[0],
        last_page=pages[1],
        language=lower.get("language"),
        not_path_glob=given.get("not_path"),
        not_document_id=lower.get("not_document"),
        not_first_page=not_pages[0],
        not_last_page=not_pages[1],
        not_language=lower.get("not_language"),
        first_year=years[0],
        last_year=years[1],
        kind=lower.get("kind"),
        not_first_year=not_years[0],
        not_last_year=not_years[1],
        not_kind=lower.get("not_kind"),
    )


def _range(text: str | None) -> tuple[int | None, int | None]:
    """First and last number; None where that side is open, or nothing is asked."""
    if text is None:
        return None, None
    first, dash, last = text.partition("-")
    if not dash:
        return int(first), int(first)
    return int(first) if first else None, int(last) if last else None
