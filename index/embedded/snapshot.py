"""One committed state of an embedded index, ready to be ranked: arrays and mapped files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embedded.catalog import Catalog
from index.embedded.segments import MappedSegment, map_segment, segment_path
from index.errors import DamagedIndexError
from index.filters import Filters
from index.pages import VECTOR_DIM, VECTORS_TO_COME

_OPEN_ATTEMPTS = 3  # compact may take the files of a state away just before we map them


@dataclass(frozen=True)
class SearchableDocument:
    """What hits say of their document."""

    document_id: str
    title: str
    paths: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The searchable pages, one row each, in storage order.

    Attributes:
        page_key, document_key, page_number, first_patch, n_patches: int64 (n_pages,).
        is_waiting: bool (n_pages,), whether the vectors are still to come; n_patches is 0 then.
        tie_order: int64 (n_pages,), the page's place by document id and page number.
        bits: uint64 (2 * n_stored_patches,), two words a patch.
        vectors: uint16 (n_stored_patches, 128), bfloat16.
        vectors_file: the segment of `vectors`.
        previews: uint8 (n_bytes,).
        documents: by document_key.
    """

    page_key: NDArray[np.int64]
    document_key: NDArray[np.int64]
    page_number: NDArray[np.int64]
    first_patch: NDArray[np.int64]
    n_patches: NDArray[np.int64]
    is_waiting: NDArray[np.bool_]
    tie_order: NDArray[np.int64]
    bits: NDArray[np.uint64]
    vectors: NDArray[np.uint16]
    vectors_file: MappedSegment
    previews: NDArray[np.uint8]
    documents: dict[int, SearchableDocument]

    def rows_matching(self, filters: Filters, catalog: Catalog) -> NDArray[np.int64]:
        """Rows of the pages that pass every filter, int64 (n,), ascending."""
        keep = np.ones(len(self.page_key), np.bool_)
        if filters.names_document:
            allowed = [
                key
                for key, document in self.documents.items()
                if filters.passes_document(document.document_id, document.paths)
            ]
            keep &= np.isin(self.document_key, allowed)
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
    searchable = catalog.searchable_documents()
    documents = {
        key: SearchableDocument(document_id, title, paths)
        for key, document_id, title, paths in searchable
    }
    keys_by_id = np.array([row[0] for row in searchable], np.int64)
    table = catalog.page_table()  # (n_pages, 5)
    table = table[np.isin(table[:, 1], keys_by_id)]
    page_key, document_key, page_number, first_patch, n_patches = np.ascontiguousarray(table.T)
    order_of_key = np.argsort(keys_by_id)
    place = order_of_key[np.searchsorted(keys_by_id, document_key, sorter=order_of_key)]
    tie_order = np.empty(len(table), np.int64)
    tie_order[np.lexsort((page_number, place))] = np.arange(len(table))
    return Snapshot(
        page_key=page_key,
        document_key=document_key,
        page_number=page_number,
        first_patch=first_patch,
        n_patches=np.maximum(n_patches, 0),
        is_waiting=n_patches == VECTORS_TO_COME,
        tie_order=tie_order,
        bits=mapped["bits"].data.view(np.uint64),
        vectors=mapped["vectors"].data.view(np.uint16).reshape(-1, VECTOR_DIM),
        vectors_file=mapped["vectors"],
        previews=mapped["previews"].data,
        documents=documents,
    )
