"""query/web/text_layer.py: a page's words as lines of text over its picture."""

from dataclasses import replace

import numpy as np
import pytest

from index.pages import Page, PageWords
from query.web import text_layer as module
from query.web.text_layer import LayerLine, text_layer
from tests.library import make_page


def page_with(*words: tuple[str, tuple[float, float, float, float]]) -> Page:
    """A page of 600 x 800 points with these words."""
    texts = tuple(text for text, _ in words)
    boxes = np.float32([box for _, box in words]).reshape(-1, 4)
    return replace(make_page("1" * 32, 1, ""), words=PageWords(texts, boxes))


def copied(lines: tuple[LayerLine, ...]) -> list[str]:
    """What a reader copies, line by line."""
    return ["".join(word.text + word.space for word in line.words) for line in lines]


def test_lines_and_spaces_are_kept() -> None:
    page = page_with(
        ("Ferries", (0.1, 0.1, 0.2, 0.12)),
        ("sail.", (0.21, 0.1, 0.3, 0.12)),
        ("Twice", (0.1, 0.13, 0.2, 0.15)),
        ("daily.", (0.21, 0.13, 0.3, 0.15)),
    )
    assert copied(text_layer(page, 300, 400)) == ["Ferries sail.", "Twice daily."]


def test_a_word_lies_over_its_picture() -> None:
    (line,) = text_layer(page_with(("quay", (0.1, 0.5, 0.2, 0.55))), 300, 400)
    (word,) = line.words
    assert (word.x, word.length) == (30, 30)
    assert word.y - 0.7 * word.size > 200 and word.y < 220  # letters between top and bottom
    assert 15 < word.size < 20


def test_chinese_and_japanese_have_no_spaces() -> None:
    page = page_with(
        ("機械", (0.1, 0.1, 0.2, 0.12)),
        ("学習", (0.2, 0.1, 0.3, 0.12)),
        ("of", (0.32, 0.1, 0.36, 0.12)),
        ("東京", (0.38, 0.1, 0.5, 0.12)),
    )
    assert copied(text_layer(page, 300, 400)) == ["機械学習 of 東京"]


def test_a_turned_word_is_turned() -> None:
    (line,) = text_layer(page_with(("altitude", (0.1, 0.2, 0.13, 0.4))), 300, 400)
    assert line.turn == "rotate(-90 30.0 160.0)"
    (word,) = line.words
    assert (word.x, word.length) == (30, 80)


def test_a_box_without_area_is_still_text() -> None:
    (line,) = text_layer(page_with(("x", (0.5, 0.5, 0.5, 0.5))), 300, 400)
    assert min(line.words[0].size, line.words[0].length) > 0  # SVG refuses a length of 0


def test_a_page_without_words_has_no_layer() -> None:
    assert text_layer(page_with(), 300, 400) == ()


def test_there_is_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WORDS", 3)
    words = [(f"w{n}", (0.1, n / 20, 0.2, n / 20 + 0.02)) for n in range(9)]
    assert copied(text_layer(page_with(*words), 300, 400)) == ["w0", "w1", "w2"]
