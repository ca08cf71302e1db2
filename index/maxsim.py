"""The definition of every score, one page at a time, in plain numpy.

MaxSim (ColBERT: Khattab and Zaharia 2020, equation 3): each query token takes its best patch, and
the page's score is the sum over the tokens. The three scores differ only in how a token and a
patch are compared. `kernels.py` and Vespa's rank profiles compute the same numbers faster.

A token's similarity is a float32; tokens are added in float64, in their order, so that a faster
form can agree bit for bit. Without query tokens every score is 0.

A page without patches scores -inf, whatever the query: the maximum over nothing. Any finite value
would place it above pages whose every similarity is negative. It is never a hit.
"""

import numpy as np
from numpy.typing import NDArray

from index.pages import VECTOR_DIM, check_array
from index.quantize import BYTES_PER_VECTOR


def hamming_maxsim(query_bits: NDArray[np.uint8], page_bits: NDArray[np.uint8]) -> float:
    """Score sign bits against sign bits: a token and a patch compare as 1 / (1 + differing bits).

    Args:
        query_bits: uint8 (n_tokens, 16), as `pack_sign_bits` makes them.
        page_bits: uint8 (n_patches, 16).

    Raises:
        VectorShapeError: an argument has another shape or dtype.

    Vespa:
    sum(reduce(1/(1+sum(hamming(query(qtb),attribute(embedding_bits)),v)),max,patch),querytoken)

    >>> query, page = np.zeros((2, 16), np.uint8), np.zeros((2, 16), np.uint8)
    >>> query[1, 0] = 0b111  # the tokens' nearest patches differ in 0 bits and in 1 bit
    >>> page[1, 0] = 0b101
    >>> hamming_maxsim(query, page)  # 1/1 + 1/2
    1.5
    """
    check_array("Query bits", query_bits, np.uint8, None, BYTES_PER_VECTOR)
    check_array("Page bits", page_bits, np.uint8, None, BYTES_PER_VECTOR)
    if len(page_bits) == 0:
        return -np.inf
    score = 0.0
    for token in query_bits:
        distances = np.bitwise_count(token ^ page_bits).sum(axis=1)  # (n_patches,)
        score += 1 / (1 + int(distances.min()))
    return score


def bits_maxsim(query: NDArray[np.float32], page_bits: NDArray[np.uint8]) -> float:
    """Score float query vectors against 0/1 bits: sum the query's values where the patch has a 1.

    Args:
        query: float32 (n_tokens, 128).
        page_bits: uint8 (n_patches, 16).

    Raises:
        VectorShapeError: an argument has another shape or dtype.

    Vespa:
    sum(reduce(sum(query(qt)*unpack_bits(attribute(embedding_bits)),v),max,patch),querytoken)

    >>> query, page = np.zeros((1, 128), np.float32), np.zeros((2, 16), np.uint8)
    >>> query[0, :3] = 0.5, 0.25, -1
    >>> page[:, 0] = 0b11000000, 0b11100000  # 0.5 + 0.25, and the same - 1
    >>> bits_maxsim(query, page)
    0.75
    """
    check_array("Page bits", page_bits, np.uint8, None, BYTES_PER_VECTOR)
    return float_maxsim(query, np.unpackbits(page_bits, axis=1).astype(np.float32))


def float_maxsim(query: NDArray[np.float32], page: NDArray[np.float32]) -> float:
    """Score float vectors: a token and a patch compare by their dot product.

    Args:
        query: float32 (n_tokens, 128).
        page: float32 (n_patches, 128); stored pages are the float32 of their bfloat16.

    Raises:
        VectorShapeError: an argument has another shape or dtype.

    Vespa:
    sum(reduce(sum(query(qt)*cell_cast(attribute(embedding),float),v),max,patch),querytoken)

    >>> query, page = np.zeros((2, 128), np.float32), np.zeros((2, 128), np.float32)
    >>> query[0, 0], query[1, 1] = 1, 1
    >>> page[:, 0], page[:, 1] = (0.5, -1), (-0.5, -0.25)  # one patch a row, two dimensions used
    >>> float_maxsim(query, page)  # 0.5 + -0.25
    0.25
    """
    check_array("Query vectors", query, np.float32, None, VECTOR_DIM)
    check_array("Page vectors", page, np.float32, None, VECTOR_DIM)
    if len(page) == 0:
        return -np.inf
    score = 0.0
    for token in query:
        score += float((page @ token).max())
    return score
