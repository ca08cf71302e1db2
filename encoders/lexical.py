"""LexicalEncoder: the words of a page as vectors. No weights, no download, any machine."""

import itertools
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from encoders.interface import PageInput
from encoders.term_vectors import n_grams, term_vector
from index.errors import WrongUseError
from index.pages import (
    LEAST_CONFIDENCE,
    Fingerprint,
    PageVectors,
    PageWords,
    PatchMap,
    QueryVectors,
)
from index.words.cut import Token, cut, cut_query
from index.words.scripts import regions
from index.words.stop_words import is_stop_word

REVISION = "2"
"""Raise it with any change that moves a vector or cuts a word differently: old indexes are then
refused with a clear message instead of answering wrongly."""

PAGE_LONG_EDGE_PX = 1280  # the preview's size: nothing else looks at the image
BATCH_SIZE = 8
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_STEM_MARK = "~"  # of index/words/stems.py: "haus~de"

CHANCE_COSINE = 0.6
"""Up to here two terms may resemble each other by chance, whatever they are: of 240 words of random
letters the nearest of 33,907 terms has 0.37 in the middle, 0.47 for 19 of 20, 0.61 at most."""


class LexicalEncoder:
    """Sees a page as its words: one vector for each distinct term, at the boxes where it stands.

    Stands in for a vision model on machines without weights, and makes the whole path testable
    with true relevance. It sees nothing on a page without words.
    """

    @property
    def fingerprint(self) -> Fingerprint:
        """What the vectors depend on."""
        return Fingerprint("lexical", "lexical", REVISION, pooling="none", rendering="words")

    @property
    def batch_size(self) -> int:
        """Pages for one call: enough that the calls cost nothing, few enough to commit often."""
        return BATCH_SIZE

    @property
    def n_at_once(self) -> int:
        """One batch at a time."""
        return 1

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """The page's own shape, with the preview's long edge.

        >>> LexicalEncoder().page_size_px(595, 842)
        (905, 1280)
        """
        scale = PAGE_LONG_EDGE_PX / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def n_tiles(self, width: float, height: float) -> int:
        """None: no model looks at a page."""
        return 0

    def prepare(self, page: PageInput) -> PageInput:
        """Nothing is to be done before the words are encoded."""
        return page

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """One vector for each distinct term of the page, in order of first occurrence.

        A cell is one occurrence of a term; cells are in reading order. Stop words have vectors
        too: a query of nothing else ("to be or not to be") then finds its page.
        """
        vectors = []
        for page in pages:
            assert page.image is not None  # prepare leaves it
            sure = page.words.only(~(page.words.confidences < LEAST_CONFIDENCE))  # NaN is sure
            vectors.append(_encode_words(sure, page.image.width / page.image.height))
        return vectors

    def encode_query(self, text: str) -> QueryVectors:
        """One vector for each distinct term, in the order typed.

        Stop words are left out, for nearly every page would score a full point on them, and a
        short page that lacks one would lose it; in a query of nothing else all are kept, as
        content. A term typed twice counts once: it says nothing new about the page.

        Raises:
            WrongUseError: the text holds no letter or digit.
        """
        shown: dict[str, str] = {}  # term -> as typed
        for token in _without_numbers_of_dates(list(_with_compounds(cut_query(text)))):
            shown.setdefault(token.term, text[token.start : token.end])
        if not shown:
            raise WrongUseError(
                f"No word to look for in {_shortened(text)!r}: it holds no letter or digit. "
                "Type one or more words, as in: annual report."
            )
        content = [term for term in shown if not is_stop_word(term)] or list(shown)
        return QueryVectors(
            text,
            np.stack([term_vector(term) for term in content]),  # (n_tokens, 128)
            tuple(shown[term] for term in content),
            np.ones(len(content), np.bool_),
        )


class _Place(NamedTuple):
    """Where a term stands: the row of its word, and the part of it, from start to end."""

    word: int
    start: float
    end: float


def _encode_words(words: PageWords, page_aspect: float) -> PageVectors:
    """Vectors and boxes of one page's words."""
    row_of_term: dict[str, int] = {}
    cells: dict[tuple[int, _Place], None] = {}  # (row, place), each once, in reading order
    for token, places in _placed(words.texts):
        for term in (token.term, *_worth_a_vector(token)):
            row = row_of_term.setdefault(term, len(row_of_term))
            cells |= dict.fromkeys((row, place) for place in places)
    if not cells:
        return PageVectors.none()
    vectors = np.stack([term_vector(term) for term in row_of_term])  # (n_patches, 128)
    rows = np.array([row for row, _ in cells], np.int32)
    boxes = words.boxes[[place.word for _, place in cells]]  # (n_cells, 4)
    spans = np.array([(place.start, place.end) for _, place in cells], np.float32)
    return PageVectors(vectors, PatchMap(_parts_of_boxes(boxes, spans, page_aspect), rows))


