"""Render, encode, put: carries a plan out. Bounded memory; resumable; one bad page never stops it.

Pages are rendered and prepared by worker threads a little ahead of the encoder, which has a thread
of its own, and are committed batch by batch in the order in which they were encoded.
A document's record is put first (so that its pages have a home), and put again, complete, after
its last page: that second record is the commit point at which it takes over its paths.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

from encoders.interface import Encoder, PageInput
from encoders.language import detect_language
from index.errors import PageFailure, PagelensError, PassingFailure, VectorShapeError
from index.interface import PageIndex
from index.pages import Failure, Page, PageVectors, merge_failures
from ingest.files import LeftOut, file_record
from ingest.plan import LostRoot, Plan, Work
from ingest.render import render_page

COMMIT_INTERVAL_S = 5.0
"""After this long a batch is committed though it is not full, so that a kill costs little work."""

_STOP_CHECK_INTERVAL_S = 0.2

_Outcome = PageVectors | VectorShapeError | PageFailure


@dataclass
class Counts:
    """Documents and pages of one kind of change."""

    documents: int = 0
    pages: int = 0


@dataclass
class Report:
    """What a run did.

    Attributes:
        pages_without_vectors: pages of this run in which the encoder saw nothing; only their words,
            title and file name find them.
        pages_with_unreadable_text: pages of this run whose text layer cannot be decoded, or for
            the most part not: a font does not tell which letters it draws.
        failed: path and reason of everything that is not in the index for being unreadable, from
            earlier runs too.
        not_searched: path, and what the file holds beside its pages, such as attachments.
        lost_roots: folders that have lost everything at once, of which nothing was removed.
        left_out: what was passed over while the folders were looked through.
        is_interrupted: whether the run was stopped before its plan was carried out.
    """

    added: Counts = field(default_factory=Counts)
    replaced: Counts = field(default_factory=Counts)
    moved: Counts = field(default_factory=Counts)
    removed: Counts = field(default_factory=Counts)
    skipped: Counts = field(default_factory=Counts)
    pages_without_vectors: int = 0
    pages_with_unreadable_text: int = 0
    failed: list[tuple[str, Failure]] = field(default_factory=list)
    not_searched: list[tuple[str, str]] = field(default_factory=list)
    lost_roots: tuple[LostRoot, ...] = ()
    left_out: LeftOut = field(default_factory=LeftOut)
    is_interrupted: bool = False


@dataclass(eq=False)
class _OpenDocument:
    """A document under way.

    Attributes:
        n_pages_left: pages neither committed nor failed.
        is_changed: the file was written to while it was read.
    """

    work: Work
    failures: list[Failure]
    n_pages_left: int
    is_changed: bool = False


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A page that only lacks its vectors.

    Attributes:
        page: without them.
        input: what they are made of.
        not_drawn: see RenderedPage.
        has_unreadable_text: see RenderedPage.
    """

    page: Page
    input: PageInput
    not_drawn: PageFailure | None
    has_unreadable_text: bool


@dataclass(frozen=True, eq=False)
class _Job:
    """A page that is being rendered."""

    document: _OpenDocument
    page_number: int
    drawn: Future[_Drawn]


_Batch = list[tuple[_Job, _Drawn]]


