"""The definition of every comparison and score, one page at a time, in plain numpy.

MaxSim (ColBERT: Khattab and Zaharia 2020, equation 3): each query token takes its best patch, and
the page's score is the sum over the tokens. So a comparison is a matrix, one row a token and one
column a patch, and its score is the sum of the row maxima. The three differ only in how a token and
a patch are compared. `kernels.py` and Vespa's rank profiles compute the same scores faster.

A token's row is computed alone, whatever the other tokens are; tokens are added in float64, in
their order, so that a faster form can agree bit for bit. Without query tokens every score is 0.

A page without patches scores -inf, whatever the query: the maximum over nothing. Any finite value
would place it above pages whose every similarity is negative. It is never a hit.
"""

import numpy as np
from numpy.typing import NDArray

from index.pages import VECTOR_DIM, check_array
from index.quantize import BYTES_PER_VECTOR


def hamming_distances(
    query_bits: NDArray[np.uint8], page_bits: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Count the bits in which each token and each patch differ.

    Args:
        query_bits: uint8 (n_tokens, 16), as `pack_sign_bits` makes them.
        page_bits: uint8 (n_patches, 16).

    Returns:
        int64 (n_tokens, n_patches), 0 to 128.

    Raises:
        VectorShapeError: an argument has another shape or dtype.

    >>> query, page = np.zeros((1, 16), np.uint8), np.zeros((2, 16), np.uint8)
    >>> query[0, 0], page[1, 15] = 0b111, 0b1
    >>> hamming_distances(query, page)
    array([[3, 4]])
    """
    check_array("Query bits", query_bits, np.uint8, None, BYTES_PER_VECTOR)
    check_array("Page bits", page_bits, np.uint8, None, BYTES_PER_VECTOR)
    tokens = np.ascontiguousarray(query_bits).view(np.uint64)  # (n_tokens, 2)
    patches = np.ascontiguousarray(page_bits).view(np.uint64)  # (n_patches, 2)
    distances = np.zeros((len(tokens), len(patches)), np.int64)
    for half in (0, 1):
        distances += np.bitwise_count(tokens[:, None, half] ^ patches[:, half])
    return distances


def hamming_similarities(
    query_bits: NDArray[np.uint8], page_bits: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Compare sign bits with sign bits: 1 / (1 + differing bits).

    Args:
        query_bits: uint8 (n_tokens, 16).
        page_bits: uint8 (n_patches, 16).

    Returns:
        float64 (n_tokens, n_patches), 1/129 to 1.

    Raises:
        VectorShapeError: an argument has another shape or dtype.

    Vespa: 1/(1+sum(hamming(query(qtb),attribute(embedding_bits)),v))

    >>> query, page = np.zeros((1, 16), np.uint8), np.zeros((2, 16), np.uint8)
    >>> page[1, 0] = 0b111
    >>> hamming_similarities(query, page)  # 1/(1+0) and 1/(1+3)
    array([[1.  , 0.25]])
    """
    return 1 / (1 + hamming_distances(query_bits, page_bits))


def bits_similarities(
    query: NDArray[np.float32], page_bits: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Compare float query vectors with 0/1 bits: the sum of the values where the patch has a 1.

    Args:
        query: float32 (n_tokens, 128).
        page_bits: uint8 (n_patches, 16).

    Returns:
        float32 (n_tokens, n_patches).

    Raises:
        VectorShapeError: an argument has another shape or dtype.

    Vespa: sum(query(qt)*unpack_bits(attribute(embedding_bits)),v)

    >>> query, page = np.zeros((1, 128), np.float32), np.zeros((2, 16), np.uint8)
    >>> query[0, :3] = 0.5, 0.25, -1
    >>> page[:, 0] = 0b11000000, 0b11100000  # 0.5 + 0.25, and the same - 1
    >>> bits_similarities(query, page)
    array([[ 0.75, -0.25]], dtype=float32)
    """
    check_array("Page bits", page_bits, np.uint8, None, BYTES_PER_VECTOR)
    return float_similarities(query, np.unpackbits(page_bits, axis=1).astype(np.float32))


def float_similarities(
    query: NDArray[np.float32], page: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Compare float vectors: their dot product, which for those of unit length is the cosine.

    Args:
        query: float32 (n_tokens, 128).
        page: float32 (n_patches, 128); stored pages are the float32 of their bfloat16.

    Returns:
        float32 (n_tokens, n_patches).

    Raises:
        VectorShapeError: an argument has another shape or dtype.

    Vespa: sum(query(qt)*cell_cast(attribute(embedding),float),v)

    >>> query, page = np.zeros((2, 128), np.float32), np.zeros((2, 128), np.float32)
    >>> query[0, 0], query[1, 1] = 1, 1
    >>> page[:, 0], page[:, 1] = (0.5, -1), (-0.5, -0.25)  # one patch a row, two dimensions used
    >>> float_similarities(query, page)
    array([[ 0.5 , -1.  ],
           [-0.5 , -0.25]], dtype=float32)
    """
    check_array("Query vectors", query, np.float32, None, VECTOR_DIM)
    check_array("Page vectors", page, np.float32, None, VECTOR_DIM)
    # each pair on its own: a matrix product by BLAS rounds equal patches differently by where they
    # stand among others, and pages that are equal would not tie
    similarities: NDArray[np.float32] = np.einsum("td,pd->tp", query, page)
    return similarities  # (n_tokens, n_patches)


def hamming_maxsim(query_bits: NDArray[np.uint8], page_bits: NDArray[np.uint8]) -> float:
    """Score sign bits against sign bits, by `hamming_similarities`.

    Arguments and errors are those of the comparison.

    Vespa:
    sum(reduce(1/(1+sum(hamming(query(qtb),attribute(embedding_bits)),v)),max,patch),querytoken)

    >>> query, page = np.zeros((2, 16), np.uint8), np.zeros((2, 16), np.uint8)
    >>> query[1, 0] = 0b111  # the tokens' nearest patches differ in 0 bits and in 1 bit
    >>> page[1, 0] = 0b101
    >>> hamming_maxsim(query, page)  # 1/1 + 1/2
    1.5
    """
    return _sum_of_maxima(hamming_similarities(query_bits, page_bits))


def bits_maxsim(query: NDArray[np.float32], page_bits: NDArray[np.uint8]) -> float:
    """Score float query vectors against 0/1 bits, by `bits_similarities`.

    Arguments and errors are those of the comparison.

    Vespa:
    sum(reduce(sum(query(qt)*unpack_bits(attribute(embedding_bits)),v),max,patch),querytoken)

    >>> query, page = np.zeros((1, 128), np.float32), np.zeros((2, 16), np.uint8)
    >>> query[0, :3] = 0.5, 0.25, -1
    >>> page[:, 0] = 0b11000000, 0b11100000  # 0.5 + 0.25, and the same - 1
    >>> bits_maxsim(query, page)
    0.75
    """
    return _sum_of_maxima(bits_similarities(query, page_bits))


def float_maxsim(query: NDArray[np.float32], page: NDArray[np.float32]) -> float:
    """Score float vectors, by `float_similarities`.

    Arguments and errors are those of the comparison.

    Vespa:
    sum(reduce(sum(query(qt)*cell_cast(attribute(embedding),float),v),max,patch),querytoken)

    >>> query, page = np.zeros((2, 128), np.float32), np.zeros((2, 128), np.float32)
    >>> query[0, 0], query[1, 1] = 1, 1
    >>> page[:, 0], page[:, 1] = (0.5, -1), (-0.5, -0.25)  # one patch a row, two dimensions used
    >>> float_maxsim(query, page)  # 0.5 + -0.25
    0.25
    """
    return _sum_of_maxima(float_similarities(query, page))


def _sum_of_maxima(similarities: NDArray[np.floating]) -> float:
    """MaxSim of a comparison (n_tokens, n_patches)."""
    if similarities.shape[1] == 0:
        return -np.inf
    score = 0.0
    for best in similarities.max(axis=1).tolist():
        score += best  # not by sum(), which rounds otherwise from Python 3.12 on
    return score
