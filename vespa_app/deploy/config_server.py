"""Hand the application to a Vespa config server, and wait until every service runs it.

The HTTP interface is the one of `vespa prepare` and `vespa activate`: a session takes the zip, is
prepared, which tells what the change asks for, and is activated. `serviceconverge` tells which
services have it.
"""

import http.client
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from index.errors import ServerError
from vespa_app.deploy.application_files import HOSTS, SERVICES, application_package, packed
from vespa_app.deploy.change import (
    Change,
    DeployedCluster,
    deployed_cluster,
    losses,
    messages,
    refeeds,
)
from vespa_app.deploy.cluster import Cluster, sized
from vespa_app.deploy.config_request import json_answer, text_answer
from vespa_app.endpoint import CONFIG_SERVER_PORT, CONTAINER_PORT, checked_url
from vespa_app.failures import CONFIG_SERVER, RequestFailure
from vespa_app.patience import WRITING_S, Patience

DEPLOY_TIMEOUT_S = 120.0
"""For one of the three answers of a deployment; to prepare, Vespa builds and checks the whole
model: seconds."""

POLL_TIMEOUT_S = 20.0
"""For an answer about the services; the config server asks each of them, 5 s at most."""

POLL_EVERY_S = 1.0

CONVERGE_LIMIT_S = 300.0
"""Until all services run the application: under a minute on a first deployment to one machine."""

_T = TypeVar("_T")

_SESSIONS = "/application/v2/tenant/default/session"
_APPLICATION = (
    "/application/v2/tenant/default/application/default/environment/prod/region/default"
    "/instance/default"
)


def deploy_to_config_server(
    url: str,
    cluster: Cluster,
    report: Callable[[str], None],
    confirm: Callable[[Change], None],
    *,
    index_url: str | None = None,
    patience: Patience | None = None,
    limit_s: float = CONVERGE_LIMIT_S,
    poll_every_s: float = POLL_EVERY_S,
) -> str:
    """Upload the application, activate it, and wait until it serves.

    Args:
        url: of the config server, such as "http://localhost:19071".
        cluster: what it is to run on.
        report: told what goes on, in half a sentence.
        confirm: told what the change means before it is made; what it raises ends the deployment.
        index_url: where the index will be; None derives it from what the config server knows.
        patience: how long to ask a config server that starts or is busy; None is a minute.
        limit_s: seconds until every service must run the application and the container answer.
        poll_every_s: seconds between two looks.

    Returns:
        URL of the index, as `--index` takes it.

    Raises:
        WrongUseError: the URL is none, or the cluster cannot be.
        ServerError: nothing answers there, Vespa refuses the package, or it does not serve in time.
    """
    server = _ConfigServer(checked_url(url, CONFIG_SERVER_PORT), patience or Patience(WRITING_S))
    package = sized(application_package(), cluster)
    report("Handing the application to Vespa")
    session = server.new_session(packed(package))
    answer = server.prepare(session)
    before = server.deployed(is_named=bool(cluster.hosts))
    lost = () if before is None else losses(before, cluster)
    confirm(Change(tuple(messages(answer)), (*lost, *refeeds(answer))))
    server.activate(session)
    end_s = time.monotonic() + limit_s
    while not (status := server.services()).all_run(session):
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
    return index


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
    def only_host(self) -> str | None:
        """The one machine that holds pages; None where there are more, or none yet."""
        hosts = {str(s.get("host")) for s in self.services if s.get("type") == "searchnode"}
        return hosts.pop() if len(hosts) == 1 else None

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

        To the config server's machine, which holds all of it, or is the first that was named. The
        name it has there may mean nothing here; the one the user typed does.
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
    """The requests, with failures as one line."""

    def __init__(self, url: str, patience: Patience) -> None:
        self.url = url
        self._patience = patience

    def new_session(self, package: bytes) -> int:
        """Upload a package; nothing runs it yet."""
        headers = {"Content-Type": "application/zip"}
        return int(self._session("POST", "", data=package, headers=headers)["session-id"])

    def prepare(self, session: int) -> dict[str, Any]:
        """Have it checked, and compared with what is active: log and configChangeActions."""
        return self._session("PUT", f"/{session}/prepared")

    def activate(self, session: int) -> None:
        """Have every service run it."""
        self._session("PUT", f"/{session}/active")

    def _session(self, method: str, path: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401
        return self._object(
            "deploy",
            urllib.request.Request(self.url + _SESSIONS + path, method=method, **content),
            DEPLOY_TIMEOUT_S,
            lambda answer: str(answer.get("session-id")).isdecimal(),
        )

    def deployed(self, *, is_named: bool) -> DeployedCluster | None:
        """What the active application runs on; None where there is none, or not one of ours.

        Args:
            is_named: whether the new one names its machines, so that the old ones are looked up.
        """
        services_xml = self._file(SERVICES)
        if services_xml is None:
            return None
        hosts_xml = self._file(HOSTS)
        only_host = self.services().only_host if is_named and hosts_xml is None else None
        return deployed_cluster(services_xml, hosts_xml, only_host)

    def _file(self, name: str) -> str | None:
        request = urllib.request.Request(f"{self.url}{_APPLICATION}/content/{name}")
        return self._ask("look at what is deployed", lambda: text_answer(request, POLL_TIMEOUT_S))

    def services(self) -> _Services:
        answer = self._object(
            "follow the deployment",
            urllib.request.Request(f"{self.url}{_APPLICATION}/serviceconverge"),
            POLL_TIMEOUT_S,
            lambda answer: (
                type(answer.get("wantedGeneration")) is int
                and type(answer.get("converged")) is bool
            ),
        )
        services = [s for s in answer.get("services") or [] if isinstance(s, dict)]
        return _Services(answer["wantedGeneration"], answer["converged"], services)

    def _object(
        self,
        operation: str,
        request: urllib.request.Request,
        timeout_s: float,
        is_expected: Callable[[Mapping[str, object]], bool],
    ) -> dict[str, Any]:
        def answer() -> dict[str, Any]:
            found = json_answer(request, timeout_s)
            if not is_expected(found):
                raise CONFIG_SERVER.unexpected_answer(found)
            return found

        return self._ask(operation, answer)

    def _ask(self, operation: str, attempt: Callable[[], _T]) -> _T:
        try:
            return self._patience.ask(attempt)
        except RequestFailure as e:
            raise e.as_error(operation, self.url) from e


def _answers(url: str) -> bool:
    """Whether a container says that it serves."""
    try:
        with urllib.request.urlopen(url, timeout=POLL_TIMEOUT_S) as response:
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):  # URLError and HTTPError are OSErrors
        return False
