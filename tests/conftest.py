"""Fixtures that several kinds of tests share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

import pagelens
from tests.fakes import Mounts
from tests.vespa_java.jars import JavaUnavailableError, compile_sources, fetch_jars
from tests.vespa_java.jvm import VespaJava
from tests.vespa_java.stand_in import StandIn

SAMPLES = Path(__file__).parents[1] / "samples"


# How long an example takes depends on who else is at work on the machine.
hypothesis.settings.register_profile("pagelens", deadline=None)
hypothesis.settings.load_profile("pagelens")


def pytest_configure() -> None:
    """A shell starts what runs in its background deaf to Ctrl-C; tests of Ctrl-C must hear it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch) -> Mounts:
    """Named places are mount points while the test says so."""
    return Mounts(monkeypatch)


@pytest.fixture(scope="session")
def samples_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an index of samples/, made by the lexical encoder."""
    folder = tmp_path_factory.mktemp("samples") / "index"
    pagelens.ingest(SAMPLES, index=folder, encoder="lexical")
    return folder


@pytest.fixture(scope="session")
def tiny_colsmol_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ColIdefics3 of random weights and the published image geometry."""
    from tests.tiny_colsmol import build_tiny_colsmol  # imports torch: only where it is needed

    return build_tiny_colsmol(tmp_path_factory.mktemp("tiny-colsmol"))


@pytest.fixture(scope="session")
def vespa_java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VespaJava]:
    """One JVM with Vespa's own Java code for the whole run; without it, a skip that says why."""
    folder = tmp_path_factory.mktemp("vespa-java")
    try:
        jars = fetch_jars()
        compile_sources(jars, folder / "classes")
    except JavaUnavailableError as e:
        if os.environ.get("CI"):
            raise  # there, a proof that did not run is a failure
        pytest.skip(str(e))
    java = VespaJava(jars, folder / "classes", folder / "vespa.log")
    yield java
    java.close()


@pytest.fixture(scope="session")
def stand_in(vespa_java: VespaJava) -> StandIn:
    """A stand-in for a Vespa server, for the whole run: whoever uses it calls `clear` first."""
    return StandIn(vespa_java)


@pytest.fixture(scope="module")
def exact_cpu() -> Iterator[None]:
    """float32 on every CPU, and one thread: for matrices this small two cost more."""
    import torch

    import encoders.devices

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders.devices, "_fast_cpu_dtype", lambda: torch.float32)
        yield
    torch.set_num_threads(n_threads)
