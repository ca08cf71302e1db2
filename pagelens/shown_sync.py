"""A sync as a terminal shows it: its progress, and the questions it puts."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.status import Status

from encoders.interface import Encoder
from index.interface import PageIndex
from index.location import Location
from index.wording import count
from ingest.forecast import Pace, page_tiles
from ingest.lost_roots import LostRoot
from ingest.ocr.reader import PageReader
from ingest.pipeline import Watch, carry_out
from ingest.plan import Plan
from ingest.poppler import kill_running
from ingest.report import Report
from ingest.shard import EVERYTHING, Shard
from pagelens.forecast_report import choices, choices_lines, forecast_line, size_line
from pagelens.self_test import untrained_warning
from pagelens.sync import N_WORKERS, Sync, prepare_sync
from pagelens.terminal import stop_on_signal

_LOOKING = "Looking through folders"
_SHOW_INTERVAL_S = 0.1
_MAX_QUESTIONS = 3  # who has emptied more folders than that is asked once


def look_through(
    messages: Console,
    folders: Sequence[Path],
    location: Location,
    encoder_name: str,
    model: str | None,
    device: str,
    *,
    max_edge_px: int | None = None,
    pool: int | None = None,
    exclude: Sequence[str] = (),
    follow_links: bool = False,
) -> Sync:
    """Look at folders and index before anything is changed: see `prepare_sync`."""
    with messages.status(_LOOKING) as looking:
        return prepare_sync(
            folders,
            location,
            encoder_name,
            model,
            device,
            _questions(looking),
            max_edge_px=max_edge_px,
            pool=pool,
            exclude=exclude,
            follow_links=follow_links,
            on_folder=_counter(looking),
        )


def make_plan_shown(
    sync: Sync,
    index: PageIndex | None,
    progress: Progress,
    *,
    may_ask: bool = True,
    keep_missing: bool = False,
    retry_failed: bool = False,
    allow_empty: bool = False,
    shard: Shard = EVERYTHING,
    redo_with: PageReader | None = None,
) -> Plan:
    """What has to be done: see `Sync.plan`.

    Args:
        sync: the folders.
        index: None where there is none yet.
        progress: where the bar is drawn.
        may_ask: whether the user of a terminal is asked about folders that have lost everything.
        keep_missing: keep documents whose files are gone.
        retry_failed: try only what could not be read before.
        allow_empty: remove also what a folder has lost that has lost everything at once.
        shard: which of the documents are this run's.
        redo_with: see `Sync.plan`.
    """
    ask = _questions(progress) if may_ask else None
    task = progress.add_task("Reading files", total=len(sync.listing.paths))
    plan = sync.plan(
        index,
        keep_missing=keep_missing,
        retry_failed=retry_failed,
        allow_empty=allow_empty,
        shard=shard,
        redo_with=redo_with,
        confirm=lambda lost: _released(lost, ask),
        on_file=lambda: progress.advance(task),
        on_opened=lambda n_opened, n_new: progress.update(
            task, description="Opening documents", completed=n_opened, total=n_new
        ),
    )
    progress.remove_task(task)
    return plan


def carry_out_shown(
    sync: Sync,
    plan: Plan,
    index: PageIndex,
    progress: Progress,
    messages: Console,
    *,
    reader: PageReader | None,
    text_first: bool | None,
) -> Report:
    """Do what a plan says; until here nothing is changed, and from here Ctrl-C ends a batch.

    Args:
        sync: the folders.
        plan: what is to be done.
        index: open for writing.
        progress: where the bars are drawn.
        messages: where lines for a person go.
        reader: see `carry_out`.
        text_first: see `Sync.is_text_first`.
    """
    encoder = sync.encoder
    if plan.n_pages and encoder.notice is not None:
        messages.print(encoder.notice(plan.n_pages))
    is_text_first = sync.is_text_first(text_first, plan.n_pages)
    n_without_text = sum(len(work.page_numbers) - len(work.waiting) for work in plan.work)
    text_task = progress.add_task(
        "Reading words", total=n_without_text, visible=is_text_first and n_without_text > 0
    )
    task = progress.add_task("Ingesting pages", total=plan.n_pages, visible=not is_text_first)
    ocr_task = progress.add_task("Reading scans by OCR", total=0, visible=False)
    pace: Pace | None = None
    ocr_pace: Pace | None = None

    def load() -> Encoder:
        nonlocal pace
        loaded = encoder.load()
        tiles = page_tiles(plan, loaded)
        if any(tiles):  # words alone take no time worth a word
            messages.print(f"{size_line(plan.n_pages, sum(tiles))} to encode.")
            shorter = choices(plan.n_pages, is_on_cpu=sync.is_on_cpu())
            for line in choices_lines(plan.n_pages, shorter):
                messages.print(line)
            pace = Pace(tiles, loaded.batch_size)
        return loaded

    def on_text(n_searchable: int) -> None:
        so_far = f"Reading words ({count(n_searchable, 'document')} searchable by them)"
        progress.update(text_task, advance=1, description=so_far)

    def before_ocr(n_for_ocr: int) -> None:
        nonlocal ocr_pace
        need = "needs" if n_for_ocr == 1 else "need"
        messages.print(f"{n_for_ocr:,} of {count(plan.n_pages, 'page')} {need} OCR.")
        progress.update(text_task, visible=False)
        progress.update(task, visible=False)
        progress.update(ocr_task, total=n_for_ocr, visible=True)
        if reader is not None:
            ocr_pace = Pace([0] * n_for_ocr, 2 * reader.n_workers)

    def on_ocr(n_searchable: int) -> None:
        so_far = f"Reading scans by OCR ({count(n_searchable, 'document')} searchable)"
        progress.update(ocr_task, advance=1, description=so_far)
        forecast = ocr_pace.page_done() if ocr_pace is not None else None
        if forecast is not None:
            messages.print(f"OCR of the rest will take {forecast_line(forecast)}.")

    def before_vectors(loaded: Encoder) -> None:
        progress.update(text_task, visible=False)
        progress.update(ocr_task, visible=False)
        progress.update(task, visible=True)
        if is_text_first:
            messages.print("Words find every page now; the vectors follow.")
        warn_of_untrained(messages, loaded)
        if pace is not None:
            pace.begin()

    def on_page(n_searchable: int) -> None:
        so_far = f"Ingesting pages ({count(n_searchable, 'document')} searchable)"
        progress.update(task, advance=1, description=so_far)
        forecast = pace.page_done() if pace is not None else None
        if forecast is not None:
            messages.print(f"The rest will take {forecast_line(forecast)}.")

    with stop_on_signal(messages, kill_running) as stop:
        return carry_out(
            plan,
            index,
            load,
            n_workers=N_WORKERS,
            stop=stop,
            reader=reader,
            text_first=is_text_first,
            watch=Watch(on_page, on_text, on_ocr, before_ocr, before_vectors),
        )


def warn_of_untrained(messages: Console, encoder: Encoder) -> None:
    """Say so where a model fails its self-test, which takes as long as a page the first time."""
    warning = untrained_warning(encoder)
    if warning is not None:
        messages.print(warning)


def _questions(live: Status | Progress) -> Callable[[str], bool] | None:
    """How to ask, what moves on the terminal out of the way; None where nobody answers."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(question: str) -> bool:
        live.stop()
        try:
            return click.confirm(question, err=True)
        finally:
            live.start()

    return ask


def _released(lost: Sequence[LostRoot], ask: Callable[[str], bool] | None) -> Sequence[LostRoot]:
    """Of folders that have lost everything, those whose documents the user lets go."""
    if ask is None:
        return ()
    if len(lost) > _MAX_QUESTIONS:
        folders = f"{count(len(lost), 'folder')} (such as {lost[0].path}) have"
        return lost if ask(_question(folders, lost)) else ()
    return [one for one in lost if ask(_question(f"{one.path} has", [one]))]


def _question(folders_have: str, lost: Sequence[LostRoot]) -> str:
    documents = count(sum(folder.n_documents for folder in lost), "document")
    pages = count(sum(folder.n_pages for folder in lost), "page")
    return f"{folders_have} lost everything at once: {documents}, {pages}. Remove them?"


def _counter(status: Status) -> Callable[[int, int], None]:
    """Shows how far the look through folders is, some times a second."""
    shown_at = time.monotonic()

    def show(n_files: int, n_documents: int) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at > _SHOW_INTERVAL_S:
            shown_at = time.monotonic()
            files, documents = count(n_files, "file"), count(n_documents, "document")
            status.update(f"{_LOOKING}: {files}, {documents}")

    return show
