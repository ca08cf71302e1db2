"""Render, encode, put: carries a plan out. Bounded memory; resumable; one bad page never stops it.

Pages are rendered and prepared by worker threads a little ahead of the encoder, which has a thread
of its own, and are committed batch by batch in the order in which they were encoded.
A document's record is put first (so that its pages have a home), and put again, complete, after
its last page: that second record is the commit point at which it takes over its paths.

Words first, this is done twice over: once for the pages without their vectors, after which the
record takes over its paths but is not complete, and once for the vectors.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import islice
from typing import Any

from encoders.interface import Encoder, PageInput
from index.errors import PageFailure, PagelensError, PassingFailure, VectorShapeError
from index.interface import PageIndex
from index.pages import Failure, Page, PageVectors, merge_failures, page_id
from ingest.drawing import Drawn, draw
from ingest.files import file_record
from ingest.plan import Plan, Work
from ingest.report import Counts, Report

COMMIT_INTERVAL_S = 5.0
"""After this long a batch is committed though it is not full, so that a kill costs little work."""

TEXT_BATCH_SIZE = 16
"""Pages put at once with their words alone: a second's work, and few enough commits."""

_STOP_CHECK_INTERVAL_S = 0.2

_Outcome = PageVectors | VectorShapeError | PageFailure


@dataclass(eq=False)
class _OpenDocument:
    """A document under way.

    Attributes:
        page_numbers: pages to do in this pass.
        n_pages_left: those of them neither committed nor failed.
        waiting: pages that are committed and lack their vectors.
        is_changed: the file was written to while it was read.
    """

    work: Work
    page_numbers: tuple[int, ...]
    failures: list[Failure]
    n_pages_left: int
    waiting: set[int]
    is_changed: bool = False

    @property
    def document_id(self) -> str:
        """Its id."""
        return self.work.document.document_id


@dataclass(frozen=True, eq=False)
class _Job:
    """A page that is being rendered."""

    document: _OpenDocument
    page_number: int
    drawn: Future[Drawn]


_Batch = list[tuple[_Job, Drawn]]


@dataclass
class _Done:
    """What was done so far.

    Attributes:
        searchable: ids of documents of which every page can be found.
        replacing: ids of those that replace others.
        n_finished: documents of which nothing is left to do.
    """

    report: Report
    searchable: set[str]
    replacing: frozenset[str]
    n_finished: int = 0


def carry_out(
    plan: Plan,
    index: PageIndex,
    load_encoder: Callable[[], Encoder],
    *,
    n_workers: int,
    stop: threading.Event,
    on_page: Callable[[int], None],
    text_first: bool = False,
    on_text: Callable[[int], None] = lambda n_searchable: None,
    before_vectors: Callable[[Encoder], None] = lambda encoder: None,
) -> Report:
    """Make the index what the plan says.

    Args:
        plan: from `make_plan` over the same index.
        index: open for writing.
        load_encoder: called before anything is changed, and only where there are pages to encode.
        n_workers: pages rendered in parallel.
        stop: set it to stop; the batch the model works on is still committed.
        on_page: called for every page committed or failed, with the number of documents of which
            every page is searchable by then.
        text_first: make all pages searchable by their words before the first gets its vectors. For
            encoders that look at pages: one that reads words is as quick.
        on_text: called likewise for every page of that first pass.
        before_vectors: called with the encoder before the first page is encoded, if one is.
    """
    load = cache(load_encoder)
    if plan.n_pages:
        load()
    kept = (*plan.skip, *plan.touch, *plan.move)
    done = _Done(
        Report(pages_waiting=sum(len(work.waiting) for work in plan.work)),
        {document.document_id for document in kept if document.readable_pages},
        frozenset(work.document.document_id for work in plan.work if work.replaces),
    )
    _apply_records(plan, index, done.report)
    works: Sequence[Work] = plan.work
    if text_first and plan.n_pages:
        text = _Pass(index, load, done, on_text, leaves_vectors=True)
        _work_through(works, text, n_workers, stop)
        works = sorted(text.left, key=lambda work: work.document.name)
    if not stop.is_set():
        if any(work.page_numbers for work in works):
            before_vectors(load())
        _work_through(works, _Pass(index, load, done, on_page), n_workers, stop)
    report = done.report
    report.failed.sort(key=lambda failed: (failed[0], failed[1].page_number or 0))
    report.not_searched.sort()
    report.is_interrupted = done.n_finished < len(plan.work)
    return report


def _apply_records(plan: Plan, index: PageIndex, report: Report) -> None:
    """Everything that needs no rendering: removed, moved, touched and unchanged documents."""
    index.delete([document.document_id for document in (*plan.remove, *plan.forget)])
    for document in (*plan.move, *plan.touch, *plan.record):
        index.put_document(document)
    for counts, documents in (
        (report.removed, plan.remove),
        (report.moved, plan.move),
        (report.skipped, (*plan.touch, *plan.skip)),
    ):
        counts.documents += len(documents)
        counts.pages += sum(document.page_count for document in documents)
    for document in (*plan.move, *plan.touch, *plan.skip):
        report.failed += document.named_failures
    report.failed += plan.unreadable
    report.lost_roots = plan.lost_roots


