"""A container of this machine: started, redeployed into, and every way in which it can fail."""

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from index.errors import MissingDependencyError, PagelensError, ServerError, WrongUseError
from tests.faults.failing_server import says
from tests.faults.fake_config_server import ACTIVATE, FakeConfigServer
from tests.faults.fake_docker import (
    CREATE,
    ID,
    IMAGE,
    INFO,
    INSPECT,
    NO_CONTAINER,
    NO_IMAGE,
    PULL,
    REMOVE,
    START,
    UNPAUSE,
    FakeDocker,
    answers,
    container,
    refuses,
)
from vespa_app.deploy import targets
from vespa_app.deploy.application_files import application_package, packed
from vespa_app.deploy.change import Change
from vespa_app.deploy.cluster import THREADS, Cluster, sized
from vespa_app.deploy.targets import deploy_local


def silent(_: str) -> None:
    """Nobody watches."""


def agreed(_: Change) -> None:
    """Whatever changes."""


@pytest.fixture
def server() -> Iterator[FakeConfigServer]:
    with FakeConfigServer() as fake:
        yield fake


OTHER_WAYS = (
    'Or go without: an index in a folder needs no Vespa, and "pagelens deploy --cloud '
    'TENANT.APPLICATION" or "--export DIR" (for the Vespa CLI) deploy elsewhere.'
)


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    with FakeDocker() as fake:
        monkeypatch.setenv("DOCKER_HOST", fake.host)
        yield fake


