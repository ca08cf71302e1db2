"""One pass over pages: drawn by workers, encoded, put. Bounded memory.

Pages are drawn and prepared by worker threads, run by run, a little ahead of the encoder, which has
a thread of its own, and are committed batch by batch in the order in which they were encoded.
A document's record is put first (so that its pages have a home), and put again after its last page:
that second record is the commit point at which it takes over its paths, and it is complete where
the pass has left nothing to do.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from encoders.interface import Encoder, PageInput
from index.errors import PageFailure, PagelensError, PassingFailure, VectorShapeError
from index.interface import PageIndex
from index.pages import Failure, Page, PageVectors, merge_failures, page_id
from ingest.drawing import NOT_SEEN, Drawn
from ingest.files import file_record
from ingest.page_run import PageRun, page_runs
from ingest.plan import Work
from ingest.report import Counts, Report

COMMIT_INTERVAL_S = 5.0
"""After this long a batch is committed though it is not full, so that a kill costs little work."""

TEXT_BATCH_SIZE = 16
"""Pages put at once with their words alone: a second's work, and few enough commits."""

RUN_PAGES = 4
"""Pages a worker draws with one call of poppler. With 8, a page takes 2 ms less, and what is last
begun is ready later."""

_STOP_CHECK_INTERVAL_S = 0.2

_Outcome = PageVectors | VectorShapeError | PageFailure


@dataclass(frozen=True)
class Stage:
    """What a pass does.

    Attributes:
        pages: of a work, the numbers of the pages it is about.
        draw: brings one of them as far as workers do, with the run it is of; raises PageFailure.
        on_page: called for each page it is done with, with the number of documents of which every
            page is searchable by then.
        leaves_vectors: it puts pages with their words alone.
        longest_run: pages that a worker draws one after another.
    """

    pages: Callable[[Work], Collection[int]]
    draw: Callable[[Work, int, Encoder, PageRun], Drawn]
    on_page: Callable[[int], None]
    leaves_vectors: bool = False
    longest_run: int = RUN_PAGES


@dataclass
class Done:
    """What a run has done so far.

    Attributes:
        searchable: ids of documents of which every page can be found.
        replacing: ids of those that replace others.
        n_finished: documents of which nothing is left to do.
    """

    report: Report
    searchable: set[str]
    replacing: frozenset[str]
    n_finished: int = 0


@dataclass(eq=False)
class _OpenDocument:
    """A document under way.

    Attributes:
        page_numbers: pages to do in this pass.
        failures: all that are known.
        n_pages_left: pages to do that are neither committed nor failed nor left.
        waiting: pages that are committed and lack their vectors.
        for_ocr: pages that OCR is to read, with the reason.
        is_changed: the file was written to while it was read.
    """

    work: Work
    page_numbers: tuple[int, ...]
    failures: list[Failure]
    n_pages_left: int
    waiting: set[int]
    for_ocr: dict[int, str]
    is_changed: bool = False

    @property
    def document_id(self) -> str:
        """Its id."""
        return self.work.document.document_id


@dataclass(frozen=True, eq=False)
class _Job:
    """A page that is being drawn."""

    document: _OpenDocument
    page_number: int
    drawn: Future[Drawn]

    @property
    def page_id(self) -> str:
        """Its id."""
        return page_id(self.document.document_id, self.page_number)

    @property
    def is_waiting(self) -> bool:
        """Whether the index has it with its words, from an earlier pass or run."""
        return self.page_number in self.document.work.waiting


_Batch = list[tuple[_Job, Drawn]]


