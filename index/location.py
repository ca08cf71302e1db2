"""Where an index lies, and how to be let in."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from index.errors import WrongUseError

DEFAULT_INDEX = "pagelens-index"
"""The folder that is meant where nobody names an index."""


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

    @property
    def place(self) -> str:
        """The same for two names of one folder, and for most of one server.

        >>> Location("HTTP://Host:8080/").place
        'http://host:8080'
        """
        if not self.is_server:
            return str(self.folder.resolve())
        url = urlsplit(self.name)
        return f"{url.scheme}://{url.netloc.lower()}{url.path.rstrip('/')}"
