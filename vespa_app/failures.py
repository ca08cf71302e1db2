"""Why a Vespa server did not do what it was asked, and what helps: the texts of every such error.

Knows nothing of an HTTP library: it is told a status and a body, or what became of the connection.
"""

import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from index.errors import ServerError
from vespa_app.endpoint import CONFIG_SERVER_PORT, CONTAINER_PORT

_SHOWN_CHARACTERS = 200  # of a server's own message, and of an answer that is none
_FEED_BLOCKED = 507
_BLOCKED_CHARACTERS = 1_000
"""Of Vespa's message that it takes no documents: its end says what is full, how full, and where the
limit is. It names three nodes at most."""
_DIAGNOSIS_TIMEOUT_S = 2.0

PASSING_STATUSES = frozenset({429, 502, 503, 504})
"""Overload, a restart, a proxy without its server: worth asking again."""

_AGAIN = "run the same command again later"
_BUSY = f"The server is overloaded or restarting. {_AGAIN.capitalize()}"
_LOG = "Look into the log on that machine: vespa-logfmt -l error,warning"
_NOT_STARTED = "soft doomed"
"""In Vespa's message where time ran out while it prepared a search: the C++ engine's words."""

NO_TIME_TO_START = (
    "Vespa's time ran out before it compared a page, while it searched its graph over regions or "
    "sorted out what the filters let through"
)
HOW_TO_START = "Go without the graph (--candidates scan), filter less, or add nodes"

_REMEDIES = {
    413: "The server, or a proxy before it, takes no request of this size: raise its limit",
    **dict.fromkeys(PASSING_STATUSES, _BUSY),
}


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


@dataclass(frozen=True)
class ServerKind:
    """One of the two servers of a Vespa, and what its failures are explained with.

    Attributes:
        name: what it is, with its article.
        option: what its URL is given with on the command line.
        port: what Vespa lets it listen to.
        port_of_the_other: the port it may be confused with.
        says_it_all: its own message is all there is to go by, and is shown in full.
        remedies: what helps, by status; beside what helps with any server.
        certificate: what TLS asks of it, and of us.
    """

    name: str
    option: str
    port: int
    port_of_the_other: int
    says_it_all: bool
    remedies: Mapping[int, str]
    certificate: str

    def unusable_answer(self, status: int, answer: object, body: str) -> RequestFailure:
        """It answered with an error, or with what no such server answers.

        Args:
            status: of HTTP.
            answer: the body read as JSON; None where it is none.
            body: the same as text.
        """
        if status >= 300:
            return self._refusal(status, answer, body)
        if answer is None:
            return RequestFailure(f"the answer is not JSON but {excerpt(body)}", self._question)
        return self.unexpected_answer(answer)

    def unexpected_answer(self, answer: object) -> RequestFailure:
        """It answered JSON, and not what such a server answers."""
        text = excerpt(json.dumps(answer, default=str))
        return RequestFailure(f"the answer is not {self.name}'s: {text}", self._question)

    def no_answer(self, timeout_s: float) -> RequestFailure:
        """It took the request and did not answer. Asking again would wait as long again."""
        return RequestFailure(
            f"no answer within {timeout_s:g} s",
            f"The server is overloaded, or a firewall is on the way: {_AGAIN}. {self._question}",
        )

    def dropped_connection(self) -> RequestFailure:
        """A connection ended before the answer did."""
        return RequestFailure(
            "the connection was closed before the answer was complete",
            f"The server stops or restarts: {_AGAIN}. {self._question}",
            is_passing=True,
        )

    def no_connection(self, url: str, cause: OSError) -> RequestFailure:
        """A connection could not be made.

        Args:
            url: of the server.
            cause: why; see `connection_error`.
        """
        parts = urlsplit(url)
        host, port = _address(parts)
        where = f"{self.option} {parts.scheme}://{parts.netloc}"
        if isinstance(cause, socket.gaierror):
            return RequestFailure(
                f"there is no machine named {host}",
                f"Check the name in {where}",
                is_unreachable=True,
            )
        if isinstance(cause, ConnectionRefusedError):
            remedy = 'Is Vespa running? "pagelens deploy --local" starts one'
            if parts.port in (None, 80):
                there = f"{where.removesuffix(':80')}:{self.port}"
                remedy += f". Vespa's own port is {self.port}: {there}"
            return RequestFailure(
                f"connection refused, nothing listens on port {port}",
                remedy,
                is_passing=True,
                is_unreachable=True,
            )
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "reason", None)  # none of an error made by hand
            return RequestFailure(
                "no TLS connection came about" + (f" ({one_line(reason)})" if reason else ""),
                f"{self.certificate} A server without TLS is http://",
                is_unreachable=True,
            )
        if isinstance(cause, ConnectionError):
            return self.dropped_connection()
        if isinstance(cause, TimeoutError):
            reason = "no answer to the connection"
        else:
            reason = one_line(cause.strerror or str(cause))
        return RequestFailure(
            f"{host} cannot be reached on port {port} ({reason})",
            f"Check the address in {where}, and firewalls on the way",
            is_passing=True,
            is_unreachable=True,
        )

    def _refusal(self, status: int, answer: object, body: str) -> RequestFailure:
        is_vespas = isinstance(answer, Mapping)
        message = vespa_message(answer)
        why = f"HTTP {status}"
        if message and self.says_it_all:
            why = f"Vespa refuses ({why}): {message}"
        elif is_not_started(message):
            return RequestFailure(
                f"{NO_TIME_TO_START} ({why})",
                HOW_TO_START,
                is_passing=status in PASSING_STATUSES,
            )
        elif message:
            shown = _BLOCKED_CHARACTERS if status == _FEED_BLOCKED else _SHOWN_CHARACTERS
            why = f"{why} ({shortened(message, shown)})"
        elif body.strip() and not is_vespas:
            why = f"{why} (not in Vespa's words: {excerpt(body)})"
        usual = _LOG if is_vespas and status not in (404, 405) else self._question
        remedy = self.remedies.get(status) or _REMEDIES.get(status) or usual
        return RequestFailure(why, remedy, is_passing=status in PASSING_STATUSES)

    @property
    def _question(self) -> str:
        """To ask where it may well be another server."""
        other = self.port_of_the_other
        return f"Is this the address of {self.name} (port {self.port}, not {other})?"


