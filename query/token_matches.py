"""Per query token: which of a page's vectors matches best, where it lies, and what it adds.

The three MaxSim scores of index/maxsim.py, taken apart instead of summed: the same numbers per
token, so that the parts add up to the score the index gives.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.interface import HAMMING, HAMMING_THEN_BITS
from index.pages import Page, QueryVectors
from index.quantize import pack_sign_bits


@dataclass(frozen=True, eq=False)
class TokenMatch:
    """One query token on one page.

    Attributes:
        token: as `QueryVectors.tokens` has it.
        token_index: its place in the query, from 0.
        is_content: False for instruction, augmentation and stop-word tokens: they count in the
            score like all others, and are not what the user typed.
        patch: the row of the page's vectors that matches best as the ranking compares; of several
            equal ones the lowest.
        boxes: float32 (n_cells, 4), the areas that vector stands for, fractions of the page: one
            without pooling, several where it was pooled or where a word occurs again.
        similarity: cosine of the token and that vector as stored, whatever the ranking compares.
        contribution: what the token adds to the ranking's sum, in the ranking's own unit:
            1 / (1 + differing bits), a sum over bits, or a cosine.
        share: contribution / sum over all tokens; 0 where that sum is 0. Shares add up to 1, and
            where some contributions are negative single ones may lie outside 0 to 1.
    """

    token: str
    token_index: int
    is_content: bool
    patch: int
    boxes: NDArray[np.float32]
    similarity: float
    contribution: float
    share: float


def similarities(query: QueryVectors, page: Page) -> NDArray[np.float32]:
    """Cosine of every query token and every vector of a page.

    Returns:
        float32 (n_tokens, n_patches).
    """
    cosines: NDArray[np.float32] = query.vectors @ page.vectors.vectors.T
    return cosines


def match_tokens(query: QueryVectors, page: Page, ranking: str) -> tuple[TokenMatch, ...]:
    """Each query token with its best match, in the order of the query.

    Args:
        query: with vectors.
        page: as the index gives it.
        ranking: a MaxSim ranking, by whose last phase tokens and vectors are compared.

    Returns:
        One for each token; none where the page has no vectors.
    """
    if len(page.vectors.vectors) == 0:
        return ()
    compared = _compared(query, page, ranking)  # (n_tokens, n_patches)
    best = compared.argmax(axis=1)  # (n_tokens,)
    contributions = [float(row[patch]) for row, patch in zip(compared, best, strict=True)]
    total = sum(contributions)
    patch_map = page.vectors.patch_map
    return tuple(
        TokenMatch(
            token=query.tokens[i],
            token_index=i,
            is_content=bool(query.is_content[i]),
            patch=int(patch),
            boxes=patch_map.boxes[patch_map.vector_index == patch],
            similarity=float(query.vectors[i] @ page.vectors.vectors[patch]),
            contribution=contributions[i],
            share=contributions[i] / total if total else 0.0,
        )
        for i, patch in enumerate(best)
    )


def _compared(query: QueryVectors, page: Page, ranking: str) -> NDArray[np.floating]:
    """What each patch would add for each token, (n_tokens, n_patches)."""
    if ranking == HAMMING:
        query_bits = pack_sign_bits(query.vectors)  # (n_tokens, 16)
        page_bits = pack_sign_bits(page.vectors.vectors)  # (n_patches, 16)
        distances = np.empty((len(query_bits), len(page_bits)), np.int64)
        for i, token in enumerate(query_bits):
            distances[i] = np.bitwise_count(token ^ page_bits).sum(axis=1)
        return 1 / (1 + distances)
    if ranking == HAMMING_THEN_BITS:
        bits = np.unpackbits(pack_sign_bits(page.vectors.vectors), axis=1)  # (n_patches, 128)
        sums: NDArray[np.float32] = query.vectors @ bits.astype(np.float32).T
        return sums
    return similarities(query, page)
