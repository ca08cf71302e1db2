"""Hand the application to a Vespa config server, and wait until every service runs it.

The HTTP interface is the one of `vespa deploy`: one POST of the zip prepares and activates, and
`serviceconverge` tells which services have it.
"""

import http.client
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from index.errors import ServerError
from vespa_app.deploy.application_files import application_zip
from vespa_app.deploy.config_request import json_answer
from vespa_app.endpoint import CONFIG_SERVER_PORT, CONTAINER_PORT, checked_url
from vespa_app.failures import CONFIG_SERVER, RequestFailure, one_line
from vespa_app.patience import WRITING_S, Patience

DEPLOY_TIMEOUT_S = 120.0
"""For the answer to the upload, in which Vespa builds and checks the whole model: seconds."""

POLL_TIMEOUT_S = 20.0
"""For an answer about the services; the config server asks each of them, 5 s at most."""

POLL_EVERY_S = 1.0

CONVERGE_LIMIT_S = 300.0
"""Until all services run the application: under a minute on a first deployment to one machine."""

_DEPLOY = "/application/v2/tenant/default/prepareandactivate"
_CONVERGE = (
    "/application/v2/tenant/default/application/default/environment/prod/region/default"
    "/instance/default/serviceconverge"
)
_SHOWN_LEVELS = ("WARNING", "ERROR", "SEVERE")
_ACTIONS = {
    "restart": "The change takes effect after a restart",
    "refeed": "The change takes effect after documents are fed again",
    "reindex": "The change takes effect after reindexing",
}


@dataclass(frozen=True)
class Deployed:
    """An application that serves.

    Attributes:
        index: URL of the index, as `--index` takes it.
        messages: what Vespa said of the package and the change, one line each; usually nothing.
    """

    index: str
    messages: tuple[str, ...] = ()


def deploy_to_config_server(
    url: str,
    report: Callable[[str], None],
    *,
    index_url: str | None = None,
    patience: Patience | None = None,
    limit_s: float = CONVERGE_LIMIT_S,
    poll_every_s: float = POLL_EVERY_S,
) -> Deployed:
    """Upload the application, activate it, and wait until it serves.

    Args:
        url: of the config server, such as "http://localhost:19071".
        report: told what goes on, in half a sentence.
        index_url: where the index will be; None derives it from what the config server knows.
        patience: how long to ask a config server that starts or is busy; None is a minute.
        limit_s: seconds until every service must run the application and the container answer.
        poll_every_s: seconds between two looks.

    Raises:
        WrongUseError: the URL is none.
        ServerError: nothing answers there, Vespa refuses the package, or it does not serve in time.
    """
    server = _ConfigServer(checked_url(url, CONFIG_SERVER_PORT), patience or Patience(WRITING_S))
    report("Handing the application to Vespa")
    answer = server.deploy()
    end_s = time.monotonic() + limit_s
    while not (status := server.services()).all_run(int(answer["session-id"])):
        if time.monotonic() > end_s:
            raise ServerError(
                f"The application is deployed at {server.url}, but after {limit_s:g} s "
                f"{status.late} not run it yet. Give it time, and look into the log on that "
                "machine: vespa-logfmt -l error,warning"
            )
        report(f"Waiting for Vespa's services, {status.n_ready} of {len(status.services)} run")
        time.sleep(poll_every_s)
    index = index_url or status.container_url(server.url)
    if not wait_until_up(index, report, end_s - time.monotonic(), poll_every_s):
        raise ServerError(
            f"The application is deployed and its services run it, but {index} does not answer "
            "from here. Publish that port of Vespa's container, or open it in the firewall; "
            "the index is wherever it can be reached."
        )
    return Deployed(index, tuple(_messages(answer)))


def wait_until_up(
    url: str, report: Callable[[str], None], limit_s: float, poll_every_s: float = POLL_EVERY_S
) -> bool:
    """Wait until a container or a config server says that it serves; False where it never did."""
    end_s = time.monotonic() + limit_s
    while not _answers(f"{url}/ApplicationStatus"):
        if time.monotonic() > end_s:
            return False
        report(f"Waiting for {url}")
        time.sleep(poll_every_s)
    return True


