"""Per query token: which of a page's vectors matches best, where it lies, and what it adds.

The three comparisons of index/maxsim.py, not summed: the same numbers per token, so that the parts
add up to the score the index gives.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.interface import HAMMING, HAMMING_THEN_BITS
from index.maxsim import bits_similarities, float_similarities, hamming_similarities
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
    vectors = page.vectors.vectors
    cosines = float_similarities(query.vectors, vectors)  # (n_tokens, n_patches)
    compared: NDArray[np.floating] = cosines
    if ranking == HAMMING:
        compared = hamming_similarities(pack_sign_bits(query.vectors), pack_sign_bits(vectors))
    elif ranking == HAMMING_THEN_BITS:
        compared = bits_similarities(query.vectors, pack_sign_bits(vectors))
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
            similarity=float(cosines[i, patch]),
            contribution=contributions[i],
            share=contributions[i] / total if total else 0.0,
        )
        for i, patch in enumerate(best)
    )
