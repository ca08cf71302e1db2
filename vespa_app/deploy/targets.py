"""The application through pyvespa: into a container on this machine, or into Vespa Cloud.

pyvespa's half of this is imported where it is used: with the Docker client it takes half a second
that `--help`, `--export` and `--config-server` need not wait for.
"""

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from index.errors import WrongUseError
from vespa_app.deploy.application_files import copy_application
from vespa_app.deploy.cloud_access import (
    api_key,
    check_access,
    check_network,
    checked_name,
    failed,
    no_access,
    refused,
    unreachable,
)
from vespa_app.deploy.config_server import Deployed, deploy_to_config_server, wait_until_up
from vespa_app.deploy.docker_engine import (
    CONTAINER,
    IMAGE,
    VOLUME,
    DockerEngine,
    check_port_is_free,
    published_port,
)
from vespa_app.endpoint import CONFIG_SERVER_PORT, CONTAINER_PORT

CONFIG_SERVER_WAIT_S = 180
APPLICATION_WAIT_S = 300
"""A container's start takes half a minute on a laptop, minutes where Docker has little."""

CLOUD_WAIT_S = 1800
"""A first deployment allocates machines and certificates: some ten minutes."""


def deploy_local(port: int | None, report: Callable[[str], None]) -> Deployed:
    """Deploy into a container of this machine, which is started where it is not running.

    Args:
        port: of this machine, for documents and queries; None is that of the container there is,
            or 8080.
        report: told what goes on, in half a sentence.

    Raises:
        MissingDependencyError: there is no Docker, or it cannot be used.
        WrongUseError: the port is taken, or not that of the container there is.
        ServerError: the image cannot be downloaded, or Vespa does not start or refuses.
    """
    engine = DockerEngine()
    warning = engine.disk_warning()
    deployed = _deploy_into_container(engine, port, report)
    return replace(deployed, messages=(*([warning] if warning else []), *deployed.messages))


def _deploy_into_container(
    engine: DockerEngine, port: int | None, report: Callable[[str], None]
) -> Deployed:
    container = engine.container()
    if container is None:
        return _deploy_into_new(engine, port or CONTAINER_PORT, report)
    published = published_port(container, CONTAINER_PORT)
    config_server_port = published_port(container, CONFIG_SERVER_PORT)
    if port not in (None, published):
        raise WrongUseError(
            f"The container {CONTAINER} serves on port {published}, not {port}. Leave out --port; "
            f"or remove the container (docker rm -f {CONTAINER}; the index stays in the volume "
            f"{CONTAINER}) and run this again."
        )
    engine.start(container)
    config_server = f"http://localhost:{config_server_port}"
    with engine.failures("start Vespa"):
        if not wait_until_up(config_server, report, CONFIG_SERVER_WAIT_S):
            raise TimeoutError(f"no answer from {config_server} after {CONFIG_SERVER_WAIT_S} s")
    # into the running Vespa: pyvespa would restart the container
    return deploy_to_config_server(config_server, report, index_url=f"http://localhost:{published}")


def _deploy_into_new(engine: DockerEngine, port: int, report: Callable[[str], None]) -> Deployed:
    check_port_is_free(port, "Take another: --port 8081")
    check_port_is_free(
        CONFIG_SERVER_PORT,
        "Vespa's config server needs it. Where a Vespa runs there already, deploy into that: "
        f"pagelens deploy --config-server http://localhost:{CONFIG_SERVER_PORT}",
    )
    engine.fetch_image(report)
    with (
        _pyvespa(report) as lines,
        _copied_application() as application,
        _working_in(application.parent),
        engine.failures("start Vespa"),
    ):
        from vespa.deployment import VespaDocker

        docker = VespaDocker(
            port=port,
            cfgsrv_port=CONFIG_SERVER_PORT,
            container_image=IMAGE,
            volumes=[VOLUME],
            output_file=lines,
        )
        docker.deploy_from_disk(
            CONTAINER,
            application,
            max_wait_configserver=CONFIG_SERVER_WAIT_S,
            max_wait_application=APPLICATION_WAIT_S,
        )
    return Deployed(f"http://localhost:{port}")


