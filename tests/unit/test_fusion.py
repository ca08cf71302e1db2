"""query/fusion.py: two rankings made one, on hits a person can work out."""

import pytest

from index.interface import BM25, HAMMING_THEN_FLOAT
from index.pages import Hit
from query.fusion import contributions, fuse


def hit(document: str, score: float, page_number: int = 1) -> Hit:
    return Hit(
        page_id=f"{document}-{page_number}",
        document_id=document,
        page_number=page_number,
        score=score,
        score_sum=3 * score,
        paths=(f"/{document}.pdf",),
        title="",
        text="",
    )


def fused(vectors: list[Hit], words: list[Hit]) -> list[tuple[str, float]]:
    hits = fuse({HAMMING_THEN_FLOAT: vectors, BM25: words})
    return [(found.document_id, pytest.approx(found.score)) for found in hits]


def test_by_hand() -> None:
    vectors = [hit("a", 0.9), hit("b", 0.8), hit("c", 0.5)]  # 1, 3/4 and 0 of its half
    words = [hit("b", 12.0), hit("c", 9.0), hit("d", 6.0)]  # 1, 3/4 and 1/2 of its half
    assert fused(vectors, words) == [("b", 0.875), ("a", 0.5), ("c", 0.375), ("d", 0.25)]


def test_a_hit_says_what_each_half_thinks_of_it() -> None:
    hits = fuse({HAMMING_THEN_FLOAT: [hit("a", 0.9), hit("b", 0.8)], BM25: [hit("b", 12.0)]})
    assert {found.document_id: dict(found.halves) for found in hits} == {
        "b": {HAMMING_THEN_FLOAT: 0.8, BM25: 12.0},
        "a": {HAMMING_THEN_FLOAT: 0.9},
    }
    assert all(found.score_sum == found.score for found in hits)


def test_first_in_both_is_one() -> None:
    both = [hit("a", 0.2), hit("b", 0.1)]
    assert fused(both, [hit("a", 0.01)])[0] == ("a", 1.0)


def test_the_lowest_by_vectors_counts_as_one_that_was_not_found() -> None:
    vectors = [hit("a", 0.9), hit("c", -0.2)]
    assert fused(vectors, [hit("b", 2.0), hit("c", 1.0)]) == [("a", 0.5), ("b", 0.5), ("c", 0.25)]


@pytest.mark.parametrize("score", [-0.3, 0.0, 0.7])
def test_pages_that_are_alike_are_each_the_best(score: float) -> None:
    alike = [hit("a", score), hit("b", score)]
    assert fused(alike, [hit("b", 3.0)]) == [("b", 1.0), ("a", 0.5)]


def test_one_candidate() -> None:
    assert fused([hit("a", 0.3)], [hit("a", 2.0)]) == [("a", 1.0)]
    assert fused([hit("a", 0.3)], []) == [("a", 0.5)]
    assert fused([], [hit("a", 2.0)]) == [("a", 0.5)]
    assert fused([], []) == []


def test_ties_are_in_order_of_document_and_of_page_number_not_of_its_digits() -> None:
    hits = [hit("b", 0.5), hit("a", 0.5, 10), hit("a", 0.5, 9)]
    ordered = fuse({HAMMING_THEN_FLOAT: hits, BM25: []})
    assert [found.page_id for found in ordered] == ["a-9", "a-10", "b-1"]


def test_an_index_may_count_words_on_a_scale_of_its_own() -> None:
    hits = [hit("a", 12.0), hit("b", 3.0)]
    doubled = [hit("a", 24.0), hit("b", 6.0)]
    assert contributions(BM25, hits) == contributions(BM25, doubled) == {"a-1": 0.5, "b-1": 0.125}
