"""What becomes of a text layer once its page was read by OCR."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from index.pages import PageWords
from ingest.ocr.letter_pairs import are_no_words
from ingest.ocr.need import A_PART, NO_WORDS

_MOST = 0.5
_ENOUGH = 0.25  # of the characters: one of Chinese is two or three in a table of another encoding
_MARGIN = 0.2  # of a box's shorter side: it closes the gap between two words of a line


def settled_words(reason: str, text_layer: PageWords, read: PageWords) -> PageWords:
    """The words that a page is to have.

    A text layer without words, or of glyph numbers, gives way to what was read. So does one of
    words that are no words, unless most of them were read alike, far less was read than it has, or
    what was read is no better. One that covers a part of the page stays, and what was read beside
    it is added. Where nothing was read, the text layer stays.

    Args:
        reason: what `why_ocr` said.
        text_layer: the words of the text layer, perhaps none.
        read: what OCR read, in reading order.

    Returns:
        Words in reading order. Those added to a text layer stand together as they were read, after
        the word of the text layer that was read just before them.
    """
    if not read.texts:
        return text_layer
    if reason == A_PART:
        return _with_the_rest(text_layer, read)
    if reason == NO_WORDS and not _is_better(read, text_layer):
        return text_layer
    return read


def _is_better(read: PageWords, text_layer: PageWords) -> bool:
    n_alike = _count(text_layer.texts) & _count(read.texts)
    n_read, n_given = (sum(map(len, words.texts)) for words in (read, text_layer))
    return (
        n_alike.total() <= _MOST * len(text_layer.texts)
        and n_read > _ENOUGH * n_given
        and not are_no_words(read.texts)
    )


def _with_the_rest(text_layer: PageWords, read: PageWords) -> PageWords:
    """The text layer, and the words that were read where it has none.

    Where most of these are words it has elsewhere, it lies beside the ink: they are not added.
    """
    below = _words_below(read.boxes, text_layer.boxes)  # (n_read,)
    is_new = below < 0
    new = _count(np.array(read.texts, object)[is_new])
    elsewhere = _count(text_layer.texts) - _count(np.array(read.texts, object)[~is_new])
    if not is_new.any() or (new & elsewhere).total() > _MOST * new.total():
        return text_layer
    after = _last_before(below)[is_new]  # (n_new,), a word of the text layer, or -1
    given = np.arange(len(text_layer.texts))
    at = np.concatenate([given, after])
    is_added = np.concatenate([np.zeros(len(given), bool), np.ones(len(after), bool)])
    order = np.lexsort((is_added, at))  # stable: added words stay as they were read
    texts = np.array([*text_layer.texts, *np.array(read.texts, object)[is_new]], object)
    return PageWords(
        tuple(texts[order]),
        np.concatenate([text_layer.boxes, read.boxes[is_new]])[order],
        np.concatenate([text_layer.confidences, read.confidences[is_new]])[order],
    )


def _words_below(read: NDArray[np.float32], given: NDArray[np.float32]) -> NDArray[np.int64]:
    """Of each box read, the last given box that its middle lies in, or -1."""
    margin = _MARGIN * np.minimum(given[:, 2] - given[:, 0], given[:, 3] - given[:, 1])[:, None]
    starts, ends = given[:, :2] - margin, given[:, 2:] + margin  # (n_given, 2)
    below = np.full(len(read), -1)
    for i, middle in enumerate((read[:, :2] + read[:, 2:]) / 2):
        over = np.flatnonzero(((starts <= middle) & (middle <= ends)).all(axis=1))
        below[i] = over.max(initial=-1)
    return below


def _last_before(below: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each word read, the given word that was read at it or last before it; -1 without one."""
    last_read = np.maximum.accumulate(np.where(below >= 0, np.arange(len(below)), -1))
    return np.where(last_read >= 0, below[last_read], -1)


def _count(texts: Iterable[str]) -> Counter[str]:
    """How often each word stands there; signs and capitals make no other word."""
    bare = ("".join(filter(str.isalnum, text.casefold())) for text in texts)
    return Counter(filter(None, bare))
