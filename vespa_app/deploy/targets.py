"""The application into a container on this machine, or through pyvespa into Vespa Cloud.

The Docker client and pyvespa are imported where they are used: they take half a second that
`--help`, `--export` and `--config-server` need not wait for.
"""

import contextlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from index.errors import ServerError, WrongUseError
from vespa_app.deploy.application_files import application_package, write_package
from vespa_app.deploy.change import Change
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
from vespa_app.deploy.cluster import Cluster, sized
from vespa_app.deploy.config_server import deploy_to_config_server, wait_until_up
from vespa_app.deploy.docker_engine import (
    CONTAINER,
    DockerEngine,
    check_port_is_free,
    published_port,
)
from vespa_app.endpoint import CONFIG_SERVER_PORT, CONTAINER_PORT

CONFIG_SERVER_WAIT_S = 180
"""A container's start takes half a minute on a laptop, minutes where Docker has little."""

LOOK_AT_CONTAINER_EVERY_S = 5.0
"""Whether it has not ended while its config server is waited for."""

CLOUD_WAIT_S = 1800
"""A first deployment allocates machines and certificates: some ten minutes."""


def deploy_local(
    port: int | None,
    threads: int,
    report: Callable[[str], None],
    confirm: Callable[[Change], None],
) -> str:
    """Deploy into a container of this machine, which is started where it is not running.

    Args:
        port: of this machine, for documents and queries; None is that of the container there is,
            or 8080.
        threads: that share one query's pages.
        report: told what goes on, in half a sentence.
        confirm: told what to know before it is done; what it raises ends the deployment.

    Returns:
        URL of the index.

    Raises:
        MissingDependencyError: there is no Docker, or it cannot be used.
        WrongUseError: the port is taken, or not that of the container there is.
        ServerError: the image cannot be downloaded, or Vespa does not start or refuses.
    """
    engine = DockerEngine()
    warning = engine.disk_warning()
    if warning is not None:
        confirm(Change((warning,)))
    container = engine.container()
    if container is None:
        served, config_server_port = port or CONTAINER_PORT, CONFIG_SERVER_PORT
        _start_new(engine, served, report)
    else:
        served = published_port(container, CONTAINER_PORT)
        config_server_port = published_port(container, CONFIG_SERVER_PORT)
        if port not in (None, served):
            raise WrongUseError(
                f"The container {CONTAINER} serves on port {served}, not {port}. Leave out --port; "
                f"or remove the container (docker rm -f {CONTAINER}; the index stays in the volume "
                f"{CONTAINER}) and run this again."
            )
        engine.start(container)
    config_server = f"http://localhost:{config_server_port}"
    _wait_for_config_server(engine, config_server, report)
    # not through pyvespa: it would restart the container, and activate before it tells anything
    try:
        return deploy_to_config_server(
            config_server,
            Cluster(threads=threads),
            report,
            confirm,
            index_url=f"http://localhost:{served}",
        )
    except ServerError:
        engine.check_runs("start Vespa")  # its services need most of the memory
        raise


def _start_new(engine: DockerEngine, port: int, report: Callable[[str], None]) -> None:
    check_port_is_free(port, "Take another: --port 8081")
    check_port_is_free(
        CONFIG_SERVER_PORT,
        "Vespa's config server needs it. Where a Vespa runs there already, deploy into that: "
        f"pagelens deploy --config-server http://localhost:{CONFIG_SERVER_PORT}",
    )
    engine.fetch_image(report)
    engine.run(port)


def _wait_for_config_server(engine: DockerEngine, url: str, report: Callable[[str], None]) -> None:
    """Wait for it as long as its container runs."""
    end_s = time.monotonic() + CONFIG_SERVER_WAIT_S
    with engine.failures("start Vespa"):
        while not wait_until_up(url, report, LOOK_AT_CONTAINER_EVERY_S):
            engine.check_runs("start Vespa")
            if time.monotonic() > end_s:
                raise TimeoutError(f"no answer from {url} after {CONFIG_SERVER_WAIT_S} s")


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
    name: str, key_file: Path | None, threads: int, report: Callable[[str], None]
) -> DeployedInCloud:
    """Deploy into the dev zone of Vespa Cloud.

    Args:
        name: TENANT.APPLICATION.
        key_file: the tenant's API key; None takes that of the environment, or a login in a browser.
        threads: that share one query's pages.
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

    with _pyvespa(report_and_remember) as lines, _written_application(threads) as folder:
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
def _written_application(threads: int) -> Iterator[Path]:
    """A folder with the application, into which pyvespa writes the client's certificate."""
    with tempfile.TemporaryDirectory(prefix="pagelens-") as folder:
        written = Path(folder, "application").resolve()
        write_package(sized(application_package(), Cluster(threads=threads)), written)
        yield written


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
