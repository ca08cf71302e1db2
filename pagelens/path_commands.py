"""`pagelens remove` and `pagelens relocate`: documents by path, whether or not a file is there."""

import json
from contextlib import closing
from pathlib import Path

import click

from index.errors import WrongUseError
from index.interface import PageIndex
from index.location import Location
from index.pages import Document
from index.paths import relocation, removal
from index.wording import count
from pagelens.completion import files
from pagelens.open_index import open_index, open_index_for_writing
from pagelens.options import index_options
from pagelens.terminal import plain, terminal

_SHOWN_PATHS = 20
_dry_run = click.option("--dry-run", is_flag=True, help="Show what would be done; write nothing.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command()
@click.argument(
    "wanted", metavar="PATH-OR-PATTERN...", nargs=-1, required=True, shell_complete=files
)
@index_options
@_dry_run
@_json_option
def remove(wanted: tuple[str, ...], location: Location, dry_run: bool, as_json: bool) -> None:
    """Take documents out of an index by path.

    A file, a folder with all below it, or a pattern in quotes ("2023/*.pdf"), whether or not
    anything of it exists any more. The files themselves are left alone: an ingest of their folder
    puts them back. A document with other paths keeps those.
    """
    with closing(_opened(location, for_writing=not dry_run)) as index:
        changes = removal(index.documents(), wanted, Path.cwd().as_posix())
        if not (changes.changed or changes.removed):
            raise WrongUseError(
                f"No document of {location} lies at {', '.join(wanted)}. Write the path as "
                '"pagelens query" shows it, or a pattern in quotes.'
            )
        if not dry_run:
            changes.apply(index)
    n_pages = sum(document.page_count for document in changes.removed)
    if as_json:
        facts = {
            "dry_run": dry_run,
            "removed": [list(document.paths) for document in changes.removed],
            "pages": n_pages,
            "other_paths_left": [list(document.paths) for document in changes.changed],
        }
        click.echo(json.dumps(facts))
        return
    console = terminal()
    removed = f"{count(len(changes.removed), 'document')} ({count(n_pages, 'page')})"
    console.print(f"Would remove {removed}:" if dry_run else f"Removed {removed}.")
    if dry_run:
        _list_names(changes.removed)
    if changes.changed:
        console.print(f"{count(len(changes.changed), 'document')} with other paths: kept by those.")


@click.command()
@click.argument("old", metavar="OLD", shell_complete=files)
@click.argument("new", metavar="NEW", shell_complete=files)
@index_options
@_dry_run
@_json_option
def relocate(old: str, new: str, location: Location, dry_run: bool, as_json: bool) -> None:
    """Say that a folder of an index has another name now.

    For an index that was carried to another machine, or whose drive has another place: the paths
    change, nothing is read or encoded again. OLD need not exist; NEW must.
    """
    source, target = Path(old).expanduser(), Path(new).expanduser().absolute()
    if not target.exists():
        raise WrongUseError(f"No folder {new}. Name where OLD is now, or mount the drive it is on.")
    if not source.is_absolute():
        source = source.absolute()
    with closing(_opened(location, for_writing=not dry_run)) as index:
        changes = relocation(list(index.documents()), source.as_posix(), target.as_posix())
        if not (changes.changed or changes.taken):
            raise WrongUseError(
                f'No document of {location} lies in {source}. Write OLD as "pagelens query" '
                "shows it."
            )
        if not dry_run:
            changes.apply(index)
    if as_json:
        facts = {
            "dry_run": dry_run,
            "relocated": [list(document.paths) for document in changes.changed],
            "taken": list(changes.taken),
        }
        click.echo(json.dumps(facts))
        return
    verb = "Would relocate" if dry_run else "Relocated"
    terminal().print(f"{verb} {count(len(changes.changed), 'document')} to {plain(str(target))}.")
    if changes.taken:
        terminal().print(
            f"{count(len(changes.taken), 'path')} kept: another document lies at the new one, "
            f"such as {plain(changes.taken[0])}."
        )


def _opened(location: Location, *, for_writing: bool) -> PageIndex:
    reader = open_index(location)  # first, since to write would make an index where there is none
    if not for_writing:
        return reader
    with closing(reader):
        fingerprint = reader.fingerprint
    return open_index_for_writing(location, fingerprint)


def _list_names(documents: tuple[Document, ...]) -> None:
    for document in documents[:_SHOWN_PATHS]:
        terminal().print(f"  {plain(document.name)}")
    if len(documents) > _SHOWN_PATHS:
        terminal().print(f"  and {len(documents) - _SHOWN_PATHS} more")
