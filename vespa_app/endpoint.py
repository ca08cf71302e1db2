"""Where a Vespa server is and how to be let in: a Location checked and read, before any request."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from index.errors import WrongUseError
from index.location import Location

CONTAINER_PORT, CONFIG_SERVER_PORT = 8080, 19071
"""What Vespa listens to: documents and searches, deployments."""

CERTIFICATE_VARIABLE = "VESPA_CLI_DATA_PLANE_CERT"
KEY_VARIABLE = "VESPA_CLI_DATA_PLANE_KEY"
"""The PEM texts themselves, as the Vespa CLI takes them where there are no files."""


@dataclass(frozen=True)
class Endpoint:
    """A server's address and the client's credentials.

    Attributes:
        url: without a slash at the end.
        certificate, key: PEM texts; None where there are none. The certificate may hold the key.
        token: only for https, which alone keeps it secret.
    """

    url: str
    certificate: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def endpoint_of(location: Location, environ: Mapping[str, str] = os.environ) -> Endpoint:
    """Read a location's URL and credentials.

    Files named by the user come before the PEM texts of the environment.

    Raises:
        WrongUseError: the URL names no server, or the credentials cannot be read or used.
    """
    url = checked_url(location.name)
    if location.key is not None and location.certificate is None:
        raise WrongUseError(
            f"--key {location.key} has no certificate. Name that with --cert, "
            "or in VESPA_CLI_DATA_PLANE_CERT_FILE."
        )
    if location.certificate is not None:
        certificate: str | None = _pem_file("--cert", location.certificate)
        key = _pem_file("--key", location.key) if location.key is not None else None
    else:
        certificate, key = environ.get(CERTIFICATE_VARIABLE), environ.get(KEY_VARIABLE)
        if key and not certificate:
            raise WrongUseError(
                f"{KEY_VARIABLE} is set and {CERTIFICATE_VARIABLE} is not. Set both, or neither."
            )
    token = _checked_token(location.token) if location.token else None
    is_secret = url.startswith("https://")
    return Endpoint(url, certificate or None, key or None, token if is_secret else None)


def checked_url(name: str, port: int = CONTAINER_PORT) -> str:
    """A server's URL without a slash at its end.

    Args:
        name: as the user wrote it.
        port: what such a server usually listens to, for the example in an error.

    Raises:
        WrongUseError: it is no address of a server.
    """
    example = f'An address is written like "http://localhost:{port}".'
    try:
        parts = urlsplit(name)
        _ = parts.port  # raises where it is no number up to 65535
    except ValueError as e:
        raise WrongUseError(f"{name} is no address of a server ({e}). {example}") from e
    if parts.username is not None or parts.password is not None:
        raise WrongUseError(
            "The server's address holds a user name or password, which Vespa does not ask for. "
            "Leave it out, and use --cert and --key, or --token."
        )
    is_http = parts.scheme.lower() in ("http", "https")
    if not is_http or not parts.hostname or any(c.isspace() for c in name):
        raise WrongUseError(f"{name!r} is no address of a server. {example}")
    if parts.query or parts.fragment:
        raise WrongUseError(
            f"{name} has a part after ? or #, which is no address of a server. {example}"
        )
    return name.rstrip("/")


def _pem_file(option: str, path: Path) -> str:
    try:
        text = path.read_bytes().decode("ascii", errors="ignore")  # comments may be anything
    except OSError as e:
        raise WrongUseError(
            f"Cannot read {option} {path}: {e.strerror}. Name a PEM file, as "
            '"vespa auth cert" writes it.'
        ) from e
    if "-----BEGIN" not in text:
        raise WrongUseError(
            f"{option} {path} is no PEM file: it has no line with -----BEGIN. "
            'Name the file "vespa auth cert" wrote.'
        )
    return text


def _checked_token(token: str) -> str:
    token = token.strip()  # a line end, where it was read from a file
    if not token.isascii() or not token.isprintable() or " " in token:
        raise WrongUseError(
            "The token holds characters no token has (spaces, line ends or letters beyond ASCII). "
            "Copy it again from the Vespa Cloud console."
        )
    return token
