"""The words of a page that stand where the page matches best: heat, in words.

Works for an encoder that never saw the text: a vision model's cells lie under the words.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.cjk import n_cjk
from index.pages import LEAST_CONFIDENCE, Page, QueryVectors
from index.words.cut import cut
from index.words.stop_words import is_stop_word
from query.heat.merging import heat_of_cells, map_size_px, merge_cells, pixels_of
from query.heat.scale import Scale

HOT_PART = 0.5
"""Only words in the upper half between the page's middle word and its hottest one are hot: on a
page with two matching words, a list of ten would be eight accidents."""


@dataclass(frozen=True)
class HotWord:
    """A word of a page, and how hot it is there.

    Attributes:
        text: as the page has it.
        box: x0, y0, x1, y1, fractions of the page.
        heat: mean over the cells under the box, a cosine.
        page_number: counted from 1.
        confidence: how sure OCR is of it, up to 1; None where it has not read it.
    """

    text: str
    box: tuple[float, float, float, float]
    heat: float
    page_number: int
    confidence: float | None = None

    @property
    def is_unsure(self) -> bool:
        """Whether OCR may have misread it."""
        return self.confidence is not None and self.confidence < LEAST_CONFIDENCE

    @property
    def doubt_said(self) -> str:
        """What is to be said beside it where it may be misread; "" where not.

        >>> HotWord("lamp", (0, 0, 1, 1), 0.8, 1, 0.31).doubt_said
        '31 % sure'
        """
        if self.confidence is None or not self.is_unsure:
            return ""
        return f"{100 * self.confidence:.0f} % sure"


def hot_words(
    query: QueryVectors, page: Page, token_index: int | None, scale: Scale, n: int = 10
) -> tuple[HotWord, ...]:
    """The hottest words of a page.

    A word's heat is the mean of the merged cells (merging.py) over its box: each counts by the area
    it covers. Function words and single letters are left out, unless the query asks for no others:
    they stand beside every match.

    Args:
        query: with vectors.
        page: as the index gives it.
        token_index: one token of the query; None takes the highest over the content tokens.
        scale: of the query; what has no colour on it is no match, whatever else is on its page.
        n: how many words at most.

    Returns:
        Hottest first; words equal to six decimals in reading order. None where the page has no
        words or no vectors.
    """
    texts = page.words.texts
    takes_all = not _says_something(query.text)  # "to be or not to be"
    chosen = np.array(
        [i for i, text in enumerate(texts) if takes_all or _says_something(text)], np.int64
    )
    if len(chosen) == 0:
        return ()
    boxes = page.vectors.patch_map.boxes
    # unsmoothed: a word's neighbour says nothing about it
    heat = merge_cells(boxes, heat_of_cells(query, page, token_index), *map_size_px(page))
    word_boxes = page.words.boxes[chosen]
    means = _mean_in_boxes(heat, word_boxes)
    known = np.flatnonzero(~np.isnan(means))
    if len(known) == 0:
        return ()
    low, high = np.median(means[known]), means[known].max()
    # rounded, so that noise in the last bits never decides the order
    order = known[np.lexsort((known, -means[known].round(6)))]
    sure = page.words.confidences[chosen]
    return tuple(
        HotWord(
            texts[chosen[i]],
            _box(word_boxes[i]),
            float(means[i]),
            page.page_number,
            None if np.isnan(sure[i]) else float(sure[i]),
        )
        for i in order[:n]
        if means[i] >= low + HOT_PART * (high - low) and means[i] > scale.low
    )


def _says_something(text: str) -> bool:
    """Whether a text holds more than function words and single letters or digits."""
    return any(
        not is_stop_word(token.term) and (len(token.term) > 1 or n_cjk(token.term))
        for token in cut(text)
    )


def _mean_in_boxes(heat: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean heat in each box, (n_boxes,); NaN where the map has none there."""
    means = np.full(len(boxes), np.nan)
    for i, (rows, columns) in enumerate(pixels_of(boxes, heat.shape[1], heat.shape[0])):
        values = heat[rows, columns]
        known = ~np.isnan(values)
        if known.any():
            means[i] = values[known].mean(dtype=np.float64)
    return means


def _box(box: NDArray[np.float32]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box.tolist()
    return x0, y0, x1, y1
