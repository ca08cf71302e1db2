import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.text_layer import MAX_TITLE_CHARACTERS, clean_text, clean_title, parse_words


def word(text: str, x0: object = 10, y0: object = 20, x1: object = 30, y1: object = 40) -> str:
    return f'    <word xMin="{x0}" yMin="{y0}" xMax="{x1}" yMax="{y1}">{text}</word>\n'


def parsed(*lines: str) -> tuple[str, ...]:
    return parse_words("".join(lines).encode("utf-8", "surrogatepass"), 100, 100).texts


def test_entities_are_resolved_once() -> None:
    assert parsed(word("&lt;b&gt;"), word("&amp;amp;"), word("&quot;&apos;")) == (
        "<b>",
        "&amp;",
        "\"'",
    )


def test_boxes_are_clipped_and_words_outside_dropped() -> None:
    markup = (
        word("left", -10, 0, 10, 10) + word("gone", -20, 0, 0, 10) + word("far", 0, 100, 9, 120)
    )
    words = parse_words(markup.encode(), 100, 50)
    assert words.texts == ("left",)
    np.testing.assert_allclose(words.boxes, [[0, 0, 0.1, 0.2]])


def test_mirrored_boxes_are_put_in_order() -> None:
    words = parse_words(word("x", 30, 40, 10, 20).encode(), 100, 100)
    np.testing.assert_allclose(words.boxes, [[0.1, 0.2, 0.3, 0.4]])


def test_coordinates_that_are_no_numbers_drop_the_word() -> None:
    assert parsed(word("a", "nan"), word("b", "-inf"), word("c", "1.2.3"), word("d")) == ("d",)


def test_output_cut_short_keeps_the_whole_words() -> None:
    assert parsed(word("whole"), word("half")[:-10]) == ("whole",)


def test_a_word_with_spaces_becomes_several_at_one_place() -> None:
    words = parse_words(word("two words ").encode(), 100, 100)
    assert words.texts == ("two", "words")
    np.testing.assert_array_equal(words.boxes[0], words.boxes[1])


def test_a_hyphenated_word_stays_two_words() -> None:
    assert parsed(word("docu-"), word("ments")) == ("docu-", "ments")


def test_glyph_numbers_without_a_code_table_are_no_words() -> None:
    assert parsed(word("\x12\x98\x87\x94a\x8b"), word("caf\x01\u00e9")) == ("caf\u00e9",)


def test_empty_words_are_dropped() -> None:
    assert parsed(word(""), word(" "), word("\u200b"), word("\ufeffx")) == ("x",)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("\u202eabc\u202c", "abc"),
        ("a\ud800b\ufffec\ufdd0d\U0010ffffe", "abcde"),
        ("\ufb01nd o\ufb03ce", "find office"),
        ("\ufee3\ufeae\ufea3\ufe92\ufe8e", "\u0645\u0631\u062d\u0628\u0627"),
        ("e\u0301", "\u00e9"),
        ("co\u00adop\u00ad", "coop-"),
        ("\u00b2 \uff11", "\u00b2 \uff11"),
        ("a\tb\r\nc\x85d\u2028e", "a b c d e"),
    ],
)
def test_clean_text(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean


@given(st.text(st.characters(exclude_categories=())))
def test_clean_text_can_always_be_stored(raw: str) -> None:
    clean = clean_text(raw)
    json.loads(json.dumps(clean).encode("utf-8"))
    clean.encode("utf-8")
    assert not any(
        ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or ord(c) & 0xFFFE == 0xFFFE for c in clean
    )
    assert clean_text(clean) == clean


@given(st.binary())
def test_any_bytes_parse(markup: bytes) -> None:
    parse_words(markup + b'<word xMin="1" yMin="1" xMax="2" yMax="2">' + markup + b"</word>", 9, 9)


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("Annual  Report\x00 2023", "Annual Report 2023"),
        ("Microsoft Word - Dokument1", ""),
        ("Microsoft PowerPoint - Plan.pptx", "Plan"),
        ("Untitled-1", ""),
        ("untitled", ""),
        ("Document of the year", "Document of the year"),
        ("---", ""),
        ("paper.tex", "paper"),
        ("2023", "2023"),
        ("\u5e74\u6b21\u5831\u544a", "\u5e74\u6b21\u5831\u544a"),
    ],
)
def test_clean_title(raw: str, title: str) -> None:
    assert clean_title(raw) == title


def test_an_endless_title_is_cut() -> None:
    assert len(clean_title("word " * 1000)) < MAX_TITLE_CHARACTERS
