"""Settings side by side: means, differences, groups, and what moved."""

from collections.abc import Sequence

import numpy as np
import pytest

from index.errors import WrongUseError
from query.quality.comparison import Comparison, compare
from query.quality.measures import MEASURES, NDCG_AT_5
from query.quality.questions import Question
from query.quality.run_file import Answer
from query.quality.settings import Setting

FIRST, SECOND = Setting("hamming-then-float", 200), Setting("bm25")


def question(id_: str, language: str = "", kind: str = "") -> Question:
    return Question(id_, f"text {id_}", {("file.pdf", 1): 1}, language, kind)


def compared(
    questions: Sequence[Question],
    places: Sequence[tuple[int, ...]],
    settings: Sequence[Setting] = (FIRST, SECOND),
) -> Comparison:
    """Of answers in which the right page has a place of each setting, 0 for none."""

    def answer(place: int, ms: float) -> Answer:
        others = [f"x{n}" for n in range(100)]
        found = [*others[: place - 1], "right"] if place else others
        return Answer(tuple(found), ms)

    answers = {
        (setting, asked.text): answer(place, float(n + len(of_one)))
        for n, (asked, of_one) in enumerate(zip(questions, places, strict=True))
        for setting, place in zip(settings, of_one, strict=True)
    }
    grades = {asked.id: {"right": 1} for asked in questions}
    return compare(questions, grades, settings, answers)


def test_means_and_differences_to_the_first() -> None:
    result = compared([question(id_) for id_ in "abcd"], [(1, 1), (1, 2), (2, 1), (0, 1)])
    first, second = result.settings
    half_way = 1 / np.log2(3)  # nDCG of one right page at place 2
    assert first.means[NDCG_AT_5] == first.ndcg.mean == pytest.approx((2 + half_way) / 4)
    assert second.ndcg.mean == pytest.approx((3 + half_way) / 4)
    assert second.gain.mean == pytest.approx(1 / 4)
    assert second.gain.low < second.gain.mean < second.gain.high
    assert (first.gain.mean, first.n_better, first.n_worse) == (0, 0, 0)
    assert (second.n_better, second.n_worse) == (2, 1)
    assert second.means["MRR"] == pytest.approx((3 + 1 / 2) / 4)
    assert tuple(second.means) == MEASURES
    assert second.query_ms == 3.5  # the median of 2, 3, 4 and 5


def test_what_phase_2_does_not_score_is_not_measured() -> None:
    shallow = Setting("hamming-then-float", 20)
    result = compared([question("a"), question("b")], [(1,), (2,)], [shallow])
    assert np.isnan(result.settings[0].means["recall@100"])
    assert result.settings[0].means["recall@10"] == 1


def test_groups_are_named_by_the_questions_the_largest_first() -> None:
    questions = [
        question("a", "de", "table"),
        question("b", "en", "table"),
        question("c", "en", "table"),
        question("d", "", "table"),
    ]
    result = compared(questions, [(1, 0), (1, 1), (0, 1), (1, 1)])
    assert [(group.name, group.n_questions) for group in result.by_language] == [
        ("en", 2),
        ("", 1),
        ("de", 1),
    ]
    english, _, german = result.by_language
    assert [interval.mean for interval in english.ndcg] == [0.5, 1]
    assert [interval.mean for interval in german.ndcg] == [1, 0]
    assert result.by_kind == ()


def test_what_moved_most_comes_first_and_what_did_not_is_left_out() -> None:
    questions = [question(id_) for id_ in "abcde"]
    result = compared(questions, [(50, 60), (1, 2), (3, 3), (0, 1), (2, 0)])
    assert [(moved.question.id, moved.places) for moved in result.moved] == [
        ("d", (None, 1)),
        ("b", (1, 2)),
        ("e", (2, None)),
        ("a", (50, 60)),
    ]


def test_one_setting_has_nothing_to_be_held_against() -> None:
    result = compared([question("a"), question("b")], [(1,), (2,)], [FIRST])
    assert result.moved == ()
    assert len(result.settings) == 1


def test_one_question_has_means_and_no_intervals() -> None:
    result = compared([question("a", "de")], [(1, 2)])
    assert result.settings[0].ndcg.mean == 1
    assert np.isnan(result.settings[0].ndcg.low)
    assert len(result.moved) == 1


def test_no_question_is_refused() -> None:
    with pytest.raises(WrongUseError, match="There is no question to measure by"):
        compared([], [])


def test_the_best_placed_right_page_is_the_one_that_moved() -> None:
    asked = question("a")
    answers = {
        (FIRST, asked.text): Answer(("x", "b", "a"), 1),
        (SECOND, asked.text): Answer(("a", "b"), 1),
    }
    result = compare([asked], {"a": {"a": 1, "b": 2}}, [FIRST, SECOND], answers)
    assert result.moved[0].places == (2, 1)
