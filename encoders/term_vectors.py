"""A term as a vector: what it shares with terms spelled nearly alike, and what is its own.

A term's vector is a random projection of its features (SimHash): each feature names 128 fixed
Gaussian numbers by its hash, and the vector is their weighted sum at unit length. The expected
cosine of two terms is the weight of the features they share, and a sign bit differs with the
probability angle / pi, so Hamming distance ranks as the cosine does.
"""

import functools
import hashlib
import statistics
import unicodedata

import numpy as np
from numpy.typing import NDArray

from index.cjk import n_cjk
from index.pages import VECTOR_DIM

WORD_SHARE = 0.2
"""Part of a vector's squared length that the whole word has; its n-grams share the rest. Enough
to keep two words of equal n-grams apart, and little enough to keep "report" near "reports"."""
CACHED_TERMS = 1 << 16  # some 50 MB; the distinct words of a few hundred documents of one field

_WORD_MARK = "="
_START_MARK = "<"
_GAUSSIAN = np.array(
    [statistics.NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)], np.float32
)
"""Byte to Gaussian number, so that 128 bytes of a hash are 128 independent draws."""


@functools.lru_cache(CACHED_TERMS)
def term_vector(term: str) -> NDArray[np.float32]:
    """The unit vector (128,) of a term, read-only because it is shared."""
    grams = sorted(n_grams(term))  # a set has no fixed order, and a sum of floats depends on it
    features = [_WORD_MARK + term, *grams]
    digests = b"".join(
        hashlib.shake_128(feature.encode()).digest(VECTOR_DIM) for feature in features
    )
    draws = _GAUSSIAN[np.frombuffer(digests, np.uint8)].reshape(-1, VECTOR_DIM)  # (n_features, 128)
    weights = np.full(len(features), np.sqrt((1 - WORD_SHARE) / max(1, len(grams))), np.float32)
    weights[0] = np.sqrt(WORD_SHARE)
    vector = weights @ draws  # (128,)
    vector /= np.linalg.norm(vector)
    vector.setflags(write=False)
    return vector


def n_grams(term: str) -> set[str]:
    """What a term shares with its relatives, and with itself as it is mistyped.

    A number, a code or a name with marks in it (C++) has none: 4711 is no nearer to 4712 than to
    any word. A CJK bigram has its characters, any other term its trigrams with the start marked.
    The end is not marked: it is where inflection happens, and without the mark "reports" adds one
    trigram to "report" instead of replacing one. Hangul syllables are taken apart (NFD), so that
    trigrams are of letters too.
    """
    if 1 <= len(term) <= 2 and n_cjk(term) == len(term):
        return set(term)
    if not all(c.isalpha() or unicodedata.category(c)[0] == "M" for c in term):
        return set()
    letters = _START_MARK + unicodedata.normalize("NFD", term)
    return {letters[i : i + 3] for i in range(max(1, len(letters) - 2))}
