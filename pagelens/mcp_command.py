"""`pagelens mcp`: arguments and parts; the rest is elsewhere."""

import signal
import sys
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import click

from index.location import Location
from pagelens.completion import folders
from pagelens.options import index_options
from query.agents.server import serve_stdio

if TYPE_CHECKING:
    from query.service.service import SearchService


@click.command()
@index_options
@click.option(
    "--model",
    shell_complete=folders,
    help="Where the index's model is now: a hub id or a folder.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cuda, mps or cpu.")
def mcp(location: Location, model: str | None, device: str) -> None:
    """Let agents search (Model Context Protocol).

    An agent's settings name this command; the agent starts it, and speaks to it over standard input
    and output until it closes them. The index may be made, and grow, meanwhile; the model is loaded
    when a search first needs it.
    """
    # standard input is read by a thread, which Python's own handling of Ctrl-C waits for; a reader
    # of an index has nothing to put in order
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.stdin.isatty():
        click.echo(
            f"Serving {location} to an agent on standard input and output. It is the agent that "
            "starts this command: see README.md. Ctrl-C ends.",
            err=True,
        )
    with ExitStack() as stack:
        serve_stdio(lambda: stack.enter_context(closing(_service(location, model, device))))


def _service(location: Location, model: str | None, device: str) -> "SearchService":
    # imported when a client asks for the tools: what takes an agent's first call needs none of it
    from encoders.choose import load_encoder
    from pagelens.open_index import open_index
    from pagelens.page_file import draw_region, printed_number
    from query.service.service import SearchService

    return SearchService(
        lambda: open_index(location),
        lambda fingerprint: load_encoder(fingerprint, model, device),
        draw_region,
        printed_number,
    )
