"""query/why/in_a_sentence.py: what is said of words, tokens and places, and when nothing is."""

from dataclasses import replace

import numpy as np
import pytest

from query.token_matches import TokenMatch
from query.why.explain import PageExplanation
from query.why.in_a_sentence import in_a_sentence
from query.why.query_words import QueryWord

NOTHING = PageExplanation(
    page_id=f"{'0' * 32}-1",
    ranking="hybrid",
    score=0.5,
    score_sum=0.5,
    tokens=(),
    words=(),
    phase_1_place=1,
    place=1,
    phase_1_depth=200,
    n_candidates=10,
    fused=(),
    why_not=None,
    ocr_engine="",
)


def words(*found: bool) -> tuple[QueryWord, ...]:
    return tuple(
        QueryWord(f"w{i}", ("there",) if is_here else ()) for i, is_here in enumerate(found)
    )


def token(
    text: str, similarity: float, *boxes: tuple[float, ...], is_content: bool = True
) -> TokenMatch:
    shaped = np.array(boxes, np.float32).reshape(-1, 4)
    return TokenMatch(text, 0, is_content, 0, shaped, similarity, similarity, 0.5)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((), ""),
        ((True,), "“w0” stands here."),
        ((False,), "“w0” does not stand here."),
        ((True, True), "Both words stand here."),
        ((False, False), "Neither word stands here."),
        ((True, True, True), "All of the 3 words stand here."),
        ((False, False, False), "None of the 3 words stand here."),
        ((True, False, False), "1 of 3 words stands here."),
        ((True, False, True), "2 of 3 words stand here."),
    ],
)
def test_words_are_counted(found: tuple[bool, ...], said: str) -> None:
    assert in_a_sentence(replace(NOTHING, words=words(*found))) == said


@pytest.mark.parametrize(
    ("boxes", "where"),
    [
        ([(0.0, 0.0, 0.1, 0.1)], ", at the top left"),
        ([(0.4, 0.45, 0.6, 0.5)], ", in the middle"),
        ([(0.8, 0.9, 1.0, 1.0)], ", at the bottom right"),
        ([(0.0, 0.0, 1.0, 1.0)], ""),  # the whole page
        ([(0.0, 0.0, 0.1, 0.1), (0.9, 0.9, 1.0, 1.0)], ""),  # here and there
        ([], ""),
    ],
)
def test_the_best_token_has_its_place(boxes: list[tuple[float, ...]], where: str) -> None:
    tokens = (
        token("Describe", 0.99, (0.0, 0.0, 0.1, 0.1), is_content=False),
        token("candle", 0.7, *boxes),
        token("light", 0.4, (0.5, 0.5, 0.6, 0.6)),
    )
    assert in_a_sentence(replace(NOTHING, tokens=tokens)) == f"“candle” matches best{where}."


def test_words_come_first_and_nothing_hostile_is_shown() -> None:
    both = replace(
        NOTHING, words=words(True, False), tokens=(token("\u202egpj", 0.5, (0, 0, 0.1, 0.1)),)
    )
    said = "1 of 2 words stands here; “\ufffdgpj” matches best, at the top left."
    assert in_a_sentence(both) == said
