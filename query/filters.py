"""The filters of a search as people write them: their names, and what a value may be.

The one grammar of every door: `--filter KEY=VALUE`, the web page's fields, REST, agents, Python.
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
        pattern: regular expression of a value, to be matched as a whole.
        wrong: what is said of a value that is none, after "The filter KEY=VALUE is".
    """

    example: str
    meaning: str
    pattern: str
    wrong: str


FILTER_KEYS = {
    "path": FilterKey(
        "2023/*.pdf",
        "Only files whose path ends like this; * stands for anything.",
        r"[\s\S]*\S[\s\S]*",
        "empty. Write path=2023/*.pdf",
    ),
    "document": FilterKey(
        "1f3a",
        "Only the document of this id, or of one that begins so.",
        "[0-9a-fA-F]{1,32}",
        "not a document id. It is 32 hex digits, or the first few of them, as "
        '"pagelens query --json" prints it',
    ),
    "pages": FilterKey(
        "3-10",
        "Only such page numbers: 3, 3-10, 3- or -10.",
        "[0-9]{1,9}(-[0-9]{0,9})?|-[0-9]{1,9}",
        "not a page range. Write pages=3, pages=3-10, pages=3- or pages=-10",
    ),
    "language": FilterKey(
        "de",
        "Only pages in this language (ISO 639-1).",
        "[a-zA-Z]{2}",
        "not a language code. Write its two letters (ISO 639-1): en, de, ja",
    ),
}
"""Every filter by its name."""

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
    first_page, last_page = _page_range(given["pages"]) if "pages" in given else (None, None)
    return Filters(
        path_glob=given.get("path"),
        document_id=given["document"].casefold() if "document" in given else None,
        first_page=first_page,
        last_page=last_page,
        language=given["language"].casefold() if "language" in given else None,
    )


def _page_range(text: str) -> tuple[int | None, int | None]:
    """First and last page; None where that side is open."""
    first, dash, last = text.partition("-")
    if not dash:
        return int(first), int(first)
    return int(first) if first else None, int(last) if last else None
