"""What Vespa Cloud asks for before it deploys: a name, a key or a login, a certificate, a network.

Looked at before pyvespa is, which would wait for a browser without a terminal, and without a
network for minutes. Knows nothing of pyvespa but where it keeps its files.
"""

import os
import re
import shutil
import socket
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from index.errors import MissingDependencyError, PagelensError, ServerError, WrongUseError
from vespa_app.failures import one_line

KEY_FILE_VARIABLE, KEY_VARIABLE = "VESPA_CLI_API_KEY_FILE", "VESPA_CLI_API_KEY"
"""The API key's file, and its text, as the Vespa CLI takes them."""

_PAIR = ("public-cert", "private-key")

_HOST, _PORT = "api-ctl.vespa-cloud.com", 4443
_CONNECT_TIMEOUT_S = 10.0

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 40
_RESERVED = ("api", "default")

_INSTALL_CLI = "install the Vespa CLI (pip install vespacli)"
_ELSEWHERE = (
    'Without it: an index in a folder needs no Vespa, and "pagelens deploy --local" starts one '
    "on this machine."
)


def checked_name(name: str) -> tuple[str, str]:
    """Tenant and application of TENANT.APPLICATION.

    Raises:
        WrongUseError: it is not two names as Vespa Cloud allows them.

    >>> checked_name("my-team.pagelens")
    ('my-team', 'pagelens')
    """
    parts = name.split(".")
    if len(parts) != 2 or not all(map(_is_name, parts)):
        raise WrongUseError(
            f"--cloud {name} is not TENANT.APPLICATION: two names of small letters, digits and "
            f"single dashes, each beginning with a letter, at most {_LONGEST_NAME} long, and not "
            f"{' or '.join(_RESERVED)}. The console shows yours: https://console.vespa-cloud.com"
        )
    return parts[0], parts[1]


def _is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and len(name) <= _LONGEST_NAME and name not in _RESERVED