def carry_out(
    plan: Plan,
    index: PageIndex,
    load_encoder: Callable[[], Encoder],
    *,
    n_workers: int,
    stop: threading.Event,
    on_page: Callable[[int], None],
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
    """
    kept = (*plan.skip, *plan.touch, *plan.move)
    run = _Run(index, load_encoder, on_page, sum(bool(d.readable_pages) for d in kept))
    ahead = 2 * n_workers + run.encoder.batch_size if plan.n_pages else 1
    _apply_records(plan, index, run.report)
    pool = ThreadPoolExecutor(n_workers)
    try:
        source = _jobs(plan, run, pool)
        jobs: list[_Job] = []
        while not stop.is_set():
            jobs.extend(islice(source, ahead - len(jobs)))
            if not (jobs or run.has_work):
                break
            job = run.wait_for(jobs)
            if job is not None:
                jobs.remove(job)
                run.take(job)
            run.go_on(is_last=not jobs)
        run.end()
    finally:
        pool.shutdown(cancel_futures=True)
        run.close()
    run.report.failed.sort(key=lambda failed: (failed[0], failed[1].page_number or 0))
    run.report.not_searched.sort()
    run.report.is_interrupted = run.n_finished < len(plan.work)
    return run.report


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


def _jobs(plan: Plan, run: "_Run", pool: ThreadPoolExecutor) -> Iterator[_Job]:
    """Start each document when its turn comes, and hand its pages to the workers."""
    for work in plan.work:
        document = run.begin(work)
        for page_number in work.page_numbers:
            drawn = pool.submit(_draw, work, page_number, run.encoder)
            yield _Job(document, page_number, drawn)


def _draw(work: Work, page_number: int, encoder: Encoder) -> _Drawn:
    """All that needs neither model nor index, in a worker."""
    if work.facts is None:
        raise PageFailure("the file could not be opened")
    rendered = render_page(work.path, work.facts, page_number, encoder.page_size_px)
    is_drawn = rendered.not_drawn is None
    page = Page(
        document_id=work.document.document_id,
        page_number=page_number,
        width_pt=rendered.width_pt,
        height_pt=rendered.height_pt,
        language=detect_language(rendered.words.text),
        words=rendered.words,
        vectors=PageVectors.none(),
        preview=rendered.preview,
    )
    seen = encoder.prepare(PageInput(rendered.image, rendered.words, is_drawn=is_drawn))
    return _Drawn(page, seen, rendered.not_drawn, rendered.has_unreadable_text)


class _Run:
    """The state of one run: the batch in hand, those being encoded, and the documents under way.

    The model runs in a thread of its own, or on several devices in several, one batch waiting
    behind those it works on, so that it never waits for a page to be drawn or stored.
    """

    def __init__(
        self,
        index: PageIndex,
        load_encoder: Callable[[], Encoder],
        on_page: Callable[[int], None],
        n_searchable: int,
    ) -> None:
        self.report = Report()
        self.n_finished = 0
        self._n_searchable = n_searchable
        self._index = index
        self._load_encoder = load_encoder
        self._on_page = on_page
        self._batch: _Batch = []
        self._encoding: deque[tuple[_Batch, Future[list[_Outcome]]]] = deque()
        self._last_sent = time.monotonic()

    @cached_property
    def encoder(self) -> Encoder:
        """Loaded when it is first needed."""
        return self._load_encoder()

    @cached_property
    def _model(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.encoder.n_at_once)

    def begin(self, work: Work) -> _OpenDocument:
        """Give a document's pages a home in the index; one without pages is finished at once."""
        document = _OpenDocument(work, list(work.document.failures), len(work.page_numbers))
        # what replaces another document stays out of sight until it is complete
        files = () if work.replaces else work.document.files
        self._index.put_document(replace(work.document, files=files, is_complete=False))
        if not work.page_numbers:
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
            job.document.failures.append(_failure(job, e))
            self._page_done(job)
        else:
            self._batch.append((job, drawn))
            if drawn.not_drawn is not None:
                job.document.failures.append(_failure(job, drawn.not_drawn, has_words=True))

    def go_on(self, *, is_last: bool) -> None:
        """Store what is encoded, and send the batch to the model where it is due.

        It is when it is full; when no page is to come; and when the model has nothing to do and
        pages have waited long enough.
        """
        while self._encoding and self._encoding[0][1].done():
            self._store(*self._encoding.popleft())
        waited_s = time.monotonic() - self._last_sent
        is_full = len(self._batch) >= self.encoder.batch_size
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
        pages = [
            replace(drawn.page, vectors=outcome)
            for (job, drawn), outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, PageVectors) and not job.document.is_changed
        ]
        if pages:
            self._index.put(pages)
        for (job, drawn), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, PagelensError):
                job.document.failures.append(_failure(job, outcome))
            elif not job.document.is_changed:
                self._counts(job.document).pages += 1
                self.report.pages_without_vectors += not len(outcome.vectors)
                self.report.pages_with_unreadable_text += drawn.has_unreadable_text
            self._page_done(job)

    def _encode(self, inputs: list[PageInput]) -> "list[_Outcome]":
        """Vectors of each page; where a batch cannot be encoded, page by page to see which."""
        try:
            return list(self.encoder.encode_pages(inputs))
        except (VectorShapeError, PageFailure) as e:
            if len(inputs) == 1:
                return [e]
            return [outcome for one in inputs for outcome in self._encode([one])]

    def _page_done(self, job: _Job) -> None:
        job.document.n_pages_left -= 1
        if job.document.n_pages_left == 0:
            self._finish(job.document)
        self._on_page(self._n_searchable)

    def _finish(self, document: _OpenDocument) -> None:
        """The commit point of a document: its paths are its own, what it replaces goes.

        Unless its file was written to meanwhile: which pages are of the old bytes and which of the
        new nobody knows then, and none of them may stay under the old ones' id.
        """
        work = document.work
        self.n_finished += 1
        if document.is_changed or _has_changed(work):
            self._index.delete([work.document.document_id])
            failure = Failure(None, "was changed while it was read", is_passing=True)
            self.report.failed += [(path, failure) for path in work.document.paths]
            return
        failures = merge_failures(document.failures)
        done = replace(work.document, is_complete=True, failures=failures)
        self._index.put_document(done)
        self._index.delete(work.replaces)
        if done.readable_pages:  # else nothing of it is in the index
            self._counts(document).documents += 1
            self._n_searchable += 1
        self.report.failed += done.named_failures
        if done.not_searched:
            self.report.not_searched += [(path, done.not_searched) for path in done.paths]

    def _counts(self, document: _OpenDocument) -> Counts:
        return self.report.replaced if document.work.replaces else self.report.added


def _failure(job: _Job, error: PagelensError, *, has_words: bool = False) -> Failure:
    return Failure(
        job.page_number,
        str(error),
        is_passing=isinstance(error, PassingFailure),
        has_words=has_words,
    )


def _has_changed(work: Work) -> bool:
    """Whether the file is another now than the one that was hashed; not so one that is gone."""
    try:
        now = file_record(work.path)
        return not any(now.has_bytes_of(file) for file in work.document.files)
    except PageFailure:
        return False
