"""The text of packed words, read without the rest of them."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.codec import text_from_bytes, words_from_bytes, words_to_bytes
from index.errors import DamagedIndexError
from index.pages import PageWords

TEXTS = st.lists(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1), max_size=30)


def words_of(texts: list[str], n_by_ocr: int = 0) -> PageWords:
    """The first of them read by OCR."""
    boxes = np.tile(np.float32([0.1, 0.2, 0.3, 0.4]), (len(texts), 1))
    confidences = np.full(len(texts), np.nan, np.float32)
    confidences[:n_by_ocr] = 0.5
    return PageWords(tuple(texts), boxes, confidences)


@given(TEXTS, st.integers(0, 30))
def test_the_text_is_that_of_all_the_words(texts, n_by_ocr):
    packed = words_to_bytes(words_of(texts, n_by_ocr))
    assert text_from_bytes(packed) == words_from_bytes(packed).text


def test_characters_of_a_column_are_one_word():
    texts = ["1", "日", "本", "語", "。", "東京"]
    assert text_from_bytes(words_to_bytes(words_of(texts))) == "1 日本語。 東京"


def test_confidences_are_not_part_of_the_text():
    """A confidence is any byte, a letter or a line feed among them."""
    words = PageWords(("a", "b"), np.zeros((2, 4), np.float32), np.float32([10 / 255, 65 / 255]))
    assert text_from_bytes(words_to_bytes(words)) == "a b"


def test_a_page_without_words_has_an_empty_text():
    assert text_from_bytes(words_to_bytes(words_of([]))) == ""


def test_what_is_no_compressed_record_is_damage():
    with pytest.raises(DamagedIndexError, match=r"A compressed record cannot be read \(.+\)\."):
        text_from_bytes(b"not compressed")


def test_a_record_cut_short_is_damage():
    with pytest.raises(DamagedIndexError, match=r"3 boxes were promised, 12 bytes are there\."):
        text_from_bytes(zlib.compress((3).to_bytes(4, "little") + bytes(8)))


@pytest.mark.parametrize("read", [text_from_bytes, words_from_bytes])
def test_a_text_that_is_no_utf_8_is_damage(read):
    with pytest.raises(DamagedIndexError, match=r"The words of a page cannot be read \(.+\)\."):
        read(zlib.compress(bytes(4) + b"\xff"))
