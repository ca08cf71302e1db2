"""Measures, on examples worked by hand, and intervals."""

import sys
from math import log2

import numpy as np
import pytest

from index.errors import MissingDependencyError
from query.quality.measures import MEASURES, N_RESAMPLES, Interval, intervals, measure


def measured(grades: dict[str, int], ranking: list[str], depth: int = 100) -> dict[str, float]:
    (values,) = measure([grades], [ranking], depth)
    return dict(zip(MEASURES, values.tolist(), strict=True))


def test_a_graded_question_by_hand() -> None:
    """Gains 0, 1, 0, 2 at places 1 to 4; at best 2 and 1 at places 1 and 2."""
    ndcg = (1 / log2(3) + 2 / log2(5)) / (2 / log2(2) + 1 / log2(3))
    assert measured({"a": 1, "b": 2}, ["x", "a", "y", "b"]) == pytest.approx(
        {
            "nDCG@5": ndcg,
            "nDCG@10": ndcg,
            "recall@1": 0,
            "recall@5": 1,
            "recall@10": 1,
            "recall@100": 1,
            "MRR": 1 / 2,
        }
    )
    assert ndcg == pytest.approx(0.5672, abs=1e-4)


def test_each_measure_looks_as_far_down_as_its_name_says() -> None:
    others = [f"x{n}" for n in range(100)]
    for name in MEASURES[:-1]:
        at = int(name.partition("@")[2])
        assert measured({"a": 1}, [*others[: at - 1], "a"])[name] > 0
        assert measured({"a": 1}, [*others[:at], "a"])[name] == 0
    assert measured({"a": 1}, [*others[:19], "a"])["MRR"] == 1 / 20


def test_of_several_right_pages_recall_is_the_share() -> None:
    found = measured({"a": 1, "b": 1, "c": 1}, ["a", "b", *"12345678", "c"])
    assert found["recall@1"] == pytest.approx(1 / 3)
    assert found["recall@5"] == found["recall@10"] == pytest.approx(2 / 3)
    assert found["recall@100"] == 1
    assert found["MRR"] == 1


def test_the_order_given_counts_where_ids_would_order_otherwise() -> None:
    """A library that breaks ties by id would put these the other way round."""
    assert measured({"b": 1}, ["b", "a", "c"])["recall@1"] == 1
    assert measured({"b": 1}, ["a", "b", "c"])["recall@1"] == 0
    assert measured({"b": 1}, ["c", "b", "a"])["recall@1"] == 0


def test_nothing_found_is_zero() -> None:
    assert set(measured({"a": 1}, []).values()) == {0}


def test_what_was_not_asked_for_so_deep_is_nan() -> None:
    found = measured({"a": 1}, ["a"], depth=20)
    assert np.isnan(found.pop("recall@100"))
    assert set(found.values()) == {1}


def test_without_questions_there_is_nothing() -> None:
    assert measure([], []).shape == (0, len(MEASURES))


def test_queries_keep_their_order() -> None:
    values = measure([{"a": 1}] * 11, [["a"]] * 2 + [["b"]] * 9)
    assert values[:, MEASURES.index("MRR")].tolist() == [1.0] * 2 + [0.0] * 9


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(MissingDependencyError) as error:
        measure([], [])
    assert str(error.value) == (
        "To measure, the package ir-measures is needed. Install it: pip install 'pagelens[eval]'"
    )


# Intervals


def test_an_interval_of_a_mean_is_that_of_statistics() -> None:
    """Of many 0s and 1s the mean is nearly normal: 1.96 standard errors to each side."""
    values = np.zeros((400, 1))
    values[:100] = 1
    (mean,), (gain,) = intervals(values)
    error = np.sqrt(0.25 * 0.75 / 400)
    assert mean.mean == 0.25
    assert mean.low == pytest.approx(0.25 - 1.96 * error, abs=0.005)
    assert mean.high == pytest.approx(0.25 + 1.96 * error, abs=0.005)
    assert gain == Interval(0, 0, 0)


def test_a_difference_is_paired() -> None:
    """Each query gains a tenth: its own spread says nothing against that."""
    first = np.random.default_rng(1).random(50)
    (mean, _), (_, gain) = intervals(np.stack([first, first + 0.1], axis=1))
    assert mean.high - mean.low > 0.1
    assert (gain.mean, gain.low, gain.high) == pytest.approx((0.1, 0.1, 0.1))


def test_all_equal_is_an_interval_without_width() -> None:
    (mean,), _ = intervals(np.full((5, 1), 0.5))
    assert mean == Interval(0.5, 0.5, 0.5)


def test_one_query_tells_nothing_of_others() -> None:
    (mean,), (gain,) = intervals(np.full((1, 1), 0.5))
    for interval, expected in ((mean, 0.5), (gain, 0)):
        assert interval.mean == expected
        assert np.isnan([interval.low, interval.high]).all()


def test_the_same_values_give_the_same_interval_however_they_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(2).random((30, 3))
    at_once = intervals(values)
    assert at_once == intervals(values)
    monkeypatch.setattr("query.quality.measures._NUMBERS_AT_ONCE", 30 * 3 * 999)
    assert intervals(values) == at_once  # in eleven parts, the last a short one
    assert N_RESAMPLES % 999
