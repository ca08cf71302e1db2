"""EmbeddedIndex: a PageIndex in one folder, without a server.

The catalog is the commit point. A write appends to the segments, makes them durable, then commits
rows that point to the new bytes; whatever a crash leaves behind the recorded lengths is cut when
the next writer opens. Readers stay on the state they opened until `refresh`.
"""

import threading
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np
from numpy.typing import NDArray

from index.embedded.catalog import BITS_SIZE, CATALOG_NAME, VECTOR_SIZE, Catalog, PageRow
from index.embedded.compact import copy_live_pages, remove_other_generations
from index.embedded.manifest import MANIFEST_NAME, read_manifest, write_manifest
from index.embedded.ranking import rank_by_maxsim
from index.embedded.segments import SegmentWriter
from index.embedded.snapshot import Snapshot, take_snapshot
from index.errors import WrongUseError
from index.facets import Facets
from index.filters import Filters
from index.interface import (
    BM25,
    FOLDER_RERANK_COUNT,
    MANY_PAGES,
    RERANK_COUNT_OF_MANY,
    check_search_arguments,
)
from index.pages import (
    VECTORS_TO_COME,
    Document,
    DocumentPart,
    Fingerprint,
    IndexStats,
    Page,
    PageTexts,
    PageVectors,
    QueryVectors,
    RankedPage,
    SearchResult,
    mismatch_error,
    page_id,
    split_page_id,
)
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from index.timing import COMPILED_S, StageTimer
from index.words.cut import Token

if TYPE_CHECKING:
    from index.embedded.lock import WriterLock

SAID_FROM_S = 1.0
"""A search that waited so long for its kernels to be compiled says so."""

_COMPILED_SAID = (
    "{:.1f} s of this search went into compiling what compares vectors: once after an install, and "
    "once on another kind of processor."
)


