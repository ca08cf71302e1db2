"""index/facets.py and vespa_app/answers.py: years of any time, and answers that are none."""

import pytest

from index.errors import ServerError
from index.facets import year_of
from vespa_app.answers import facets


@pytest.mark.parametrize(
    ("mtime_ns", "year"),
    [
        (0, 1970),
        (-1, 1969),
        (1_704_067_199_999_999_999, 2023),
        (1_704_067_200_000_000_000, 2024),
        (2**63 - 1, 2262),
        (-(2**62), 1823),
    ],
)
def test_years_of_any_time(mtime_ns: int, year: int) -> None:
    assert year_of([mtime_ns]) == year


def answer(label: str, value: object) -> dict[str, object]:
    group = {"value": value, "fields": {"count()": 2}}
    return {
        "fields": {"totalCount": 2},
        "children": [{"children": [{"label": label, "children": [group]}]}],
    }


def test_pages_put_before_there_were_years_and_kinds_are_in_none() -> None:
    assert facets(answer("year", "-2147483648")).years == {}
    assert facets(answer("kind", "")).kinds == {}
    assert facets(answer("language", "")).languages == {"": 2}
    assert facets(answer("year", "2023")).years == {2023: 2}


@pytest.mark.parametrize(
    ("label", "value", "missing"),
    [("year", "x", "years that are numbers"), ("size", "1", "a field that was asked for")],
)
def test_answers_that_are_none(label: str, value: str, missing: str) -> None:
    with pytest.raises(ServerError, match=f"has not {missing}"):
        facets(answer(label, value))
