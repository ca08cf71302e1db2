"""index/words/stored_text.py: what the text indexes store, and what they are asked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.words.stored_text import (
    asked_words,
    phrase_ways,
    place_text,
    stored_text,
    word_ways,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))
TERM = re.compile(r"[^\W_]{1,64}")  # letters and digits


@given(ANY_TEXT)
def test_whatever_is_typed_or_printed_is_terms(text: str) -> None:
    stored = stored_text(text)
    phrases, forms = word_ways(text)
    asked = [
        term
        for terms in (*(word.forms for word in asked_words(text)), *phrases, forms)
        for term in terms
    ]
    for term in [*stored.all.split(), *asked]:
        assert all(c.isalnum() or ord(c) > 127 for c in term), term
        assert 1 <= len(term) <= 64


@pytest.mark.parametrize(
    "text",
    [
        "Größe",
        "docu- ments",
        "東京都は日本の首都です",
        "INV-2023-0042",
        "e-mail",
        "C++",
        "5 km",
        "हिन्दी",
    ],
)
def test_a_page_is_found_by_its_own_words_and_by_all_of_them_as_a_phrase(text: str) -> None:
    stored = stored_text(text)
    terms = set(stored.all.split())
    for word in asked_words(text):
        assert terms & set(word.forms), word
    words = f" {stored.words} "
    assert any(f" {' '.join(way)} " in words for way in phrase_ways(text))


@pytest.mark.parametrize(
    ("page", "phrase"),
    [
        ("all docu- ments of", "all documents of"),
        ("a long-term plan", "long term plan"),
        ("a long term plan", "long-term plan"),
        ("a long- term plan", "long-term plan"),
        ("a longterm plan", "long-term plan"),
        ("by e-mail only", "e mail only"),
        ("invoice INV-2023-0042 of", "INV 2023 0042 of"),
        ("in 東 京 都 today", "東京都"),
        ("the Page\u2019s end", "page's end"),
    ],
)
def test_hyphens_and_line_ends_do_not_part_a_phrase(page: str, phrase: str) -> None:
    words = f" {stored_text(page).words} "
    assert any(f" {' '.join(way)} " in words for way in phrase_ways(phrase))


@pytest.mark.parametrize(
    ("page", "phrase"),
    [
        ("report of the annual budget", "annual report"),
        ("annually reported", "annual report"),
        ("a party 東京 and 都", "東京都"),
        ("INV-2023-0043", "INV-2023-0042"),
    ],
)
def test_a_phrase_is_not_its_words(page: str, phrase: str) -> None:
    words = f" {stored_text(page).words} "
    assert not any(f" {' '.join(way)} " in words for way in phrase_ways(phrase))


def test_a_text_without_words_asks_for_nothing() -> None:
    for text in ("", " ", "...", "\x00\ud800", "\u0301"):
        assert (asked_words(text), phrase_ways(text), word_ways(text)) == ([], (), ((), ()))


def test_equal_words_of_a_query_are_asked_for_once() -> None:
    assert len(asked_words("tea Tea TEA")) == 1


def test_the_place_is_the_title_and_the_names_of_files_without_folders() -> None:
    assert place_text("", ["/a/b/x_y.pdf", "/c/z.pdf"]).split() == ["x_y", "z"]
