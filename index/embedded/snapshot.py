"""One committed state of an embedded index, ready to be ranked: arrays and mapped files."""

import functools
import string
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embedded.catalog import Catalog
from index.embedded.page_traits import PageTraits
from index.embedded.segments import MappedSegment, map_segment, segment_path
from index.errors import DamagedIndexError
from index.filters import Filters
from index.pages import VECTOR_DIM, VECTORS_TO_COME

_OPEN_ATTEMPTS = 3  # compact may take the files of a state away just before we map them


_DIGITS = frozenset(string.hexdigits.lower())
_ID_LENGTH = 32  # hex digits
_HALF = 2**64


@dataclass(frozen=True)
class FoundDocument:
    """What hits show of their document."""

    title: str
    paths: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The searchable pages, one row each, in storage order.

    Attributes:
        catalog: the connection, which stands on this state.
        page_key, document_key, page_number, first_patch, n_patches: int64 (n_pages,).
        id_high, id_low: uint64 (n_pages,), the two halves of the document's id.
        is_waiting: bool (n_pages,), whether the vectors are still to come; n_patches is 0 then.
        bits: uint64 (2 * n_stored_patches,), two words a patch.
        vectors: uint16 (n_stored_patches, 128), bfloat16.
        vectors_file: the segment of `vectors`.
        previews: uint8 (n_bytes,).
    """

    catalog: Catalog
    page_key: NDArray[np.int64]
    document_key: NDArray[np.int64]
    page_number: NDArray[np.int64]
    id_high: NDArray[np.uint64]
    id_low: NDArray[np.uint64]
    first_patch: NDArray[np.int64]
    n_patches: NDArray[np.int64]
    is_waiting: NDArray[np.bool_]
    bits: NDArray[np.uint64]
    vectors: NDArray[np.uint16]
    vectors_file: MappedSegment
    previews: NDArray[np.uint8]
    _documents: dict[int, FoundDocument] = field(default_factory=dict)  # seen so far, by key

    def tie_order(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of some pages among themselves by document id and page number, int64 (n,)."""
        order = np.empty(len(rows), np.int64)
        by_id = np.lexsort((self.page_number[rows], self.id_low[rows], self.id_high[rows]))
        order[by_id] = np.arange(len(rows))
        return order

    def document_id(self, row: int) -> str:
        """The id of a page's document."""
        return f"{int(self.id_high[row]):016x}{int(self.id_low[row]):016x}"

    def document(self, document_key: int) -> FoundDocument:
        """A document."""
        if document_key not in self._documents:
            paths = self.catalog.paths(document_key)
            self._documents[document_key] = FoundDocument(self.catalog.title(document_key), paths)
        return self._documents[document_key]

    @functools.cached_property
    def traits(self) -> PageTraits:
        """What pages are counted and chosen by beside their own numbers."""
        return PageTraits(self.catalog, self.page_key, self.document_key)

    def rows_matching(self, filters: Filters) -> NDArray[np.int64]:
        """Rows of the pages that pass every filter, int64 (n,), ascending."""
        catalog = self.catalog
        keep = np.ones(len(self.page_key), np.bool_)
        if filters.document_id:
            keep &= self._id_begins(filters.document_id)
        if filters.not_document_id:
            keep &= ~self._id_begins(filters.not_document_id)
        if filters.names_path or filters.names_file:
            keep &= self.traits.of_documents_that_pass(filters)
        if filters.first_page is not None:
            keep &= self.page_number >= filters.first_page
        if filters.last_page is not None:
            keep &= self.page_number <= filters.last_page
        if filters.leaves_pages_out:
            below, above = filters.not_first_page, filters.not_last_page
            is_below = self.page_number < (1 if below is None else below)
            keep &= is_below | (above is not None and self.page_number > above)
        if filters.language is not None:
            keep &= np.isin(self.page_key, catalog.pages_in_language(filters.language))
        if filters.not_language is not None:
            keep &= ~np.isin(self.page_key, catalog.pages_in_language(filters.not_language))
        for phrase in filters.phrases:
            keep &= np.isin(self.page_key, catalog.text.pages_with_phrase(phrase))
        for word in filters.without:
            keep &= ~np.isin(self.page_key, catalog.text.pages_with_word(word))
        return np.flatnonzero(keep)

    def _id_begins(self, digits: str) -> NDArray[np.bool_]:
        """Whether the id of a page's document begins with these hex digits, bool (n_pages,)."""
        if len(digits) > _ID_LENGTH or not _DIGITS.issuperset(digits):
            return np.zeros(len(self.page_key), np.bool_)
        value = divmod(int(digits.ljust(_ID_LENGTH, "0"), 16), _HALF)
        mask = divmod(int(("f" * len(digits)).ljust(_ID_LENGTH, "0"), 16), _HALF)
        begins: NDArray[np.bool_] = (self.id_high & np.uint64(mask[0])) == np.uint64(value[0])
        begins &= (self.id_low & np.uint64(mask[1])) == np.uint64(value[1])
        return begins


def take_snapshot(folder: Path, catalog: Catalog, *, move_on: bool) -> Snapshot:
    """Read the state the catalog's connection stands on and map its segments.

    Args:
        folder: the index.
        catalog: a reader's connection, or the writer's own.
        move_on: whether the connection may go on to a newer state where compact has just taken the
            files of this one away.
    """
    for attempt in range(_OPEN_ATTEMPTS):
        try:
            return _read(folder, catalog)
        except DamagedIndexError:
            if not move_on or attempt == _OPEN_ATTEMPTS - 1:
                raise
            catalog.refresh()
    raise AssertionError("the loop above returns or raises")


def _read(folder: Path, catalog: Catalog) -> Snapshot:
    generation, lengths = catalog.generation(), catalog.lengths()
    mapped = {
        kind: map_segment(segment_path(folder, kind, generation), length)
        for kind, length in lengths.items()
    }
    page_key, document_key, page_number, first_patch, n_patches, high, low = (
        catalog.page_table.read()
    )
    return Snapshot(
        catalog=catalog,
        page_key=page_key,
        document_key=document_key,
        page_number=page_number,
        id_high=high.view(np.uint64),
        id_low=low.view(np.uint64),
        first_patch=first_patch,
        n_patches=np.maximum(n_patches, 0),
        is_waiting=n_patches == VECTORS_TO_COME,
        bits=mapped["bits"].data.view(np.uint64),
        vectors=mapped["vectors"].data.view(np.uint16).reshape(-1, VECTOR_DIM),
        vectors_file=mapped["vectors"],
        previews=mapped["previews"].data,
    )
