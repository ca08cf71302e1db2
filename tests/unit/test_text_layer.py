import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import text_layer
from ingest.text_layer import MAX_TITLE_CHARACTERS, clean_text, clean_title, parse_text_layer


def word(text: str, x0: object = 10, y0: object = 20, x1: object = 30, y1: object = 40) -> str:
    return f'    <word xMin="{x0}" yMin="{y0}" xMax="{x1}" yMax="{y1}">{text}</word>\n'


def parsed(*lines: str) -> tuple[str, ...]:
    markup = "".join(lines).encode("utf-8", "surrogatepass")
    return parse_text_layer(markup, 100, 100).words.texts


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
    words = parse_text_layer(markup.encode(), 100, 50).words
    assert words.texts == ("left",)
    np.testing.assert_allclose(words.boxes, [[0, 0, 0.1, 0.2]])


def test_mirrored_boxes_are_put_in_order() -> None:
    words = parse_text_layer(word("x", 30, 40, 10, 20).encode(), 100, 100).words
    np.testing.assert_allclose(words.boxes, [[0.1, 0.2, 0.3, 0.4]])


def test_coordinates_that_are_no_numbers_drop_the_word() -> None:
    assert parsed(word("a", "nan"), word("b", "-inf"), word("c", "1.2.3"), word("d")) == ("d",)


def test_output_cut_short_keeps_the_whole_words() -> None:
    assert parsed(word("whole"), word("half")[:-10]) == ("whole",)


def test_a_word_with_spaces_becomes_several_at_one_place() -> None:
    words = parse_text_layer(word("two words ").encode(), 100, 100).words
    assert words.texts == ("two", "words")
    np.testing.assert_array_equal(words.boxes[0], words.boxes[1])


def test_a_hyphenated_word_stays_two_words() -> None:
    assert parsed(word("docu-"), word("ments")) == ("docu-", "ments")


def test_glyph_numbers_without_a_code_table_are_no_words() -> None:
    assert parsed(word("\x12\x98\x87\x94a\x8b"), word("caf\u00e9")) == ("caf\u00e9",)


def test_a_control_character_parts_two_words_which_share_the_box() -> None:
    markup = word("Overview\x02of\x02it", 0, 10, 26, 20).encode()
    words = parse_text_layer(markup, 26, 40).words
    assert words.texts == ("Overview", "of", "it")
    at = np.array([0, 8, 9, 11, 12, 14]).reshape(3, 2) / 14
    assert np.allclose(words.boxes[:, [0, 2]], at)
    assert np.allclose(words.boxes[:, [1, 3]], [0.25, 0.5])


def test_right_to_left_words_are_as_read_and_their_boxes_where_they_stand() -> None:
    markup = word("2024", 10, 0, 30, 10) + word("\u05d7\u05d5\u05d3", 40, 0, 60, 10)
    words = parse_text_layer(markup.encode(), 100, 10).words
    assert words.texts == ("\u05d3\u05d5\u05d7", "2024")
    assert np.allclose(words.boxes, [[0.4, 0, 0.6, 1], [0.1, 0, 0.3, 1]])


def test_presentation_forms_are_turned_round_before_they_are_taken_apart() -> None:
    assert parsed(word("\u0645\ufefc\ufeb4\ufedf\u0627")) == (
        "\u0627\u0644\u0633\u0644\u0627\u0645",
    )


def test_lines_are_read_one_by_one() -> None:
    first = "<line >" + word("\u05d1", 0, 0, 9, 9) + word("\u05d0", 10, 0, 19, 9) + "</line>"
    second = "<line >" + word("\u05d3", 0, 10, 9, 19) + word("\u05d2", 10, 10, 19, 19) + "</line>"
    assert parsed(first, second) == ("\u05d0", "\u05d1", "\u05d2", "\u05d3")


def test_a_word_parted_by_a_change_of_font_is_one() -> None:
    small_capitals = word("T", 0, 0, 6, 10) + word("ITLE", 6, 2, 20, 9.5)
    footnote_mark = word("page", 25, 0, 40, 10) + word("a", 40, -1, 43, 6)
    assert parsed(small_capitals, footnote_mark, word("next", 50, 0, 60, 10)) == (
        "TITLE",
        "page",
        "a",
        "next",
    )


@pytest.mark.parametrize("lost", ["\ue012\uf0b7\ue001", "\ufffd\ufffd\ufffd", "\x12\x98\x87"])
def test_a_text_layer_that_cannot_be_decoded_is_said_and_what_can_be_is_kept(lost: str) -> None:
    markup = "".join([word(lost)] * 10 + [word("Title")]).encode()
    assert parse_text_layer(markup, 100, 100).is_unreadable
    assert parse_text_layer(markup, 100, 100).words.texts == ("Title",)


def test_formulas_and_bullets_do_not_make_a_text_layer_unreadable() -> None:
    markup = "".join([word("\uf0b7"), word("Theorem"), word("\uf8eb\uf8ec"), word("x+y")]).encode()
    layer = parse_text_layer(markup, 100, 100)
    assert not layer.is_unreadable
    assert layer.words.texts == ("Theorem", "x+y")
    assert not parse_text_layer(b"", 100, 100).is_unreadable


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
    parse_text_layer(
        markup + b'<word xMin="1" yMin="1" xMax="2" yMax="2">' + markup + b"</word>", 9, 9
    )


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


@pytest.mark.parametrize(
    "words", ["Total: 1,234 m\u00b2 (ne\u0301e)", "\u8a9e\u3092 \u2019tis \u00a7 14", "- \ufffd x"]
)
def test_a_line_read_as_a_whole_is_the_line_read_letter_by_letter(words, monkeypatch):
    boxes = ((7.1, 3.3, 18.7, 5.9), (20.3, 3.1, 21.2, 9.7))  # one of them taller than wide
    markup = "<line " + "".join(
        f'<word xMin="{x0 + 30 * i}" yMin="{y0}" xMax="{x1 + 30 * i}" yMax="{y1}">{word}</word>'
        for i, word in enumerate([*words.split(), ""])
        for x0, y0, x1, y1 in boxes
    )
    whole = parse_text_layer(markup.encode(), 313, 17)
    monkeypatch.setattr(text_layer, "_IN_PIECES", re.compile(""))
    by_letter = parse_text_layer(markup.encode(), 313, 17)
    assert whole.words.texts == by_letter.words.texts
    np.testing.assert_array_equal(whole.words.boxes, by_letter.words.boxes)
