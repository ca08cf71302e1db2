"""The options that say which index: --index, and the credentials of a server."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from index.location import DEFAULT_INDEX, Location

INDEX_VARIABLE = "PAGELENS_INDEX"

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