_CREDENTIALS = (
    "Name the client's certificate with --cert and --key, or the endpoint's token with --token "
    "(both are sent over https only)"
)

VESPA_CONTAINER = ServerKind(
    name="a Vespa container",
    option="--index",
    port=CONTAINER_PORT,
    port_of_the_other=CONFIG_SERVER_PORT,
    says_it_all=False,
    remedies={
        400: 'Where another or an older application is deployed there, "pagelens deploy" puts ours',
        401: _CREDENTIALS,
        403: _CREDENTIALS,
        _FEED_BLOCKED: "Vespa takes no more documents, though searches and removals go on: its "
        "limit is a share of the whole disk or memory, whoever fills it, 80 % (75 % until March "
        "2026). Free some, give the content nodes more, or add nodes, and run the same command "
        "again",
    },
    certificate="Its certificate must be signed by a public authority, or by one in the file that "
    "the variable HTTPR_CA_BUNDLE names; a server that asks for the client's certificate gets it "
    "from --cert and --key.",
)
"""Documents and searches. Reached by httpr, which knows the public authorities alone."""

_NO_CREDENTIALS = (
    'Pagelens has no credentials for a config server: "pagelens deploy --export DIR" writes the '
    "package for the tool that has"
)

CONFIG_SERVER = ServerKind(
    name="a config server",
    option="--config-server",
    port=CONFIG_SERVER_PORT,
    port_of_the_other=CONTAINER_PORT,
    says_it_all=True,  # of a refused package
    remedies={
        400: "Where it asks for a newer Vespa, update that (of a container: docker pull "
        "docker.io/vespaengine/vespa:8 && docker rm -f pagelens; the index stays) and run the same "
        'command again. Else write the package to a folder with "pagelens deploy --export DIR", '
        "change there what Vespa objects to, and hand it over with the Vespa CLI: vespa deploy DIR",
        401: _NO_CREDENTIALS,
        403: _NO_CREDENTIALS,
        409: f"Somebody deploys at the same time. {_AGAIN.capitalize()}",
    },
    certificate="Its certificate must be signed by an authority this machine trusts.",
)
"""Deployments."""


def connection_error(url: str) -> OSError:
    """Why no connection could be made, where the HTTP library does not say: tries it once more."""
    parts = urlsplit(url)
    try:
        socket.create_connection(_address(parts), timeout=_DIAGNOSIS_TIMEOUT_S).close()
    except OSError as e:
        return e
    return ssl.SSLError() if parts.scheme == "https" else ConnectionError()


def _address(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def vespa_message(answer: object) -> str:
    """What Vespa says went wrong: its message, or of /search/ the first error; "" where nothing.

    >>> vespa_message({"root": {"errors": [{"summary": "Bad request", "message": "No field x."}]}})
    'Bad request: No field x'
    """
    if not isinstance(answer, Mapping):
        return ""
    if isinstance(answer.get("message"), str):
        return one_line(answer["message"]).rstrip(".")
    root = answer.get("root")
    errors = root.get("errors") if isinstance(root, Mapping) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        return error_text(errors[0])
    return ""


def error_text(error: Mapping[str, object]) -> str:
    """One entry of a search answer's errors, as a line."""
    parts = (error.get("summary"), error.get("message"))
    texts = dict.fromkeys(part for part in parts if isinstance(part, str) and part)
    line = one_line(": ".join(texts)).rstrip(".")
    return line or f"error {error.get('code', 'without text')}"


def is_not_started(message: str) -> bool:
    """Whether Vespa says that time ran out while it prepared a search."""
    return _NOT_STARTED in message


def excerpt(text: str) -> str:
    """The beginning of a text, in quotes."""
    return f"'{shortened(one_line(text))}'"


def shortened(line: str, n_characters: int = _SHOWN_CHARACTERS) -> str:
    """The beginning of a line."""
    return line if len(line) <= n_characters else line[:n_characters] + "..."


def one_line(text: str) -> str:
    """A text without line ends and what else would upset a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