@dataclass(frozen=True)
class _Services:
    """Which services run which generation of the application.

    Attributes:
        wanted: the generation that all of them are to run.
        is_converged: all do.
        services: each as the config server describes it.
    """

    wanted: int
    is_converged: bool
    services: Sequence[Mapping[str, object]]

    def all_run(self, generation: int) -> bool:
        """Whether every service runs this generation or a later one."""
        return self.is_converged and self.wanted >= generation

    @property
    def n_ready(self) -> int:
        return len(self.services) - len(self._behind)

    @property
    def late(self) -> str:
        """Who does not run it yet, as the subject of a sentence that goes on with "not"."""
        names = [f"{s.get('type')} on {s.get('host')}:{s.get('port')}" for s in self._behind]
        if not names:
            return "its services do"
        some = ", ".join(names[:3]) + (", .." if len(names) > 3 else "")
        return f"{len(names)} of {len(self.services)} services ({some}) do"

    def container_url(self, config_server: str) -> str:
        """Where documents and queries go.

        The package gives no hosts, so Vespa puts all of it on the config server's machine; the
        name it has there may mean nothing here, the one the user typed does.
        """
        host = urlsplit(config_server).hostname or ""
        ports = [s.get("port") for s in self.services if s.get("type") == "container"]
        return (
            f"http://{f'[{host}]' if ':' in host else host}:{ports[0] if ports else CONTAINER_PORT}"
        )

    @property
    def _behind(self) -> list[Mapping[str, object]]:
        return [s for s in self.services if not _has(s, self.wanted)]


def _has(service: Mapping[str, object], generation: int) -> bool:
    runs = service.get("currentGeneration")
    return isinstance(runs, int) and runs >= generation


class _ConfigServer:
    """The two requests, with failures as one line."""

    def __init__(self, url: str, patience: Patience) -> None:
        self.url = url
        self._patience = patience

    def deploy(self) -> dict[str, Any]:
        headers = {"Content-Type": "application/zip"}
        request = urllib.request.Request(
            self.url + _DEPLOY, data=application_zip(), headers=headers, method="POST"
        )
        return self._ask(
            "deploy",
            request,
            DEPLOY_TIMEOUT_S,
            lambda answer: str(answer.get("session-id")).isdecimal(),
        )

    def services(self) -> _Services:
        answer = self._ask(
            "follow the deployment",
            urllib.request.Request(self.url + _CONVERGE),
            POLL_TIMEOUT_S,
            lambda answer: (
                type(answer.get("wantedGeneration")) is int
                and type(answer.get("converged")) is bool
            ),
        )
        services = _objects(answer.get("services"))
        return _Services(answer["wantedGeneration"], answer["converged"], services)

    def _ask(
        self,
        operation: str,
        request: urllib.request.Request,
        timeout_s: float,
        is_expected: Callable[[Mapping[str, object]], bool],
    ) -> dict[str, Any]:
        try:
            answer = self._patience.ask(lambda: json_answer(request, timeout_s))
            if not is_expected(answer):
                raise CONFIG_SERVER.unexpected_answer(answer)
        except RequestFailure as e:
            raise e.as_error(operation, self.url) from e
        return answer


def _answers(url: str) -> bool:
    """Whether a container says that it serves."""
    try:
        with urllib.request.urlopen(url, timeout=POLL_TIMEOUT_S) as response:
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):  # URLError and HTTPError are OSErrors
        return False


def _messages(answer: Mapping[str, object]) -> Iterator[str]:
    """What a deployer must know: warnings of the model, and what the change asks for."""
    for line in _objects(answer.get("log")):
        if line.get("level") in _SHOWN_LEVELS:
            yield one_line(f"{str(line['level']).capitalize()}: {line.get('message')}")
    actions = answer.get("configChangeActions")
    for kind, need in _ACTIONS.items():
        for action in _objects(actions.get(kind) if isinstance(actions, dict) else None):
            reasons = action.get("messages")
            reason = "; ".join(map(str, reasons)) if isinstance(reasons, list) else ""
            what = action.get("documentType") or action.get("serviceType")
            yield one_line(f"{need} ({what} in {action.get('clusterName')}): {reason}")


def _objects(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON array; none where it is something else."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
