"""`pagelens query`: arguments, parts, messages; the rest is elsewhere."""

import functools
import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click
from rich.console import Console

from encoders.choose import load_encoder
from index.errors import PagelensError, WrongUseError
from index.interface import RERANK_SAID
from index.location import Location
from index.pages import Hit
from index.wording import count
from pagelens.completion import filters, folders, pages
from pagelens.open_index import CANDIDATES, open_index
from pagelens.options import index_options
from pagelens.query_reasons import ReasonsWanted, find_reasons, print_reasons, reasons_as_json
from pagelens.query_report import print_found
from pagelens.terminal import say
from query.as_json import found_as_json
from query.filters import FILTER_KEYS, NOT, read_filters
from query.found import Found
from query.request import BY_DOCUMENT, DEFAULT_RANKINGS_SAID, RANKINGS, SearchRequest
from query.search import encode, find
from query.why.no_hits import why_no_hits

DEFAULT_K = 5  # hits that fit a screen with their snippets

_EXAMPLES = ", ".join(
    f"{name}={key.example}" for name, key in FILTER_KEYS.items() if not name.startswith(NOT)
)


class _QueryCommand(click.Command):
    """Tells whoever leaves a word out (-draft) that the shell wants quotes around the query."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as e:
            word = next((arg for arg in typed if re.match(r"-[^\W\d_]{2}", arg)), None)
            if word is not None and not e.option_name.startswith("--"):
                raise click.UsageError(
                    f"No such option: {word}. To leave a word out of a query, put all of the query "
                    f"in quotes: pagelens query 'budget {word}'",
                    ctx,
                ) from e
            raise


@click.command(cls=_QueryCommand)
@click.argument("words", metavar="[TEXT]", nargs=-1)
@index_options
@click.option(
    "-k", type=click.IntRange(min=1), default=DEFAULT_K, show_default=True, help="How many hits."
)
@click.option(
    "--ranking",
    type=click.Choice(RANKINGS),
    help=f"How pages are ranked. [default: {DEFAULT_RANKINGS_SAID}]",
)
@click.option(
    "--rerank",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Pages that phase 2 scores. [default: {RERANK_SAID}]",
)
@click.option(
    "--candidates",
    type=click.Choice(CANDIDATES),
    default="auto",
    show_default=True,
    help="Which pages a Vespa server ranks: all (scan), those that a graph of page regions and the "
    "words name (ann), or whichever suits their number (auto).",
)
@click.option(
    "--filter",
    "conditions",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=filters,
    help=f"Only such pages; may be repeated: {_EXAMPLES}. KEY!=VALUE: only others.",
)
@click.option("--group-by", type=click.Choice([BY_DOCUMENT]), help="One hit for each document.")
@click.option(
    "--collapse", is_flag=True, help="One hit for pages that look the same, the newest file's."
)
@click.option(
    "--min-score", type=float, metavar="SCORE", help="No hits of a lower score; for programs."
)
@click.option(
    "--save-pages",
    "pages_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the pages found, and a contact sheet of them, as images.",
)
@click.option(
    "--open",
    "opened",
    type=click.IntRange(min=1),
    metavar="N",
    help="Open the N-th hit in the system's viewer, at its page where that can be told.",
)
@click.option(
    "--show",
    "shown",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show the page of the N-th hit in the terminal: kitty, iTerm2, or any with sixels.",
)
@click.option("--explain", is_flag=True, help="Say why each page came up, word by word.")
@click.option(
    "--why-not",
    metavar="PAGE",
    shell_complete=pages,
    help="Say why this page did not come up, or where it did: a page id, or FILE.pdf:NUMBER.",
)
@click.option(
    "--heatmap",
    "heatmap_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the pages found, coloured where they match, as PNGs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--model",
    shell_complete=folders,
    help="Where the index's model is now: a hub id or a folder.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cuda, mps or cpu.")
def query(
    words: tuple[str, ...],
    location: Location,
    k: int,
    ranking: str | None,
    rerank: int | None,
    candidates: str,
    conditions: tuple[str, ...],
    group_by: Literal["document"] | None,
    collapse: bool,
    min_score: float | None,
    pages_folder: Path | None,
    opened: int | None,
    shown: int | None,
    explain: bool,
    why_not: str | None,
    heatmap_folder: Path | None,
    as_json: bool,
    model: str | None,
    device: str,
) -> None:
    """Find the pages that best answer a text.

    "Quoted words" must stand on the page one after the other, and -word must not stand on it; the
    shell wants quotes around all of it: '"annual report" -draft'.

    Without TEXT a prompt takes one query after another and keeps the model loaded; from a pipe,
    every line is a query.
    """
    filters = read_filters(_key_values(conditions))
    if pages_folder is not None and not words:
        raise WrongUseError('--save-pages needs a text: pagelens query "text" --save-pages DIR')
    if (opened or shown) and not words:
        option = "--open" if opened else "--show"
        raise WrongUseError(f'{option} needs a text: pagelens query "text" {option} 1')
    if heatmap_folder is not None and not words:
        raise WrongUseError('--heatmap needs a text: pagelens query "text" --heatmap DIR')
    wanted = ReasonsWanted(explain, why_not, heatmap_folder)
    with closing(open_index(location, candidates, searches_once=bool(words))) as index:
        encoder = functools.cache(lambda: load_encoder(index.fingerprint, model, device))

        def answer(text: str) -> None:
            index.refresh()  # a prompt may stay open while an ingest goes on
            request = SearchRequest(
                text,
                k,
                ranking or "",
                rerank,
                filters,
                group_by,
                collapse,
                min_score=min_score,
            )
            with Console(stderr=True).status("Searching"):  # shows itself on a terminal only
                if heatmap_folder is not None:
                    request = replace(request, query=encode(request, encoder))
                found = find(index, encoder, request)
            reasons = find_reasons(index, found, wanted)
            if as_json:
                click.echo(found_as_json(found, reasons_as_json(reasons)))
            else:
                if found.groups:
                    print_found(found)
                print_reasons(reasons)
            for notice in found.notices:
                say(f"Note: {notice}")
            if not found.groups:
                say(str(why_no_hits(found, index.stats().n_pages, str(location))))
            elif pages_folder is not None:
                from pagelens.save_pages import CONTACT_SHEET_NAME, save_pages  # imports Pillow

                save_pages(pages_folder, found, index)
                say(f"Saved the pages and {CONTACT_SHEET_NAME} in {pages_folder}.")
            if shown is not None and found.groups:
                from pagelens.show_hit import show_hit

                show_hit(_nth_hit(found, shown), index)
            if opened is not None and found.groups:
                from pagelens.open_hit import open_hit

                open_hit(_nth_hit(found, opened))
            if reasons.heatmaps is not None:
                say(f"Saved a heatmap of each page in {heatmap_folder}.")

        if words:
            answer(" ".join(words))
        elif sys.stdin.isatty():
            _answer_prompt(answer)
        else:
            _answer_lines(answer, as_json)


def _nth_hit(found: Found, n: int) -> Hit:
    """A hit by its place, counted from 1.

    Raises:
        WrongUseError: there are not so many.
    """
    if n > len(found.groups):
        raise WrongUseError(
            f"There is no hit {n}: {count(len(found.groups), 'hit')} came up. Ask for more with -k."
        )
    return found.shown[n - 1]


def _key_values(conditions: Sequence[str]) -> dict[str, str]:
    """What `--filter KEY=VALUE` and `KEY!=VALUE`, given any number of times, ask for.

    Raises:
        WrongUseError: neither KEY=VALUE nor KEY!=VALUE, no such key, or one given twice.
    """
    values: dict[str, str] = {}
    for condition in conditions:
        key, separator, value = condition.partition("=")
        key, value = key.strip().casefold(), value.strip()
        if key.endswith("!"):
            key = f"{NOT}{key[:-1].rstrip()}"
        if key not in FILTER_KEYS or not separator or not value:
            raise WrongUseError(
                f"--filter {condition!r} cannot be read. Write KEY=VALUE: {_EXAMPLES}. "
                "KEY!=VALUE is all but these."
            )
        if key in values:
            is_negation = key.startswith(NOT)
            why = "each filter is read once" if is_negation else "a page must meet all filters"
            raise WrongUseError(
                f"--filter {key} is given twice ({values[key]}, {value}), and {why}. Leave one out."
            )
        values[key] = value
    return values


def _answer_prompt(answer: Callable[[str], None]) -> None:
    """Answer what a person types until an empty line, "exit" or Ctrl-D."""
    with suppress(ImportError):  # Python may be built without it
        import readline  # noqa: F401  input() then edits lines and remembers them
    say("Type a query; an empty line ends.")
    while True:
        try:
            text = input("query> ").strip()
        except EOFError:
            click.echo()
            return
        if text in ("", "exit"):
            return
        try:
            answer(text)
        except PagelensError as e:
            say(f"Error: {e}")


def _answer_lines(answer: Callable[[str], None], as_json: bool) -> None:
    """Answer every line of standard input; end with the exit code of the first that failed."""
    exit_code, n_queries = 0, 0
    for line in sys.stdin:
        text = line.strip()
        if not text:
            continue
        n_queries += 1
        try:
            answer(text)
        except PagelensError as e:
            exit_code = exit_code or e.exit_code
            if as_json:
                click.echo(json.dumps({"query": text, "error": str(e)}))
            else:
                say(f"Error: {text}: {e}")
    if n_queries == 0:
        raise WrongUseError('No query on standard input. Type one: pagelens query "text"')
    sys.exit(exit_code)
