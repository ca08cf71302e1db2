"""Docker (or Podman, which speaks the same) on this machine: Vespa's image and our one container.

The only importer of the Docker client, and only when it is used: pyvespa brings it.
"""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from index.errors import MissingDependencyError, ServerError, WrongUseError
from index.wording import size
from vespa_app.endpoint import CONFIG_SERVER_PORT, CONTAINER_PORT
from vespa_app.failures import one_line

REPOSITORY, TAG = "docker.io/vespaengine/vespa", "8"
"""The newest Vespa of the major version that the application is written for."""

IMAGE = f"{REPOSITORY}:{TAG}"

CONTAINER = "pagelens"
"""Its name, and the name of the volume that keeps the index when the container is removed."""

VOLUME = f"{CONTAINER}:/opt/vespa/var"
"""Vespa's documents, logs of changes and deployed application, as Vespa's manual mounts them."""

NEEDED_MEMORY_BYTES = 4 * 1024**3
"""What Vespa asks for in its documentation."""

FULL_DISK = 0.75
"""The used part of a disk from which on Vespa may take no documents: until March 2026 this was its
limit, since then it is 0.8."""

_DEFAULT_HOST = "unix:///var/run/docker.sock"
_CONNECT_TIMEOUT_S = 5.0
_ANSWER_TIMEOUT_S = 300  # stopping, starting and each part of a download
_OTHER_WAYS = (
    'Or go without: an index in a folder needs no Vespa, and "pagelens deploy --cloud '
    'TENANT.APPLICATION" or "--export DIR" (for the Vespa CLI) deploy elsewhere.'
)