@dataclass(frozen=True)
class DeployedInCloud:
    """An application that serves in Vespa Cloud.

    Attributes:
        index: URL of the index, as `--index` takes it.
        certificate, key: PEM files of the client, as `--cert` and `--key` take them.
    """

    index: str
    certificate: str
    key: str


def deploy_to_cloud(
    name: str, key_file: Path | None, report: Callable[[str], None]
) -> DeployedInCloud:
    """Deploy into the dev zone of Vespa Cloud.

    Args:
        name: TENANT.APPLICATION.
        key_file: the tenant's API key; None takes that of the environment, or a login in a browser.
        report: told every line of the deployment's log, and what a login asks.

    Raises:
        WrongUseError: the name, the key or the login cannot be used.
        MissingDependencyError: the Vespa CLI is needed for a login or a certificate.
        ServerError: Vespa Cloud is not reached, refuses, or the deployment does not succeed.
    """
    tenant, application = checked_name(name)
    key = api_key(key_file)
    check_access(tenant, application, has_key=key is not None)
    check_network()
    errors: list[str] = []

    def report_and_remember(line: str) -> None:
        if line.startswith("ERROR"):
            errors.append(line.removeprefix("ERROR").strip())
        report(line)

    with _pyvespa(report_and_remember) as lines, _copied_application() as folder:
        import httpr
        from urllib3.exceptions import HTTPError
        from vespa.deployment import VespaCloud

        try:
            # here, as a certificate may lie in .vespa of the user's working directory
            cloud = VespaCloud(
                tenant,
                application,
                application_root=str(folder),
                key_content=key,
                output_file=lines,
            )
        except (TypeError, ValueError, KeyError, OSError, EOFError, RuntimeError) as e:
            raise no_access(name, e, has_key=key is not None) from e
        try:
            with _working_in(folder.parent):
                served = cloud.deploy(max_wait=CLOUD_WAIT_S)
        except HTTPError as e:
            raise refused(name, str(e)) from e
        except (httpr.HTTPError, ConnectionError) as e:
            raise unreachable(str(e)) from e
        except (RuntimeError, TimeoutError) as e:
            raise failed(name, str(e), errors[-1] if errors else None) from e
    return DeployedInCloud(served.end_point, str(cloud.data_cert_path), str(cloud.data_key_path))


@contextlib.contextmanager
def _copied_application() -> Iterator[Path]:
    """A copy of the application, into which pyvespa writes the client's certificate."""
    with tempfile.TemporaryDirectory(prefix="pagelens-") as folder:
        copy = Path(folder, "application").resolve()
        copy_application(copy)
        yield copy


@contextlib.contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    """Another working directory: pyvespa packs an application through a file in it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


class _Lines(io.StringIO):
    """A text file whose lines go to a function as they are completed."""

    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__()
        self._take = take
        self._begun = ""

    def write(self, text: str) -> int:
        """Give every line that the text completes."""
        *whole, self._begun = (self._begun + text).split("\n")
        for line in filter(None, map(str.strip, whole)):
            self._take(line)
        return len(text)

    def flush(self) -> None:
        """Give a line that is not complete, as a question is that awaits an answer."""
        line, self._begun = self._begun.strip(), ""
        if line:
            self._take(line)


@contextlib.contextmanager
def _pyvespa(report: Callable[[str], None]) -> Iterator[_Lines]:
    """Keep what pyvespa prints off stdout, where --json is.

    It takes a file to print to and prints to stdout all the same; where it takes stdout as a
    default, it does so when it is imported, so that has to happen in here too.
    """
    lines = _Lines(report)
    with contextlib.redirect_stdout(lines):
        yield lines
