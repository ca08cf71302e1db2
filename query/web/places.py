"""The places of a page that answer a search: it opens at the strongest, a key leads to the next."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.interface import BM25
from index.pages import Page
from query.asked_words import content_words, text_words
from query.found import Found
from query.heat.hot_words import HotWord
from query.page_lines import lines
from query.why.explain import PageExplanation

MAX_PLACES = 30
_ROOM = 0.2  # of a word's height, around it
_LEAST_ROOM, _MOST_ROOM = 0.004, 0.008  # of the page's: on a phone a frame of 2 px hides no letter

_Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class Box:
    """A box over the picture, fractions of the page."""

    x: float
    y: float
    width: float
    height: float


def box_of(corners: tuple[float, float, float, float]) -> Box:
    """The box between x0, y0 and x1, y1."""
    x0, y0, x1, y1 = corners
    return Box(round(x0, 5), round(y0, 5), round(x1 - x0, 5), round(y1 - y0, 5))


def places(
    page: Page, found: Found, hot_words: Sequence[HotWord], explanation: PageExplanation | None
) -> tuple[Box, ...]:
    """Where on a page to look.

    Args:
        page: the page.
        found: what it was found by.
        hot_words: hottest first; none where no heat is shown.
        explanation: of the page, if there is one.

    Returns:
        The hottest words, those beside each other as one place; without heat the words that were
        asked for, most of them first; without either the areas that the query's tokens match best.
        Strongest first.
    """
    boxes = _together(page, _indices(page, hot_words)) or _together(page, _asked(page, found))
    if not boxes and explanation is not None:
        matches = sorted(explanation.tokens, key=lambda match: -match.similarity)
        boxes = [tuple(m.boxes[0].tolist()) for m in matches if m.is_content and len(m.boxes)][:1]
    return tuple(box_of(box) for box in boxes[:MAX_PLACES])


def _indices(page: Page, hot_words: Sequence[HotWord]) -> dict[int, float]:
    """Which words of the page they are, with their heat."""
    by_box = {tuple(box): i for i, box in enumerate(page.words.boxes.tolist())}
    heats = {by_box.get(word.box): word.heat for word in hot_words}
    return {i: heat for i, heat in heats.items() if i is not None}


def _asked(page: Page, found: Found) -> dict[int, float]:
    """Words of the page that the query asks for; each counts the same."""
    if not found.request.words:
        return {}  # like a page or an image: its words were not asked for
    query = found.query_of(BM25).text
    on_page = text_words(page.words.text, page.language)
    matches = on_page.places(content_words(query))
    spans = _spans(on_page.text, page.words.texts)
    held: dict[int, float] = {}
    at = 0
    for match in matches:
        while at < len(spans) and spans[at][1] <= match.start:
            at += 1
        i = at
        while i < len(spans) and spans[i][0] < match.end:
            held[i] = 1.0
            i += 1
    return held


def _spans(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where each word stands in the page's text, in which only spaces may be lacking."""
    spans, end = [], 0
    for word in words:
        word = unicodedata.normalize("NFC", word)
        start = max(end, text.find(word, end))
        end = start + len(word)
        spans.append((start, end))
    return spans


def _together(page: Page, strengths: dict[int, float]) -> list[_Corners]:
    """Boxes around words, neighbours on a line in one; strongest first, the longer before."""
    runs: list[list[int]] = []
    if strengths:
        for line in lines(page):
            before = -2
            for i in range(line.first, line.first + len(line.texts)):
                if i in strengths:
                    if before != i - 1:
                        runs.append([])
                    runs[-1].append(i)
                    before = i
    runs.sort(key=lambda run: (-max(strengths[i] for i in run), -len(run)))  # stable: as read
    return [_around(page, run) for run in runs]


def _around(page: Page, run: Sequence[int]) -> _Corners:
    """The box of some words, with room for a frame that hides none of their letters."""
    boxes = page.words.boxes[run]
    x0, y0 = boxes[:, :2].min(axis=0).tolist()
    x1, y1 = boxes[:, 2:].max(axis=0).tolist()
    down = min(max(_ROOM * (y1 - y0), _LEAST_ROOM), _MOST_ROOM)
    across = down * page.height_pt / page.width_pt
    return max(0, x0 - across), max(0, y0 - down), min(1, x1 + across), min(1, y1 + down)
