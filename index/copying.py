"""Copy an index into another of any kind: nothing is rendered or encoded again.

The order is an ingest's: a document's record first (so that its pages have a home), its pages in
batches, the complete record last. So a copy that was cut short goes on from the pages the target
holds.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from index.interface import PageIndex
from index.pages import Document, Page, page_id

BATCH_BYTES = 16 * 2**20
"""Vectors and previews put at once: a few dozen pages. More memory buys no speed, and as much is
lost where the process is killed."""


@dataclass
class CopyReport:
    """What a copy did.

    Attributes:
        n_documents, n_pages: copied.
        n_skipped: documents the target held already, as they are in the source.
        n_pages_left: pages of documents it was stopped before.
        is_interrupted: whether it was stopped before its end.
    """

    n_documents: int = 0
    n_pages: int = 0
    n_skipped: int = 0
    n_pages_left: int = 0
    is_interrupted: bool = False


def copy_index(
    source: PageIndex,
    target: PageIndex,
    *,
    stop: threading.Event,
    on_progress: Callable[[int, int], None],
    batch_bytes: int = BATCH_BYTES,
    change: Callable[[Page], Page] = lambda page: page,
) -> CopyReport:
    """Put every document of the source, with its pages, into the target.

    The target keeps what the source does not hold, but for documents whose every path now belongs
    to a copied one: these are replaced, as in an ingest, and removed at the end.

    Args:
        source: open for reading.
        target: open for writing, its vectors comparable with the source's as `change` leaves them.
        stop: set it to stop; the batch in hand is still put.
        on_progress: called with the pages done and the pages of all documents to copy.
        batch_bytes: a batch is put when its vectors and previews reach this size.
        change: what the target gets in place of a page.
    """
    documents = list(source.documents())
    run = _Copy(source, target, documents, stop, on_progress, batch_bytes, change)
    run.copy_documents()
    if not run.report.is_interrupted:
        _remove_replaced(target, {document.document_id for document in documents})
    return run.report


def _remove_replaced(target: PageIndex, copied: set[str]) -> None:
    """Remove complete documents without a path: nobody finds them, and a sync would remove them."""
    target.delete(
        [
            document.document_id
            for document in target.documents()
            if document.is_complete and not document.files and document.document_id not in copied
        ]
    )


class _Copy:
    """The state of one copy: the pages in hand, and the documents these complete."""

    def __init__(
        self,
        source: PageIndex,
        target: PageIndex,
        documents: list[Document],
        stop: threading.Event,
        on_progress: Callable[[int, int], None],
        batch_bytes: int,
        change: Callable[[Page], Page],
    ) -> None:
        self.report = CopyReport()
        self._source = source
        self._target = target
        self._stop = stop
        self._on_progress = on_progress
        self._batch_bytes = batch_bytes
        self._change = change
        self._known = {document.document_id: document for document in target.documents()}
        self._owned_paths = {file.path for known in self._known.values() for file in known.files}
        self._todo = [document for document in documents if not self._is_there(document)]
        self._batch: list[Page] = []
        self._batch_size = 0
        self._whole: list[Document] = []  # documents of which every page is put, or in the batch
        self._n_pages = sum(document.page_count for document in self._todo)
        self.report.n_pages_left = self._n_pages
        self.report.n_skipped = len(documents) - len(self._todo)

    def _is_there(self, document: Document) -> bool:
        if self._known.get(document.document_id) != document:
            return False
        id_ = document.document_id
        return not (self._read_anew(id_) if document.is_complete else self._missing(document))

    def _missing(self, document: Document) -> list[int]:
        """Pages of the source that a document known to the target lacks there, or a part of them.

        Which is their vectors, or words that OCR has read in the meantime.
        """
        id_ = document.document_id
        lacking = self._source.page_numbers(id_) - self._target.page_numbers(id_)
        behind = self._target.waiting_pages(id_) - self._source.waiting_pages(id_)
        return sorted(lacking | behind | self._read_anew(id_))

    def _read_anew(self, document_id: str) -> set[int]:
        """Pages that OCR has read in the source, and not in the target, or another engine."""
        engines = self._source.ocr_engines(document_id)
        there = self._target.ocr_engines(document_id) if engines else {}
        return {n for n, engine in engines.items() if there.get(n) != engine}

    def copy_documents(self) -> None:
        for document in self._todo:
            self._copy_document(document)
            if self._stop.is_set():
                break
        self._put_batch()
        self.report.is_interrupted = self.report.n_documents < len(self._todo)

    def _copy_document(self, document: Document) -> None:
        missing = self._begin(document)
        self._advance(document.page_count - len(missing))
        for page_number in missing:
            if self._stop.is_set():
                return
            page = self._change(self._source.page(page_id(document.document_id, page_number)))
            self._batch.append(page)
            self._batch_size += page.vectors.vectors.nbytes + len(page.preview)
            if self._batch_size >= self._batch_bytes:
                self._put_batch()
        self._whole.append(document)
        if not self._batch:  # no page to wait for
            self._put_batch()

    def _begin(self, document: Document) -> list[int]:
        """Give the document's pages a home in the target, and say which are missing there."""
        if document.document_id in self._known:
            return self._missing(document)
        # what replaces another document stays out of sight until it is complete
        replaces = any(file.path in self._owned_paths for file in document.files)
        files = () if replaces else document.files
        self._target.put_document(replace(document, files=files, is_complete=False))
        return sorted(self._source.page_numbers(document.document_id))

    def _put_batch(self) -> None:
        """Put the pages in hand, and the records of the documents they complete."""
        if self._batch:
            self._target.put(self._batch)
        self.report.n_pages += len(self._batch)
        self._advance(len(self._batch))
        self._batch, self._batch_size = [], 0
        for document in self._whole:
            self._target.put_document(document)
            self.report.n_documents += 1
        self._whole = []

    def _advance(self, n_pages: int) -> None:
        self.report.n_pages_left -= n_pages
        self._on_progress(self._n_pages - self.report.n_pages_left, self._n_pages)