def _work_through(
    works: Sequence[Work], pass_: "_Pass", n_workers: int, stop: threading.Event
) -> None:
    """Bring the pages of all works through a pass, or of as many as there is time for."""
    pool = ThreadPoolExecutor(n_workers)
    ahead = 2 * n_workers + pass_.batch_size if any(work.page_numbers for work in works) else 1
    try:
        source = _jobs(works, pass_, pool)
        jobs: list[_Job] = []
        while not stop.is_set():
            jobs.extend(islice(source, ahead - len(jobs)))
            if not (jobs or pass_.has_work):
                break
            job = pass_.wait_for(jobs)
            if job is not None:
                jobs.remove(job)
                pass_.take(job)
            pass_.go_on(is_last=not jobs)
        pass_.end()
    finally:
        pool.shutdown(cancel_futures=True)
        pass_.close()


def _jobs(works: Sequence[Work], pass_: "_Pass", pool: ThreadPoolExecutor) -> Iterator[_Job]:
    """Start each document when its turn comes, and hand its pages to the workers."""
    for work in works:
        document = pass_.begin(work)
        for page_number in document.page_numbers:
            drawn = pool.submit(
                draw, work, page_number, pass_.encoder, is_to_wait=pass_.leaves_vectors
            )
            yield _Job(document, page_number, drawn)


