"""Which pages go to OCR: those that show letters which their text layer does not give.

Decided from the words and the picture of a page that are there anyway, in some milliseconds. A
page with a good text layer is not paid for, whatever it shows.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from index.pages import PageWords
from ingest.ocr.ink import Boxes, letter_boxes, stand_in_rows
from ingest.ocr.letter_pairs import are_no_words

NO_TEXT_LAYER = "no text layer"
GLYPH_NUMBERS = "text layer of glyph numbers"
NO_WORDS = "text layer of words that are no words"
A_PART = "text layer covers a part of what is written"

_MIN_LETTERS = 3
"""Fewer make no word worth seconds. A picture without letters has some spots that look like them,
and goes: that nothing is written on it, only reading tells."""

_MIN_BARE_LETTERS = 40  # half a line
_MIN_BARE_PART = 0.45
"""Of the letters of a page, outside its text layer and in rows, for a part to be missing. Charts
and screenshots on pages of text have up to 0.44; 300 pages of which only a stamped number is text
are all above it."""
_MIN_BARE_PART_IF_OFF = 2 / 3  # where the text layer itself does not lie on the ink

_MARGIN = 0.2  # of a word's shorter side: boxes of text layers are often a little too small


def why_ocr(words: PageWords, is_unreadable: bool, image: Image.Image) -> str:
    """Why a page needs to be read, in a few words; "" where its text layer will do.

    Args:
        words: the text layer.
        is_unreadable: whether most of it cannot be decoded, see `TextLayer`.
        image: the page as drawn, perhaps stretched. Long edge 768 px or more: at 512 px one of
            seven scans with a stamp is missed.

    Returns:
        NO_TEXT_LAYER, GLYPH_NUMBERS, NO_WORDS, A_PART or "".
    """
    letters, size_px = letter_boxes(image)
    if len(letters) < _MIN_LETTERS:
        return ""
    if is_unreadable:
        return GLYPH_NUMBERS
    if not words.texts:
        return NO_TEXT_LAYER
    if are_no_words(words.texts):
        return NO_WORDS
    return A_PART if _is_a_part(words, letters, size_px) else ""


def _is_a_part(words: PageWords, letters: Boxes, size_px: tuple[int, int]) -> bool:
    """Whether much of what looks like letters lies outside the boxes of the words."""
    is_bare = ~_are_covered(letters, words.boxes, size_px)
    n_characters = sum(map(len, words.texts))
    n_covered = len(letters) - np.count_nonzero(is_bare)
    is_off = n_covered < n_characters / 2
    part = _MIN_BARE_PART_IF_OFF if is_off else _MIN_BARE_PART
    n_enough = max(_MIN_BARE_LETTERS, part / (1 - part) * max(n_covered, n_characters))
    if np.count_nonzero(is_bare) < n_enough:  # as on nearly every page: rows cost more to find
        return False
    return bool(np.count_nonzero(stand_in_rows(letters[is_bare])) >= n_enough)


def _are_covered(
    letters: Boxes, boxes: NDArray[np.float32], size_px: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which letters have their middle in a word's box, or just beside it: bool (n_letters,)."""
    width, height = size_px
    corners = boxes * np.array([width, height, width, height])  # (n_words, 4)
    sides = np.minimum(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    margin = (_MARGIN * sides + 1)[:, None]
    starts = np.maximum(0, corners[:, :2] - margin).astype(int)
    ends = (corners[:, 2:] + margin).astype(int) + 1
    covered = np.zeros((height, width), bool)
    for (x0, y0), (x1, y1) in zip(starts, ends, strict=True):
        covered[y0:y1, x0:x1] = True
    x, y = letters[:, 0] + letters[:, 2] // 2, letters[:, 1] + letters[:, 3] // 2
    return np.asarray(covered[y, x], bool)
