"""Carries a plan out, in passes over its pages. Resumable; one bad page never stops it.

First come the pages whose text layer has their words, then those that OCR is to read, which takes
seconds for each: so that what is quick is found soon. Words first, both are stored without their
vectors, and these come in a last pass.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from encoders.interface import Encoder
from index.interface import PageIndex
from ingest.drawing import draw, draw_again, read
from ingest.ocr.reader import PageReader
from ingest.page_pass import Done, PagePass, Stage
from ingest.plan import Plan, Work
from ingest.report import Report


def _nothing(n: int) -> None:
    pass


def _no_encoder(encoder: Encoder) -> None:
    pass


@dataclass(frozen=True)
class Watch:
    """Who is told how far a run is. All is called from the thread that carries it out.

    Attributes:
        on_page: called for every page of which nothing more is to be done, committed or failed,
            with the number of documents of which every page is searchable by then.
        on_text: called likewise for every page whose text layer was read, words first or not.
        on_ocr: called likewise for every page that OCR has read.
        before_ocr: called with the number of pages OCR is to read, if it is to read any.
        before_vectors: called with the encoder before the first page is encoded, if one is.
    """

    on_page: Callable[[int], None] = _nothing
    on_text: Callable[[int], None] = _nothing
    on_ocr: Callable[[int], None] = _nothing
    before_ocr: Callable[[int], None] = _nothing
    before_vectors: Callable[[Encoder], None] = _no_encoder


def carry_out(
    plan: Plan,
    index: PageIndex,
    load_encoder: Callable[[], Encoder],
    *,
    n_workers: int,
    stop: threading.Event,
    reader: PageReader | None = None,
    text_first: bool = False,
    watch: Watch = Watch(),  # noqa: B008 frozen
) -> Report:
    """Make the index what the plan says.

    Args:
        plan: from `make_plan` over the same index.
        index: open for writing.
        load_encoder: called before anything is changed, and only where there are pages to encode.
        n_workers: pages rendered in parallel.
        stop: set it to stop; the batch the model works on is still committed.
        reader: reads pages whose text layer will not do; None where OCR is not wanted.
        text_first: make all pages searchable by their words before the first gets its vectors. For
            encoders that look at pages: one that reads words is as quick.
        watch: who is told how far it is.
    """
    load = cache(load_encoder)
    if plan.n_pages:
        load()
    kept = (*plan.skip, *plan.touch, *plan.move)
    done = Done(
        Report(pages_waiting=sum(len(work.waiting) for work in plan.work)),
        {document.document_id for document in kept if document.has_readable_pages},
        frozenset(work.document.document_id for work in plan.work if work.replaces),
    )
    _apply_records(plan, index, done.report)

    def run(stage: Stage, works: Sequence[Work], n_at_once: int) -> Sequence[Work]:
        one_pass = PagePass(stage, index, load, done, watch.on_page)
        one_pass.work_through(works, n_at_once, stop)
        return sorted(one_pass.left, key=lambda work: work.document.name)

    if plan.n_pages and not text_first:
        watch.before_vectors(load())
    text_layers = Stage(
        lambda work: [n for n in work.page_numbers if not (text_first and n in work.waiting)],
        partial(draw, reader=reader, is_to_wait=text_first),
        watch.on_text,
        leaves_vectors=text_first,
    )
    works = run(text_layers, plan.work, n_workers)
    n_for_ocr = sum(len(work.for_ocr) for work in works)
    if reader is not None and n_for_ocr and not stop.is_set():
        watch.before_ocr(n_for_ocr)
        scans = Stage(
            lambda work: list(work.for_ocr),
            partial(read, reader=reader, stop=stop, is_to_wait=text_first),
            watch.on_ocr,
            leaves_vectors=text_first,
            longest_run=1,
        )
        works = run(scans, works, reader.n_workers)
    if any(work.waiting for work in works) and not stop.is_set():
        watch.before_vectors(load())
        run(Stage(lambda work: sorted(work.waiting), draw_again, _nothing), works, n_workers)
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