def _worth_a_vector(token: Token) -> Iterator[str]:
    """The terms a word is found by that its own vector is not near to.

    What is a piece of the word, or a stem of it, is near.
    """
    for other in token.also:
        is_piece = other in token.term or (
            len(other) <= len(token.term) and token.term.startswith(other[:-1])
        )
        if _STEM_MARK not in other and not (is_piece and n_grams(other)):
            yield other


def _with_compounds(tokens: Sequence[Token]) -> Iterator[Token]:
    """A query's tokens, and behind the parts of a compound the whole, which a page may have.

    >>> [token.term for token in _with_compounds(cut_query("an e-mail"))]
    ['an', 'e', 'mail', 'email']
    """
    begun: dict[str, int] = {}  # whole -> where its first part starts
    for token, behind in itertools.zip_longest(tokens, tokens[1:]):
        yield token
        begun = {
            whole: begun.get(whole, token.start)
            for whole in token.also
            if token.term in whole and len(whole) > len(token.term) and _STEM_MARK not in whole
        }
        goes_on = behind.also if behind else ()
        for whole, start in begun.items():
            if start < token.start and whole not in goes_on:
                yield Token(whole, start, token.end)


def _without_numbers_of_dates(tokens: Sequence[Token]) -> Iterator[Token]:
    """A query's tokens without the numbers of a date, which many pages have in other dates.

    >>> [token.term for token in _without_numbers_of_dates(cut_query("on 5 May 2024"))]
    ['on', 'may', '2024-05-05']
    """
    dates = [token for token in tokens if _DATE.fullmatch(token.term)]
    for token in tokens:
        is_inside = any(date.start <= token.start and token.end <= date.end for date in dates)
        if not (token.term.isdigit() and is_inside):
            yield token


def _placed(texts: Sequence[str]) -> Iterator[tuple[Token, list[_Place]]]:
    """The tokens of a page's words, each with every word that it stands in.

    Only pairs of characters are smaller than their word; all else is shown as the whole word.
    """
    starts = list(itertools.accumulate((len(text) + 1 for text in texts), initial=0))
    edges: dict[int, list[float]] = {}
    for token in cut(" ".join(texts)):
        first = bisect_right(starts, token.start) - 1
        last = max(first, bisect_right(starts, token.end - 1) - 1)
        if all(region.is_spaced for region in itertools.islice(regions(token.term), 1)):
            yield token, [_Place(i, 0.0, 1.0) for i in range(first, last + 1)]
            continue
        places = []
        for i in range(first, last + 1):
            if i not in edges:
                edges[i] = _character_edges(texts[i])
            start = edges[i][max(0, token.start - starts[i])]
            places.append(_Place(i, start, edges[i][min(len(texts[i]), token.end - starts[i])]))
        yield token, places


def _character_edges(word: str) -> list[float]:
    """Where each character of a word begins, and the last one ends, from 0 to 1 along the line.

    East Asian characters are set twice as wide as digits and Latin letters; marks take no width.
    """
    edges = list(itertools.accumulate(map(_width, word), initial=0))
    return [edge / max(1, edges[-1]) for edge in edges]


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _parts_of_boxes(
    boxes: NDArray[np.float32], spans: NDArray[np.float32], page_aspect: float
) -> NDArray[np.float32]:
    """Cut each box (n_cells, 4) to its span (n_cells, 2) of the line of text.

    The line runs along the box's long side; a box taller than wide holds vertical text.
    """
    x0, y0, x1, y1 = boxes.T  # (n_cells,) each
    start, end = spans.T
    across = np.stack([x0 + start * (x1 - x0), y0, x0 + end * (x1 - x0), y1], axis=1)
    down = np.stack([x0, y0 + start * (y1 - y0), x1, y0 + end * (y1 - y0)], axis=1)
    is_tall = y1 - y0 > (x1 - x0) * page_aspect
    return np.where(is_tall[:, None], down, across)  # (n_cells, 4)


def _shortened(text: str) -> str:
    """A text as an error message shows it."""
    return text if len(text) <= 40 else text[:40] + "…"
