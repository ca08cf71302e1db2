"""Settings side by side: means, how sure they are, groups of questions, and what moved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from index.errors import WrongUseError
from query.quality.measures import MEASURES, NDCG_AT_5, Interval, intervals, measure
from query.quality.questions import Question
from query.quality.run_file import Answer
from query.quality.settings import Setting


@dataclass(frozen=True)
class SettingQuality:
    """How well one setting answers.

    Attributes:
        means: of each of MEASURES over all questions; NaN where it was not looked at so deep.
        ndcg: mean nDCG@5.
        gain: the mean difference of nDCG@5 to the first setting.
        n_better, n_worse: questions whose nDCG@5 is higher or lower than with the first setting.
        query_ms: median over the questions.
    """

    setting: Setting
    means: Mapping[str, float]
    ndcg: Interval
    gain: Interval
    n_better: int
    n_worse: int
    query_ms: float


@dataclass(frozen=True)
class Group:
    """Questions that have something in common.

    Attributes:
        name: their language or kind, as the questions say.
        ndcg: mean nDCG@5 of each setting.
    """

    name: str
    n_questions: int
    ndcg: tuple[Interval, ...]


@dataclass(frozen=True)
class Moved:
    """A question that not all settings answer alike.

    Attributes:
        places: of the best right page with each setting, from 1; None where it was not found.
    """

    question: Question
    places: tuple[int | None, ...]


@dataclass(frozen=True)
class Comparison:
    """Settings side by side, the first of them being what the others are held against.

    Attributes:
        by_language, by_kind: largest first; empty where the questions are all of one.
        moved: those that moved most first.
    """

    n_questions: int
    settings: tuple[SettingQuality, ...]
    by_language: tuple[Group, ...]
    by_kind: tuple[Group, ...]
    moved: tuple[Moved, ...]


def compare(
    questions: Sequence[Question],
    grades: Mapping[str, Mapping[str, int]],
    settings: Sequence[Setting],
    answers: Mapping[tuple[Setting, str], Answer],
) -> Comparison:
    """Put settings side by side.

    Args:
        questions: at least one.
        grades: of each question's id, right page id to grade.
        settings: at least one; the first is what the others are held against.
        answers: of each setting and text of a question.

    Raises:
        WrongUseError: there is no question.
    """
    if not questions:
        raise WrongUseError("There is no question to measure by.")
    right = [grades[question.id] for question in questions]
    rankings = [[answers[s, q.text].page_ids for q in questions] for s in settings]
    values = np.stack(
        [measure(right, of_one, s.depth) for s, of_one in zip(settings, rankings, strict=True)],
        axis=2,
    )  # (n_questions, n_measures, n_settings)
    ndcg = values[:, MEASURES.index(NDCG_AT_5)]  # (n_questions, n_settings)
    means, gains = intervals(ndcg)
    qualities = [
        SettingQuality(
            setting,
            dict(zip(MEASURES, values[:, :, n].mean(axis=0).tolist(), strict=True)),
            means[n],
            gains[n],
            int((ndcg[:, n] > ndcg[:, 0]).sum()),
            int((ndcg[:, n] < ndcg[:, 0]).sum()),
            median(answers[setting, question.text].ms for question in questions),
        )
        for n, setting in enumerate(settings)
    ]
    places = [
        tuple(_best_place(right[i], of_one[i]) for of_one in rankings)
        for i in range(len(questions))
    ]
    return Comparison(
        len(questions),
        tuple(qualities),
        _groups(questions, ndcg, lambda question: question.language),
        _groups(questions, ndcg, lambda question: question.kind),
        _moved(questions, places),
    )


def _best_place(right: Mapping[str, int], page_ids: Sequence[str]) -> int | None:
    return next((place for place, id_ in enumerate(page_ids, 1) if id_ in right), None)


def _groups(
    questions: Sequence[Question],
    ndcg: NDArray[np.float64],
    of: Callable[[Question], str],
) -> tuple[Group, ...]:
    rows: dict[str, list[int]] = {}
    for i, question in enumerate(questions):
        rows.setdefault(of(question), []).append(i)
    if len(rows) < 2:
        return ()
    largest_first = sorted(rows.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        Group(name, len(chosen), tuple(intervals(ndcg[chosen])[0]))
        for name, chosen in largest_first
    )


def _moved(
    questions: Sequence[Question], places: Sequence[tuple[int | None, ...]]
) -> tuple[Moved, ...]:
    """From place 1 to 2 is further than from 50 to 60, as for MRR."""

    def how_far(moved: Moved) -> float:
        first, *others = (1 / place if place else 0.0 for place in moved.places)
        return max((abs(other - first) for other in others), default=0.0)

    all_of_them = map(Moved, questions, places)
    return tuple(sorted((m for m in all_of_them if how_far(m)), key=how_far, reverse=True))
