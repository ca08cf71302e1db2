"""What a page's words are also found by."""

import pytest

from index.embedded.text_search import indexed_text, match_expression
from index.spellings import also_found_by, with_ligatures


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ("السالم", "السلام"),
        ("المشكالت", "المشكلات"),
        ("خالل", "خلال"),
        ("كالم", "كلام"),
        ("والسالم", "والسلام"),
        ("االستقالل", "الاستقلال"),
    ],
)
def test_a_ligature_that_was_turned_round_is_looked_for_as_it_is_typed(
    given: str, typed: str
) -> None:
    assert typed in with_ligatures(given)
    assert typed in also_found_by(f"a {given}, b")


@pytest.mark.parametrize("word", ["الحرب", "سلام", "salam", ""])
def test_an_article_is_no_ligature(word: str) -> None:
    assert with_ligatures(word) == []
    assert also_found_by(word) == []


def test_points_are_neither_indexed_nor_asked_for() -> None:
    pointed, plain = "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", "\u05e9\u05dc\u05d5\u05dd"
    assert indexed_text(pointed) == plain
    assert match_expression(pointed) == f'"{plain}"'
    assert also_found_by(pointed) == [plain]
