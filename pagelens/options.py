"""Options of several commands: which index, with the credentials of a server; which encoder."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from index.location import DEFAULT_INDEX, Location
from pagelens.completion import folders

INDEX_VARIABLE = "PAGELENS_INDEX"

OCR_MODES = ("auto", "always", "never")

Command = Callable[..., Any]


def credential_options(command: Command) -> Command:
    """Give a command --cert, --key and --token, as the arguments of those names.

    The variables are those pyvespa and the Vespa CLI read.
    """
    for option in (
        click.option(
            "--token",
            envvar=["VESPA_CLOUD_SECRET_TOKEN", "VESPA_CLI_DATA_PLANE_TOKEN"],
            help="Secret token for Vespa Cloud; better set VESPA_CLOUD_SECRET_TOKEN.",
        ),
        click.option(
            "--key",
            type=click.Path(path_type=Path),
            envvar="VESPA_CLI_DATA_PLANE_KEY_FILE",
            metavar="FILE",
            help="Private key of --cert, where it is a file of its own.",
        ),
        click.option(
            "--cert",
            type=click.Path(path_type=Path),
            envvar="VESPA_CLI_DATA_PLANE_CERT_FILE",
            metavar="FILE",
            help="Client certificate (PEM) for a Vespa server that asks for one.",
        ),
    ):
        command = option(command)
    return command


def index_options(command: Command) -> Command:
    """Give a command --index and the credentials; it takes them as one `location`."""

    @click.option(
        "--index",
        "name",
        default=DEFAULT_INDEX,
        envvar=INDEX_VARIABLE,
        shell_complete=folders,
        help="Folder of the index, or URL of a Vespa server (http://localhost:8080). "
        f"[default: ./{DEFAULT_INDEX}, or what {INDEX_VARIABLE} says]",
    )
    @credential_options
    @functools.wraps(command)
    def with_location(
        *arguments: object,
        name: str,
        cert: Path | None,
        key: Path | None,
        token: str | None,
        **others: object,
    ) -> object:
        return command(*arguments, location=Location(name, cert, key, token), **others)

    return with_location


def ocr_option(command: Command) -> Command:
    """Give a command --ocr, as `ocr`."""
    return click.option(
        "--ocr",
        type=click.Choice(OCR_MODES),
        default="auto",
        help="Read words from the pictures of pages. auto (the default): where the file has none, "
        "or not those that are seen; always: of every page, in place of the file's; never.",
    )(command)


def exclude_option(command: Command) -> Command:
    """Give a command --exclude, as `exclude`."""
    return click.option(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Leave out what a pattern of .gitignore's kind matches; may be repeated. A "
        ".pagelensignore file does the same for its folder.",
    )(command)


def encoder_options(command: Command) -> Command:
    """Give a command what says how pages become vectors.

    --encoder, --model, --max-edge and --device; the third as `max_edge_px`.
    """
    for option in (
        click.option(
            "--device",
            default="auto",
            help="Where the model runs: auto, cuda, mps, cpu; several GPUs as cuda:0,cuda:1.",
        ),
        click.option(
            "--max-edge",
            "max_edge_px",
            type=int,
            metavar="PIXELS",
            help="Draw pages with this longest edge, for models that cut them into tiles: 1536 or "
            "1024 are fewer tiles, and less is read. [default: the index's own; the model's, 2048 "
            "for ColSmol, for a new index]",
        ),
        click.option(
            "--model",
            shell_complete=folders,
            help="ColVision model for colsmol: a hub id (ID@REVISION) or a folder.",
        ),
        click.option(
            "--encoder",
            "encoder_name",
            type=click.Choice(["auto", "colsmol", "lexical"]),
            default="auto",
            help="What turns pages into vectors. auto (the default): the index's own; for a new "
            "index ColSmol where its weights are on this machine, else lexical (the words of "
            "pages).",
        ),
    ):
        command = option(command)
    return command
