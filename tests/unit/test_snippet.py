"""query/snippet.py: which part of a page is shown, and which words are marked."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.snippet import Snippet, snippet

FILLER = "Lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor. " * 10


def marked(text: str, query: str) -> list[str]:
    found = snippet(text, query)
    return [found.text[start:end] for start, end in found.spans]


def test_a_page_without_text_shows_nothing() -> None:
    assert snippet("", "anything") == Snippet("", ())


def test_without_a_matching_word_nothing_is_shown() -> None:
    assert snippet(FILLER, "zebra", 40) == Snippet("", ())


def test_without_words_to_look_for_the_first_words_are_shown() -> None:
    assert snippet(FILLER, "", 40) == Snippet("Lorem ipsum dolor sit amet consectetur…", ())


def test_the_densest_run_is_shown_and_no_lone_letter() -> None:
    text = f"Bob s desk. {FILLER} A candle's light is a candle's brightness. {FILLER}"
    found = snippet(text, "candle's brightness", 60)
    assert found.matched_words == ("candle", "brightness")
    assert marked(f"Bob s desk. {FILLER}", "candle's") == []


def test_a_short_page_is_shown_whole() -> None:
    assert snippet("One\n short \t page", "page") == Snippet("One short page", ((10, 14),))


def test_the_window_holds_most_of_the_query() -> None:
    text = f"quay {FILLER} containers by quay and month {FILLER} month {FILLER}"
    found = snippet(text, "containers per quay, month")
    assert found.matched_words == ("containers", "quay", "month")
    assert found.text.startswith("…")
    assert found.text.endswith("…")
    assert len(found.text) <= 160 + 2


def test_words_that_fill_the_page_count_less_than_one_that_tells() -> None:
    text = "annual report " * 40 + FILLER + "the crane is new " + FILLER + "annual report " * 40
    assert "crane" in snippet(text, "annual report crane").matched_words


def test_cuts_fall_between_words() -> None:
    words = set(FILLER.split()) | {"harbour"}
    found = snippet(FILLER + "harbour " + FILLER, "harbour")
    assert set(found.text.strip("…").split()) <= words
    assert found.matched_words == ("harbour",)


def test_the_matched_words_stand_in_the_middle() -> None:
    found = snippet(FILLER + "harbour " + FILLER, "harbour")
    before, after = found.text.split("harbour")
    assert abs(len(before) - len(after)) < 40


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("TREES", "tree"),
        ("cat", "cats"),
        ("e-mail", "email"),
        ("5km", "5 km"),
        ("docu- ments", "documents"),
        ("bœuf", "boeuf"),
        ("tree", "Trees"),
        ("dynamic", "dynamically"),
        ("dynamically", "dynamic"),
        ("Städte", "stadte"),
        ("Große", "GROSSE"),
        ("reporting", "reported"),
        (unicodedata.normalize("NFD", "Café"), "café"),
        ("東京都", "東京"),
        ("ガイド", "ガイド"),
        ("2023", "2023"),
    ],
)
def test_forms_of_a_word_match(page: str, query: str) -> None:
    assert len(marked(page, query)) == 1


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("2023", "2022"),
        ("20231", "2023"),
        ("interest", "internal"),
        ("form", "formaldehyde"),
        ("カゴ", "ガゴ"),
        ("the harbour of", "the cranes of"),
    ],
)
def test_other_words_do_not(page: str, query: str) -> None:
    assert marked(page, query) == []


def test_stop_words_match_where_the_query_has_no_others() -> None:
    assert marked("to be or not to be", "to be") == ["to", "be", "to", "be"]


def test_chinese_and_japanese_match_inside_a_run() -> None:
    assert marked("これは機械学習の入門です", "機械学習") == ["機械学習"]
    assert marked("学習と機械の話", "機械学習") == ["学習", "機械"]
    assert marked("お茶を飲む", "茶") == ["茶"]


def test_a_long_run_without_spaces_is_cut_anyway() -> None:
    found = snippet("資" * 500 + "機械" + "料" * 500, "機械", 60)
    assert len(found.text) == 30 + 2  # wide characters: half as many
    assert found.matched_words == ("機械",)


def test_a_match_longer_than_the_window_is_cut_and_not_marked() -> None:
    found = snippet("x" * 500, "x" * 500, 50)
    assert found == Snippet("x" * 50 + "…", ())


@given(st.text(max_size=400), st.text(max_size=40), st.integers(1, 200))
def test_any_text_gives_ordered_spans_inside_a_bounded_line(
    text: str, query: str, max_chars: int
) -> None:
    found = snippet(text, query, max_chars)
    assert len(found.text) <= max_chars + 2
    assert "\n" not in found.text
    edges = [edge for span in found.spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(found.text) for start, end in found.spans)


@given(st.lists(st.sampled_from(["harbour", "crane", "quay", "ferry", "2023"]), max_size=60))
def test_every_word_shown_that_the_query_has_is_marked(words: list[str]) -> None:
    found = snippet(" ".join(words), "crane ferry", 50)
    shown = found.text.strip("…").split()
    asked = ("crane", "ferry")
    assert [found.text[a:b] for a, b in found.spans] == [w for w in shown if w in asked]
