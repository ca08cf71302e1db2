"""The lines of a page and the rows of its tables, put together from words and their boxes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.broken_words import broken_words, with_columns_joined, without_spaces_in_cjk
from index.pages import Page

_SAME_LINE = 0.5  # of a letter's height, between the middles of two words
_WIDE_GAP = 3.0  # letter heights: what is further apart belongs to another column or cell
_CELL_GAP = 0.8  # letter heights between two cells of a row; a space is a quarter
_LINE_GAP = 0.9  # letter heights between two lines of a paragraph
_SAME_HEIGHT = 0.08
_TURNED = 1.2  # a word of three letters and more is turned that is so much taller than wide


@dataclass(frozen=True, eq=False)
class Line:
    """Words beside each other, in reading order.

    Attributes:
        texts: the words.
        first: which word of the page is the first of them.
        box: x0, y0, x1, y1 in points, y downwards.
        height_pt: of its letters: the least of its words'; 0 where a word is turned.
    """

    texts: tuple[str, ...]
    first: int
    box: tuple[float, float, float, float]
    height_pt: float

    @property
    def text(self) -> str:
        """The words as one text; see `joined`."""
        return joined(self.texts)


@dataclass(frozen=True, eq=False)
class _Words:
    """The words of a page with their boxes in points, float64 (n_words, 4), and heights."""

    texts: tuple[str, ...]
    boxes: NDArray[np.float64]
    heights: NDArray[np.float64]  # (n_words,)

    @classmethod
    def of(cls, page: Page) -> "_Words":
        size = np.array([page.width_pt, page.height_pt] * 2)
        boxes = page.words.boxes.astype(np.float64) * size
        widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        letters = np.array([len(text) for text in page.words.texts])
        is_turned = (letters >= 3) & (heights > _TURNED * widths)
        return cls(page.words.texts, boxes, np.where(is_turned, 0.0, heights))


def joined(texts: Sequence[str]) -> str:
    """Words as one text: those that a line's end has broken whole, Chinese and Japanese as runs.

    >>> joined(["all", "docu-", "ments", "機械", "学習"])
    'all documents 機械学習'
    """
    text = with_columns_joined(" ".join(texts))
    for word in reversed(list(broken_words(text))):
        text = text[: word.start] + word.text + text[word.end :]
    return without_spaces_in_cjk(text)


def lines(page: Page) -> list[Line]:
    """The lines of a page in reading order, parted at wide gaps."""
    words = _Words.of(page)
    found: list[Line] = []
    start = 0
    for i in range(1, len(words.texts) + 1):
        if i == len(words.texts) or not _goes_on(words, i):
            found.append(_line(words, start, i))
            start = i
    return found


def usual_height(page_lines: Sequence[Line]) -> float:
    """The height in points of the middle one of all letters by height; 0 where there are none."""
    heights = np.array([line.height_pt for line in page_lines])
    letters = np.array([sum(map(len, line.texts)) for line in page_lines])
    if not letters[heights > 0].size:
        return 0.0
    order = np.argsort(heights[heights > 0])
    weights = np.cumsum(letters[heights > 0][order])
    return float(heights[heights > 0][order][np.searchsorted(weights, weights[-1] / 2)])


def paragraphs(page_lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines of one height that stand closely one below the other, in reading order."""
    block: list[Line] = []
    for line in page_lines:
        if block and not is_below(block[-1], line):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def is_below(upper: Line, lower: Line, gap: float = _LINE_GAP) -> bool:
    """Whether the second line, as tall as the first, stands less than a gap below it.

    Args:
        upper: one line.
        lower: the next in reading order.
        gap: in heights of their letters.
    """
    height = max(upper.height_pt, lower.height_pt)
    overlaps = lower.box[0] < upper.box[2] and upper.box[0] < lower.box[2]
    alike = abs(upper.height_pt - lower.height_pt) <= _SAME_HEIGHT * height
    distance = lower.box[1] - upper.box[3]
    return overlaps and alike and -_SAME_LINE * height < distance < gap * height


def rows(page: Page) -> list[list[str]]:
    """What stands beside each other over the whole width, from top to bottom, as cells.

    A two-column text gives rows of two long cells, a table as many as it has columns.
    """
    words = _Words.of(page)
    upright = np.flatnonzero(words.heights > 0)
    middles = (words.boxes[:, 1] + words.boxes[:, 3]) / 2  # (n_words,)
    found: list[list[int]] = []
    for i in upright[np.argsort(middles[upright], kind="stable")].tolist():
        row = found[-1] if found else []
        if row and middles[i] - middles[row[0]] < _SAME_LINE * words.heights[row[0]]:
            row.append(i)
        else:
            found.append([i])
    return [_cells(words, row) for row in found]


def _goes_on(words: _Words, i: int) -> bool:
    """Whether word i stands beside the word before it."""
    height = max(words.heights[i - 1], words.heights[i])
    left, right = sorted((words.boxes[i - 1], words.boxes[i]), key=lambda box: float(box[0]))
    is_level = abs((left[1] + left[3]) - (right[1] + right[3])) / 2 < _SAME_LINE * height
    return bool(is_level and right[0] - left[2] < _WIDE_GAP * height)


def _line(words: _Words, start: int, end: int) -> Line:
    boxes = words.boxes[start:end]
    box = (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
    return Line(words.texts[start:end], start, box, float(words.heights[start:end].min()))


def _cells(words: _Words, row: Sequence[int]) -> list[str]:
    """The words of a row from left to right, those near each other as one cell."""
    cells: list[list[str]] = []
    end = -np.inf
    for i in sorted(row, key=lambda i: float(words.boxes[i, 0])):
        if words.boxes[i, 0] - end > _CELL_GAP * words.heights[i]:
            cells.append([])
        cells[-1].append(words.texts[i])
        end = words.boxes[i, 2]
    return [joined(cell) for cell in cells]
