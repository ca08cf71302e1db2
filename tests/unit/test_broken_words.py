"""Words held in parts, made whole: in texts, terms, marks and what Vespa is told."""

import re

import pytest

from encoders.lexical import LexicalEncoder
from index.broken_words import broken_words, with_columns_joined, without_spaces_in_cjk
from index.words.stored_text import stored_text
from query.snippet import snippet


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("all docu- ments of", ["documents"]),
        ("Ver\u2010 fahren und Be\u00ad wegung", ["Verfahren", "Bewegung"]),
        ("(re- use)", ["reuse"]),
        ("North- Rhine", []),
        ("3- fold and a - b", []),
        ("well-known words", []),
        ("", []),
    ],
)
def test_a_word_broken_at_a_lines_end(text: str, whole: list[str]) -> None:
    assert [word.text for word in broken_words(text)] == whole


def test_every_door_knows_the_same_broken_words() -> None:
    text = "all docu- ments"
    assert "documents" in stored_text(text).words.split()
    assert "docu- ments" in LexicalEncoder().encode_query(text).tokens
    assert snippet(text, "documents").matched_words == ("docu- ments",)
    for other in ("North- Rhine", "co- 2"):
        assert stored_text(other).words == other.lower().replace("-", "")
        assert LexicalEncoder().encode_query(other).tokens == tuple(re.findall(r"\w+", other))


def test_a_part_that_is_a_form_of_the_word_is_marked_with_the_whole() -> None:
    assert snippet("old compu- ters", "computers").matched_words == ("compu- ters",)
    assert snippet("old compu- ters", "old").matched_words == ("old",)


def test_a_long_run_of_letters_takes_no_time() -> None:
    assert list(broken_words("a" * 200_000 + " " + "b" * 200_000)) == []


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("書 き の 日 本 語 。", "書きの日本語。"),
        ("1 日 本 of 東京 大阪", "1 日本 of 東京 大阪"),
        ("日 a 本", "日 a 本"),
        ("한 국 어", "한 국 어"),
    ],
)
def test_columns_of_single_characters_are_words(text: str, joined: str) -> None:
    assert with_columns_joined(text) == joined


def test_chinese_and_japanese_go_on_over_a_lines_end() -> None:
    assert without_spaces_in_cjk("機械 学習 of 東京") == "機械学習 of 東京"
    assert "械学" in stored_text("機械 学習").words.split()
