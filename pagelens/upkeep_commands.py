"""`pagelens status`, `check` and `compact`: what is in an index, is it whole, make it small."""

import json
from contextlib import closing
from dataclasses import asdict

import click

from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.embedded.manifest import read_manifest
from index.errors import DamagedIndexError
from index.location import Location
from index.pages import IndexStats
from index.wording import count, size
from pagelens.ingest_report import (
    failure_as_json,
    print_failures,
    print_pages_without_vectors,
)
from pagelens.open_index import open_index
from pagelens.options import index_options
from pagelens.self_test import remembered_result
from pagelens.terminal import plain, terminal

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command()
@index_options
@_json_option
def status(location: Location, as_json: bool) -> None:
    """Show what an index holds."""
    console = terminal()
    with closing(open_index(location)) as index:
        stats, documents = index.stats(), list(index.documents())
    failed = sorted(
        (failed for document in documents for failed in document.named_failures),
        key=lambda failed: (failed[0], failed[1].page_number or 0),
    )
    made_with = index.fingerprint
    is_trained = remembered_result(made_with)
    unfinished = [d for d in documents if not d.is_complete]
    per_page = sum(stats.size_bytes.values()) / max(1, stats.n_pages)
    if as_json:
        facts = asdict(stats) | {
            "index": str(location),
            "encoder": asdict(made_with),
            "model_looks_trained": is_trained,
            "bytes_per_page": round(per_page, 1),
            "unfinished_documents": len(unfinished),
            "failed": [failure_as_json(*f) for f in failed],
        }
        click.echo(json.dumps(facts))
        return
    notes = [(stats.n_failed_documents, "with failures"), (len(unfinished), "unfinished")]
    facts_shown = {
        "Index": str(location),
        "Encoder": f"{made_with.encoder}, model {made_with.model}",
        "Rendering": made_with.rendering,
        "Pooling": made_with.pooling,
        "Documents": "; ".join(
            [f"{stats.n_documents:,}", *(f"{n:,} {what}" for n, what in notes if n)]
        ),
        "Pages": f"{stats.n_pages:,}{_waiting(stats.n_pages_waiting)}",
        **_read_by_ocr(stats),
        "Vectors": f"{stats.n_vectors:,}",
        "On disk": ", ".join(f"{kind} {size(n)}" for kind, n in stats.size_bytes.items()),
        "Per page": size(round(per_page)),
    }
    for name, fact in facts_shown.items():
        console.print(f"[bold]{name:10}[/] {plain(fact)}")
    if is_trained is False:
        console.print(
            "The model failed its self-test on this machine: it looks untrained, damaged or paired "
            "with the wrong base."
        )
    if stats.reclaimable_bytes:
        console.print(f'{size(stats.reclaimable_bytes)} can be freed with "pagelens compact".')
    print_pages_without_vectors(console, stats.n_pages_without_vectors, made_with.encoder)
    print_failures(console, failed)


def _read_by_ocr(stats: IndexStats) -> dict[str, str]:
    """How many pages each engine has read; nothing where none has read any."""
    by_engine = sorted(stats.n_pages_by_ocr_engine.items(), key=lambda of: (-of[1], of[0]))
    said = "; ".join(f"{count(n, 'page')} read by {engine}" for engine, n in by_engine)
    return {"OCR": said} if said else {}


def _waiting(n_pages: int) -> str:
    if not n_pages:
        return ""
    waits = "waits for its" if n_pages == 1 else "wait for their"
    return f"; {n_pages:,} {waits} vectors, the next ingest goes on with them"


@click.command()
@index_options
@_json_option
def check(location: Location, as_json: bool) -> None:
    """Read a whole index and compare checksums and counts."""
    folder, console = location.folder, terminal()
    report = check_index(folder)
    if as_json:
        click.echo(json.dumps(asdict(report)))
    else:
        for problem in report.problems:
            console.print(plain(problem))
        if not report.problems:
            console.print(
                f"{count(report.n_documents, 'document')}, {count(report.n_pages, 'page')}, "
                f"{size(report.size_bytes)}: all checksums and counts agree."
            )
    if report.problems:
        raise DamagedIndexError(
            f"Index {folder} is damaged in {count(len(report.problems), 'place')}. "
            "Restore it from a backup, or delete the folder and ingest again."
        )


@click.command()
@index_options
def compact(location: Location) -> None:
    """Give back the space of deleted pages."""
    folder = location.folder
    with closing(EmbeddedIndex.open_for_writing(folder, read_manifest(folder))) as index:
        freed = index.compact()
    terminal().print(f"Freed {size(freed)}.")
