"""`pagelens ingest`: arguments, parts, messages. What a sync does stands in plan and pipeline."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from rich.progress import Progress

from encoders.choose import choose_encoder, load_encoder
from encoders.interface import Encoder
from index.errors import FINISHED_WITH_FAILURES, INTERRUPTED, IndexMismatchError, WrongUseError
from index.interface import PageIndex
from index.location import Location, index_options
from index.pages import Fingerprint
from ingest.estimate import estimate_seconds
from ingest.files import Scope, find_files, scope_of
from ingest.pipeline import carry_out
from ingest.plan import Plan, make_plan
from ingest.render import require_poppler
from ingest.summary import (
    plan_as_json,
    planned_failures,
    print_plan,
    print_report,
    report_as_json,
)
from terminal import progress_bar, stop_on_signal, terminal
from vespa_app.open_index import open_index, open_index_for_writing, stored_fingerprint

N_WORKERS = os.cpu_count() or 1
"""Files read and pages rendered at once: poppler keeps one core busy each."""


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@index_options
@click.option(
    "--encoder",
    "encoder_name",
    type=click.Choice(["auto", "colsmol", "lexical"]),
    default="auto",
    help="What turns pages into vectors. auto (the default): the index's own; for a new index "
    "ColSmol where its weights are on this machine, else lexical (the words of the text layer).",
)
@click.option("--model", help="ColVision model for colsmol: a hub id or a folder.")
@click.option("--device", default="auto", help="Where the model runs: auto, cuda, mps or cpu.")
@click.option("--dry-run", is_flag=True, help="Show the plan and how long it would take; stop.")
@click.option("--keep-missing", is_flag=True, help="Keep documents whose files are gone.")
@click.option("--retry-failed", is_flag=True, help="Try only what could not be read before.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def ingest(
    folders: tuple[Path, ...],
    location: Location,
    encoder_name: str,
    model: str | None,
    device: str,
    dry_run: bool,
    keep_missing: bool,
    retry_failed: bool,
    as_json: bool,
) -> None:
    """Make an index equal to folders of PDFs and images.

    Adds new files, replaces changed ones, follows moved ones without work, removes what vanished.
    Stop it at any time: what was committed stays, and the same command goes on from there.
    """
    start = time.monotonic()
    scope = scope_of(folders)
    require_poppler()
    paths = find_files(scope, leave_out=None if location.is_server else location.folder)
    stored = stored_fingerprint(location)
    if stored is None and not paths:
        named = ", ".join(str(f) for f in folders)
        raise WrongUseError(f"No PDF or image in {named}. Name a folder that holds some.")
    source = _encoder_source(location, stored, encoder_name, model, device)
    console, messages = terminal(), terminal(stderr=True)

    with progress_bar(messages) as progress, stop_on_signal(messages) as stop:
        plan_over = partial(_plan, paths, scope, keep_missing, retry_failed, progress, stop)
        if dry_run:
            opened = nullcontext() if stored is None else closing(open_index(location))
            with opened as reader:
                plan = plan_over(reader)
            estimate_s = estimate_seconds(plan, source.load, N_WORKERS)
        else:
            with closing(open_index_for_writing(location, source.fingerprint)) as index:
                plan = plan_over(index)
                if plan.n_pages and source.notice is not None:
                    messages.print(source.notice(plan.n_pages))
                task = progress.add_task("Ingesting pages", total=plan.n_pages)
                report = carry_out(
                    plan,
                    index,
                    source.load,
                    n_workers=N_WORKERS,
                    stop=stop,
                    on_page=lambda: progress.advance(task),
                )

    if dry_run:
        if as_json:
            click.echo(json.dumps(plan_as_json(plan, estimate_s)))
        else:
            print_plan(console, plan, estimate_s)
        raise SystemExit(FINISHED_WITH_FAILURES if planned_failures(plan) else 0)
    seconds = time.monotonic() - start
    if as_json:
        click.echo(json.dumps(report_as_json(report, seconds)))
    else:
        print_report(console, report, plan, seconds)
    if report.is_interrupted:
        raise SystemExit(INTERRUPTED)
    raise SystemExit(FINISHED_WITH_FAILURES if report.failed else 0)


@dataclass(frozen=True)
class _EncoderSource:
    """An encoder that is loaded when there is something to encode.

    Attributes:
        notice: what to tell the user of the choice, given the pages to do; None: nothing.
    """

    fingerprint: Fingerprint
    load: Callable[[], Encoder]
    notice: Callable[[int], str] | None


def _encoder_source(
    location: Location,
    stored: Fingerprint | None,
    encoder_name: str,
    model: str | None,
    device: str,
) -> _EncoderSource:
    """An existing index's own encoder, or the one chosen for a new index."""
    if stored is None:
        ask = click.confirm if sys.stdin.isatty() and sys.stderr.isatty() else None
        choice = choose_encoder(encoder_name, model, device, ask)
        return _EncoderSource(choice.encoder.fingerprint, lambda: choice.encoder, choice.notice)
    if encoder_name not in ("auto", stored.encoder):
        raise IndexMismatchError(
            f"Index {location} was made with --encoder {stored.encoder}, not {encoder_name}, and "
            "keeps to it. Leave --encoder out, or name a new index with --index."
        )
    return _EncoderSource(stored, lambda: load_encoder(stored, model, device), None)


def _plan(
    paths: list[Path],
    scope: Scope,
    keep_missing: bool,
    retry_failed: bool,
    progress: Progress,
    stop: threading.Event,
    index: PageIndex | None,
) -> Plan:
    task = progress.add_task("Looking at files", total=len(paths))

    def on_file() -> None:
        if stop.is_set():
            raise KeyboardInterrupt  # nothing is changed yet
        progress.advance(task)

    plan = make_plan(
        paths,
        scope,
        index.documents() if index is not None else (),
        index.page_numbers if index is not None else lambda _: frozenset(),
        keep_missing=keep_missing,
        retry_failed=retry_failed,
        n_workers=N_WORKERS,
        on_file=on_file,
    )
    progress.remove_task(task)
    return plan