def api_key(key_file: Path | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The API key as PEM text; None where a login has to do.

    Raises:
        WrongUseError: its file cannot be read, or is none.
    """
    path = key_file or environ.get(KEY_FILE_VARIABLE)
    if not path:
        return environ.get(KEY_VARIABLE) or None
    source = f"--key-file {path}" if key_file else f"{KEY_FILE_VARIABLE} {path}"
    try:
        text = Path(path).read_bytes().decode("ascii", errors="ignore")
    except OSError as e:
        raise WrongUseError(
            f"Cannot read {source}: {e.strerror}. Name the file the Vespa Cloud console gave you."
        ) from e
    if "PRIVATE KEY-----" not in text:
        raise WrongUseError(
            f"{source} is no private key: it has no line with PRIVATE KEY. Name the file the Vespa "
            "Cloud console gave you."
        )
    return text


def check_access(tenant: str, application: str, *, has_key: bool) -> None:
    """See that pyvespa will find, or can make, what it needs.

    Raises:
        MissingDependencyError: the Vespa CLI is needed and not there.
        WrongUseError: a login is needed, and no terminal is there.
    """
    has_cli = shutil.which("vespa") is not None
    home = vespa_home()
    if _certificate(tenant, application) is None and not has_cli:
        raise MissingDependencyError(
            f"There is no client certificate for {tenant}.{application} "
            f"({_home_of(tenant, application)}), and no Vespa CLI to make one. To get one, "
            f"{_INSTALL_CLI} and run the same command again."
        )
    if has_key or (home / "auth.json").exists():
        return
    if not has_cli:
        raise MissingDependencyError(
            "You are not logged in to Vespa Cloud. Name your API key with --key-file or "
            f"{KEY_FILE_VARIABLE}, or {_INSTALL_CLI} and run: vespa auth login"
        )
    if not sys.stdin.isatty():
        raise WrongUseError(
            "You are not logged in to Vespa Cloud, and without a terminal you cannot. Name your "
            f'API key with --key-file or {KEY_FILE_VARIABLE}, or run "vespa auth login" in a '
            "terminal first."
        )


def vespa_home() -> Path:
    """Where pyvespa keeps logins and certificates."""
    return Path(os.environ.get("VESPA_HOME") or Path.home() / ".vespa")


def client_certificate(tenant: str, application: str) -> bytes:
    """The certificate of who may read and write, as PEM: it is part of a package for production.

    Raises:
        WrongUseError: there is none, or it cannot be read.
    """
    path = _certificate(tenant, application)
    if path is None:
        raise WrongUseError(
            f"There is no client certificate for {tenant}.{application} "
            f"({_home_of(tenant, application)}), and Vespa Cloud takes no application without. "
            "Make one with the Vespa CLI (pip install vespacli), and run this again: "
            f"vespa auth cert -N -t cloud -a {tenant}.{application}"
        )
    try:
        return path.read_bytes()
    except OSError as e:
        raise WrongUseError(f"Cannot read the client certificate {path}: {e.strerror}.") from e


def _certificate(tenant: str, application: str) -> Path | None:
    """Where pyvespa finds the certificate and its key; None where it does not."""
    for folder in (Path.cwd() / ".vespa", _home_of(tenant, application)):
        certificate, key = (folder / f"data-plane-{name}.pem" for name in _PAIR)
        if certificate.exists() and key.exists():
            return certificate
    return None


def _home_of(tenant: str, application: str) -> Path:
    return vespa_home() / f"{tenant}.{application}.default"


def check_network() -> None:
    """See that Vespa Cloud can be reached, where no proxy stands between.

    Raises:
        ServerError: it cannot.
    """
    if urllib.request.getproxies().get("https"):
        return
    try:
        socket.create_connection((_HOST, _PORT), timeout=_CONNECT_TIMEOUT_S).close()
    except OSError as e:
        raise unreachable(e.strerror or "no answer") from e


def unreachable(reason: str) -> ServerError:
    """Vespa Cloud is not there, or went away."""
    return ServerError(
        f"Vespa Cloud cannot be reached at {_HOST}:{_PORT} ({one_line(reason)}). Check the network "
        f"and its firewall. {_ELSEWHERE}"
    )


def refused(name: str, text: str) -> PagelensError:
    """Vespa Cloud answered with an error.

    Args:
        name: TENANT.APPLICATION.
        text: as pyvespa raises it: status and body of the answer.
    """
    status = re.search(r"\bHTTP (\d{3})\b", text)
    said = re.search(r"[\"']message[\"']\s*:\s*(\"[^\"]*\"|'[^']*')", text)
    reason = said.group(1)[1:-1].rstrip(".") if said else text
    why = one_line(f"HTTP {status.group(1)}: {reason}" if status and said else reason)
    if status and status.group(1) in ("401", "403"):
        return ServerError(
            f"Vespa Cloud does not let you deploy {name} ({why}). Check the tenant's name, that "
            "its console lists the key's public half, or log in again: vespa auth login"
        )
    return ServerError(
        f"Vespa Cloud refuses to deploy {name} ({why}). "
        "Its console tells more: https://console.vespa-cloud.com"
    )


def failed(name: str, reason: str, log: str | None) -> ServerError:
    """A deployment began and did not succeed.

    Args:
        name: TENANT.APPLICATION.
        reason: in pyvespa's words.
        log: the last error in the deployment's log.
    """
    why = one_line(reason).rstrip(".") + (f": {one_line(log)}" if log else "")
    return ServerError(
        f"The deployment of {name} in Vespa Cloud did not succeed ({why}). "
        "Its console tells more: https://console.vespa-cloud.com"
    )


def no_access(name: str, error: Exception, *, has_key: bool) -> PagelensError:
    """Why pyvespa did not get as far as deploying."""
    if isinstance(error, RuntimeError) or (has_key and isinstance(error, OSError)):
        return failed(name, str(error), None)  # the Vespa CLI, or the certificate it made
    if has_key:
        return WrongUseError(
            "The API key cannot be used: it must be a private key of an elliptic curve, without a "
            "password. Get one in the console (Account, Keys): https://console.vespa-cloud.com"
        )
    return WrongUseError(
        f"The login in {vespa_home() / 'auth.json'} has expired or cannot be read. Make a new one "
        "with the Vespa CLI (pip install vespacli): vespa auth login"
    )
