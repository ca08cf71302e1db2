"""What of a page to cite for a query: the words that match it, and the box around them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.pages import Page, PageWords
from query.agents.regions import Box, HotRegion, rounded_box
from query.asked_words import Place, content_words, text_words
from query.snippet import MAX_CHARS, best_run

LEAST_PART_OF_WORDS = 0.5
"""Of the query's words, how many a passage must hold to be cited where there are regions too: one
word of six stands on many pages that answer by what they show."""

NEAR = 0.05
"""Fractions of the page: regions no further apart than two lines of text are one place."""


@dataclass(frozen=True)
class CitedPlace:
    """A place on a page.

    Attributes:
        quote: the words that stand there, from the first that matches to the last; "" where the
            page matches by its looks.
        box: around them, or around what matches.
    """

    quote: str
    box: Box


def cited_place(page: Page, query: str, regions: Sequence[HotRegion]) -> CitedPlace | None:
    """The place of a page to cite: all the words of a match, not one of them.

    Args:
        page: with its words.
        query: as typed.
        regions: of the page that match the query, hottest first.

    Returns:
        Where the query's words stand closest together, as a snippet shows it; else around the
        hottest region and those beside it; None where nothing matches.
    """
    words = content_words(query)
    on_page = text_words(page.words.text, page.language)
    run = _shortest(best_run(on_page.places(words), MAX_CHARS))
    tokens = {place.token for place in run}
    n_held = sum(not tokens.isdisjoint(word.tokens) for word in words)
    if run and (not regions or n_held >= LEAST_PART_OF_WORDS * len(words)):
        first, last = run[0].start, max(place.end for place in run)
        box = _box_of_text(page.words, on_page.text, first, last)
        if box is not None:
            return CitedPlace(on_page.text[first:last], box)
    return CitedPlace("", _box_of_regions(regions)) if regions else None


def _shortest(run: list[Place]) -> list[Place]:
    """The shortest part of it that has a place of every word it has."""
    tokens, best = {place.token for place in run}, run
    for first in range(len(run)):
        for end in range(first + 1, len(run) + 1):
            part = run[first:end]
            if {place.token for place in part} == tokens:
                best = min(best, part, key=lambda places: places[-1].end - places[0].start)
                break
    return best


def _box_of_text(words: PageWords, text: str, first: int, last: int) -> Box | None:
    """The box around the words that make `text[first:last]`.

    Page and text have the same characters, and differ in the spaces between them alone; None where
    they do not: there is then no telling which words these are.
    """
    lengths = [len("".join(unicodedata.normalize("NFC", word).split())) for word in words.texts]
    ends = np.cumsum(lengths, dtype=np.int64)  # (n_words,), in characters that are no space
    if not len(ends) or ends[-1] != len("".join(text.split())):
        return None
    start, end = (len("".join(text[:at].split())) for at in (first, last))
    chosen = words.boxes[np.searchsorted(ends, start, "right") : np.searchsorted(ends, end) + 1]
    return _around(chosen)


def _box_of_regions(regions: Sequence[HotRegion]) -> Box:
    """Around the hottest region and whatever lies beside that, one after the other."""
    boxes = [box for region in regions for box in region.boxes]
    around = boxes.pop(0)
    while near := [box for box in boxes if _are_near(around, box)]:
        boxes = [box for box in boxes if box not in near]
        around = _around(np.array([around, *near]))
    return around


def _around(boxes: NDArray[np.floating]) -> Box:
    """The box around all of (n_boxes, 4)."""
    return rounded_box([*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()])


def _are_near(a: Box, b: Box) -> bool:
    return all(a[i] - NEAR <= b[i + 2] and b[i] - NEAR <= a[i + 2] for i in (0, 1))