class DockerEngine:
    """A connection to the engine."""

    def __init__(self) -> None:
        """Connect.

        Raises:
            MissingDependencyError: there is no engine, or it cannot be used.
            WrongUseError: DOCKER_HOST names another machine.
        """
        import docker  # type: ignore[import-untyped]  # it has no type hints

        self._host = os.environ.get("DOCKER_HOST", "").strip() or _DEFAULT_HOST
        _check_is_here(self._host)
        self._errors = docker.errors
        try:
            _connect(docker.utils.parse_host(self._host))
            self._client = docker.from_env(timeout=_ANSWER_TIMEOUT_S)
        except (docker.errors.DockerException, OSError, ValueError) as e:
            raise _no_engine(self._host, e) from e

    def container(self) -> Any:  # noqa: ANN401 - the Docker client has no type hints
        """Our container, running or not; None where there is none that ever ran."""
        with self.failures("look for the container"):
            try:
                found = self._client.containers.get(CONTAINER)
            except self._errors.NotFound:
                return None
            if found.status != "created":
                return found
            found.remove()  # its start failed, as a port was taken: it holds nothing
            return None

    def fetch_image(self, report: Callable[[str], None]) -> None:
        """Download Vespa's image where it is not there yet: more than a gigabyte.

        Raises:
            ServerError: it could not be downloaded.
        """
        with self.failures("look for Vespa's image"):
            try:
                self._client.images.get(IMAGE)
                return
            except self._errors.ImageNotFound:
                report(f"Downloading {IMAGE}")
        layers: dict[str, tuple[int, int]] = {}  # bytes there, bytes in all
        try:
            for event in self._client.api.pull(REPOSITORY, tag=TAG, stream=True, decode=True):
                if "error" in event:
                    raise _no_image(str(event["error"]))
                detail = event.get("progressDetail") or {}
                if event.get("status") == "Downloading" and detail.get("total"):
                    layers[event["id"]] = detail["current"], detail["total"]
                    there, total = map(sum, zip(*layers.values(), strict=True))
                    report(f"Downloading {IMAGE}: {size(there)} of {size(total)}")
        except (self._errors.DockerException, OSError) as e:
            raise _no_image(_text(e)) from e

    def disk_warning(self) -> str | None:
        """That Docker's disk is so full that Vespa may take no documents; None where it is not.

        None too where Docker works in a virtual machine, whose disk is not to be seen from here.
        """
        folder = self._info("DockerRootDir")
        try:
            disk = shutil.disk_usage(folder) if isinstance(folder, str) else None
        except OSError:
            disk = None
        if disk is None:
            return None
        used = disk.total - disk.free  # as Vespa counts: what is kept for root is not free
        if used < FULL_DISK * disk.total:
            return None
        return (
            f"Docker's disk ({folder}) is {100 * used / disk.total:.0f} % full, {size(used)} of "
            f"{size(disk.total)}, and Vespa takes no documents from 80 % on (75 % until March "
            "2026), whoever fills it. Free some before you ingest, for example with "
            '"docker image prune".'
        )

    def run(self, port: int) -> None:
        """Make the container, and start it.

        Args:
            port: of this machine, for documents and queries.
        """
        with self.failures("start Vespa"):
            self._client.containers.run(
                IMAGE,
                detach=True,
                name=CONTAINER,
                hostname=CONTAINER,
                ports={CONTAINER_PORT: port, CONFIG_SERVER_PORT: CONFIG_SERVER_PORT},
                volumes=[VOLUME],
                mem_limit=NEEDED_MEMORY_BYTES,
                privileged=True,  # these two as pyvespa starts it
            )

    def start(self, container: Any) -> None:  # noqa: ANN401
        """Start a container that was stopped."""
        with self.failures(f"start the container {CONTAINER}"):
            if container.status == "paused":
                container.unpause()
            elif container.status != "running":
                container.start()

    @contextmanager
    def failures(self, operation: str) -> Iterator[None]:
        """Turn what Docker raises in here, or a wait in vain, into one line.

        Args:
            operation: what was tried, as it goes on after "Cannot".

        Raises:
            ServerError: it failed.
        """
        try:
            yield
        except (self._errors.DockerException, RuntimeError, OSError, ValueError) as e:
            raise self._ended(operation) or _failed(operation, e, self._memory_bytes()) from e

    def check_runs(self, operation: str) -> None:
        """See that the container has not ended by itself.

        Raises:
            ServerError: it has.
        """
        ended = self._ended(operation)
        if ended is not None:
            raise ended

    def _ended(self, operation: str) -> ServerError | None:
        """Whether the container ended by itself, and why."""
        try:
            state = self._client.containers.get(CONTAINER).attrs["State"]
        except (self._errors.DockerException, OSError):
            return None
        if state.get("OOMKilled") or state.get("ExitCode") == 137:
            return ServerError(
                f"Cannot {operation}: Vespa was killed for lack of memory. It needs 4 GB: give "
                "Docker more (Docker Desktop: Settings, Resources), or end other programs, and run "
                f"the same command again. {_OTHER_WAYS}"
            )
        if state.get("Status") in ("exited", "dead"):
            return ServerError(
                f"Cannot {operation}: it ended with exit code {state.get('ExitCode')}. See why "
                f'with "docker logs {CONTAINER}".'
            )
        return None

    def _memory_bytes(self) -> int | None:
        """What Docker has for all containers; None where it does not say."""
        total = self._info("MemTotal")
        return total if isinstance(total, int) else None

    def _info(self, name: str) -> object:
        """What Docker says of itself; None where it does not."""
        try:
            return self._client.info().get(name)
        except (self._errors.DockerException, OSError):
            return None


def published_port(container: Any, inside: int) -> int:  # noqa: ANN401
    """The port of this machine that leads to one of the container's.

    Raises:
        WrongUseError: none does, so the container is not one that Pagelens made.
    """
    bindings = (container.attrs["HostConfig"]["PortBindings"] or {}).get(f"{inside}/tcp") or [{}]
    port = str(bindings[0].get("HostPort", ""))
    if port.isdecimal() and int(port) > 0:
        return int(port)
    raise WrongUseError(
        f"There is a container {CONTAINER} that publishes no port {inside}, so it is not one of "
        f'"pagelens deploy". Rename it (docker rename {CONTAINER} OTHER), and run this again.'
    )


