from collections.abc import Sequence

import numpy as np

from index.pages import PageWords
from ingest.ocr.merge import settled_words
from ingest.ocr.need import A_PART, GLYPH_NUMBERS, NO_TEXT_LAYER, NO_WORDS

_READ = (
    "The quick brown wolves ran across several bridges before morning came and nobody ever found "
    "where their journey had ended that winter"
)
READ = _READ.split()
GARBAGE = _READ.translate({ord(c): chr(ord(c) - 29) for c in _READ if c != " "}).split()
"""The same through a font whose letters are numbered from 29 before."""


def text_layer(texts: Sequence[str], at: Sequence[tuple[int, int]] = ()) -> PageWords:
    """Words on a grid of 10 columns and 20 rows, from left to right unless told where."""
    cells = at or [(i % 10, i // 10) for i in range(len(texts))]
    boxes = [(0.1 * x, 0.05 * y, 0.1 * x + 0.08, 0.05 * y + 0.03) for x, y in cells]
    return PageWords(tuple(texts), np.array(boxes, np.float32).reshape(-1, 4))


def read(texts: Sequence[str], at: Sequence[tuple[int, int]] = ()) -> PageWords:
    """The same as read by OCR: a little beside, and with confidences."""
    words = text_layer(texts, at)
    confidences = np.linspace(0.5, 0.9, len(texts), dtype=np.float32)
    return PageWords(words.texts, words.boxes + np.float32(0.004), confidences)


def test_what_was_read_takes_the_place_of_nothing_and_of_glyph_numbers() -> None:
    words = read(READ)
    assert settled_words(NO_TEXT_LAYER, PageWords.none(), words) is words
    assert settled_words(GLYPH_NUMBERS, text_layer(["2024", "p."]), words) is words


def test_where_nothing_was_read_the_text_layer_stays() -> None:
    for reason in (NO_TEXT_LAYER, GLYPH_NUMBERS, NO_WORDS, A_PART):
        given = text_layer(["2024", "p."])
        assert settled_words(reason, given, PageWords.none()) is given


def test_what_was_read_takes_the_place_of_words_that_are_none() -> None:
    words = read(READ)
    assert settled_words(NO_WORDS, text_layer(GARBAGE), words) is words


def test_chinese_takes_the_place_of_its_bytes() -> None:
    texts = ["我们的目的地是北京", "明天早上从上海出发", "下午三点到达火车站", "晚上住在老朋友家里"]
    given = text_layer([text.encode("gbk").decode("latin-1") for text in texts])
    words = read(texts)
    assert settled_words(NO_WORDS, given, words) is words


def test_a_text_layer_that_was_read_alike_stays() -> None:
    """A page of codes, that looks as if its words were none."""
    given = text_layer(GARBAGE)
    as_read = [text.lower() if i % 2 else text + "," for i, text in enumerate(GARBAGE)]
    as_read[::4] = ["rnisread"] * len(as_read[::4])
    assert settled_words(NO_WORDS, given, read(as_read)) is given


def test_a_text_layer_of_which_little_was_read_stays() -> None:
    given = text_layer(GARBAGE)
    assert settled_words(NO_WORDS, given, read(READ[:5])) is given


def test_what_was_read_does_not_take_a_place_when_it_is_no_words_either() -> None:
    given = text_layer(GARBAGE)
    moved = str.maketrans("abcdefghijklmnopqrstuvwxyz", "bcdefghijklmnopqrstuvwxyza")
    other = [text.translate(moved) for text in READ]
    assert settled_words(NO_WORDS, given, read(other)) is given


def test_words_read_where_the_text_layer_has_none_are_added_where_they_are_read() -> None:
    header = text_layer(["Annual", "report", "Page", "7"], [(0, 0), (1, 0), (0, 9), (1, 9)])
    words = read(
        ["Annual", "report", "Sales", "grew", "by", "half", "Page", "7"],
        [(0, 0), (1, 0), (0, 3), (1, 3), (0, 4), (1, 4), (0, 9), (1, 9)],
    )
    settled = settled_words(A_PART, header, words)
    assert settled.text == "Annual report Sales grew by half Page 7"
    assert settled.is_ocr.tolist() == [False] * 2 + [True] * 4 + [False] * 2
    np.testing.assert_array_equal(settled.boxes[:2], header.boxes[:2])
    np.testing.assert_array_equal(settled.boxes[2:6], words.boxes[2:6])
    np.testing.assert_array_equal(settled.confidences[2:6], words.confidences[2:6])


def test_words_read_before_any_of_the_text_layer_stand_first() -> None:
    given = text_layer(["PL-0001"], [(9, 19)])
    words = read(["To", "whom", "PL-OOO1"], [(0, 0), (1, 0), (9, 19)])
    assert settled_words(A_PART, given, words).texts == ("To", "whom", "PL-0001")


def test_a_word_of_another_font_in_each_line_stands_in_its_line() -> None:
    given = text_layer(["The", "fox", "the", "dog"], [(0, 0), (2, 0), (0, 1), (2, 1)])
    cells = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
    words = read(["The", "brown", "fox", "the", "lazy", "dog"], cells)
    assert settled_words(A_PART, given, words).text == "The brown fox the lazy dog"


def test_a_word_read_across_the_gap_of_two_is_not_added() -> None:
    given = PageWords(
        ("Tel.", "4711"), np.array([[0.1, 0.1, 0.14, 0.12], [0.145, 0.1, 0.185, 0.12]], np.float32)
    )
    box = np.array([[0.1, 0.1, 0.185, 0.12]], np.float32)
    joined = PageWords(("Tel.4711",), box, np.ones(1, np.float32))
    assert settled_words(A_PART, given, joined) is given


def test_a_text_layer_that_lies_beside_its_ink_is_not_doubled() -> None:
    given = text_layer(READ)
    shifted = read(READ, [(i % 10, 10 + i // 10) for i in range(len(READ))])
    assert settled_words(A_PART, given, shifted) is given
