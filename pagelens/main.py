"""The `pagelens` command: which commands there are, and how an error reaches the user."""

import functools
import gc
import importlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

import click

from index.errors import INTERRUPTED, PagelensError
from index.harmless import harmless


@dataclass(frozen=True)
class CommandEntry:
    """Where a command is, and what `pagelens --help` says of it without importing it.

    Attributes:
        module: of this package.
        attribute: the command in it.
    """

    module: str
    attribute: str
    short_help: str


COMMANDS = {
    "ingest": CommandEntry(
        "ingest_command", "ingest", "Make an index equal to folders of PDFs and images."
    ),
    "query": CommandEntry("query_command", "query", "Find the pages that best answer a text."),
    "serve": CommandEntry("serve_command", "serve", "Search in a browser, and over HTTP."),
    "eval": CommandEntry(
        "eval_command", "evaluate", "Measure how well questions find their pages."
    ),
    "status": CommandEntry("upkeep_commands", "status", "Show what an index holds."),
    "remove": CommandEntry("path_commands", "remove", "Take documents out of an index by path."),
    "relocate": CommandEntry(
        "path_commands", "relocate", "Say that a folder of an index has another name now."
    ),
    "check": CommandEntry(
        "upkeep_commands", "check", "Read a whole index and compare checksums and counts."
    ),
    "compact": CommandEntry("upkeep_commands", "compact", "Give back the space of deleted pages."),
    "deploy": CommandEntry("deploy_command", "deploy", "Deploy the Vespa application."),
    "copy": CommandEntry("copy_commands", "copy", "Copy an index into another, folder or Vespa."),
    "export": CommandEntry("copy_commands", "export", "Write an index as a file Vespa can feed."),
    "mcp": CommandEntry("mcp_command", "mcp", "Let agents search (Model Context Protocol)."),
    "completion": CommandEntry(
        "completion_command",
        "completion",
        "Print what makes bash, zsh or fish complete commands.",
    ),
}


@dataclass
class _Run:
    """What an error's report depends on; `-v` sets it wherever on the line it stands."""

    verbose: bool = False


def _set_verbose(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(_Run).verbose = True


def _verbose_option() -> click.Option:
    return click.Option(
        ["-v", "--verbose"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_set_verbose,
        help="Show where an error arose.",
    )


@functools.cache
def load_command(name: str) -> click.Command:
    """Import a command's module, with all it needs, and give the command `-v`."""
    entry = COMMANDS[name]
    gc.disable()  # what an import makes stays: nothing to collect, though much to look through
    try:
        module = importlib.import_module(f"pagelens.{entry.module}")
    finally:
        gc.enable()
    command: click.Command = getattr(module, entry.attribute)
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    for one in (command, *inner):
        one.params.append(_verbose_option())
    return command


class _LazyGroup(click.Group):
    """Knows its commands' one line of help, and imports a command only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of COMMANDS: the order in which a newcomer needs them."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Put the real command in the place of its one line."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else load_command(name), rest


cli = _LazyGroup(
    name="pagelens",
    help="Search folders of PDFs by what their pages look like.",
    commands={
        name: click.Command(name, short_help=entry.short_help) for name, entry in COMMANDS.items()
    },
    params=[_verbose_option()],
    context_settings={"help_option_names": ["-h", "--help"]},
)
click.version_option(package_name="pagelens")(cli)


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command and exit; an error becomes one line and its exit code.

    Args:
        argv: the arguments; None takes those of the process.
    """
    run = _Run()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # pages hold scripts that not every terminal has
    try:
        args = None if argv is None else list(argv)
        result = cli.main(args, prog_name="pagelens", standalone_mode=False, obj=run)
        sys.stdout.flush()
        code = result if isinstance(result, int) else 0  # ctx.exit(3) comes back as 3
    except click.Abort:  # what click makes of Ctrl-C
        code = INTERRUPTED
    except click.ClickException as e:
        shown = io.StringIO()
        e.show(shown)
        click.echo(harmless(shown.getvalue()), err=True, nl=False)
        code = e.exit_code
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        code = 1
    except Exception as e:
        # the outermost border: whatever it is, the user gets one line
        code = _report(e, run.verbose)
    if (
        argv is None
    ):  # all is done: a late Ctrl-C must not end the interpreter in the midst of ending
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _report(error: Exception, verbose: bool) -> int:
    """Print an error and return its exit code."""
    if verbose:
        click.echo(harmless("".join(traceback.format_exception(error))), err=True)
    code = 1
    if isinstance(error, PagelensError):
        message, code = str(error), error.exit_code
    elif isinstance(error, OSError) and error.strerror:
        place = f" ({error.filename})" if error.filename else ""
        message = f"The operating system refused: {error.strerror}{place}."
    else:
        what = " ".join([f"{type(error).__name__}:", *str(error).split()])
        message = f"{what} - this is a bug in Pagelens; run again with -v to see where it arose."
    click.echo(harmless(f"Error: {message}"), err=True)
    return code
