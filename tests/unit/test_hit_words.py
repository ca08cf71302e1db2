"""query/hit_words.py: the snippet of a hit, and by what the hit was found."""

import pytest

from index.pages import Hit
from query.hit_words import hit_words


def hit(text: str, path: str = "/a/minutes.pdf", title: str = "") -> Hit:
    return Hit("1-1", "1", 1, 0.5, 0.5, (path,), title, text)


def test_a_page_with_the_words_shows_them() -> None:
    found = hit_words(hit("A crane on the quay"), "cranes or crane")
    assert (found.snippet.text, found.matched_by) == ("A crane on the quay", "words")
    assert found.why_no_snippet == ""


@pytest.mark.parametrize(
    "named", [hit("A ferry", path="/a/crane_list.pdf"), hit("A ferry", title="The crane")]
)
def test_a_page_whose_file_has_the_words_says_so(named: Hit) -> None:
    found = hit_words(named, "crane")
    assert (found.snippet.text, found.matched_by) == ("", "name")
    assert found.why_no_snippet == "a word of the query stands in the file's name or title"


@pytest.mark.parametrize("text", ["A ferry", ""])
def test_a_page_found_by_resemblance_says_so(text: str) -> None:
    found = hit_words(hit(text), "crane")
    assert (found.snippet.text, found.matched_by) == ("", "resemblance")
    assert found.why_no_snippet == "no word of the query stands here; found by resemblance"


def test_function_words_are_no_words_of_the_query() -> None:
    assert hit_words(hit("of the ferry"), "the crane").matched_by == "resemblance"


@pytest.mark.parametrize("text", ["A ferry", ""])
def test_a_page_or_an_image_as_the_query_has_no_words(text: str) -> None:
    found = hit_words(hit(text), "")
    assert (found.snippet.text, found.why_no_snippet) == (text, "")


def test_parts_of_a_code_are_shown_and_are_not_the_code() -> None:
    other = hit_words(hit("Invoice INV-2023-0043"), "INV-2023-0042")
    assert (other.snippet.matched_words, other.matched_by) == (("INV-2023",), "resemblance")
    assert hit_words(hit("Invoice INV-2023-0042"), "INV-2023-0042").matched_by == "words"


def test_what_is_spelled_alike_is_marked_where_the_word_stands_nowhere() -> None:
    found = hit_words(hit("The government of today"), "goverment", ["goverment"])
    assert (found.snippet.matched_words, found.matched_by) == (("government",), "spelling")
    assert hit_words(hit("The government of today"), "goverment").snippet.text == ""
