"""index/wording.py: amounts, scores and paths as people read them."""

from pathlib import Path

from index.interface import BM25, FLOAT, HAMMING, HAMMING_THEN_FLOAT
from index.wording import count, rounded_score, score_text, shown_path


def test_paths_inside_the_working_folder_are_shown_from_there() -> None:
    assert shown_path("/home/a/b.pdf", Path("/home")) == "a/b.pdf"
    assert shown_path("/workshop/b.pdf", Path("/work")) == "/workshop/b.pdf"


def test_a_path_cannot_steer_the_terminal() -> None:
    assert shown_path("/a/\x1b[31mred.pdf", Path("/x")) == "/a/\ufffd[31mred.pdf"


def test_a_mean_cosine_is_never_shown_above_one() -> None:
    for ranking in (FLOAT, HAMMING_THEN_FLOAT):
        assert score_text(1.0001, ranking) == "1.0000"
        assert rounded_score(1.0001, ranking) == 1
    for ranking in (HAMMING, BM25):
        assert score_text(1.0001, ranking) == "1.0001"
    assert score_text(-0.25, FLOAT) == "-0.2500"


def test_one_thing_is_no_plural() -> None:
    assert [count(n, "page") for n in (0, 1, 2, 12_000)] == [
        "0 pages",
        "1 page",
        "2 pages",
        "12,000 pages",
    ]