class EmbeddedIndex:
    """An index of pages in a folder. Make one with `open` or `open_for_writing`."""

    def __init__(
        self,
        folder: Path,
        fingerprint: Fingerprint,
        lock: "WriterLock | None",
        *,
        searches_once: bool = False,
    ) -> None:
        """Used by `open` and `open_for_writing`."""
        self._folder = folder
        self._fingerprint = fingerprint
        self._lock = lock
        self._searches_once = searches_once
        self._catalog = Catalog(folder, writable=lock is not None)
        self._current: Snapshot | None = None
        self._version: int | None = None  # of the catalog, as `refresh` saw it last
        self._one_at_a_time = threading.RLock()  # the catalog's connection is shared by threads
        self._segments: SegmentWriter | None = None

    @classmethod
    def open(cls, folder: Path, *, searches_once: bool = False) -> "EmbeddedIndex":
        """Open for reading, on the state committed last.

        Args:
            folder: the index.
            searches_once: whether the process ends after one search: what only pays off with more
                of them is then not loaded.

        Raises:
            WrongUseError: there is no index in this folder.
            IndexMismatchError: it has another format version.
            DamagedIndexError: its files do not agree with its catalog.
        """
        index = cls(folder, read_manifest(folder), None, searches_once=searches_once)
        try:
            index._snapshot()
        except BaseException:
            index.close()
            raise
        return index

    @classmethod
    def open_for_writing(cls, folder: Path, fingerprint: Fingerprint) -> "EmbeddedIndex":
        """Open as the one writer; makes the index where there is none.

        Raises:
            IndexBusyError: another process writes to it.
            IndexMismatchError: it holds vectors of another fingerprint, or has another format.
            WrongUseError: the folder holds something else than an index.
        """
        from index.embedded.lock import WriterLock  # imports filelock, for writers alone

        if not (folder / MANIFEST_NAME).exists():
            _refuse_foreign_folder(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = WriterLock(folder)
        except OSError as e:
            raise WrongUseError(
                f"Cannot write to {folder} ({e.strerror}). Name another folder with --index."
            ) from e
        index = None
        try:
            is_new = not (folder / MANIFEST_NAME).exists()
            stored = fingerprint if is_new else read_manifest(folder)
            if not stored.is_compatible(fingerprint):
                raise mismatch_error(f"Index {folder}", stored, fingerprint)
            index = cls(folder, stored, lock)
            index._open_segments()
            if is_new:
                write_manifest(folder, fingerprint)  # last: with it the folder becomes an index
        except BaseException:
            if index is not None:
                index.close()  # releases the lock too; once only, or it would be another's
            else:
                lock.release()
            raise
        return index

    def _open_segments(self) -> None:
        generation = self._catalog.generation()
        remove_other_generations(self._folder, generation)
        self._segments = SegmentWriter(self._folder, generation, self._catalog.lengths())

    @property
    def fingerprint(self) -> Fingerprint:
        """What made the vectors of this index."""
        return self._fingerprint

    @property
    def rerank_count(self) -> int:
        """How many pages phase 2 scores unless told otherwise."""
        with self._one_at_a_time:
            n_pages = len(self._snapshot().page_key)
        return FOLDER_RERANK_COUNT if n_pages <= MANY_PAGES else RERANK_COUNT_OF_MANY

    def refresh(self) -> None:
        """Go on to the state committed last; the writer is always there."""
        if self._lock is not None:
            return
        with self._one_at_a_time:
            version = self._catalog.refresh()
            if version != self._version:
                self._current = None
                self._version = version
            self._snapshot()

    def state(self) -> object:
        """What a reader stands on; a writer's state is never the same."""
        return self._version if self._lock is None else object()

    def put(self, pages: Sequence[Page]) -> None:
        """Store pages in one commit."""
        with self._appending() as segments:
            rows = [self._append(segments, page) for page in pages]
            segments.sync()
            with self._catalog.transaction():
                for row, page in zip(rows, pages, strict=True):
                    self._catalog.put_page(row, page.words, page.vectors.patch_map)
                self._catalog.record_segments(self._catalog.generation(), segments.lengths)

    def put_vectors(self, vectors: Mapping[str, PageVectors]) -> None:
        """Give stored pages their vectors in one commit."""
        with self._appending() as segments:
            rows = [
                replace(self._page_row(page_id), **_append_vectors(segments, seen))
                for page_id, seen in vectors.items()
            ]
            segments.sync()
            with self._catalog.transaction():
                for row, seen in zip(rows, vectors.values(), strict=True):
                    self._catalog.put_vectors(row, seen.patch_map)
                self._catalog.record_segments(self._catalog.generation(), segments.lengths)

    @contextmanager
    def _appending(self) -> Iterator[SegmentWriter]:
        """The segments; what was appended and not committed is taken back where that fails."""
        segments = self._writer()
        try:
            yield segments
        except BaseException:
            # to what the catalog says: an interrupt may come just after the commit
            segments.roll_back(self._catalog.lengths())
            raise
        finally:
            self._current = None

    def _append(self, segments: SegmentWriter, page: Page) -> PageRow:
        document_key = self._catalog.document_key(page.document_id)
        if document_key is None:
            raise WrongUseError(f"Page {page.page_id} was put before its document.")
        row = PageRow(
            page_key=0,
            document_key=document_key,
            page_number=page.page_number,
            language=page.language,
            width_pt=page.width_pt,
            height_pt=page.height_pt,
            preview_start=segments.append("previews", page.preview),
            preview_length=len(page.preview),
            preview_crc=zlib.crc32(page.preview),
            ocr_engine=page.ocr_engine,
            **_append_vectors(segments, page.vectors),
        )
        return replace(row, n_patches=VECTORS_TO_COME) if page.is_waiting else row

    def put_document(self, document: Document) -> None:
        """Store or replace a document's record, in one step with its paths."""
        self._writer()
        with self._catalog.transaction():
            self._catalog.put_document(document)
        self._current = None

    def delete(self, document_ids: Collection[str]) -> None:
        """Remove documents with all their pages; their bytes stay until `compact`."""
        self._writer()
        with self._catalog.transaction():
            for document_id in document_ids:
                self._catalog.delete_document(document_id)
        self._current = None

    def documents(self, offset: int = 0, limit: int | None = None) -> Iterator[Document]:
        """Every document, in order of id; see PageIndex.documents."""
        with self._one_at_a_time:
            return iter(self._catalog.documents(offset, limit))

    def documents_by_path(
        self, offset: int, limit: int, *, find: str = "", only_failed: bool = False
    ) -> DocumentPart:
        """Documents in order of their first path; see PageIndex.documents_by_path."""
        with self._one_at_a_time:
            return self._catalog.documents_by_path(offset, limit, find, only_failed=only_failed)

    def documents_at(self, name: str) -> list[Document]:
        """Documents that lie at a name or at a longer end of their path, in order of id."""
        with self._one_at_a_time:
            return self._catalog.documents_at(name)

    def document_count(self) -> int:
        """How many documents there are."""
        with self._one_at_a_time:
            return self._catalog.document_count()

    def document(self, document_id: str) -> Document | None:
        """One document; None where there is none of this id."""
        with self._one_at_a_time:
            return self._catalog.document(document_id)

    def page_numbers(self, document_id: str) -> frozenset[int]:
        """Which pages of a document are stored."""
        with self._one_at_a_time:
            return self._catalog.page_numbers(document_id)

    def waiting_pages(self, document_id: str) -> frozenset[int]:
        """Which pages of a document wait for their vectors."""
        with self._one_at_a_time:
            return self._catalog.waiting_pages(document_id)

    def ocr_engines(self, document_id: str) -> dict[int, str]:
        """What has read each page of a document that OCR has read."""
        with self._one_at_a_time:
            return self._catalog.ocr_engines(document_id)

    def search(
        self,
        query: QueryVectors,
        ranking: str,
        k: int,
        *,
        rerank: int | None = None,
        filters: Filters | None = None,
    ) -> SearchResult:
        """The best k pages; see PageIndex.search."""
        rerank = self.rerank_count if rerank is None else rerank
        check_search_arguments(ranking, k, rerank)
        timer = StageTimer()
        compiled_before_s = sum(COMPILED_S.values())
        with self._one_at_a_time:
            snapshot = self._snapshot()
            with timer.stage("filter"):
                candidates = snapshot.rows_matching(filters or Filters())
            if ranking == BM25:
                with timer.stage("bm25"):
                    rows, scores = self._rank_by_text(snapshot, candidates, query.text, k)
        if ranking != BM25:
            rows, scores = rank_by_maxsim(
                snapshot,
                candidates,
                query,
                ranking,
                k,
                rerank,
                timer,
                searches_once=self._searches_once,
            )
        n_tokens = 1 if ranking == BM25 else max(1, len(query.tokens))
        with timer.stage("hits"):
            hits = tuple(
                _ranked(snapshot, row, score, n_tokens)
                for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
            )
        compiled_s = sum(COMPILED_S.values()) - compiled_before_s
        notices = (_COMPILED_SAID.format(compiled_s),) if compiled_s >= SAID_FROM_S else ()
        return SearchResult(hits, len(candidates), timer.timings_ms, notices)

    def _rank_by_text(
        self, snapshot: Snapshot, candidates: NDArray[np.int64], text: str, k: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        scores = self._catalog.text.scores(text, snapshot.page_key, snapshot.document_key)
        rows = candidates[scores[candidates] > 0]
        if len(rows) > k:  # to sort all that hold a function word takes longer than to find them
            least = np.partition(scores[rows], -k)[-k]
            rows = rows[scores[rows] >= least]
        order = np.lexsort((snapshot.tie_order(rows), -scores[rows]))[:k]
        return rows[order], scores[rows][order]

    def texts(self, page_ids: Collection[str]) -> dict[str, PageTexts]:
        """What hits show of pages; those that are not there any more are left out."""
        found = {}
        with self._one_at_a_time:
            snapshot = self._snapshot()
            for id_ in page_ids:
                row = self._catalog.page_row(*split_page_id(id_))
                if row is not None:
                    document = snapshot.document(row.document_key)
                    found[id_] = PageTexts(
                        document.paths,
                        document.title,
                        self._catalog.page_text(row.page_key),
                        row.language,
                        row.ocr_engine,
                    )
        return found

    def page(self, page_id: str) -> Page:
        """A page as it was put, its vectors rounded to bfloat16."""
        with self._one_at_a_time:
            row, snapshot = self._page_row(page_id), self._snapshot()
            stored = snapshot.vectors[row.first_patch : row.first_patch + row.n_stored]
            return Page(
                document_id=split_page_id(page_id)[0],
                page_number=row.page_number,
                width_pt=row.width_pt,
                height_pt=row.height_pt,
                language=row.language,
                words=self._catalog.words(row.page_key),
                vectors=PageVectors(from_bfloat16(stored), self._catalog.patch_map(row.page_key)),
                preview=self._preview(row),
                is_waiting=row.n_patches == VECTORS_TO_COME,
                ocr_engine=row.ocr_engine,
            )

    def image(self, page_id: str) -> bytes:
        """A page's preview, WebP."""
        with self._one_at_a_time:
            return self._preview(self._page_row(page_id))

    def _preview(self, row: PageRow) -> bytes:
        end = row.preview_start + row.preview_length
        return self._snapshot().previews[row.preview_start : end].tobytes()

    def _page_row(self, page_id: str) -> PageRow:
        row = self._catalog.page_row(*split_page_id(page_id))
        if row is None:
            raise WrongUseError(f"Index {self._folder} holds no page {page_id}.")
        return row

    def holds(self, token: Token) -> bool:
        """Whether any page that can be found has a word of a query."""
        with self._one_at_a_time:
            return self._catalog.text.holds(token)

    def facets(self, filters: Filters | None = None) -> Facets:
        """How many pages pass the filters; see PageIndex.facets."""
        with self._one_at_a_time:
            snapshot = self._snapshot()
            return snapshot.traits.count(snapshot.rows_matching(filters or Filters()))

    def n_unfinished(self) -> int:
        """Documents whose pages are not all there yet."""
        with self._one_at_a_time:
            return self._catalog.n_unfinished()

    def n_waiting(self) -> int:
        """Pages that can be found and wait for their vectors."""
        with self._one_at_a_time:
            return int(self._snapshot().is_waiting.sum())

    def stats(self) -> IndexStats:
        """What the index holds now."""
        with self._one_at_a_time:
            snapshot, lengths = self._snapshot(), self._catalog.lengths()
            n_patches, preview_bytes = self._catalog.live_sizes()
            live = n_patches * (BITS_SIZE + VECTOR_SIZE) + preview_bytes
            catalog_size = (self._folder / CATALOG_NAME).stat().st_size
            n_failed_documents = self._catalog.n_failed()
            by_ocr_engine = self._catalog.n_pages_by_ocr_engine()
        return IndexStats(
            n_documents=len(np.unique(snapshot.document_key)),
            n_pages=len(snapshot.page_key),
            n_pages_without_vectors=int(((snapshot.n_patches == 0) & ~snapshot.is_waiting).sum()),
            n_pages_waiting=int(snapshot.is_waiting.sum()),
            n_vectors=int(snapshot.n_patches.sum()),
            n_failed_documents=n_failed_documents,
            size_bytes={**lengths, "catalog": catalog_size},
            reclaimable_bytes=sum(lengths.values()) - live,
            n_pages_by_ocr_engine=by_ocr_engine,
        )

    def compact(self) -> int:
        """Give the bytes of deleted pages back and return how many there were.

        The next generation of segments is written beside the present one; the commit that makes it
        count also moves the rows. Readers keep the files they have mapped.
        """
        before = sum(self._writer().lengths.values())
        new = copy_live_pages(self._folder, self._catalog)
        with self._catalog.transaction():
            self._catalog.record_segments(new.generation, new.lengths)
            for page_key, first_patch, preview_start in new.places:
                self._catalog.move_page(page_key, first_patch, preview_start)
        self._writer().close()
        self._open_segments()
        self._catalog.vacuum()
        self._current = None
        return before - sum(new.lengths.values())

    def close(self) -> None:
        """Give back files, the connection and the writer's lock."""
        self._current = None
        self._catalog.close()
        if self._segments is not None:
            self._segments.close()
        if self._lock is not None:
            self._lock.release()

    def _snapshot(self) -> Snapshot:
        if self._current is None:
            self._current = take_snapshot(self._folder, self._catalog, move_on=self._lock is None)
        return self._current

    def _writer(self) -> SegmentWriter:
        if self._segments is None:
            raise WrongUseError(f"Index {self._folder} is open for reading.")
        return self._segments


def _ranked(snapshot: Snapshot, row: int, score: float, n_tokens: int) -> RankedPage:
    document_id, number = snapshot.document_id(row), int(snapshot.page_number[row])
    return RankedPage(
        page_id(document_id, number),
        document_id,
        number,
        score / n_tokens,
        score,
        is_waiting=bool(snapshot.is_waiting[row]),
    )


class _VectorPlace(TypedDict):
    """What a PageRow says of a page's vectors."""

    first_patch: int
    n_patches: int
    bits_crc: int
    vectors_crc: int


def _append_vectors(segments: SegmentWriter, seen: PageVectors) -> _VectorPlace:
    bits = pack_sign_bits(seen.vectors).tobytes()
    vectors = to_bfloat16(seen.vectors).tobytes()
    first_byte = segments.append("bits", bits)
    segments.append("vectors", vectors)
    return {
        "first_patch": first_byte // BITS_SIZE,
        "n_patches": len(seen.vectors),
        "bits_crc": zlib.crc32(bits),
        "vectors_crc": zlib.crc32(vectors),
    }


def _refuse_foreign_folder(folder: Path) -> None:
    """Refuse to make an index among somebody's files; leftovers of our own start are fine."""
    own = (CATALOG_NAME, "writer.", "bits-", "vectors-", "previews-", MANIFEST_NAME)
    try:
        foreign = sorted(p.name for p in folder.iterdir() if not p.name.startswith(own))
    except FileNotFoundError:
        return
    except NotADirectoryError as e:
        raise WrongUseError(f"{folder} is a file. An index is a folder.") from e
    if foreign:
        raise WrongUseError(
            f"{folder} holds other files ({foreign[0]}) and no index. "
            "Name a new or empty folder with --index."
        )
