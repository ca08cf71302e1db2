"""`pagelens ingest`: arguments, parts, messages. What a sync does stands in plan and pipeline."""

import json
import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import click
from rich.console import Console

from index.errors import FINISHED_WITH_FAILURES, INTERRUPTED
from index.interface import PageIndex
from index.location import Location
from ingest.estimate import estimate, estimate_ocr
from ingest.forecast import page_tiles
from ingest.ocr.reader import PageReader
from ingest.plan import Plan
from ingest.poppler import kill_running
from ingest.shard import Shard
from pagelens.forecast_report import Cost, choices
from pagelens.ingest_report import (
    plan_as_json,
    planned_failures,
    print_plan,
    print_report,
    report_as_json,
)
from pagelens.left_out_report import left_out_as_json, left_out_lines
from pagelens.open_index import open_index, open_index_for_writing
from pagelens.options import encoder_options, exclude_option, index_options, ocr_option
from pagelens.progress import progress_bar
from pagelens.shown_sync import (
    carry_out_shown,
    look_through,
    make_plan_shown,
    warn_of_untrained,
)
from pagelens.sync import N_WORKERS, Sync, page_reader
from pagelens.terminal import end_on_signal, terminal


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@index_options
@encoder_options
@click.option(
    "--pool",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep one vector for N patches of a page that look most alike: an N-th of the size, and "
    "of a search's time. [default: the index's own; 1 for a new index]",
)
@click.option(
    "--text-first/--no-text-first",
    default=None,
    help="Make all pages searchable by their words before the model looks at the first, or not. "
    "Without either it is done where the model runs on a CPU.",
)
@ocr_option
@click.option(
    "--redo-ocr",
    is_flag=True,
    help="Look again at all pages that OCR, as it is now, has not read: those another version has, "
    "and those of before or of --ocr never. Vectors of a model stay.",
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
@exclude_option
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
    max_edge_px: int | None,
    device: str,
    pool: int | None,
    text_first: bool | None,
    ocr: str,
    redo_ocr: bool,
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
        sync = look_through(
            messages,
            folders,
            location,
            encoder_name,
            model,
            device,
            max_edge_px=max_edge_px,
            pool=pool,
            exclude=exclude,
            follow_links=follow_links,
        )
        reader = page_reader(ocr, redo_ocr=redo_ocr, say_what_is_missing=messages.print)
        encoder = sync.encoder
        with progress_bar(messages) as progress:

            def plan_over(index: PageIndex | None) -> Plan:
                return make_plan_shown(
                    sync,
                    index,
                    progress,
                    may_ask=not dry_run,
                    keep_missing=keep_missing,
                    retry_failed=retry_failed,
                    allow_empty=allow_empty,
                    shard=shard,
                    redo_with=reader if redo_ocr else None,
                )

            if dry_run:
                opened = nullcontext() if sync.is_new else closing(open_index(location))
                with opened as existing:
                    plan = plan_over(existing)
                cost = _cost(sync, plan, reader, messages)
            else:
                with closing(open_index_for_writing(location, encoder.fingerprint)) as index:
                    plan = plan_over(index)
                    report = carry_out_shown(
                        sync, plan, index, progress, messages, reader=reader, text_first=text_first
                    )

    left_out = sync.listing.left_out
    if dry_run:
        if as_json:
            planned = plan_as_json(plan, cost)
            click.echo(json.dumps(planned | {"left_out": left_out_as_json(left_out)}))
        else:
            print_plan(console, plan, cost)
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


def _cost(sync: Sync, plan: Plan, reader: PageReader | None, messages: Console) -> Cost | None:
    """What the plan will take; None where there is no page to do."""
    if not plan.n_pages:
        return None
    encoder = sync.encoder.load()
    warn_of_untrained(messages, encoder)
    return Cost(
        sum(page_tiles(plan, encoder)),
        estimate(plan, encoder, N_WORKERS),
        choices(plan.n_pages, is_on_cpu=sync.is_on_cpu()),
        estimate_ocr(plan, reader, N_WORKERS) if reader is not None else None,
    )


def _print_lines(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, markup=False)
