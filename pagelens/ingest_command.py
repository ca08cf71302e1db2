"""`pagelens ingest`: arguments, parts, messages. What a sync does stands in plan and pipeline."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.status import Status

from index.errors import FINISHED_WITH_FAILURES, INTERRUPTED
from index.interface import PageIndex
from index.location import Location
from index.wording import count
from ingest.estimate import estimate_seconds
from ingest.exclusion import IGNORE_FILE
from ingest.pipeline import carry_out
from ingest.plan import LostRoot, Plan
from ingest.poppler import kill_running
from ingest.shard import Shard
from pagelens.ingest_report import (
    plan_as_json,
    planned_failures,
    print_plan,
    print_report,
    report_as_json,
)
from pagelens.left_out_report import left_out_as_json, left_out_lines
from pagelens.open_index import open_index, open_index_for_writing
from pagelens.options import index_options
from pagelens.sync import N_WORKERS, prepare_sync
from pagelens.terminal import end_on_signal, progress_bar, stop_on_signal, terminal

_LOOKING = "Looking through folders"
_SHOW_INTERVAL_S = 0.1
_MAX_QUESTIONS = 3  # who has emptied more folders than that is asked once


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
@click.option("--model", help="ColVision model for colsmol: a hub id (ID@REVISION) or a folder.")
@click.option(
    "--device",
    default="auto",
    help="Where the model runs: auto, cuda, mps, cpu; several GPUs as cuda:0,cuda:1.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and how long it would take; stop.")
@click.option("--keep-missing", is_flag=True, help="Keep documents whose files are gone.")
@click.option(
    "--allow-empty",
    is_flag=True,
    help="Remove also what a folder has lost that has lost all of its documents at once.",
)
@click.option("--retry-failed", is_flag=True, help="Try only what could not be read before.")
@click.option(
    "--shard",
    type=Shard.read,
    default="1/1",
    metavar="K/N",
    help="Do only part K of N: for N runs at once into one Vespa, on as many machines or GPUs.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Leave out what a pattern of .gitignore's kind matches; may be repeated. A "
    f"{IGNORE_FILE} file does the same for its folder.",
)
@click.option(
    "--follow-links",
    is_flag=True,
    help="Look also behind links to folders, each folder once.",
)
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
    allow_empty: bool,
    shard: Shard,
    exclude: tuple[str, ...],
    follow_links: bool,
    as_json: bool,
) -> None:
    """Make an index equal to folders of PDFs and images.

    Adds new files, replaces changed ones, follows moved ones without work, removes what vanished.
    Stop it at any time: what was committed stays, and the same command goes on from there.
    """
    start = time.monotonic()
    console, messages = terminal(), terminal(stderr=True)
    with end_on_signal(messages, kill_running):
        with messages.status(_LOOKING) as looking:
            sync = prepare_sync(
                folders,
                location,
                encoder_name,
                model,
                device,
                _questions(looking),
                exclude=exclude,
                follow_links=follow_links,
                on_folder=_counter(looking),
                tell=messages.print,
            )
        encoder = sync.encoder

        with progress_bar(messages) as progress:
            ask = None if dry_run else _questions(progress)

            def plan_over(index: PageIndex | None) -> Plan:
                task = progress.add_task("Reading files", total=len(sync.listing.paths))
                plan = sync.plan(
                    index,
                    keep_missing=keep_missing,
                    retry_failed=retry_failed,
                    allow_empty=allow_empty,
                    shard=shard,
                    confirm=lambda lost: _released(lost, ask),
                    on_file=lambda: progress.advance(task),
                    on_opened=lambda n_opened, n_new: progress.update(
                        task, description="Opening documents", completed=n_opened, total=n_new
                    ),
                )
                progress.remove_task(task)
                return plan

            if dry_run:
                opened = nullcontext() if sync.is_new else closing(open_index(location))
                with opened as reader:
                    plan = plan_over(reader)
                estimate_s = estimate_seconds(plan, encoder.load, N_WORKERS)
            else:
                with closing(open_index_for_writing(location, encoder.fingerprint)) as index:
                    plan = plan_over(index)
                    if plan.n_pages and encoder.notice is not None:
                        messages.print(encoder.notice(plan.n_pages))
                    task = progress.add_task("Ingesting pages", total=plan.n_pages)

                    def on_page(n_searchable: int) -> None:
                        so_far = f"Ingesting pages ({count(n_searchable, 'document')} searchable)"
                        progress.update(task, advance=1, description=so_far)

                    # until here nothing is changed
                    with stop_on_signal(messages, kill_running) as stop:
                        report = carry_out(
                            plan,
                            index,
                            encoder.load,
                            n_workers=N_WORKERS,
                            stop=stop,
                            on_page=on_page,
                        )

    left_out = sync.listing.left_out
    if dry_run:
        if as_json:
            planned = plan_as_json(plan, estimate_s)
            click.echo(json.dumps(planned | {"left_out": left_out_as_json(left_out)}))
        else:
            print_plan(console, plan, estimate_s)
            _print_lines(console, left_out_lines(left_out))
        is_whole = not (planned_failures(plan) or plan.lost_roots)
        raise SystemExit(0 if is_whole else FINISHED_WITH_FAILURES)
    seconds = time.monotonic() - start
    if as_json:
        done = report_as_json(report, seconds)
        click.echo(json.dumps(done | {"left_out": left_out_as_json(left_out)}))
    else:
        print_report(console, report, plan, encoder.fingerprint.encoder, seconds)
        _print_lines(console, left_out_lines(left_out))
    if report.is_interrupted:
        raise SystemExit(INTERRUPTED)
    raise SystemExit(FINISHED_WITH_FAILURES if report.failed or report.lost_roots else 0)


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


def _print_lines(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, markup=False)
