"""A fake Vespa server for failures only: it fails as it is told, and otherwise keeps documents.

It stores what is put under /document/v1 and gives it back, without looking inside; searches it
answers only as it is told. What Vespa truly does is shown by the stand-in of tests/vespa_java.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.faults.quiet_server import QuietHandler, QuietServer


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What goes over the wire.

    Attributes:
        missing: bytes that are announced and never sent; then the connection ends.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    missing: int = 0


Fault = Callable[["FailingServer"], Answer | None]
"""Makes an answer; None drops the connection without one."""


def says(status: int, content: object) -> Fault:
    return lambda server: Answer(status, json.dumps(content).encode())


def refuses(status: int, message: str = "") -> Fault:
    """As /document/v1 refuses."""
    return says(status, {"pathId": "/document/v1/", **({"message": message} if message else {})})


def shows_a_web_page(status: int = 200) -> Fault:
    page = b"<html>\n<head><title>Welcome to nginx!</title></head>\n</html>"
    return lambda server: Answer(status, page, "text/html")


def answers_half() -> Fault:
    return lambda server: Answer(200, b'{"root": {"id": "top', missing=100)


def answers_cut_json() -> Fault:
    return lambda server: Answer(200, b'{"root": {"id": "top')


def drops() -> Fault:
    return lambda server: None


def hangs() -> Fault:
    """Answers nothing until the server is closed."""

    def wait(server: "FailingServer") -> None:
        server.closed.wait()

    return wait


def does(first: Callable[[], None], then: Fault) -> Fault:
    """Acts before it answers."""

    def act(server: "FailingServer") -> Answer | None:
        first()
        return then(server)

    return act


@dataclass
class _Rule:
    method: str
    path: str
    faults: list[Fault]
    forever: bool


@dataclass
class FailingServer:
    """Use as a context manager.

    Attributes:
        requests: all that came, in the order they came.
        documents: by path under /document/v1, the JSON of the put.
        most_at_once: most requests that were being answered at the same time.
    """

    requests: list[Request] = field(default_factory=list)
    documents: dict[str, Any] = field(default_factory=dict)
    most_at_once: int = 0
    closed: threading.Event = field(default_factory=threading.Event)
    _rules: list[_Rule] = field(default_factory=list)
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "FailingServer":
        server = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet, or the second waits for an acknowledgement

            def do_GET(self) -> None:
                server._handle(self)

            do_POST = do_PUT = do_DELETE = do_GET

        self._http = QuietServer(Handler)
        self.url = self._http.url
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closed.set()
        self._http.stop()

    def fail(self, method: str, path: str, *faults: Fault) -> None:
        """Meet the next requests whose path this pattern finds with these, one each."""
        self._rules.append(_Rule(method, path, list(faults), forever=False))

    def always(self, method: str, path: str, fault: Fault) -> None:
        """Meet every request whose path this pattern finds with this."""
        self._rules.append(_Rule(method, path, [fault], forever=True))

    def forget_faults(self) -> None:
        """Answer as usual from now on."""
        self._rules.clear()

    def count(self, method: str, path: str) -> int:
        """How many such requests came."""
        return sum(r.method == method and bool(re.search(path, r.path)) for r in self.requests)

    def _handle(self, handler: QuietHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        raw = handler.rfile.read(length)
        parts = urlsplit(handler.path)
        request = Request(
            handler.command,
            unquote(parts.path),
            unquote(parts.query),
            json.loads(raw) if raw else None,
            dict(handler.headers),
        )
        with self._lock:
            self.requests.append(request)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            fault = self._next_fault(request)
        answer = self._usual(request) if fault is None else fault(self)
        with self._lock:
            self._now -= 1
        if answer is None:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.content_type)
        handler.send_header("Content-Length", str(len(answer.body) + answer.missing))
        handler.end_headers()
        handler.wfile.write(answer.body)
        handler.close_connection = bool(answer.missing)

    def _next_fault(self, request: Request) -> Fault | None:
        for rule in self._rules:
            if not rule.faults or rule.method != request.method:
                continue
            if re.search(rule.path, request.path):
                return rule.faults[0] if rule.forever else rule.faults.pop(0)
        return None

    def _usual(self, request: Request) -> Answer:
        path = request.path.removeprefix("/document/v1")
        here = {"pathId": request.path}
        status, content = 200, here
        if path.endswith("/docid/"):  # a visit
            kept = [d for p, d in sorted(self.documents.items()) if p.startswith(path)]
            content = here | {"documents": kept, "documentCount": len(kept)}
        elif request.method == "POST":
            self.documents[path] = request.body
        elif request.method == "DELETE":
            self.documents.pop(path, None)
        elif path not in self.documents:
            status = 404
        elif request.method == "GET":
            content = here | self.documents[path]
        else:
            assigned = {n: change["assign"] for n, change in request.body["fields"].items()}
            self.documents[path]["fields"] |= assigned
        return Answer(status, json.dumps(content).encode())
