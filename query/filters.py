"""What `--filter KEY=VALUE` means."""

import re
from collections.abc import Sequence

from index.errors import WrongUseError
from index.pages import Filters

FILTER_KEYS = {
    "path": "path=2023/*.pdf",
    "document": "document=1f3a",
    "pages": "pages=3-10",
    "language": "language=de",
}
"""Every key, with an example of its use."""

_PAGE_RANGE = re.compile(r"(?P<only>[0-9]{1,9})|(?P<first>[0-9]{0,9})-(?P<last>[0-9]{0,9})")


def parse_filters(conditions: Sequence[str]) -> Filters:
    """Read the conditions a page must meet, all of them.

    Args:
        conditions: each KEY=VALUE; a key once at most.

    Raises:
        WrongUseError: a condition that cannot be read; names what can.
    """
    values: dict[str, str] = {}
    for condition in conditions:
        key, separator, value = condition.partition("=")
        key, value = key.strip().casefold(), value.strip()
        if key not in FILTER_KEYS or not separator or not value:
            raise WrongUseError(
                f"--filter {condition!r} cannot be read. "
                f"Write KEY=VALUE: {', '.join(FILTER_KEYS.values())}."
            )
        if key in values:
            raise WrongUseError(
                f"--filter {key} is given twice ({values[key]}, {value}), and a page must meet "
                "all filters. Leave one out."
            )
        values[key] = value
    first_page, last_page = _page_range(values["pages"]) if "pages" in values else (None, None)
    return Filters(
        path_glob=values.get("path"),
        document_id=_document_id(values["document"]) if "document" in values else None,
        first_page=first_page,
        last_page=last_page,
        language=_language(values["language"]) if "language" in values else None,
    )


def _page_range(text: str) -> tuple[int | None, int | None]:
    """First and last page; None where that side is open."""
    match = _PAGE_RANGE.fullmatch(text)
    if match is None or text == "-":
        raise WrongUseError(
            f"--filter pages={text} is not a page range. Write pages=3, pages=3-10, pages=3- "
            "or pages=-10."
        )
    if match["only"]:
        return int(match["only"]), int(match["only"])
    first = int(match["first"]) if match["first"] else None
    last = int(match["last"]) if match["last"] else None
    if first is not None and last is not None and first > last:
        raise WrongUseError(
            f"--filter pages={text} is an empty range. Write the lower page first: "
            f"pages={last}-{first}."
        )
    return first, last


def _document_id(text: str) -> str:
    document_id = text.casefold()
    if not re.fullmatch("[0-9a-f]{1,32}", document_id):
        raise WrongUseError(
            f"--filter document={text} is not a document id. It is 32 hex digits, or the first "
            'few of them, as "pagelens query --json" prints it.'
        )
    return document_id


def _language(text: str) -> str:
    language = text.casefold()
    if not re.fullmatch("[a-z]{2}", language):
        raise WrongUseError(
            f"--filter language={text} is not a language code. Write its two letters (ISO 639-1): "
            "en, de, ja."
        )
    return language
