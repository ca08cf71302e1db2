"""index/filters.py and query/filters.py: what a filter means, and what is refused."""

import unicodedata

import pytest

from index.errors import WrongUseError
from index.filters import Filters, path_matches
from query.filters import FILTER_KEYS, read_filters

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
    assert read_filters({}) == Filters()
    assert read_filters({"path": None, "language": " "}) == Filters()


def test_every_condition_is_read() -> None:
    values = {"path": "a/*.pdf", "document": "1F3A", "pages": "3-10", "language": "DE"}
    assert read_filters(values) == Filters("a/*.pdf", "1f3a", 3, 10, "de")
    both = values | {f"not_{name}": value for name, value in values.items()}
    positive = ("a/*.pdf", "1f3a", 3, 10, "de")
    assert read_filters(both) == Filters(*positive, *positive)


@pytest.mark.parametrize(
    ("pages", "first", "last"), [("3", 3, 3), ("3-", 3, None), ("-10", None, 10), ("4-4", 4, 4)]
)
def test_page_ranges(pages: str, first: int | None, last: int | None) -> None:
    assert read_filters({"pages": pages}) == Filters(first_page=first, last_page=last)


@pytest.mark.parametrize(
    ("year", "first", "last"),
    [("2023", 2023, 2023), ("2020-2023", 2020, 2023), ("2020-", 2020, None), ("-2023", None, 2023)],
)
def test_years(year: str, first: int | None, last: int | None) -> None:
    assert read_filters({"year": year}) == Filters(first_year=first, last_year=last)
    asked = read_filters({"not_year": year, "kind": "PDF", "not_kind": "Png"})
    assert asked == Filters(not_first_year=first, not_last_year=last, kind="pdf", not_kind="png")


@pytest.mark.parametrize("name", FILTER_KEYS)
def test_every_example_can_be_read(name: str) -> None:
    assert read_filters({name: FILTER_KEYS[name].example}) != Filters()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"folder": "x"},
            "No filter 'folder'. There are: path, document, pages, language, year, kind, "
            "not_path, not_document, not_pages, not_language, not_year, not_kind.",
        ),
        *(
            (
                {"pages": wrong},
                f"The filter pages={wrong} is not a page range. Write pages=3, pages=3-10, "
                "pages=3- or pages=-10.",
            )
            for wrong in ("x", "-", "1-2-3", "1,2", "9" * 5000, "1-" + "9" * 10)
        ),
        (
            {"not_pages": "x"},
            "The filter not_pages=x is not a page range. Write not_pages=3, not_pages=3-10, "
            "not_pages=3- or not_pages=-10.",
        ),
        ({"not_pages": "9-3"}, "The page range 9-3 is empty. Write the lower page first: 3-9."),
        *(
            (
                {"year": wrong},
                f"The filter year={wrong} is not a year. Write year=2023, year=2020-2023, "
                "year=2020- or year=-2023.",
            )
            for wrong in ("23", "-", "2023-24", "20233", "2020-2021-2022")
        ),
        (
            {"not_year": "2023-2020"},
            "The years 2023-2020 are none. Write the earlier one first: 2020-2023.",
        ),
        (
            {"not_kind": ".pdf"},
            "The filter not_kind=.pdf is not a kind of file. Write how the files' names end, "
            "without a dot: not_kind=pdf.",
        ),
        ({"pages": "9-3"}, "The page range 9-3 is empty. Write the lower page first: 3-9."),
        (
            {"document": "report"},
            "The filter document=report is not a document id. It is 32 hex digits, or the first "
            "few of them, as the document_id of an answer has it.",
        ),
        (
            {"language": "german"},
            "The filter language=german is not a language code. Write its two letters (ISO "
            "639-1): en, de, ja.",
        ),
    ],
)
def test_filters_that_cannot_be_read(values: dict[str, str], message: str) -> None:
    with pytest.raises(WrongUseError) as e:
        read_filters(values)
    assert str(e.value) == message