class PagePass:
    """One pass over pages: the batch in hand, those being encoded, and the documents under way.

    The model runs in a thread of its own, or on several devices in several, one batch waiting
    behind those it works on, so that it never waits for a page to be drawn or stored.

    Args:
        stage: what it does.
        index: open for writing.
        load: gives the encoder.
        done: is kept up to date.
        on_settled: called as `stage.on_page`, for every page of which nothing more is to be done.
    """

    def __init__(
        self,
        stage: Stage,
        index: PageIndex,
        load: Callable[[], Encoder],
        done: Done,
        on_settled: Callable[[int], None],
    ) -> None:
        self.left: list[Work] = []
        """What a later pass has to do."""
        self._stage = stage
        self._done = done
        self._index = index
        self._load = load
        self._on_settled = on_settled
        self._batch: _Batch = []
        self._encoding: deque[tuple[_Batch, Future[list[_Outcome]]]] = deque()
        self._last_sent = time.monotonic()

    def work_through(self, works: Sequence[Work], n_workers: int, stop: threading.Event) -> None:
        """Bring the pages of all works through, or of as many as there is time for."""
        pool = ThreadPoolExecutor(n_workers)
        n_pages = sum(len(self._stage.pages(work)) for work in works)
        ahead = 2 * n_workers + self._batch_size if n_pages else 1
        # short enough for all workers to be busy, until little is left
        run_pages = min(self._stage.longest_run, ahead // n_workers, n_pages // (2 * n_workers))
        jobs: list[_Job] = []
        try:
            runs = self._runs(works, max(1, run_pages), pool)
            while not stop.is_set():
                while len(jobs) < ahead and (run := next(runs, None)):
                    jobs += run
                if not (jobs or self._batch or self._encoding):
                    break
                job = self._wait_for(jobs)
                if job is not None:
                    jobs.remove(job)
                    self._take(job)
                self._go_on(is_last=not jobs)
            self._end()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for job in jobs:
                job.drawn.cancel()
            if "_model" in self.__dict__:
                self._model.shutdown(wait=False, cancel_futures=True)
            _wait_out([job.drawn for job in jobs] + [future for _, future in self._encoding])

    def _runs(
        self, works: Sequence[Work], longest: int, pool: ThreadPoolExecutor
    ) -> Iterator[list[_Job]]:
        """Start each document when its turn comes, and hand its pages to the workers."""
        for work in works:
            document = self._begin(work)
            for numbers in page_runs(work.facts, document.page_numbers, longest):
                jobs = [_Job(document, number, Future()) for number in numbers]
                pool.submit(self._draw, work, jobs, self._encoder)
                yield jobs

    def _draw(self, work: Work, jobs: Sequence[_Job], encoder: Encoder) -> None:
        """Draw the pages of a run, but those that are cancelled."""
        with PageRun(work.path, [job.page_number for job in jobs]) as page_run:
            for job in jobs:
                if not job.drawn.set_running_or_notify_cancel():
                    continue
                try:
                    drawn = self._stage.draw(work, job.page_number, encoder, page_run)
                except BaseException as error:
                    job.drawn.set_exception(error)
                else:
                    job.drawn.set_result(drawn)

    @property
    def _encoder(self) -> Encoder:
        """Loaded when it is first needed."""
        return self._load()

    @property
    def _batch_size(self) -> int:
        return TEXT_BATCH_SIZE if self._stage.leaves_vectors else self._encoder.batch_size

    @cached_property
    def _model(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._encoder.n_at_once)

    def _begin(self, work: Work) -> _OpenDocument:
        """Give a document's pages a home in the index; one without pages is finished at once."""
        pages = tuple(self._stage.pages(work))
        document = _OpenDocument(
            work,
            pages,
            list(work.document.failures),
            len(pages),
            set(work.waiting.difference(pages)),
            {n: reason for n, reason in work.for_ocr.items() if n not in pages},
        )
        if work.is_begun and pages and _has_changed(work):  # of other bytes nothing is drawn
            document.is_changed, document.page_numbers = True, ()
            self._finish(document)
            for _ in pages:
                self._tell(is_settled=True)
        elif pages:
            # what replaces another document stays out of sight until its words are all there
            files = () if work.replaces else work.document.files
            self._index.put_document(replace(work.document, files=files, is_complete=False))
        else:
            self._finish(document)
        return document

    def _wait_for(self, jobs: Sequence[_Job]) -> _Job | None:
        """Wait a moment for the next thing to do; a page that is drawn, if it is one.

        The first that is ready: nobody waits behind a page that takes long. None are taken while a
        batch waits behind the model.
        """
        has_room = len(self._encoding) <= self._encoder.n_at_once
        futures: list[Future[Any]] = [future for _, future in self._encoding][:1]
        if has_room:
            futures += [job.drawn for job in jobs]
        ready = wait(futures, timeout=_STOP_CHECK_INTERVAL_S, return_when=FIRST_COMPLETED).done
        return next((job for job in jobs if has_room and job.drawn in ready), None)

    def _take(self, job: _Job) -> None:
        """Put a drawn page into the batch, leave it to OCR, or record why there is none."""
        document = job.document
        try:
            drawn = job.drawn.result()
        except PageFailure as e:
            is_kept = job.page_number in document.work.kept
            self._record_failure(job, e, has_words=job.is_waiting, is_of_ocr=is_kept)
            self._page_done(job)
            return
        if drawn.for_ocr:
            document.for_ocr[job.page_number] = drawn.for_ocr
            self._page_done(job)
            return
        if drawn.not_drawn is not None:
            self._record_failure(job, drawn.not_drawn, has_words=True)
        if drawn.not_read is not None:
            self._record_failure(job, drawn.not_read, is_of_ocr=True)
        if job.page_number in document.work.kept and drawn.page is None:  # it stays as it is
            self._page_done(job)
        else:
            self._batch.append((job, drawn))

    def _go_on(self, *, is_last: bool) -> None:
        """Store what is encoded, and send the batch to the model where it is due.

        It is when it is full; when no page is to come; and when the model has nothing to do and
        pages have waited long enough.
        """
        while self._encoding and self._encoding[0][1].done():
            self._store(*self._encoding.popleft())
        waited_s = time.monotonic() - self._last_sent
        is_full = len(self._batch) >= self._batch_size
        if self._batch and (
            is_full or not self._encoding and (is_last or waited_s > COMMIT_INTERVAL_S)
        ):
            batch, self._batch = self._batch, []
            future = self._model.submit(self._encode, [drawn.input for _, drawn in batch])
            self._encoding.append((batch, future))
            self._last_sent = time.monotonic()

    def _end(self) -> None:
        """Store what the model has in hand; a batch it has not begun is left to the next run."""
        for batch, future in self._encoding:
            if not future.cancel():
                self._store(batch, future)
        self._encoding.clear()

    def _store(self, batch: _Batch, future: "Future[list[_Outcome]]") -> None:
        """Store a batch's pages in one commit, and finish the documents it completes."""
        outcomes = future.result()
        for document in {job.document for job, _ in batch}:
            document.is_changed |= _has_changed(document.work)
        pages: list[Page] = []
        vectors: dict[str, PageVectors] = {}
        for (job, drawn), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, PageVectors) and not job.document.is_changed:
                if drawn.page is None:
                    vectors[job.page_id] = outcome
                elif drawn.keeps_vectors:
                    stored = self._index.page(job.page_id)
                    pages.append(
                        replace(drawn.page, vectors=stored.vectors, preview=stored.preview)
                    )
                else:
                    pages.append(replace(drawn.page, vectors=outcome))
        if pages:
            self._index.put(pages)
        if vectors:
            self._index.put_vectors(vectors)
        for (job, drawn), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, PagelensError):
                self._record_failure(job, outcome, has_words=job.is_waiting)
            elif not job.document.is_changed:
                self._count(job, drawn, outcome)
            self._page_done(job)

    def _count(self, job: _Job, drawn: Drawn, vectors: PageVectors) -> None:
        """Count a page that was stored."""
        report = self._done.report
        report.pages_with_unreadable_text += drawn.has_unreadable_text
        report.pages_read_by_ocr += bool(drawn.page and drawn.page.ocr_engine)
        if drawn.page is not None and drawn.page.is_waiting:
            job.document.waiting.add(job.page_number)
            report.pages_waiting += 1
            return
        self._counts(job.document).pages += 1
        report.pages_without_vectors += not (len(vectors.vectors) or drawn.keeps_vectors)
        report.pages_waiting -= drawn.page is None

    def _encode(self, inputs: list[PageInput]) -> "list[_Outcome]":
        """Vectors of each page; where a batch cannot be encoded, page by page to see which."""
        seen = [one for one in inputs if one is not NOT_SEEN]
        if self._stage.leaves_vectors or not seen:
            return [PageVectors.none() for _ in inputs]
        try:
            vectors = iter(self._encoder.encode_pages(seen))
            return [PageVectors.none() if one is NOT_SEEN else next(vectors) for one in inputs]
        except (VectorShapeError, PageFailure) as e:
            if len(inputs) == 1:
                return [e]
            return [outcome for one in inputs for outcome in self._encode([one])]

    def _record_failure(
        self, job: _Job, error: PagelensError, *, has_words: bool = False, is_of_ocr: bool = False
    ) -> None:
        failure = Failure(
            job.page_number,
            str(error),
            is_passing=isinstance(error, PassingFailure),
            has_words=has_words,
            is_of_ocr=is_of_ocr,
        )
        job.document.failures.append(failure)

    def _page_done(self, job: _Job) -> None:
        document = job.document
        is_left = job.page_number in document.for_ocr or job.page_number in document.waiting
        document.n_pages_left -= 1
        if document.n_pages_left == 0:
            self._finish(document)
        self._tell(is_settled=not is_left)

    def _tell(self, *, is_settled: bool) -> None:
        n_searchable = len(self._done.searchable)
        self._stage.on_page(n_searchable)
        if is_settled:
            self._on_settled(n_searchable)

    def _finish(self, document: _OpenDocument) -> None:
        """The commit point of a document: its paths are its own, what it replaces goes.

        Unless its file was written to meanwhile: which pages are of the old bytes and which of the
        new nobody knows then, and none of them may stay under the old ones' id. Where pages were
        put long before, they stay until the next run replaces them.

        What replaces another document waits for pages that OCR is to read: the other's would be
        missed.
        """
        work, done = document.work, self._done
        if document.is_changed or _has_changed(work):
            done.n_finished += 1
            if not work.is_begun:
                self._index.delete([document.document_id])
                done.report.pages_waiting -= len(document.waiting)
            failure = Failure(None, "was changed while it was read", is_passing=True)
            done.report.failed += [(path, failure) for path in work.document.paths]
            return
        failures = merge_failures(document.failures)
        if not document.waiting:
            self._settle(work, failures)
        left = document.waiting.union(document.for_ocr)
        record = replace(work.document, is_complete=not left, failures=failures)
        stays_hidden = bool(document.for_ocr and work.replaces)
        if not stays_hidden:
            self._index.put_document(record)
            self._index.delete(work.replaces)
            if record.has_readable_pages:  # else nothing of it is in the index
                done.searchable.add(record.document_id)
        if left:
            self.left.append(
                replace(
                    work,
                    document=record,
                    page_numbers=tuple(sorted(left)),
                    replaces=work.replaces if stays_hidden else (),
                    waiting=frozenset(document.waiting),
                    for_ocr=document.for_ocr,
                )
            )
            return
        done.n_finished += 1
        if record.has_readable_pages:
            self._counts(document).documents += 1
        done.report.failed += record.named_failures
        if record.not_searched:
            done.report.not_searched += [(path, record.not_searched) for path in record.paths]

    def _settle(self, work: Work, failures: tuple[Failure, ...]) -> None:
        """Let pages wait no longer that got no vectors, because they failed; why is known before.

        A kill in between must not make of a page that failed one on which nothing was to be seen.
        """
        if not any(failure.has_words for failure in failures):
            return
        document_id = work.document.document_id
        waiting = self._index.waiting_pages(document_id)
        if waiting:
            self._index.put_document(replace(work.document, is_complete=False, failures=failures))
            self._index.put_vectors({page_id(document_id, n): PageVectors.none() for n in waiting})
            self._done.report.pages_waiting -= len(waiting)

    def _counts(self, document: _OpenDocument) -> Counts:
        report = self._done.report
        if document.work.kept:
            return report.read_again
        is_new = document.document_id not in self._done.replacing
        return report.added if is_new else report.replaced


def _wait_out(futures: Sequence[Future[Any]]) -> None:
    """Wait until all have ended, without a wait that has no end.

    A signal that comes just before such a wait is seen when it is over: Ctrl-C would do nothing.
    """
    while running := [future for future in futures if not future.done()]:
        wait(running, timeout=_STOP_CHECK_INTERVAL_S)


def _has_changed(work: Work) -> bool:
    """Whether the file is another now than the one that was hashed; not so one that is gone."""
    try:
        now = file_record(work.path)
        return not any(now.has_bytes_of(file) for file in work.document.files)
    except PageFailure:
        return False
