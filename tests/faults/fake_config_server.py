"""A fake Vespa config server, with the container beside it: for its failures, and for the protocol.

It takes the upload and answers in the forms of Vespa's source, without looking into the package.
What Vespa truly says of the package is shown by tests/vespa_java.
"""

import json
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from tests.faults.failing_server import Answer, Fault
from tests.faults.quiet_server import QuietHandler, QuietServer

SESSION = 7
UPLOAD = "/application/v2/tenant/default/session"
PREPARE = f"{UPLOAD}/{SESSION}/prepared"
ACTIVATE = f"{UPLOAD}/{SESSION}/active"
APPLICATION = (
    "/application/v2/tenant/default/application/default/environment/prod/region/default"
    "/instance/default"
)
SERVICES = f"{APPLICATION}/content/services.xml"
CONVERGE = f"{APPLICATION}/serviceconverge"
STATUS = "/ApplicationStatus"
HOST = "vespa-container"


@dataclass
class FakeConfigServer:
    """Use as a context manager.

    Attributes:
        n_polls_behind: looks at the services in which the last of them is a generation behind.
        log, actions: what the answer to a preparation says.
        deployed: files of the application that is active.
        uploads: each as its media type and its bytes.
        requests: all but those that only look, in their order.
    """

    n_polls_behind: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)
    actions: dict[str, Any] = field(default_factory=dict)
    deployed: dict[str, str] = field(default_factory=dict)
    uploads: list[tuple[str, bytes]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    _faults: dict[str, tuple[Fault, int]] = field(default_factory=dict)

    def __enter__(self) -> "FakeConfigServer":
        server = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server._handle(self)

            do_POST = do_PUT = do_GET

        self._http = QuietServer(Handler)
        self.port, self.url = self._http.port, self._http.url
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closed.set()
        self._http.stop()

    def fail(self, path: str, fault: Fault, times: int = 1_000) -> None:
        """Meet the next requests for this path with this."""
        self._faults[path] = fault, times

    def _handle(self, handler: QuietHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if handler.command != "GET":
            self.requests.append(f"{handler.command} {handler.path}")
        fault, times = self._faults.get(handler.path, (None, 0))
        if fault is not None and times > 0:
            self._faults[handler.path] = fault, times - 1
            answer = fault(self)  # type: ignore[arg-type]  # of the server a fault reads `closed`
        else:
            answer = self._usual(handler, body)
        if answer is None:
            handler.close_connection = True
            return
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.content_type)
        handler.send_header("Content-Length", str(len(answer.body) + answer.missing))
        handler.end_headers()
        handler.wfile.write(answer.body)
        handler.close_connection = bool(answer.missing)

    def _usual(self, handler: QuietHandler, body: bytes) -> Answer:
        content: dict[str, Any] = {}
        request = f"{handler.command} {handler.path}"
        file = handler.path.removeprefix(f"{APPLICATION}/content/")
        if request == f"POST {UPLOAD}":
            self.uploads.append((handler.headers["Content-Type"], body))
            content = {"message": f"Session {SESSION} for tenant 'default' created."}
        elif request == f"PUT {PREPARE}":
            content = {
                "log": self.log,
                "activate": self.url + ACTIVATE,
                "message": f"Session {SESSION} for tenant 'default' prepared.",
                "configChangeActions": {"restart": [], "refeed": [], "reindex": []} | self.actions,
            }
        elif request == f"PUT {ACTIVATE}":
            content = {
                "url": self.url + APPLICATION,
                "message": f"Session {SESSION} for tenant 'default' activated.",
            }
        elif file in self.deployed:
            return Answer(200, self.deployed[file].encode(), "text/xml")
        elif handler.path == CONVERGE:
            is_behind = self.n_polls_behind > 0
            self.n_polls_behind -= 1
            content = {
                "services": [
                    self._service("container", self.port, SESSION),
                    self._service("searchnode", 19110, SESSION - is_behind),
                ],
                "url": self.url + CONVERGE,
                "currentGeneration": SESSION - is_behind,
                "wantedGeneration": SESSION,
                "converged": not is_behind,
            }
        elif handler.path != STATUS:
            missing = {"error-code": "NOT_FOUND", "message": f"Nothing at {handler.path}"}
            return Answer(404, json.dumps(missing).encode())
        if handler.path.startswith(UPLOAD):
            content |= {"tenant": "default", "session-id": str(SESSION)}
        return Answer(200, json.dumps(content).encode())

    def _service(self, kind: str, port: int, generation: int) -> dict[str, Any]:
        return {
            "host": HOST,
            "port": port,
            "type": kind,
            "url": f"{self.url}{CONVERGE}/{HOST}:{port}",
            "currentGeneration": generation,
            "clusterName": "default" if kind == "container" else "pages",
        }
