"""Vespa's own Java code as a fixture; where it cannot be had, tests are skipped and say why."""

import os
from collections.abc import Iterator

import pytest

from tests.vespa_java.jars import JavaUnavailableError, compile_sources, fetch_jars
from tests.vespa_java.jvm import VespaJava


@pytest.fixture(scope="session")
def vespa_java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VespaJava]:
    """One JVM for the whole run."""
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
