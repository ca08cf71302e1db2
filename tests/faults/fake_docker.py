"""A fake Docker engine: for its failures, and for a container that runs already.

It answers by a table of requests, in the forms of Docker's API, and starts nothing.
"""

import json
import re
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from tests.faults.quiet_server import QuietHandler, QuietServer
from vespa_app.deploy.docker_engine import CONTAINER
from vespa_app.endpoint import CONFIG_SERVER_PORT, CONTAINER_PORT

API_VERSION = "1.44"
ID = "4" * 64
INSPECT = f"GET /containers/({CONTAINER}|{ID})/json"
IMAGE = "GET /images/.*/json"
PULL = "POST /images/create"
CREATE = "POST /containers/create"
START = f"POST /containers/{ID}/start"
UNPAUSE = f"POST /containers/{ID}/unpause"
REMOVE = f"DELETE /containers/{ID}"
INFO = "GET /info"


@dataclass(frozen=True)
class DockerAnswer:
    """Status and JSON body; several bodies are what a pull streams."""

    status: int
    bodies: tuple[object, ...]


def answers(*bodies: object, status: int = 200) -> DockerAnswer:
    return DockerAnswer(status, bodies)


def refuses(status: int, message: str) -> DockerAnswer:
    """As Docker's API refuses."""
    return answers({"message": message}, status=status)


def container(
    status: str = "running",
    *,
    port: int = 8080,
    config_server_port: int = 19071,
    **state: object,
) -> DockerAnswer:
    """What Docker tells of a container of Pagelens."""
    bindings = {CONTAINER_PORT: port, CONFIG_SERVER_PORT: config_server_port}
    return answers(
        {
            "Id": ID,
            "Name": f"/{CONTAINER}",
            "State": {"Status": status, "OOMKilled": False, "ExitCode": 0, **state},
            "HostConfig": {
                "PortBindings": {
                    f"{inside}/tcp": [{"HostIp": "", "HostPort": str(outside)}]
                    for inside, outside in bindings.items()
                }
            },
        }
    )


NO_CONTAINER = refuses(404, f"No such container: {CONTAINER}")
NO_IMAGE = refuses(404, "No such image: vespaengine/vespa:8")


@dataclass
class FakeDocker:
    """Use as a context manager; `host` is for DOCKER_HOST.

    Attributes:
        table: a request such as "GET /info", as a regular expression, and its answers in turn; the
            last one stays.
        requests: all that came.
        created: the body of the last request to make a container.
    """

    table: dict[str, list[DockerAnswer]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    created: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> "FakeDocker":
        docker = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                docker._handle(self)

            do_POST = do_DELETE = do_GET

        self._http = QuietServer(Handler)
        self.host = f"tcp://127.0.0.1:{self._http.port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.stop()

    def meet(self, request: str, *with_: DockerAnswer) -> None:
        self.table[request] = list(with_)

    def count(self, request: str) -> int:
        return sum(bool(re.fullmatch(request, r)) for r in self.requests)

    def _handle(self, handler: QuietHandler) -> None:
        sent = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        path = re.sub(r"^/v[\d.]+|\?.*$", "", handler.path)
        request = f"{handler.command} {path}"
        self.requests.append(request)
        if request == CREATE:
            self.created = json.loads(sent)
        answer = self._answer(request)
        bodies = [json.dumps(body).encode() + b"\r\n" for body in answer.bodies]
        handler.send_response(answer.status)
        handler.send_header("Content-Type", "application/json")
        if len(bodies) > 1:
            handler.send_header("Transfer-Encoding", "chunked")
            bodies = [b"%x\r\n%s\r\n" % (len(body), body) for body in [*bodies, b""]]
        else:
            handler.send_header("Content-Length", str(sum(map(len, bodies))))
        handler.end_headers()
        handler.wfile.write(b"".join(bodies))

    def _answer(self, request: str) -> DockerAnswer:
        for pattern, in_turn in self.table.items():
            if re.fullmatch(pattern, request):
                return in_turn.pop(0) if len(in_turn) > 1 else in_turn[0]
        usual: dict[str, Any] = {
            "GET /version": {"ApiVersion": API_VERSION, "MinAPIVersion": "1.24"},
            "GET /info": {"MemTotal": 16 * 1024**3},
        }
        if request in usual:
            return answers(usual[request])
        return refuses(404, f"page not found: {request}")
