"""What on a page looks like letters: spots of ink of a letter's size, and which stand in rows.

Nothing is read here. A spot is a connected area that is darker than what lies around it, or, on
dark ground, lighter. OpenCV is imported when the first page is looked at.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Boxes = NDArray[np.int64]
"""(n, 4): x, y, width and height in pixels."""

_LONG_EDGE_PX = 1280  # of larger images too: capitals of 4-point text on A4 are 4 px high
_AROUND_PX = 31  # what is compared with: two lines of usual text
_CONTRAST = 30  # of 255: text of grey 200 on white is seen, noise of 15 on blank paper is not
_DARK_GROUND = 110  # of 255; above it what is lighter is what letters leave between them

_MIN_HEIGHT_PX, _MIN_WIDTH_PX = 4, 2
_MAX_HEIGHT = 0.25  # of the long edge: a title slide of one word
_MAX_FLATNESS = 15  # width by height: a word of Devanagari or of handwriting is one spot
_MAX_STEEPNESS = 10
_MIN_FILLED = 0.12  # of its box: frames and curves fill less

_MIN_IN_ROW = 4
_MAX_UNEVEN = 0.55  # standard deviation by mean of the heights in a row: strokes of Chinese vary
_MIN_MEAN_WIDTH = 0.3  # of the height: bar codes have less
_MAX_ROW_HEIGHT = 2.2  # in letters
_MIN_ROW_LENGTH = 2.5  # in heights of the row


def letter_boxes(image: Image.Image) -> tuple[Boxes, tuple[int, int]]:
    """The spots of a letter's size, in no order.

    Lines, borders, tints, dots of leaders and areas larger than a letter are left out.

    Args:
        image: the page, long edge 768 px or more.

    Returns:
        Boxes in an image whose width and height come second: it may be smaller than the one given.
    """
    import cv2

    scale = min(1.0, _LONG_EDGE_PX / max(image.size))
    size_px = (max(1, round(scale * image.width)), max(1, round(scale * image.height)))
    grey = np.asarray(image.convert("L"))  # (height, width)
    if size_px != image.size:
        # 1 ms of 2048 px, by area 8 ms: none of 220 pages was decided otherwise
        grey = cv2.resize(grey, size_px, interpolation=cv2.INTER_LINEAR)
    around = cv2.blur(grey, (_AROUND_PX, _AROUND_PX))
    dark = cv2.subtract(around, grey) > _CONTRAST
    light = (cv2.subtract(grey, around) > _CONTRAST) & (around < _DARK_GROUND)
    found = [_spots(mask) for mask in (dark, light) if mask.any()]
    spots = np.concatenate([np.zeros((0, 5), np.int64), *found])
    _, _, width, height, area = spots.T
    is_letter = (
        (height >= _MIN_HEIGHT_PX)
        & (width >= _MIN_WIDTH_PX)
        & (height <= _MAX_HEIGHT * max(size_px))
        & (width <= _MAX_FLATNESS * height)
        & (height <= _MAX_STEEPNESS * width)
        & (area >= _MIN_FILLED * width * height)
    )
    return spots[is_letter, :4], size_px


def stand_in_rows(letters: Boxes) -> NDArray[np.bool_]:
    """Which letters stand in a row with others of about their height, level or upright.

    Those of a photo, a scatter plot or a map do so by accident only.

    Args:
        letters: as `letter_boxes` gives them.

    Returns:
        bool (n,).
    """
    return _in_level_rows(letters) | _in_level_rows(letters[:, [1, 0, 3, 2]])


def _spots(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n, 5): x, y, width, height, number of pixels of each connected area.

    As connectedComponentsWithStats gives them; it counts the ground too, which takes five times as
    long on a page that is mostly ground.
    """
    import cv2

    n_spots, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    at = np.flatnonzero(mask)  # row by row: a spot's first pixel is in its top row
    spot = np.asarray(labels.ravel()[at], np.int64)
    y, x = np.divmod(at, mask.shape[1])
    left, right = np.full(n_spots, mask.shape[1]), np.zeros(n_spots, np.int64)
    top, bottom = np.zeros((2, n_spots), np.int64)
    np.minimum.at(left, spot, x)
    np.maximum.at(right, spot, x)
    top[spot[::-1]] = y[::-1]  # of several values for one spot the last stays
    bottom[spot] = y
    n_pixels = np.bincount(spot, minlength=n_spots)
    sizes = right - left + 1, bottom - top + 1, n_pixels
    return np.stack([left, top, *sizes], axis=1)[1:]  # the first is the ground


def _in_level_rows(letters: Boxes) -> NDArray[np.bool_]:
    import cv2

    if not len(letters):
        return np.zeros(0, bool)
    x, y, width, height = letters.T
    gap = np.maximum(2, np.minimum(height, 3 * width) // 2)  # half of a space and more
    right, bottom = (x + width + gap).max(), (y + height).max()
    joined = np.zeros((bottom, right), np.uint8)
    for x0, y0, x1, y1 in zip(np.maximum(0, x - gap), y, x + width + gap, y + height, strict=True):
        joined[y0:y1, x0:x1] = 1
    n_rows, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=4)
    row = labels[y + height // 2, x + width // 2]  # (n_letters,)
    n_letters = np.maximum(1, np.bincount(row, minlength=n_rows))
    mean_height = np.bincount(row, height, n_rows) / n_letters
    mean_width = np.bincount(row, width, n_rows) / n_letters
    uneven = np.bincount(row, (height - mean_height[row]) ** 2, n_rows) / n_letters
    row_width, row_height = stats[:, 2], stats[:, 3]
    is_row = (
        (n_letters >= _MIN_IN_ROW)
        & (uneven <= (_MAX_UNEVEN * mean_height) ** 2)
        & (mean_width >= _MIN_MEAN_WIDTH * mean_height)
        & (row_height <= _MAX_ROW_HEIGHT * mean_height)
        & (row_width >= _MIN_ROW_LENGTH * row_height)
    )
    return np.asarray(is_row[row], bool)
