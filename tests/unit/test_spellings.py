"""What a page's words are also found by."""

import pytest

from index.spellings import with_ligatures


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


@pytest.mark.parametrize("word", ["الحرب", "سلام", "salam", ""])
def test_an_article_is_no_ligature(word: str) -> None:
    assert with_ligatures(word) == []
