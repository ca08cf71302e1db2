"""LexicalEncoder: the words of the text layer as vectors. No weights, no download, any machine.

A term's vector is a random projection of its features (SimHash): each feature names 128 fixed
Gaussian numbers by its hash, and the vector is their weighted sum at unit length. The expected
cosine of two terms is the weight of the features they share, and a sign bit differs with the
probability angle / pi, so Hamming distance ranks as the cosine does.
"""

import functools
import hashlib
import re
import statistics
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from encoders.interface import PageInput
from encoders.stopwords import is_stop_word
from encoders.words import Term, split_word, term_across_break
from index.broken_words import CJK_CHARACTERS
from index.errors import WrongUseError
from index.pages import (
    VECTOR_DIM,
    Fingerprint,
    PageVectors,
    PageWords,
    PatchMap,
    QueryVectors,
)
from index.spellings import with_ligatures

REVISION = "1"
"""Raise it with any change that moves a vector or cuts a word differently: old indexes are then
refused with a clear message instead of answering wrongly."""

PAGE_LONG_EDGE_PX = 1280  # the preview's size: nothing else looks at the image
BATCH_SIZE = 8
WORD_SHARE = 0.2
"""Part of a vector's squared length that the whole word has; its n-grams share the rest. Enough
to keep two words of equal n-grams apart, and little enough to keep "report" near "reports"."""
CACHED_TERMS = 1 << 16  # some 50 MB; the distinct words of a few hundred documents of one field

_WORD_MARK = "="
_START_MARK = "<"
_CJK_BIGRAM = re.compile(f"[{CJK_CHARACTERS}]{{1,2}}")
_GAUSSIAN = np.array(
    [statistics.NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)], np.float32
)
"""Byte to Gaussian number, so that 128 bytes of a hash are 128 independent draws."""


class LexicalEncoder:
    """Sees a page as its words: one vector for each distinct term, at the boxes where it stands.

    Stands in for a vision model on machines without weights, and makes the whole path testable
    with true relevance. It sees nothing on a page without a text layer.
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
            vectors.append(_encode_words(page.words, page.image.width / page.image.height))
        return vectors

    def encode_query(self, text: str) -> QueryVectors:
        """One vector for each distinct term, in the order typed.

        Stop words are left out, for nearly every page would score a full point on them, and a
        short page that lacks one would lose it; in a query of nothing else all are kept, as
        content. A term typed twice counts once: it says nothing new about the page.

        Raises:
            WrongUseError: the text holds no letter or digit.
        """
        tokens: dict[str, str] = {}  # term -> the word as typed
        for word in text.split():
            terms = split_word(word)
            for term in terms:
                tokens.setdefault(term.text, word if len(terms) == 1 else term.text)
        if not tokens:
            raise WrongUseError(
                f"No word to look for in {_shortened(text)!r}: it holds no letter or digit. "
                'Type one or more words, as in: pagelens query "annual report".'
            )
        content = [term for term in tokens if not is_stop_word(term)] or list(tokens)
        return QueryVectors(
            text,
            np.stack([_term_vector(term) for term in content]),  # (n_tokens, 128)
            tuple(tokens[term] for term in content),
            np.ones(len(content), np.bool_),
        )


def _encode_words(words: PageWords, page_aspect: float) -> PageVectors:
    """Vectors and boxes of one page's words."""
    row_of_term: dict[str, int] = {}
    rows: list[int] = []
    cells: list[int] = []  # the word each cell lies in
    spans: list[tuple[float, float]] = []  # and the part of it, from start to end
    for i, term in _occurrences(words.texts):
        rows.append(row_of_term.setdefault(term.text, len(row_of_term)))
        cells.append(i)
        spans.append((term.start, term.end))
    if not rows:
        return PageVectors.none()
    vectors = np.stack([_term_vector(term) for term in row_of_term])  # (n_patches, 128)
    boxes = _parts_of_boxes(words.boxes[cells], np.array(spans, np.float32), page_aspect)
    return PageVectors(vectors, PatchMap(boxes, np.array(rows, np.int32)))


def _occurrences(texts: Sequence[str]) -> Iterator[tuple[int, Term]]:
    """Every term with the number of the word it stands in, those across two words included.

    A word that may be another, with its ligatures turned round, is both.
    """
    for i, text in enumerate(texts):
        for term in split_word(text):
            yield i, term
            for other in with_ligatures(term.text):
                yield i, Term(other)
        across = term_across_break(text, texts[i + 1]) if i + 1 < len(texts) else None
        if across is not None:
            yield i, across[0]
            yield i + 1, across[1]


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


@functools.lru_cache(CACHED_TERMS)
def _term_vector(term: str) -> NDArray[np.float32]:
    """The unit vector (128,) of a term, read-only because it is shared."""
    n_grams = sorted(_n_grams(term))  # a set has no fixed order, and a sum of floats depends on it
    features = [_WORD_MARK + term, *n_grams]
    digests = b"".join(
        hashlib.shake_128(feature.encode()).digest(VECTOR_DIM) for feature in features
    )
    draws = _GAUSSIAN[np.frombuffer(digests, np.uint8)].reshape(-1, VECTOR_DIM)  # (n_features, 128)
    weights = np.full(len(features), np.sqrt((1 - WORD_SHARE) / max(1, len(n_grams))), np.float32)
    weights[0] = np.sqrt(WORD_SHARE)
    vector = weights @ draws  # (128,)
    vector /= np.linalg.norm(vector)
    vector.setflags(write=False)
    return vector


def _n_grams(term: str) -> set[str]:
    """What a term shares with its relatives.

    A number or code has none: 4711 is no nearer to 4712 than to any word. A CJK bigram has its
    characters, any other term its trigrams with the start marked. The end is not marked: it is
    where inflection happens, and without the mark "reports" adds one trigram to "report" instead
    of replacing one. Hangul syllables are taken apart (NFD), so that trigrams are of letters too.
    """
    if any(map(str.isdigit, term)):
        return set()
    if _CJK_BIGRAM.fullmatch(term):
        return set(term)
    letters = _START_MARK + unicodedata.normalize("NFD", term)
    return {letters[i : i + 3] for i in range(max(1, len(letters) - 2))}


def _shortened(text: str) -> str:
    """A text as an error message shows it."""
    return text if len(text) <= 40 else text[:40] + "…"
