"""Where an index lies: what `--index` may be, what it is when nobody says, and how to be let in."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from index.errors import WrongUseError

DEFAULT_INDEX = "pagelens-index"
INDEX_VARIABLE = "PAGELENS_INDEX"


@dataclass(frozen=True)
class Location:
    """An index as the user named it.

    Attributes:
        name: a folder, or the URL of a Vespa server.
        certificate, key: the client's side of mTLS, PEM files; None where the server asks for none.
            The certificate's file may hold the key too.
        token: secret token of a Vespa Cloud endpoint; never shown.
    """

    name: str
    certificate: Path | None = None
    key: Path | None = None
    token: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.name

    @property
    def is_server(self) -> bool:
        """Whether it names a Vespa server."""
        return self.name.lower().startswith(("http://", "https://"))

    @property
    def folder(self) -> Path:
        """The folder it names.

        Raises:
            WrongUseError: it names a server.
        """
        if self.is_server:
            raise WrongUseError(
                f"{self.name} is a server, and this works on the files of a folder alone. "
                "Name the folder of an index with --index."
            )
        return Path(self.name)


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
