"""query/asked_words.py: what a query asks for, and where it stands in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.words.cut import Token, cut, is_match
from query.asked_words import AskedWord, TextWords, asked_words, content_words


def found(text: str, query: str) -> list[str]:
    return [text[place.start : place.end] for place in TextWords(text).places(asked_words(query))]


def held(text: str, query: str) -> list[str]:
    words = TextWords(text)
    return [word.text for word in content_words(query) if word.is_held(words.holds)]


def test_words_are_as_typed_each_once() -> None:
    words = asked_words("The Crane, and the crane")
    assert [word.text for word in words] == ["The", "Crane", "and", "the", "crane"]
    assert [word.is_content for word in words] == [False, True, False, False, True]
    assert [word.text for word in asked_words("crane quay crane")] == ["crane", "quay"]


def test_nothing_asks_for_nothing() -> None:
    assert asked_words("") == content_words(" -- !") == ()


def test_function_words_are_content_where_there_are_no_others() -> None:
    assert [word.text for word in content_words("to be or not to be")] == ["to", "be", "or", "not"]


def test_a_word_typed_as_one_is_one_word_with_its_parts() -> None:
    (code,) = asked_words("INV-2023-0042")
    assert [whole.term for whole in code.wholes] == ["inv2023-0042"]
    assert "0042" in [part.term for part in code.tokens]


@pytest.mark.parametrize("word", ["candle's", "l'eau", "page’s"])
def test_a_lone_letter_is_no_part_of_a_word(word: str) -> None:
    (asked,) = asked_words(word)
    assert all(len(part.term) > 1 for part in asked.tokens)
    assert found("plan s and plan l", word) == []


def test_the_parts_of_a_code_are_not_the_code() -> None:
    assert held("invoice INV-2023-0041 and 0042", "INV-2023-0042") == []
    assert held("invoice inv-2023-0042", "INV-2023-0042") == ["INV-2023-0042"]


def test_a_compound_of_letters_stands_where_its_parts_do() -> None:
    assert held("the year that began", "year-end") == []
    assert held("at the end of the year", "year-end") == ["year-end"]


def test_a_run_without_spaces_stands_where_a_pair_of_it_does() -> None:
    assert held("学習と機械の話", "機械学習") == ["機械学習"]
    assert held("東京の話", "機械学習") == []


def test_places_are_in_order_of_the_text() -> None:
    assert found("quay by quay, crane by crane", "crane quay") == ["quay", "quay", "crane", "crane"]


WORDS = st.lists(
    st.sampled_from(["crane", "cranes", "5", "km", "5km", "C++", "C", "e-mail", "email", "東京都"])
)


@given(WORDS, WORDS)
def test_a_place_is_where_two_words_match(text: list[str], query: list[str]) -> None:
    page, asked = " ".join(text), asked_words(" ".join(query))
    tokens = [token for word in asked for token in word.tokens]
    expected = {
        (token.start, token.end)
        for token in cut(page)
        if any(is_match(token, query_token) for query_token in tokens)
    }
    assert {(p.start, p.end) for p in TextWords(page).places(asked)} == expected
    for token in tokens:
        assert TextWords(page).holds(token) == any(is_match(t, token) for t in cut(page))


def test_what_holds_a_word_is_asked_for_single_tokens() -> None:
    whole, part = Token("yearend", 0, 8), Token("year", 0, 4)
    word = AskedWord("year-end", (part, part), (whole,), is_content=True)
    assert word.is_held(lambda token: token == part)
    assert word.is_held(lambda token: token == whole)
    assert not word.is_held(lambda token: False)


def test_words_that_make_a_whole_together_are_words_of_their_own() -> None:
    assert [word.text for word in asked_words("report 2023")] == ["report", "2023"]
    assert held("a report for 2023", "report 2023") == ["report", "2023"]
    assert held("0301234567", "030 1234567") == ["030", "1234567"]
    assert held("runs for 5km", "5 km") == ["5", "km"]
    assert held("12.03.2024", "12 March 2024") == ["12", "March", "2024"]
