"""Where on a page a query matches, as boxes and words: what an agent can point at and cite.

A region is what one of the page's vectors stands for: a cell of the page, several that were pooled,
or a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.pages import PageWords
from query.heat.scale import Scale
from query.token_matches import TokenMatch

MAX_REGIONS = 5  # the hottest places of a page; a reader looks at no more
MAX_BOXES = 8  # a word that stands on the page a hundred times is no place
LEAST_PART = 0.5
"""A region is named if it is at least half as similar as the best: a word that the page does not
have still has a nearest vector, and that place says nothing."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class HotRegion:
    """A part of a page that matches a query.

    Attributes:
        boxes: fractions of the page; several where one vector stands for several cells that are no
            rectangle together.
        similarity: cosine with the best of `tokens`.
        tokens: of the query, those that match best here, in its order.
        words: of the page, those that stand there, in reading order.
    """

    boxes: tuple[Box, ...]
    similarity: float
    tokens: tuple[str, ...]
    words: tuple[str, ...]


def hot_regions(
    matches: Sequence[TokenMatch], words: PageWords, scale: Scale
) -> tuple[HotRegion, ...]:
    """The places of a page that the query's tokens match best.

    Args:
        matches: every token of the query with its best place on the page. Where none of them is a
            content token, all count.
        words: of the page.
        scale: of the query; what has no colour on it is no match.

    Returns:
        Hottest first, at most MAX_REGIONS; none for a page without vectors.
    """
    content = [match for match in matches if match.is_content] or matches
    by_patch: dict[int, list[TokenMatch]] = {}
    for match in content:
        by_patch.setdefault(match.patch, []).append(match)
    regions = [_region(found, words) for found in by_patch.values()]
    regions.sort(key=lambda region: -region.similarity)  # stable: ties in the query's order
    return tuple(
        region
        for region in regions[:MAX_REGIONS]
        if region.boxes and region.similarity >= max(LEAST_PART * regions[0].similarity, scale.low)
    )


def _region(found: list[TokenMatch], words: PageWords) -> HotRegion:
    boxes = _joined(found[0].boxes)[:MAX_BOXES]  # (n_boxes, 4)
    return HotRegion(
        boxes=tuple(rounded_box(box.tolist()) for box in boxes),
        similarity=max(match.similarity for match in found),
        tokens=tuple(match.token for match in found),
        words=tuple(words.texts[i] for i in np.flatnonzero(_stand_in(words.boxes, boxes))),
    )


def _joined(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same areas in fewer boxes: those side by side are one, in the place of the first.

    >>> _joined(np.float32([[0, 0, 1, 1], [1, 0, 2, 1], [5, 0, 6, 1], [0, 1, 2, 2]])).tolist()
    [[0.0, 0.0, 2.0, 2.0], [5.0, 0.0, 6.0, 1.0]]
    """
    joined = list(enumerate(boxes.tolist()))
    for along, across in ((0, 1), (1, 0)):  # columns of a box: x0, y0, x1, y1
        joined.sort(key=lambda placed: (*placed[1][across::2], placed[1][along]))
        kept = joined[:1]
        for place, box in joined[1:]:
            first, before = kept[-1]
            if before[across::2] == box[across::2] and before[along + 2] == box[along]:
                before[along + 2] = box[along + 2]
                kept[-1] = (min(first, place), before)
            else:
                kept.append((place, box))
        joined = kept
    return np.array([box for _, box in sorted(joined)], np.float32).reshape(-1, 4)


def rounded_box(box: Sequence[float]) -> Box:
    """A box to four decimals, a tenth of a pixel of a preview: digits cost an agent's tokens."""
    x0, y0, x1, y1 = (round(edge, 4) for edge in box)
    return x0, y0, x1, y1


def _stand_in(words: NDArray[np.float32], areas: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which boxes (n_words, 4) share at least half of themselves or of an area with one of these.

    Half of the smaller of the two: a cell may be smaller than a word, or hold a paragraph.
    """
    low = np.maximum(words[:, None, :2], areas[None, :, :2])  # (n_words, n_areas, 2)
    high = np.minimum(words[:, None, 2:], areas[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)  # (n_words, n_areas)
    smaller = np.minimum(_sizes(words)[:, None], _sizes(areas)[None])
    stands: NDArray[np.bool_] = ((shared > 0) & (shared >= 0.5 * smaller)).any(axis=1)
    return stands


def _sizes(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    sizes: NDArray[np.float32] = (boxes[:, 2:] - boxes[:, :2]).prod(axis=-1)
    return sizes
