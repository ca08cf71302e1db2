"""What a shell offers for a value that is typed: files, folders, filters, pages of the index."""

from contextlib import closing
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from index.errors import PagelensError
from index.location import Location

_MOST_PAGES = 500  # a shell lists no more in a way that helps


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders, by the shell itself."""
    return [CompletionItem(incomplete, type="file")]


def folders(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders, by the shell itself."""
    return [CompletionItem(incomplete, type="dir")]


def filters(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The beginning of a filter, up to its value."""
    from query.filters import FILTER_KEYS, NOT

    names = [name for name in FILTER_KEYS if not name.startswith(NOT)]
    said = {f"{name}=": FILTER_KEYS[name].meaning for name in names}
    said |= {f"{name}!=": FILTER_KEYS[f"{NOT}{name}"].meaning for name in names}
    return [CompletionItem(k, help=v) for k, v in said.items() if k.startswith(incomplete)]


def pages(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Pages of the index in a folder as FILE:NUMBER; none where it cannot be opened."""
    from index.wording import shown_path
    from pagelens.open_index import open_index

    location = Location(str(ctx.params["name"]))
    if location.is_server:  # nobody waits for a server at each key
        return []
    try:
        with closing(open_index(location)) as index:
            places = [
                (name, document.page_count)
                for document in index.documents()
                for path in document.paths
                for name in {Path(path).name, shown_path(path, Path.cwd())}
            ]
    except (PagelensError, OSError):
        return []
    named = [f"{name}:{n}" for name, n_pages in sorted(places) for n in range(1, n_pages + 1)]
    wanted = [name for name in named if name.startswith(incomplete)]
    return [CompletionItem(name) for name in wanted[:_MOST_PAGES]]
