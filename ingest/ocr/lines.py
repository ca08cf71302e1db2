"""Where lines of text lie on a page, and which way up they are; knows no image and no engine.

A line is a quadrilateral: its corners in pixels of the page as shown, in the order top left, top
right, bottom right, bottom left *as the line is read*. So a line read upwards has its first corner
at the bottom left of the page's view of it, and nothing need be turned back.
"""

import numpy as np
from numpy.typing import NDArray

Quads = NDArray[np.float32]
"""float32 (n_lines, 4, 2)."""

TALL = 1.5
"""So many times as high as wide, and a quadrilateral holds text that runs up or down."""


def sizes(quads: Quads) -> NDArray[np.float32]:
    """Length along the line and height across it, in pixels: (n_lines, 2), the larger of two sides.

    >>> sizes(np.float32([[[0, 0], [30, 0], [30, 10], [0, 10]]])).tolist()
    [[30.0, 10.0]]
    """
    sides = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=2)  # (n_lines, 4)
    longer: NDArray[np.float32] = np.maximum(sides[:, :2], sides[:, 2:])
    return longer


def turned(quads: Quads, quarters: int) -> Quads:
    """The same places, read in another direction.

    Args:
        quads: with the corners as the page shows them.
        quarters: 0 as shown, 1 downwards, 2 from right to left upside down, 3 upwards.

    >>> turned(np.float32([[[0, 0], [1, 0], [1, 9], [0, 9]]]), 3)[0].tolist()
    [[0.0, 9.0], [0.0, 0.0], [1.0, 0.0], [1.0, 9.0]]
    """
    return np.roll(quads, -quarters, axis=1)


def is_mostly_tall(quads: Quads) -> bool:
    """Whether more text stands in tall quadrilaterals than in wide ones, by its length."""
    lengths, heights = sizes(quads).T
    tall, wide = heights > TALL * lengths, lengths > TALL * heights
    return float(heights[tall].sum()) > float(lengths[wide].sum())


def upright_boxes(quads: Quads, turn: int) -> NDArray[np.float32]:
    """Boxes (n_lines, 4) of the lines on the page turned upright and put straight, in pixels.

    Args:
        quads: as they are read.
        turn: in which direction most of them are read, in quarters as `turned` has them.
    """
    along = quads[:, 1] - quads[:, 0]  # (n_lines, 2)
    angles = np.arctan2(along[:, 1], along[:, 0]) - turn * np.pi / 2
    angles = (angles + np.pi) % (2 * np.pi) - np.pi  # how much a line is off, in radians
    is_near = np.abs(angles) < np.pi / 4
    skew = _weighted_median(angles[is_near], np.linalg.norm(along[is_near], axis=1))
    angle = turn * np.pi / 2 + skew
    cos, sin = np.cos(angle), np.sin(angle)
    straight = quads @ np.array([[cos, -sin], [sin, cos]], np.float32)  # (n_lines, 4, 2)
    return np.concatenate([straight.min(axis=1), straight.max(axis=1)], axis=1)


def _weighted_median(values: NDArray[np.float32], weights: NDArray[np.float32]) -> float:
    if not len(values):
        return 0.0
    order = np.argsort(values)
    at = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(values[order[min(int(at), len(order) - 1)]])
