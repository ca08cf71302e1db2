"""`pagelens check`: does what is stored agree with what was recorded?"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.embedded.catalog import BITS_SIZE, VECTOR_SIZE, Catalog, PageRow
from index.embedded.manifest import read_manifest
from index.embedded.segments import KINDS, map_segment, segment_path
from index.errors import DamagedIndexError


@dataclass(frozen=True)
class CheckReport:
    """What a check read, and what it found.

    Attributes:
        problems: one line each; empty where all is well.
    """

    n_documents: int
    n_pages: int
    size_bytes: int
    problems: tuple[str, ...]


def check_index(folder: Path) -> CheckReport:
    """Read every byte of an index and compare checksums, lengths and counts.

    Raises:
        WrongUseError: there is no index in this folder.
        IndexMismatchError: it has another format version.
        DamagedIndexError: the manifest, or the catalog as a whole, cannot be read.
    """
    read_manifest(folder)
    catalog = Catalog(folder, writable=False)
    try:
        return CheckReport(
            n_documents=catalog.count("documents"),
            n_pages=catalog.count("pages"),
            size_bytes=sum(catalog.lengths().values()),
            problems=tuple(_problems(folder, catalog)),
        )
    finally:
        catalog.close()


def _problems(folder: Path, catalog: Catalog) -> Iterator[str]:
    yield from catalog.problems()
    yield from _segment_problems(folder, catalog)
    yield from _record_problems(catalog)
    yield from _document_problems(catalog)


def _segment_problems(folder: Path, catalog: Catalog) -> Iterator[str]:
    """Lengths, overlaps and checksums of the bytes pages point to."""
    generation, lengths = catalog.generation(), catalog.lengths()
    names = _page_names(catalog)
    rows = catalog.page_rows()
    for kind in KINDS:
        path = segment_path(folder, kind, generation)
        try:
            mapped = map_segment(path, lengths[kind]).data
        except DamagedIndexError as e:
            yield str(e)
            continue
        previous_end = 0
        extents = [(*_extent(row, kind), row) for row in rows]
        # as they lie: vectors may come in another order than the pages they are of
        for start, length, crc, row in sorted(extents, key=lambda extent: extent[:2]):
            if start < previous_end or start + length > lengths[kind]:
                yield f"{names[row.page_key]}: its {kind} lie outside their place in {path.name}"
            elif zlib.crc32(mapped[start : start + length].data) != crc:
                yield f"{names[row.page_key]}: its {kind} in {path.name} differ from their checksum"
            previous_end = start + length


def _extent(row: PageRow, kind: str) -> tuple[int, int, int]:
    """First byte, length and checksum of a page's part of a segment."""
    if kind == "bits":
        return row.first_patch * BITS_SIZE, row.n_stored * BITS_SIZE, row.bits_crc
    if kind == "vectors":
        return row.first_patch * VECTOR_SIZE, row.n_stored * VECTOR_SIZE, row.vectors_crc
    return row.preview_start, row.preview_length, row.preview_crc


def _record_problems(catalog: Catalog) -> Iterator[str]:
    """Words and patch maps that cannot be read, or that name vectors a page does not have."""
    names = _page_names(catalog)
    for row in catalog.page_rows():
        try:
            catalog.words(row.page_key)
            cells = catalog.patch_map(row.page_key).vector_index
        except DamagedIndexError as e:
            yield f"{names[row.page_key]}: {e}"
            continue
        if cells.size and not -1 < cells.min() <= cells.max() < row.n_stored:
            yield f"{names[row.page_key]}: its patch map names vectors the page does not have"


def _document_problems(catalog: Catalog) -> Iterator[str]:
    """Documents recorded as complete of which pages, or their vectors, are missing."""
    for document in catalog.documents():
        stored = catalog.page_numbers(document.document_id)
        missing = [n for n in document.readable_pages if n not in stored]
        if document.is_complete and missing:
            yield f"{document.name}: recorded as complete, but page {missing[0]} is not stored"
        waiting = catalog.waiting_pages(document.document_id)
        if document.is_complete and waiting:
            page = f"page {min(waiting)}"
            yield f"{document.name}: recorded as complete, but {page} has no vectors yet"


def _page_names(catalog: Catalog) -> dict[int, str]:
    """Path (or id) and page number of every page, for messages."""
    documents = {d.document_id: d for d in catalog.documents()}
    names = {}
    for document_id, page_key, number in catalog.page_keys():
        names[page_key] = f"{documents[document_id].name} page {number}"
    return names
