"""One request to a Vespa config server, and why it failed when it did.

Over the standard library: pyvespa has no call for a config server of one's own.
"""

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from vespa_app.failures import PASSING_STATUSES, RequestFailure, excerpt

CONTAINER_PORT, CONFIG_SERVER_PORT = 8080, 19071
"""What Vespa listens to: documents and queries, deployments."""

OTHER_SERVER = (
    f"Is this the address of a config server (port {CONFIG_SERVER_PORT}, not {CONTAINER_PORT})?"
)
_EDIT = (
    'Write the package to a folder with "pagelens deploy --export DIR", change there what Vespa '
    "objects to, and hand it over with the Vespa CLI: vespa deploy DIR"
)
_CREDENTIALS = (
    'Pagelens has no credentials for a config server: "pagelens deploy --export DIR" writes the '
    "package for the tool that has"
)
_AGAIN = "Run the same command again later"
_REMEDIES = {
    400: _EDIT,
    401: _CREDENTIALS,
    403: _CREDENTIALS,
    404: OTHER_SERVER,
    405: OTHER_SERVER,
    409: f"Somebody deploys at the same time. {_AGAIN}",
    429: _AGAIN,
    502: _AGAIN,
    503: _AGAIN,
    504: _AGAIN,
}
_LOG = "Look into the log on that machine: vespa-logfmt -l error,warning"


def json_answer(request: urllib.request.Request, timeout_s: float) -> dict[str, Any]:
    """One request and its answer, an object.

    Raises:
        RequestFailure: anything else came of it.
    """
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            body: bytes = response.read()
    except urllib.error.HTTPError as e:
        with e:
            raise _refused(e.code, _read_error(e)) from e
    except urllib.error.URLError as e:
        raise _unreachable(request, e.reason, timeout_s) from e
    except (OSError, http.client.HTTPException) as e:  # once the connection stands
        raise _unreachable(request, e, timeout_s) from e
    try:
        answer = json.loads(body)
    except ValueError as e:
        text = excerpt(body.decode(errors="replace"))
        raise RequestFailure(f"the answer is not JSON but {text}", OTHER_SERVER) from e
    if not isinstance(answer, dict):
        text = excerpt(json.dumps(answer))
        raise RequestFailure(f"the answer is not a config server's: {text}", OTHER_SERVER)
    return answer


def _read_error(error: urllib.error.HTTPError) -> bytes:
    """What the server says of its refusal, as far as it came."""
    try:
        return error.read()
    except (OSError, http.client.HTTPException):
        return b""


def _refused(status: int, body: bytes) -> RequestFailure:
    """Vespa's own message in full: of a refused package it is all there is to go by."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    message = answer.get("message") if isinstance(answer, dict) else None
    if isinstance(message, str) and message.strip():
        why = f"Vespa refuses (HTTP {status}): {one_line(message).rstrip('.')}"
        return RequestFailure(
            why, _REMEDIES.get(status, _LOG), is_passing=status in PASSING_STATUSES
        )
    text = excerpt(body.decode(errors="replace"))
    why = f"HTTP {status}" + (f" (not in Vespa's words: {text})" if body.strip() else "")
    return RequestFailure(
        why, _REMEDIES.get(status, OTHER_SERVER), is_passing=status in PASSING_STATUSES
    )


def _unreachable(
    request: urllib.request.Request, reason: object, timeout_s: float
) -> RequestFailure:
    """No answer, or not a whole one."""
    host = request.host
    if isinstance(reason, socket.gaierror):
        return RequestFailure(
            f"there is no machine named {urlsplit(request.full_url).hostname}",
            "Check the name, and the network",
            is_unreachable=True,
        )
    if isinstance(reason, ConnectionRefusedError):
        hint = "" if ":" in host else f" Name its port: http://{host}:{CONFIG_SERVER_PORT}."
        return RequestFailure(
            "connection refused, nothing listens there",
            f'Is Vespa running? "pagelens deploy --local" starts one.{hint}',
            is_passing=True,
            is_unreachable=True,
        )
    if isinstance(reason, TimeoutError):
        return RequestFailure(
            f"no answer within {timeout_s:g} s",
            f"The server is overloaded, or a firewall is on the way. {OTHER_SERVER}",
        )
    if isinstance(reason, ssl.SSLError):
        return RequestFailure(
            f"no TLS connection came about ({one_line(reason.reason or str(reason))})",
            "Its certificate must be signed by an authority this machine trusts. "
            "A config server without TLS is http://",
        )
    if isinstance(reason, (ConnectionError, http.client.HTTPException)):
        return RequestFailure(
            "the connection was closed before the answer was complete",
            f"It stops, or still starts: {_AGAIN.lower()}. {OTHER_SERVER}",
            is_passing=True,
        )
    text = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
    return RequestFailure(
        f"it cannot be reached ({one_line(text)})",
        "Check the address, and firewalls on the way",
        is_passing=True,
        is_unreachable=True,
    )


def one_line(text: str) -> str:
    """A server's text without line ends and what else would upset a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
