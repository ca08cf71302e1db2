"""A line of text, as it was read, to words with their places.

The model that reads says for each character in which column of the line it saw it: some point on
the character, and no more. Where a word begins and ends is seen in the picture: in the widest gap
without ink between the last character of one and the first of the next.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from index.cjk import CJK_CHARACTERS
from ingest.text_layer import clean_text

_WIDE = rf"\u3000-\u303f\uff01-\uff60{CJK_CHARACTERS}"
_NARROW = rf"[^\W{_WIDE}]"
_WORD = re.compile(rf"\S+?(?=\s|$|(?<=[{_WIDE}]){_NARROW}|(?<={_NARROW})[{_WIDE}])")
"""Chinese or Japanese and what stands between it are words of their own: "1707" and "年"."""

Pixels = NDArray[np.uint8]
"""uint8 (height_px, width_px, 3), blue first."""

_LEAST = 1e-3  # a confidence is above 0
_LITTLE_INK = 0.3  # of what the columns of a line with the most ink have
_INNER = 0.12  # of the height at top and bottom, where the next line's letters may reach in
_TOP = 0.13  # of the height of a found line that stands above its font's highest letters
_BESIDE = 0.4  # of the way to the next character is a word's own, where no gap is seen


@dataclass(frozen=True)
class ReadLine:
    """What the model read in one line.

    Attributes:
        text: with the spaces it saw.
        places: for each character that is no space, where it was seen, from 0 to 1.
        confidences: for each character, spaces included, from 0 to 1.
    """

    text: str
    places: Sequence[float]
    confidences: Sequence[float]

    @property
    def confidence(self) -> float:
        """The mean of its characters; 0 where none was read."""
        return float(np.mean(self.confidences)) if self.text else 0.0


class Word(NamedTuple):
    """A word, its corners on the page in pixels (4, 2), and how sure its least sure letter is."""

    text: str
    corners: NDArray[np.float32]
    confidence: float


def words_of_line(line: ReadLine, corners: NDArray[np.float32], picture: Pixels) -> list[Word]:
    """The words of a line, in the order they are read.

    Args:
        line: what was read.
        corners: of the line on the page, (4, 2), as it is read.
        picture: of the line as it is read.
    """
    spans = [match.span() for match in _WORD.finditer(line.text)]
    n_before = np.cumsum([0, *(not character.isspace() for character in line.text)])
    places = [line.places[n_before[start] : n_before[end]] for start, end in spans]
    words = []
    for (start, end), (left, right) in zip(spans, _borders(places, picture), strict=True):
        confidence = max(_LEAST, min(line.confidences[start:end]))
        for text in clean_text(line.text[start:end].replace("℃", "°C")).split():
            words.append(Word(text, _part(corners, left, right), confidence))
    return words


def _borders(places: Sequence[Sequence[float]], picture: Pixels) -> list[tuple[float, float]]:
    """Where each word begins and ends, from 0 to 1."""
    if not places:
        return []
    has_ink = _has_ink(picture)
    inked = np.flatnonzero(has_ink)
    borders = [min(float(inked[0]) / len(has_ink), places[0][0])]
    for word, following in pairwise(places):
        borders += _gap_between(word[-1], following[0], has_ink)
    borders.append(max(float(inked[-1] + 1) / len(has_ink), places[-1][-1]))
    return list(zip(borders[::2], borders[1::2], strict=True))


def _has_ink(picture: Pixels) -> NDArray[np.bool_]:
    """Which columns are not of one shade, whichever it is: (width_px,); at least one has ink."""
    margin = round(_INNER * len(picture))
    shades = picture[margin : max(margin + 1, len(picture) - margin)].max(axis=2)
    contrast = np.ptp(shades, axis=0)
    has_ink: NDArray[np.bool_] = contrast >= _LITTLE_INK * np.percentile(contrast, 90)
    return has_ink


def _gap_between(last: float, first: float, has_ink: NDArray[np.bool_]) -> tuple[float, float]:
    """The widest gap without ink between two characters, from 0 to 1."""
    start = int(last * len(has_ink))
    between = has_ink[start : int(first * len(has_ink)) + 1]
    # where ink ends and begins, with ink put at both ends
    edges = np.flatnonzero(np.diff(np.concatenate([[True], between, [True]])))
    if not len(edges):
        return last + _BESIDE * (first - last), first - _BESIDE * (first - last)
    gaps = edges.reshape(-1, 2)
    gap = gaps[np.argmax(gaps[:, 1] - gaps[:, 0])]
    return float(start + gap[0]) / len(has_ink), float(start + gap[1]) / len(has_ink)


def _part(corners: NDArray[np.float32], left: float, right: float) -> NDArray[np.float32]:
    """The corners of what lies between two places of a line."""
    top_left, top_right, bottom_right, bottom_left = corners
    top_left = top_left + _TOP * (bottom_left - top_left)
    top_right = top_right + _TOP * (bottom_right - top_right)
    top, bottom = top_right - top_left, bottom_right - bottom_left
    return np.stack(
        [
            top_left + left * top,
            top_left + right * top,
            bottom_left + right * bottom,
            bottom_left + left * bottom,
        ]
    )
