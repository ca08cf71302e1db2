"""index/filters.py and query/filters.py: what a filter means, and what is refused."""

import unicodedata

import pytest

from index.errors import WrongUseError
from index.filters import path_matches
from index.pages import Filters
from query.filters import parse_filters

PATH = "/home/a/2023/Q1/report.pdf"


@pytest.mark.parametrize(
    "glob",
    [
        PATH,
        "report.pdf",
        "*.pdf",
        "2023/*",
        "2023/*.pdf",
        "a/2023/*",
        "./2023/*",
        "/home/*",
        "/home/*/report.pdf",
        "Q[12]/report.???",
    ],
)
def test_globs_that_match(glob: str) -> None:
    assert path_matches(PATH, glob)


@pytest.mark.parametrize(
    "glob", ["", "2023", "port.pdf", "023/*", "q1/*", "*.PDF", "/2023/*", "2023/report.pdf"]
)
def test_globs_that_do_not(glob: str) -> None:
    assert not path_matches(PATH, glob)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_both_ways_to_store_an_accent_match(form: str) -> None:
    assert path_matches(unicodedata.normalize(form, "/a/café.pdf"), "café*")
    assert path_matches("/a/café.pdf", unicodedata.normalize(form, "café*"))


def test_without_conditions_every_page_passes() -> None:
    assert parse_filters([]) == Filters()


def test_every_condition_is_read() -> None:
    conditions = ["path=a/*.pdf", "document=1F3A", "pages=3-10", "language=DE"]
    assert parse_filters(conditions) == Filters("a/*.pdf", "1f3a", 3, 10, "de")


@pytest.mark.parametrize(
    ("pages", "first", "last"), [("3", 3, 3), ("3-", 3, None), ("-10", None, 10), ("4-4", 4, 4)]
)
def test_page_ranges(pages: str, first: int | None, last: int | None) -> None:
    assert parse_filters([f"pages={pages}"]) == Filters(first_page=first, last_page=last)


def test_a_glob_may_hold_an_equals_sign() -> None:
    assert parse_filters(["path=a=b/*"]).path_glob == "a=b/*"


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        *(
            (
                [wrong],
                f"--filter {wrong!r} cannot be read. Write KEY=VALUE: path=2023/*.pdf, "
                "document=1f3a, pages=3-10, language=de.",
            )
            for wrong in ("folder=x", "path", "path=", "=x")
        ),
        (
            ["pages=1", "pages=2"],
            "--filter pages is given twice (1, 2), and a page must meet all filters. "
            "Leave one out.",
        ),
        *(
            (
                [f"pages={wrong}"],
                f"--filter pages={wrong} is not a page range. Write pages=3, pages=3-10, pages=3- "
                "or pages=-10.",
            )
            for wrong in ("x", "-", "1-2-3", "1,2", "9" * 5000, "1-" + "9" * 10)
        ),
        (
            ["pages=9-3"],
            "--filter pages=9-3 is an empty range. Write the lower page first: pages=3-9.",
        ),
        (
            ["document=report"],
            "--filter document=report is not a document id. It is 32 hex digits, or the first few "
            'of them, as "pagelens query --json" prints it.',
        ),
        (
            ["language=german"],
            "--filter language=german is not a language code. Write its two letters (ISO 639-1): "
            "en, de, ja.",
        ),
    ],
)
def test_filters_that_cannot_be_read(conditions: list[str], message: str) -> None:
    with pytest.raises(WrongUseError) as e:
        parse_filters(conditions)
    assert str(e.value) == message