@pytest.fixture
def free_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs on this machine, its ports are free, and nobody answers there."""
    monkeypatch.setattr(targets, "check_port_is_free", lambda *_: None)
    monkeypatch.setattr(targets, "CONFIG_SERVER_PORT", 1)
    monkeypatch.setattr(targets, "LOOK_AT_CONTAINER_EVERY_S", 0.0)


def failure(port: int | None = None) -> PagelensError:
    with pytest.raises(PagelensError) as caught:
        deploy_local(port, THREADS, silent, agreed)
    assert "\n" not in str(caught.value)
    return caught.value


def test_no_docker_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("docker.constants.DEFAULT_UNIX_SOCKET", f"http+unix://{tmp_path}/none")
    monkeypatch.setattr("docker.utils.utils.DEFAULT_UNIX_SOCKET", f"http+unix://{tmp_path}/none")
    error = failure()
    assert isinstance(error, MissingDependencyError)
    assert str(error) == (
        "Cannot start a container: neither Docker nor Podman is installed. "
        f"Install one (Docker: https://docs.docker.com/get-docker/). {OTHER_WAYS}"
    )


START_IT = (
    "Start it (Linux: sudo systemctl start docker; macOS: open Docker Desktop), or set DOCKER_HOST "
    'to where it listens (see "docker context ls").'
)


def test_docker_that_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
    error = failure()
    assert isinstance(error, MissingDependencyError)
    assert str(error) == (
        f"Cannot start a container: Docker does not answer at unix://{tmp_path}/none "
        f"(there is no such socket). {START_IT} {OTHER_WAYS}"
    )


def test_docker_whose_socket_nobody_serves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    assert str(failure()) == (
        f"Cannot start a container: Docker does not answer at unix://{path} "
        f"(connection refused). {START_IT} {OTHER_WAYS}"
    )


def test_docker_of_other_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def socket_of_root(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/s")
    monkeypatch.setattr("socket.socket.connect", socket_of_root)
    assert str(failure()) == (
        f"Cannot start a container: this user may not use Docker at unix://{tmp_path}/s "
        '(permission denied). Join its group ("sudo usermod -aG docker $USER", then log in again). '
        f"{OTHER_WAYS}"
    )


def test_docker_on_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("tcp://10.0.0.7:2375", "ssh://me@there"):
        monkeypatch.setenv("DOCKER_HOST", host)
        error = failure()
        assert isinstance(error, WrongUseError)
        assert str(error) == (
            "--local starts a container on this machine, and DOCKER_HOST names another "
            f"({host}). Start one there (docker run -d --name vespa --hostname vespa -p 8080:8080 "
            "-p 19071:19071 docker.io/vespaengine/vespa:8), then: pagelens deploy --config-server "
            "http://THERE:19071"
        )


@pytest.mark.parametrize("host", ["nonsense://x", "unix://a?b=c"])
def test_a_docker_host_that_is_none(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    said = str(failure())
    assert said.startswith(
        f"Cannot start a container: what DOCKER_HOST names cannot be used as Docker: {host} ("
    )
    assert said.endswith(
        f'). Set it to where Docker listens (see "docker context ls"). {OTHER_WAYS}'
    )


def test_a_server_that_is_not_docker(server: FakeConfigServer, monkeypatch: Any) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.port}")
    said = str(failure())
    assert said.startswith(
        "Cannot start a container: what DOCKER_HOST names cannot be used as Docker: "
        f"tcp://127.0.0.1:{server.port} (Error while fetching server API version: 404 "
    )


def test_a_taken_port_is_told_before_anything_is_downloaded(docker: FakeDocker) -> None:
    docker.meet(INSPECT, NO_CONTAINER)
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        error = failure(port)
    assert isinstance(error, WrongUseError)
    assert str(error) == (
        f"Cannot start Vespa: port {port} is taken, something listens there. "
        "Take another: --port 8081"
    )
    assert docker.count(PULL) == 0


def test_a_port_of_another_vespa(docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    docker.meet(INSPECT, NO_CONTAINER)
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    with socket.create_server(("localhost", 0)) as taken:
        theirs = taken.getsockname()[1]
        monkeypatch.setattr(targets, "CONFIG_SERVER_PORT", theirs)
        said = str(failure(port))
    assert said == (
        f"Cannot start Vespa: port {theirs} is taken, something listens there. Vespa's config "
        "server needs it. Where a Vespa runs there already, deploy into that: "
        f"pagelens deploy --config-server http://localhost:{theirs}"
    )


NO_DOWNLOAD = "Cannot download Vespa's image docker.io/vespaengine/vespa:8: "
TRY_PULL = (
    "Check the network and the space on the disk, and try it with "
    f'"docker pull docker.io/vespaengine/vespa:8". {OTHER_WAYS}'
)


@pytest.mark.usefixtures("free_ports")
def test_an_image_that_cannot_be_downloaded(docker: FakeDocker) -> None:
    docker.meet(INSPECT, NO_CONTAINER)
    docker.meet(IMAGE, NO_IMAGE)
    docker.meet(PULL, refuses(500, "lookup registry: no such host"))
    assert str(failure()) == f"{NO_DOWNLOAD}lookup registry: no such host. {TRY_PULL}"
    progress = {
        "id": "a",
        "status": "Downloading",
        "progressDetail": {"current": 5_000_000, "total": 1_000_000_000},
    }
    docker.meet(PULL, answers({"status": "Pulling"}, progress, {"error": "no space\nleft."}))
    reported: list[str] = []
    with pytest.raises(ServerError) as caught:
        deploy_local(None, THREADS, reported.append, agreed)
    assert str(caught.value) == f"{NO_DOWNLOAD}no space left. {TRY_PULL}"
    assert reported == [
        "Downloading docker.io/vespaengine/vespa:8",
        "Downloading docker.io/vespaengine/vespa:8: 5.0 MB of 1.0 GB",
    ]


def new_container(docker: FakeDocker) -> None:
    """Docker has the image, makes a container and starts it."""
    docker.meet(INSPECT, NO_CONTAINER, container())
    docker.meet(IMAGE, answers({"Id": "sha256:0", "RepoTags": []}))
    docker.meet(CREATE, answers({"Id": ID, "Warnings": []}, status=201))
    docker.meet(START, answers(status=204))


@pytest.mark.usefixtures("free_ports")
def test_a_new_container_keeps_its_index_in_a_volume(docker: FakeDocker) -> None:
    new_container(docker)
    docker.meet(START, refuses(500, "no more"))
    failure(8081)
    host = docker.created["HostConfig"]
    assert docker.created["Image"] == "docker.io/vespaengine/vespa:8"
    assert docker.created["Hostname"] == "pagelens"
    assert host["Binds"] == ["pagelens:/opt/vespa/var"]
    assert (host["Memory"], host["Privileged"]) == (4 * 1024**3, True)
    assert {inside: to[0]["HostPort"] for inside, to in host["PortBindings"].items()} == {
        "8080/tcp": "8081",
        "19071/tcp": "19071",
    }


@pytest.mark.usefixtures("free_ports")
def test_into_a_new_container_it_goes_as_into_one_that_runs(
    docker: FakeDocker, server: FakeConfigServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # its volume may hold an index and an application of an earlier container
    monkeypatch.setattr(targets, "CONFIG_SERVER_PORT", server.port)
    new_container(docker)
    before = sized(application_package(), Cluster(threads=16))
    server.deployed = {"services.xml": before["services.xml"].decode()}
    told: list[Change] = []
    assert deploy_local(server.port, THREADS, silent, told.append) == (
        f"http://localhost:{server.port}"
    )
    assert told == [
        Change(
            losses=(
                "The application that is deployed would lose: 16 threads a query become 4. To keep "
                "it: --threads 16.",
            )
        )
    ]
    assert docker.count(START) == 1


@pytest.mark.usefixtures("free_ports")
def test_a_container_that_docker_does_not_start(docker: FakeDocker) -> None:
    new_container(docker)
    docker.meet(START, refuses(500, "Bind for 0.0.0.0:8080 failed: in use"))
    assert str(failure()) == (
        "Cannot start Vespa: Bind for 0.0.0.0:8080 failed: in use. "
        'See "docker logs pagelens", and run the same command again.'
    )


def test_a_container_that_never_started_is_made_again(docker: FakeDocker) -> None:
    docker.meet(INSPECT, container("created"))
    docker.meet(REMOVE, answers(status=204))
    with socket.create_server(("localhost", 0)) as taken:
        failure(taken.getsockname()[1])  # it goes on as if there were none
    assert docker.count(REMOVE) == 1


@pytest.mark.usefixtures("free_ports")
@pytest.mark.parametrize(
    "state",
    [{"OOMKilled": True}, {"status": "exited", "ExitCode": 137}],
    ids=["one process", "the container"],
)
def test_a_container_killed_for_its_memory(docker: FakeDocker, state: dict[str, Any]) -> None:
    new_container(docker)
    docker.meet(INSPECT, NO_CONTAINER, container(), container(**state))
    assert str(failure()) == (
        "Cannot start Vespa: Vespa was killed for lack of memory. It needs 4 GB: give Docker more "
        "(Docker Desktop: Settings, Resources), or end other programs, and run the same command "
        f"again. {OTHER_WAYS}"
    )


@pytest.mark.usefixtures("free_ports")
def test_a_container_that_ends(docker: FakeDocker) -> None:
    new_container(docker)
    docker.meet(INSPECT, NO_CONTAINER, container(), container("exited", ExitCode=1))
    assert str(failure()) == (
        'Cannot start Vespa: it ended with exit code 1. See why with "docker logs pagelens".'
    )


def test_a_container_killed_while_its_services_start(
    docker: FakeDocker, server: FakeConfigServer
) -> None:
    running = container(port=server.port, config_server_port=server.port)
    docker.meet(INSPECT, running, container(OOMKilled=True))
    server.fail(ACTIVATE, says(500, {"message": "no zookeeper"}))
    assert str(failure()).startswith("Cannot start Vespa: Vespa was killed for lack of memory. ")
    docker.meet(INSPECT, running)
    assert str(failure()).startswith("Cannot deploy at ")


def test_vespa_that_is_not_up_in_time(docker: FakeDocker, monkeypatch: Any) -> None:
    with socket.create_server(("localhost", 0)) as nobody:
        port = nobody.getsockname()[1]
    monkeypatch.setattr(targets, "CONFIG_SERVER_WAIT_S", 0)
    monkeypatch.setattr(targets, "LOOK_AT_CONTAINER_EVERY_S", 0.0)
    docker.meet(
        INSPECT,
        container("exited", config_server_port=port),
        container(config_server_port=port),
    )
    docker.meet(START, answers(status=204))
    assert str(failure()) == (
        f"Cannot start Vespa: no answer from http://localhost:{port} after 0 s. "
        'See "docker logs pagelens", and run the same command again.'
    )
    assert docker.count(START) == 1
    docker.meet(INFO, answers({"MemTotal": 2_000_000_000}))
    assert str(failure()) == (
        f"Cannot start Vespa: no answer from http://localhost:{port} after 0 s. "
        "Docker has 2.0 GB of memory and Vespa needs 4 GB: give it more (Docker Desktop: Settings, "
        "Resources), and run the same command again."
    )


def test_a_running_container_takes_the_application_without_a_restart(
    docker: FakeDocker, server: FakeConfigServer
) -> None:
    docker.meet(INSPECT, container(port=server.port, config_server_port=server.port))
    index = deploy_local(None, 16, silent, agreed)
    assert index == f"http://localhost:{server.port}"
    package = sized(application_package(), Cluster(threads=16))
    assert server.uploads == [("application/zip", packed(package))]
    assert not [r for r in docker.requests if r.startswith(("POST", "DELETE"))]


@pytest.mark.parametrize("used", [0.749, 0.75, 0.912])
def test_a_disk_that_is_nearly_full_is_told(
    docker: FakeDocker, server: FakeConfigServer, tmp_path: Path, used: float, monkeypatch: Any
) -> None:
    total = 10**12
    disk = SimpleNamespace(total=total, used=1, free=round((1 - used) * total))
    monkeypatch.setattr("shutil.disk_usage", lambda path: {str(tmp_path): disk}[path])
    docker.meet(INSPECT, container(port=server.port, config_server_port=server.port))
    docker.meet(INFO, answers({"DockerRootDir": str(tmp_path)}))
    said = {
        0.749: (),
        0.75: (disk_is_full(tmp_path, "75 %", "750.0 GB"),),
        0.912: (disk_is_full(tmp_path, "91 %", "912.0 GB"),),
    }
    assert told_before(server) == said[used]


def told_before(server: FakeConfigServer) -> tuple[str, ...]:
    """What is told before the application is activated."""
    told: list[str] = []

    def confirm(change: Change) -> None:
        assert f"PUT {ACTIVATE}" not in server.requests
        told.extend(change.messages)

    deploy_local(None, THREADS, silent, confirm)
    return tuple(told)


def disk_is_full(folder: Path, share: str, used: str) -> str:
    return (
        f"Docker's disk ({folder}) is {share} full, {used} of 1.0 TB, and Vespa takes no documents "
        "from 80 % on (75 % until March 2026), whoever fills it. Free some before you ingest, for "
        'example with "docker image prune".'
    )


@pytest.mark.parametrize("info", [{}, {"DockerRootDir": "/of/a/virtual/machine"}])
def test_of_a_disk_that_is_not_to_be_seen_nothing_is_said(
    docker: FakeDocker, server: FakeConfigServer, info: dict[str, str]
) -> None:
    docker.meet(INSPECT, container(port=server.port, config_server_port=server.port))
    docker.meet(INFO, answers(info))
    assert told_before(server) == ()


def test_a_paused_container_goes_on(docker: FakeDocker, server: FakeConfigServer) -> None:
    docker.meet(INSPECT, container("paused", port=server.port, config_server_port=server.port))
    docker.meet(UNPAUSE, answers(status=204))
    assert deploy_local(server.port, THREADS, silent, agreed) == f"http://localhost:{server.port}"
    assert docker.count(UNPAUSE) == 1


def test_a_running_container_keeps_its_port(docker: FakeDocker) -> None:
    docker.meet(INSPECT, container(port=8081))
    error = failure(8082)
    assert isinstance(error, WrongUseError)
    assert str(error) == (
        "The container pagelens serves on port 8081, not 8082. Leave out --port; or remove the "
        "container (docker rm -f pagelens; the index stays in the volume pagelens) and run this "
        "again."
    )


def test_a_container_of_somebody_else_with_our_name(docker: FakeDocker) -> None:
    docker.meet(
        INSPECT,
        answers({"Id": ID, "State": {"Status": "running"}, "HostConfig": {"PortBindings": {}}}),
    )
    assert str(failure()) == (
        "There is a container pagelens that publishes no port 8080, so it is not one of "
        '"pagelens deploy". Rename it (docker rename pagelens OTHER), and run this again.'
    )


def test_docker_that_breaks_while_asked(docker: FakeDocker) -> None:
    docker.meet(INSPECT, refuses(500, "database is locked"))
    assert str(failure()) == (
        "Cannot look for the container: database is locked. "
        'See "docker logs pagelens", and run the same command again.'
    )


@pytest.mark.usefixtures("free_ports")
def test_docker_that_breaks_after_it_was_asked_once(docker: FakeDocker) -> None:
    docker.meet(INSPECT, NO_CONTAINER)
    docker.meet(IMAGE, refuses(500, "database is locked"))
    assert str(failure()) == (
        "Cannot look for Vespa's image: database is locked. "
        'See "docker logs pagelens", and run the same command again.'
    )
