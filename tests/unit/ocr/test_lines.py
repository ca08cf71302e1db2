import numpy as np
import pytest

from ingest.ocr.lines import Quads, is_mostly_tall, sizes, turned, upright_boxes


def quads(*boxes: tuple[float, float, float, float]) -> Quads:
    return np.array([[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in boxes], np.float32)


def rotated(lines: Quads, degrees: float) -> Quads:
    """Clockwise as the page shows it, about the origin."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (lines @ np.array([[cos, sin], [-sin, cos]])).astype(np.float32)


LINES = quads((0, 0, 300, 20), (0, 30, 280, 50), (400, 31, 700, 52))


@pytest.mark.parametrize("degrees", [0, 4, -5, 90, 86, 180, 177, -177, 270, 273])
def test_a_page_is_put_straight_whatever_its_turn_and_skew(degrees: float) -> None:
    turn = round(degrees / 90) % 4
    boxes = upright_boxes(rotated(LINES, degrees), turn)
    expected = upright_boxes(LINES, 0)
    np.testing.assert_allclose(boxes - boxes[0, [0, 1, 0, 1]], expected, atol=1e-3)


def test_a_line_across_the_page_does_not_count_for_its_skew() -> None:
    upwards = turned(quads((-40, 0, -20, 900)), 3)
    boxes = upright_boxes(np.concatenate([rotated(LINES, 3), upwards]), 0)
    np.testing.assert_allclose(sizes(LINES)[:, 1], (boxes[:, 3] - boxes[:, 1])[:3], rtol=1e-3)


def test_four_quarters_are_none() -> None:
    np.testing.assert_array_equal(turned(LINES, 4), LINES)
    np.testing.assert_array_equal(turned(turned(LINES, 3), 1), LINES)


def test_the_length_of_lines_says_which_way_they_run() -> None:
    digits = [(0, 50 * i, 20, 50 * i + 40) for i in range(5)]
    assert not is_mostly_tall(quads((0, 0, 300, 20), *digits))
    assert is_mostly_tall(quads((0, 0, 100, 20), *digits))
    assert not is_mostly_tall(quads((0, 0, 20, 20)))
