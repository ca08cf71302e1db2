"""`pagelens copy` and `pagelens export`: an index into another, an index into a file for Vespa."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from rich.markup import escape

from index.copying import copy_index
from index.errors import INTERRUPTED, WrongUseError
from index.interface import PageIndex
from index.location import Location
from index.pages import Fingerprint, mismatch_error
from index.whole_file import whole_file
from index.wording import count, duration, size
from pagelens.completion import files, folders
from pagelens.open_index import open_index, open_index_for_writing, stored_fingerprint
from pagelens.options import credential_options, index_options
from pagelens.pooled_copy import pooling_of
from pagelens.progress import progress_bar
from pagelens.terminal import stop_on_signal, terminal
from vespa_app.feed import write_feed

STDOUT = "-"


@click.command()
@click.argument("source_name", metavar="SOURCE", shell_complete=folders)
@click.argument("target_name", metavar="TARGET", shell_complete=folders)
@credential_options
@click.option(
    "--pool",
    type=click.IntRange(min=1),
    metavar="N",
    help="Keep one vector for N patches of a page that look most alike.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def copy(
    source_name: str,
    target_name: str,
    cert: Path | None,
    key: Path | None,
    token: str | None,
    pool: int | None,
    as_json: bool,
) -> None:
    """Copy an index into another, folder or Vespa.

    SOURCE and TARGET are folders or URLs of Vespa servers, in any combination; a folder that is not
    there is made. Nothing is rendered or encoded again, with --pool neither. --cert, --key and
    --token go to both.

    What TARGET holds already is skipped. A document whose file has changed replaces its
    predecessor, but what vanished from SOURCE stays in TARGET. Stop it at any time: what was copied
    stays, and the same command goes on from there.
    """
    start = time.monotonic()
    source_place = Location(source_name, cert, key, token)
    target_place = Location(target_name, cert, key, token)
    if source_place.place == target_place.place:
        raise WrongUseError(f"SOURCE and TARGET are both {source_place}. Name two indexes.")
    messages = terminal(stderr=True)
    with closing(open_index(source_place)) as source:
        pooling = pooling_of(source_place, source.fingerprint, pool)
        with (
            closing(_open_target(source_place, pooling.fingerprint, target_place)) as target,
            progress_bar(messages) as progress,
            stop_on_signal(messages) as stop,
        ):
            task = progress.add_task("Copying pages", total=None)
            report = copy_index(
                source,
                target,
                stop=stop,
                on_progress=lambda n_done, n_pages: progress.update(
                    task, completed=n_done, total=n_pages
                ),
                change=pooling.change,
            )
    seconds = time.monotonic() - start
    if as_json:
        click.echo(
            json.dumps(
                {
                    "copied": {"documents": report.n_documents, "pages": report.n_pages},
                    "skipped": {"documents": report.n_skipped},
                    "interrupted": report.is_interrupted,
                    "seconds": round(seconds, 3),
                }
            )
        )
    else:
        console = terminal()
        console.print(
            f"Copied {count(report.n_documents, 'document')} ({count(report.n_pages, 'page')}), "
            f"skipped {count(report.n_skipped, 'document')} in {duration(seconds)}."
        )
        if report.is_interrupted:
            console.print(
                f"Stopped with {count(report.n_pages_left, 'page')} left; what was copied is kept. "
                "Run the same command again to go on."
            )
    raise SystemExit(INTERRUPTED if report.is_interrupted else 0)


@click.command()
@click.argument("file", metavar="FILE", shell_complete=files)
@index_options
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def export(file: str, location: Location, as_json: bool) -> None:
    """Write an index as a file Vespa can feed.

    FILE (- for stdout) gets one JSON operation a line, as "vespa feed FILE" reads it. It is meant
    for an empty Vespa with the application of "pagelens deploy". A feed only puts: where
    Vespa holds an index already, "pagelens copy" also takes paths from the documents replaced.

    FILE appears when it is complete, and replaces an older one then. With - the report goes to
    stderr.
    """
    start = time.monotonic()
    is_stdout = file == STDOUT
    messages = terminal(stderr=True)
    with (
        closing(open_index(location)) as index,
        progress_bar(messages) as progress,
        _interrupted_by_sigterm(),
    ):
        documents = list(index.documents())
        n_operations = sum(document.page_count for document in documents) + len(documents) + 1
        task = progress.add_task("Writing pages and records", total=n_operations)

        def advance() -> None:
            progress.advance(task)

        if is_stdout:
            written = write_feed(sys.stdout.buffer, index, advance)
        else:
            with whole_file(Path(file)) as whole:
                written = write_feed(whole, index, advance)
    seconds = time.monotonic() - start
    if as_json:
        report = {
            "documents": written.n_documents,
            "pages": written.n_pages,
            "size_bytes": written.size_bytes,
            "seconds": round(seconds, 3),
        }
        click.echo(json.dumps(report), err=is_stdout)
    else:
        terminal(stderr=is_stdout).print(
            f"Wrote {count(written.n_documents, 'document')} ({count(written.n_pages, 'page')}), "
            f"{size(written.size_bytes)}, in {duration(seconds)}."
            + ("" if is_stdout else f' Feed it with "vespa feed {escape(file)}".')
        )


def _open_target(
    source_place: Location, fingerprint: Fingerprint, target_place: Location
) -> PageIndex:
    stored = stored_fingerprint(target_place)
    if stored is not None and not stored.is_compatible(fingerprint):
        raise mismatch_error(
            f"Cannot copy {source_place} into {target_place}: the latter",
            stored,
            fingerprint,
            "Name a new folder or an empty Vespa as TARGET.",
        )
    return open_index_for_writing(target_place, fingerprint)


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """SIGTERM unwinds as Ctrl-C does, so that it leaves nothing half-written either."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
