"""query/operators.py: what is an operator, and what is text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import WrongUseError
from index.filters import Filters
from query.operators import read_operators
from query.request import SearchRequest, check_request

PLAIN = [
    "annual budget report",
    "e-mail",
    "state-of-the-art",
    "INV-2023-0042",
    "-5",
    "-5 °C",
    "at -5 °C",
    "a - b",
    "a -- b",
    "--help",
    '5" and 3"',
    'a 5" disk',
    '"not closed',
    'not opened"',
    '""',
    '" "',
    '"..."',
    "it's 'quoted' so",
    "title:secret +y * AND (NEAR/3)",
    "",
]


@pytest.mark.parametrize("typed", PLAIN)
def test_a_text_without_operators_is_left_as_it_is(typed: str) -> None:
    assert read_operators(typed) == (typed, (), ())


@pytest.mark.parametrize(
    ("typed", "text", "phrases", "without"),
    [
        ('"annual budget report"', "annual budget report", ("annual budget report",), ()),
        ('the "annual  report" 2023', "the annual report 2023", ("annual report",), ()),
        ('"a b" "c d"', "a b c d", ("a b", "c d"), ()),
        ("budget -draft", "budget", (), ("draft",)),
        ("-draft budget", "budget", (), ("draft",)),
        ("budget -Entwürfe -下書き", "budget", (), ("Entwürfe", "下書き")),
        ("budget -e-mail", "budget", (), ("e-mail",)),
        ('budget -"annual report"', "budget", (), ("annual report",)),
        ("-draft", "", (), ("draft",)),
        ("“annual report”", "annual report", ("annual report",), ()),
        ("„annual report“", "annual report", ("annual report",), ()),
        ("«annual report»", "annual report", ("annual report",), ()),
        ("« annual report »", "annual report", ("annual report",), ()),
        ("「東京都」", "東京都", ("東京都",), ()),
        ('"東京都"の 首都', '"東京都"の 首都', (), ()),
        ('("annual report")', "(annual report)", ("annual report",), ()),
        ('"annual report", 5" disk', "annual report, 5 disk", ("annual report",), ()),
        ('"a -b" c', "a b c", ("a b",), ()),
        ('"x "a" y"', "x a y", ("a",), ()),
        ("2023 -5 -draft", "2023 -5", (), ("draft",)),
        ('-b 5 "-a', "5 a", (), ("b",)),
    ],
)
def test_phrases_and_words_left_out(
    typed: str, text: str, phrases: tuple[str, ...], without: tuple[str, ...]
) -> None:
    assert read_operators(typed) == (text, phrases, without)


@given(st.text(st.sampled_from('ab5 -"“”„«».,(')))
def test_what_is_left_has_no_operators(typed: str) -> None:
    text = read_operators(typed).text
    assert read_operators(text) == (text, (), ())


def test_a_request_has_them_as_filters() -> None:
    request = SearchRequest('"annual report" -draft', 5, filters=Filters(language="en"))
    assert request.query == request.text == "annual report"
    assert request.filters == Filters(language="en", phrases=("annual report",), without=("draft",))


@pytest.mark.parametrize("typed", ["-draft -old", '-"draft" -old'])
def test_a_query_that_only_leaves_words_out_is_refused(typed: str) -> None:
    with pytest.raises(WrongUseError) as error:
        check_request(SearchRequest(typed, 5))
    assert str(error.value).startswith("The query only leaves words out (-")
    assert str(error.value).endswith("Add what to look for, for example: budget -draft")