def check_port_is_free(port: int, remedy: str) -> None:
    """See that nothing listens on a port, before a gigabyte is downloaded for it.

    Raises:
        WrongUseError: something does.
    """
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return
    raise WrongUseError(
        f"Cannot start Vespa: port {port} is taken, something listens there. {remedy}"
    )


def _check_is_here(host: str) -> None:
    """A container on another machine would not be at http://localhost."""
    parts = urlsplit(host)
    is_remote = parts.scheme == "ssh" or (
        parts.scheme in ("tcp", "http", "https")
        and parts.hostname not in ("localhost", "127.0.0.1", "::1")
    )
    if is_remote:
        raise WrongUseError(
            f"--local starts a container on this machine, and DOCKER_HOST names another ({host}). "
            f"Start one there (docker run -d --name vespa --hostname vespa -p 8080:8080 -p "
            f"19071:19071 {IMAGE}), then: pagelens deploy --config-server http://THERE:19071"
        )


def _connect(url: str) -> None:
    """See that somebody listens; Docker's client would wrap the reason thrice."""
    if not url.startswith("http+unix://"):
        parts = urlsplit(url)
        address = parts.hostname or "", parts.port or 0
        socket.create_connection(address, _CONNECT_TIMEOUT_S).close()
        return
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_CONNECT_TIMEOUT_S)
        connection.connect(url.removeprefix("http+unix://"))


def _no_engine(host: str, cause: Exception) -> MissingDependencyError:
    """Why there is no Docker to talk to."""
    is_installed = shutil.which("docker") or shutil.which("podman")
    if isinstance(cause, FileNotFoundError) and host == _DEFAULT_HOST and not is_installed:
        why = "neither Docker nor Podman is installed"
        remedy = "Install one (Docker: https://docs.docker.com/get-docker/)."
    elif isinstance(cause, PermissionError):
        why = f"this user may not use Docker at {host} (permission denied)"
        remedy = 'Join its group ("sudo usermod -aG docker $USER", then log in again).'
    elif isinstance(cause, (FileNotFoundError, ConnectionError, TimeoutError)):
        is_missing = isinstance(cause, FileNotFoundError)
        reason = (
            "there is no such socket" if is_missing else (cause.strerror or "no answer").lower()
        )
        why = f"Docker does not answer at {host} ({reason})"
        remedy = (
            "Start it (Linux: sudo systemctl start docker; macOS: open Docker Desktop), or set "
            'DOCKER_HOST to where it listens (see "docker context ls").'
        )
    else:
        why = f"what DOCKER_HOST names cannot be used as Docker: {host} ({_text(cause)})"
        remedy = 'Set it to where Docker listens (see "docker context ls").'
    return MissingDependencyError(f"Cannot start a container: {why}. {remedy} {_OTHER_WAYS}")


def _no_image(reason: str) -> ServerError:
    return ServerError(
        f"Cannot download Vespa's image {IMAGE}: {one_line(reason).rstrip('.')}. Check the network "
        f'and the space on the disk, and try it with "docker pull {IMAGE}". {_OTHER_WAYS}'
    )


def _failed(operation: str, error: Exception, memory_bytes: int | None) -> ServerError:
    """What Docker says, for a container that did not end by itself."""
    text = _text(error).rstrip(".")
    remedy = f'See "docker logs {CONTAINER}", and run the same command again.'
    if memory_bytes is not None and memory_bytes < NEEDED_MEMORY_BYTES:
        remedy = (
            f"Docker has {size(memory_bytes)} of memory and Vespa needs 4 GB: give it more "
            "(Docker Desktop: Settings, Resources), and run the same command again."
        )
    return ServerError(f"Cannot {operation}: {text}. {remedy}")


def _text(error: BaseException) -> str:
    """An error in its own words; of Docker's API the explanation alone."""
    return one_line(str(getattr(error, "explanation", None) or error)) or type(error).__name__
