"""The heat of a part of a page, and the words that stand in it, as fractions of the part."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from query.heat.hot_words import HotWord

_Box = tuple[float, float, float, float]


def part_of_map(heat: NDArray[np.float32], box: _Box) -> NDArray[np.float32]:
    """A part of a heat map, as fine as the whole.

    Args:
        heat: float32 (height, width); NaN where no cell lies.
        box: x0, y0, x1, y1, fractions of the page.

    Returns:
        float32, at least one value; NaN as there.

    >>> part_of_map(np.float32([[0, 1], [2, 3]]), (0.5, 0, 1, 1)).tolist()
    [[1.0], [3.0]]
    """
    height, width = heat.shape
    x0, y0, x1, y1 = box
    size = max(1, round((x1 - x0) * width)), max(1, round((y1 - y0) * height))
    part = (x0 * width, y0 * height, x1 * width, y1 * height)
    # the nearest: between a value and NaN there is none
    image = Image.fromarray(heat).resize(size, Image.Resampling.NEAREST, box=part)
    return np.asarray(image, np.float32)


def words_in_part(words: Sequence[HotWord], box: _Box) -> list[HotWord]:
    """The words that stand at least partly in a box, their boxes as fractions of it."""
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    placed = []
    for word in words:
        left, top, right, bottom = word.box
        if left < x1 and right > x0 and top < y1 and bottom > y0:
            moved = (
                (left - x0) / width,
                (top - y0) / height,
                (right - x0) / width,
                (bottom - y0) / height,
            )
            placed.append(replace(word, box=moved))
    return placed
