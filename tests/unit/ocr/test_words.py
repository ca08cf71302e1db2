"""Lines drawn as bars of ink: letters are 8 pixels wide, 2 are between them, a space is 10."""

import numpy as np
import pytest

from ingest.ocr.words import Pixels, ReadLine, words_of_line

CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def read(text: str, confidences: list[float] | None = None) -> ReadLine:
    centres = [10 * i + 4 for i, character in enumerate(text) if not character.isspace()]
    places = [centre / (10 * len(text)) for centre in centres]
    return ReadLine(text, places, confidences or [0.99] * len(text))


def drawn(text: str, ink: int = 0, paper: int = 255) -> Pixels:
    picture = np.full((20, 10 * len(text), 3), paper, np.uint8)
    for i, character in enumerate(text):
        if not character.isspace():
            picture[5:15, 10 * i : 10 * i + 8] = ink
    return picture


def spans(text: str, picture: Pixels) -> list[tuple[str, float, float]]:
    """Words with where they begin and end, in letters."""
    words = words_of_line(read(text), CORNERS, picture)
    at = [(word.corners[0, 0] * len(text), word.corners[1, 0] * len(text)) for word in words]
    return [
        (word.text, round(float(a), 2), round(float(b), 2))
        for word, (a, b) in zip(words, at, strict=True)
    ]


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (90, 140)])
def test_a_word_ends_where_its_ink_does(ink: int, paper: int) -> None:
    text = "to be read"
    expected = [("to", 0, 1.8), ("be", 3, 4.8), ("read", 6, 9.8)]
    assert spans(text, drawn(text, ink, paper)) == expected


def test_without_a_gap_words_share_what_is_between_them() -> None:
    text = "to be"
    (first, _, end), (second, start, _) = spans(text, np.zeros((20, 50, 3), np.uint8))
    assert (first, second) == ("to", "be")
    assert 1.4 < end < start < 3.4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1707年10月に", ["1707", "年", "10", "月に"]),
        ("山は、3,776メートル。", ["山は、", "3,776", "メートル。"]),
        ("PDF文件 2.0版", ["PDF", "文件", "2.0", "版"]),
        ("（注）ABC", ["（注）", "ABC"]),
        ("2024년 ok", ["2024년", "ok"]),
        ("a  b", ["a", "b"]),
        (" lead", ["lead"]),
        ("6 ℃", ["6", "°C"]),
    ],
)
def test_where_a_line_is_parted(text: str, expected: list[str]) -> None:
    words = words_of_line(read(text), CORNERS, drawn(text))
    assert [word.text for word in words] == expected


def test_a_word_is_as_sure_as_its_least_sure_character() -> None:
    line = read("ab cd", [0.9, 0.4, 0.1, 0.8, 0.0])
    words = words_of_line(line, CORNERS, drawn("ab cd"))
    assert [word.confidence for word in words] == [0.4, 0.001]  # a space counts for none; above 0
    assert line.confidence == pytest.approx(0.44)


def test_a_word_of_a_slanting_line_slants() -> None:
    corners = np.array([[0, 0], [100, 10], [99, 30], [-1, 20]], np.float32)
    words = words_of_line(read("ab cd"), corners, drawn("ab cd"))
    top_left, top_right, bottom_right, bottom_left = words[1].corners
    np.testing.assert_allclose(top_right - top_left, [36, 3.6], atol=1e-3)
    np.testing.assert_allclose(bottom_right - bottom_left, [36, 3.6], atol=1e-3)
    np.testing.assert_allclose(bottom_left, [-1 + 60, 20 + 6], atol=1e-3)


def test_nothing_read_is_no_words() -> None:
    assert words_of_line(ReadLine("", [], [0]), CORNERS, drawn("ab")) == []
    assert ReadLine("", [], [0]).confidence == 0
    assert words_of_line(read("  "), CORNERS, drawn("ab")) == []
