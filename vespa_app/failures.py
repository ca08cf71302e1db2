"""Why a request to Vespa failed, and what helps: the texts of every ServerError of the client.

Knows nothing of the HTTP library: it is told a status and a body, or what became of the connection.
"""

import json
import re
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from index.errors import ServerError

_SHOWN_CHARACTERS = 200  # of a server's own message, and of an answer that is none
_DIAGNOSIS_TIMEOUT_S = 2.0

PASSING_STATUSES = frozenset({429, 502, 503, 504})
"""Overload, a restart, a proxy without its server: worth asking again."""

_CREDENTIALS = (
    "Name the client's certificate with --cert and --key, or the endpoint's token with --token "
    "(both are sent over https only)"
)
_RUNNING = 'Is Vespa running? "pagelens deploy --local" starts one'
_BUSY = "The server is overloaded or restarting. Run the same command again later"
_OTHER_SERVER = "Is this the address of a Vespa container (port 8080, not 19071)?"
_REMEDIES = {
    400: 'Where another or an older application is deployed there, "pagelens deploy" puts ours',
    401: _CREDENTIALS,
    403: _CREDENTIALS,
    404: _OTHER_SERVER,
    413: "The server, or a proxy before it, takes no request of this size: raise its limit",
    429: _BUSY,
    502: _BUSY,
    503: _BUSY,
    504: _BUSY,
    507: "Vespa's disk or memory is full, and it takes no more documents: "
    "give the content nodes more, or add nodes, and run the same command again",
}
_LOOK_AT_LOG = "Look into the server's log (vespa-logfmt)"


class RequestFailure(Exception):
    """One request failed; the operation it was part of makes a ServerError of it.

    Attributes:
        why: half a sentence.
        remedy: a sentence, with or without its full stop.
        is_passing: whether asking again may help.
        is_unreachable: no server was reached at all.
    """

    def __init__(
        self, why: str, remedy: str, *, is_passing: bool = False, is_unreachable: bool = False
    ) -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy
        self.is_passing = is_passing
        self.is_unreachable = is_unreachable

    def as_error(self, operation: str, url: str) -> ServerError:
        """The line a user sees.

        Args:
            operation: what was tried, as it goes on after "Cannot".
            url: the server.
        """
        remedy = self.remedy if self.remedy[-1] in ".?" else self.remedy + "."
        return ServerError(f"Cannot {operation} at {url}: {self.why}. {remedy}")


def refused_status(status: int, answer: object, body: str) -> RequestFailure:
    """A server answered with an error.

    Args:
        status: of HTTP.
        answer: the body read as JSON; None where it is none.
        body: the same as text.
    """
    message = vespa_message(answer)
    if message is None and not isinstance(answer, Mapping) and body.strip():
        message = f"not in Vespa's words: {excerpt(body)}"
    why = f"HTTP {status}" + (f" ({message})" if message else "")
    remedy = _REMEDIES.get(status, _LOOK_AT_LOG if status >= 500 else _OTHER_SERVER)
    return RequestFailure(why, remedy, is_passing=status in PASSING_STATUSES)


def vespa_message(answer: object) -> str | None:
    """What Vespa says went wrong: of /document/v1 its message, of /search/ its first error.

    >>> vespa_message({"root": {"errors": [{"summary": "Bad request", "message": "No field x"}]}})
    'Bad request: No field x'
    """
    if not isinstance(answer, Mapping):
        return None
    if isinstance(answer.get("message"), str):
        return excerpt(answer["message"], quote=False)
    root = answer.get("root")
    errors = root.get("errors") if isinstance(root, Mapping) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        return error_text(errors[0])
    return None


def error_text(error: Mapping[str, object]) -> str:
    """One entry of a search answer's errors, as a line."""
    parts = (error.get("summary"), error.get("message"))
    texts = dict.fromkeys(part for part in parts if isinstance(part, str) and part)
    return excerpt(": ".join(texts), quote=False) or f"error {error.get('code', 'without text')}"


def excerpt(text: str, *, quote: bool = True) -> str:
    """The beginning of a text on one line, without what would upset a terminal."""
    line = " ".join(re.sub(r"[^\x20-\x7e\xa0-\uffff]", " ", text).split())
    line = line if quote else line.rstrip(".")
    if len(line) > _SHOWN_CHARACTERS:
        line = line[:_SHOWN_CHARACTERS] + "..."
    return f"'{line}'" if quote else line


def not_json(body: str) -> RequestFailure:
    """A server answered what no Vespa answers."""
    return RequestFailure(f"the answer is not JSON but {excerpt(body)}", _OTHER_SERVER)


def not_as_expected(answer: object) -> RequestFailure:
    """A server answered JSON, and not Vespa's."""
    return RequestFailure(
        f"the answer is not Vespa's: {excerpt(json.dumps(answer, default=str))}", _OTHER_SERVER
    )


def no_answer(timeout_s: float) -> RequestFailure:
    """A server took the request and did not answer. Asking again would wait as long again."""
    return RequestFailure(
        f"no answer within {timeout_s:g} s",
        "The server is overloaded, or this is not the address of a Vespa container. "
        "Run the same command again later",
    )


def dropped_connection() -> RequestFailure:
    """A connection ended before the answer did."""
    return RequestFailure(
        "the connection was closed before the answer was complete",
        f"The server stopped or restarts, or it is no Vespa. {_OTHER_SERVER}",
        is_passing=True,
    )


def no_connection(url: str) -> RequestFailure:
    """A connection could not be made; finds out why, as the HTTP library does not say."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    where = f"--index {parts.scheme}://{parts.netloc}"
    hint = f". Vespa's own port is 8080: --index http://{host}:8080" if port == 80 else ""
    try:
        socket.create_connection((host, port), timeout=_DIAGNOSIS_TIMEOUT_S).close()
    except socket.gaierror:
        return RequestFailure(
            f"there is no machine named {host}",
            f"Check the name in {where}",
            is_unreachable=True,
        )
    except ConnectionRefusedError:
        return RequestFailure(
            f"connection refused, nothing listens on port {port}",
            _RUNNING + hint,
            is_passing=True,
            is_unreachable=True,
        )
    except (TimeoutError, OSError) as e:
        reason = "no answer to the connection" if isinstance(e, TimeoutError) else e.strerror
        return RequestFailure(
            f"{host} cannot be reached on port {port} ({reason})",
            f"Check the address in {where}, and firewalls on the way",
            is_passing=True,
            is_unreachable=True,
        )
    if parts.scheme == "https":
        return RequestFailure(
            "something listens there, and no TLS connection came about",
            "Its certificate must be signed by an authority this machine trusts, and a server that "
            "asks for the client's certificate gets it from --cert and --key. "
            "A server without TLS is http://",
            is_unreachable=True,
        )
    return dropped_connection()
