"""Which of the pages found are shown as one hit: those of a document, or those that look alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.errors import WrongUseError
from index.interface import PageIndex
from index.maxsim import hamming_distances
from index.pages import Hit, PageVectors, RankedPage
from index.quantize import pack_sign_bits

ALIKE_WITHIN_BITS = 1.5
"""Of 128: how far the patches of near-duplicates lie apart on average, at most."""
ALIKE_WITHIN_BITS_OF_WORDS = 3.0
"""The same for vectors of words: one word in thirteen may be another. Both were chosen by copies,
versions and forms (docs/decisions.md)."""

PAGES_PER_HIT = 3

_SAMPLE = 64
"""Patches that are compared first: they tell pages that are nothing alike in a millisecond instead
of ten."""
_SURELY_UNLIKE = 4  # times as far apart, by the sample


@dataclass(frozen=True)
class HitGroup:
    """Pages that are shown as one hit.

    Attributes:
        best: the page that stands for them: of a document the highest ranked, of near-duplicates
            the newest.
        others: the others, of a document in order of rank, of near-duplicates newest first; empty
            where hits are not grouped.
    """

    best: Hit
    others: tuple[Hit, ...]


Pages = tuple[RankedPage, ...]
"""The pages of a group, that which stands for it first."""


def group_by_document(hits: Sequence[RankedPage]) -> tuple[Pages, ...]:
    """Gather pages under their documents, in order of each document's best page.

    Args:
        hits: best first.
    """
    pages: dict[str, list[RankedPage]] = {}
    for hit in hits:
        pages.setdefault(hit.document_id, []).append(hit)
    return tuple(map(tuple, pages.values()))


def collapse_near_duplicates(
    hits: Sequence[RankedPage], k: int, index: PageIndex
) -> tuple[Pages, ...]:
    """Gather pages whose bits nearly agree, in order of each group's highest ranked page.

    A page joins the first group to whose highest ranked page it is a near-duplicate. Pages of one
    document never are: what looks nearly the same there, as the pages of a form do, is no version
    of each other. The vectors are read of PAGES_PER_HIT * k pages, so that a newer version is found
    though other pages rank between; of more only while there are fewer than k groups.

    Args:
        hits: best first.
        k: how many groups.
        index: where the hits are from.
    """
    is_of_words = index.fingerprint.rendering == "words"
    within_bits = ALIKE_WITHIN_BITS_OF_WORDS if is_of_words else ALIKE_WITHIN_BITS
    groups: list[tuple[NDArray[np.uint8], list[RankedPage]]] = []
    for place, hit in enumerate(hits, 1):
        if len(groups) == k and place > PAGES_PER_HIT * k:
            break
        bits = _bits(index, hit)
        for first, members in groups:
            is_other = all(hit.document_id != member.document_id for member in members)
            if is_other and are_alike(bits, first, within_bits):
                members.append(hit)
                break
        else:
            if len(groups) < k:
                groups.append((bits, [hit]))
    return tuple(_newest_first(members, index) for _, members in groups)


def are_alike(
    bits: NDArray[np.uint8], others: NDArray[np.uint8], within_bits: float = ALIKE_WITHIN_BITS
) -> bool:
    """Whether the patches of two pages lie so near each other on average.

    Each patch is compared with its nearest of the other page, wherever that stands, in both
    directions: a page that holds all of a shorter one is not its duplicate. Pages without patches
    are like none.

    Args:
        bits: uint8 (n_patches, 16), as `pack_sign_bits` makes them.
        others: uint8 (n_other_patches, 16).
        within_bits: of 128.
    """
    if not len(bits) or not len(others):
        return False
    some = bits[:: max(1, len(bits) // _SAMPLE)]
    if hamming_distances(some, others).min(axis=1).mean() > _SURELY_UNLIKE * within_bits:
        return False
    distances = hamming_distances(bits, others)  # (n_patches, n_other_patches)
    means = distances.min(axis=1).mean(), distances.min(axis=0).mean()
    return bool(max(means) <= within_bits)


def _bits(index: PageIndex, hit: RankedPage) -> NDArray[np.uint8]:
    """The page's sign bits, (n_patches, 16); none where an ingest has removed it since."""
    try:
        vectors = index.page(hit.page_id).vectors
    except WrongUseError:
        vectors = PageVectors.none()
    return pack_sign_bits(vectors.vectors)


def _newest_first(hits: Sequence[RankedPage], index: PageIndex) -> Pages:
    """By the files' times, of several paths the latest; equal ones in order of rank."""
    if len(hits) > 1:
        hits = sorted(hits, key=lambda hit: -_modified_ns(index, hit))
    return tuple(hits)


def _modified_ns(index: PageIndex, hit: RankedPage) -> int:
    document = index.document(hit.document_id)
    return max((file.mtime_ns for file in document.files), default=0) if document else 0