class _Pass:
    """One pass over pages: the batch in hand, those being encoded, and the documents under way.

    The model runs in a thread of its own, or on several devices in several, one batch waiting
    behind those it works on, so that it never waits for a page to be drawn or stored.

    Args:
        index: open for writing.
        load: gives the encoder.
        done: is kept up to date.
        on_page: called for every page this pass is done with.
        leaves_vectors: put pages with their words alone; those that then wait are in `left`.
    """

    def __init__(
        self,
        index: PageIndex,
        load: Callable[[], Encoder],
        done: _Done,
        on_page: Callable[[int], None],
        *,
        leaves_vectors: bool = False,
    ) -> None:
        self.leaves_vectors = leaves_vectors
        self.left: list[Work] = []
        self._done = done
        self._index = index
        self._load = load
        self._on_page = on_page
        self._batch: _Batch = []
        self._encoding: deque[tuple[_Batch, Future[list[_Outcome]]]] = deque()
        self._last_sent = time.monotonic()

    @property
    def encoder(self) -> Encoder:
        """Loaded when it is first needed."""
        return self._load()

    @property
    def batch_size(self) -> int:
        """Pages to put at once."""
        return TEXT_BATCH_SIZE if self.leaves_vectors else self.encoder.batch_size

    @cached_property
    def _model(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.encoder.n_at_once)

    def begin(self, work: Work) -> _OpenDocument:
        """Give a document's pages a home in the index; one without pages is finished at once."""
        pages, waiting = work.page_numbers, set[int]()
        if self.leaves_vectors:
            pages, waiting = tuple(n for n in pages if n not in work.waiting), set(work.waiting)
        document = _OpenDocument(work, pages, list(work.document.failures), len(pages), waiting)
        if work.waiting and pages and _has_changed(work):  # of other bytes nothing is drawn
            document.is_changed, document.page_numbers = True, ()
            self._finish(document)
            for _ in pages:
                self._on_page(len(self._done.searchable))
        elif pages:
            # what replaces another document stays out of sight until it is complete
            files = () if work.replaces else work.document.files
            self._index.put_document(replace(work.document, files=files, is_complete=False))
        else:
            self._finish(document)
        return document

    @property
    def has_work(self) -> bool:
        """Whether there are pages that are drawn and not yet stored."""
        return bool(self._batch or self._encoding)

    def wait_for(self, jobs: Sequence[_Job]) -> _Job | None:
        """Wait a moment for the next thing to do; a page that is drawn, if it is one.

        The first that is ready: nobody waits behind a page that takes long. None are taken while a
        batch waits behind the model.
        """
        has_room = len(self._encoding) <= self.encoder.n_at_once
        futures: list[Future[Any]] = [future for _, future in self._encoding][:1]
        if has_room:
            futures += [job.drawn for job in jobs]
        ready = wait(futures, timeout=_STOP_CHECK_INTERVAL_S, return_when=FIRST_COMPLETED).done
        return next((job for job in jobs if has_room and job.drawn in ready), None)

    def take(self, job: _Job) -> None:
        """Put a drawn page into the batch, or record why there is none."""
        try:
            drawn = job.drawn.result()
        except PageFailure as e:
            self._record_failure(job, e, has_words=job.page_number in job.document.work.waiting)
            self._page_done(job)
        else:
            self._batch.append((job, drawn))
            if drawn.not_drawn is not None:
                self._record_failure(job, drawn.not_drawn, has_words=True)

    def go_on(self, *, is_last: bool) -> None:
        """Store what is encoded, and send the batch to the model where it is due.

        It is when it is full; when no page is to come; and when the model has nothing to do and
        pages have waited long enough.
        """
        while self._encoding and self._encoding[0][1].done():
            self._store(*self._encoding.popleft())
        waited_s = time.monotonic() - self._last_sent
        is_full = len(self._batch) >= self.batch_size
        if self._batch and (
            is_full or not self._encoding and (is_last or waited_s > COMMIT_INTERVAL_S)
        ):
            batch, self._batch = self._batch, []
            future = self._model.submit(self._encode, [drawn.input for _, drawn in batch])
            self._encoding.append((batch, future))
            self._last_sent = time.monotonic()

    def end(self) -> None:
        """Store what the model has in hand; a batch it has not begun is left to the next run."""
        for batch, future in self._encoding:
            if not future.cancel():
                self._store(batch, future)
        self._encoding.clear()

    def close(self) -> None:
        """Let go of the model's threads."""
        if "_model" in self.__dict__:
            self._model.shutdown(cancel_futures=True)

    def _store(self, batch: _Batch, future: "Future[list[_Outcome]]") -> None:
        """Store a batch's pages in one commit, and finish the documents it completes."""
        outcomes = future.result()
        for document in {job.document for job, _ in batch}:
            document.is_changed |= _has_changed(document.work)
        pages: list[Page] = []
        vectors: dict[str, PageVectors] = {}
        for (job, drawn), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, PageVectors) and not job.document.is_changed:
                if drawn.page is not None:
                    pages.append(replace(drawn.page, vectors=outcome))
                else:
                    vectors[page_id(job.document.work.document.document_id, job.page_number)] = (
                        outcome
                    )
        if pages:
            self._index.put(pages)
        if vectors:
            self._index.put_vectors(vectors)
        for (job, drawn), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, PagelensError):
                self._record_failure(job, outcome, has_words=drawn.page is None)
            elif not job.document.is_changed:
                self._count(job, drawn, outcome)
            self._page_done(job)

    def _count(self, job: _Job, drawn: Drawn, vectors: PageVectors) -> None:
        """Count a page that was stored."""
        report = self._done.report
        report.pages_with_unreadable_text += drawn.has_unreadable_text
        if drawn.page is not None and drawn.page.is_waiting:
            job.document.waiting.add(job.page_number)
            report.pages_waiting += 1
            return
        self._counts(job.document).pages += 1
        report.pages_without_vectors += not len(vectors.vectors)
        report.pages_waiting -= drawn.page is None

    def _encode(self, inputs: list[PageInput]) -> "list[_Outcome]":
        """Vectors of each page; where a batch cannot be encoded, page by page to see which."""
        if self.leaves_vectors:
            return [PageVectors.none() for _ in inputs]
        try:
            return list(self.encoder.encode_pages(inputs))
        except (VectorShapeError, PageFailure) as e:
            if len(inputs) == 1:
                return [e]
            return [outcome for one in inputs for outcome in self._encode([one])]

    def _record_failure(self, job: _Job, error: PagelensError, *, has_words: bool) -> None:
        is_passing = isinstance(error, PassingFailure)
        failure = Failure(job.page_number, str(error), is_passing=is_passing, has_words=has_words)
        job.document.failures.append(failure)

    def _page_done(self, job: _Job) -> None:
        job.document.n_pages_left -= 1
        if job.document.n_pages_left == 0:
            self._finish(job.document)
        self._on_page(len(self._done.searchable))

    def _finish(self, document: _OpenDocument) -> None:
        """The commit point of a document: its paths are its own, what it replaces goes.

        Unless its file was written to meanwhile: which pages are of the old bytes and which of the
        new nobody knows then, and none of them may stay under the old ones' id. Where its words
        were put long before, they stay until the next run replaces them.
        """
        work, done = document.work, self._done
        if document.is_changed or _has_changed(work):
            done.n_finished += 1
            if not work.waiting:
                self._index.delete([document.document_id])
                done.report.pages_waiting -= len(document.waiting)
            failure = Failure(None, "was changed while it was read", is_passing=True)
            done.report.failed += [(path, failure) for path in work.document.paths]
            return
        failures = merge_failures(document.failures)
        if not document.waiting:
            self._settle(work, failures)
        is_complete = not document.waiting
        record = replace(work.document, is_complete=is_complete, failures=failures)
        self._index.put_document(record)
        self._index.delete(work.replaces)
        if record.readable_pages:  # else nothing of it is in the index
            done.searchable.add(record.document_id)
        if document.waiting:
            waiting = frozenset(document.waiting)
            self.left.append(Work(record, work.facts, tuple(sorted(waiting)), (), waiting))
            return
        done.n_finished += 1
        if record.readable_pages:
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
        is_new = document.document_id not in self._done.replacing
        return self._done.report.added if is_new else self._done.report.replaced


def _has_changed(work: Work) -> bool:
    """Whether the file is another now than the one that was hashed; not so one that is gone."""
    try:
        now = file_record(work.path)
        return not any(now.has_bytes_of(file) for file in work.document.files)
    except PageFailure:
        return False
