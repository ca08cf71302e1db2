"""The line to the JVM: an error ends a request, not the run."""

from pathlib import Path

import pytest

from tests.vespa_java.application_copy import APPLICATION
from tests.vespa_java.jvm import VespaError, VespaJava


def test_the_jvm_answers_on_after_an_error(vespa_java: VespaJava, tmp_path: Path) -> None:
    with pytest.raises(VespaError):
        vespa_java.call("prepare", application=str(tmp_path / "none"))
    assert vespa_java.call("prepare", application=str(APPLICATION))["schemas"]


def test_a_jvm_that_ended_is_named_with_its_last_words(
    vespa_java: VespaJava, tmp_path: Path
) -> None:
    broken = VespaJava(jars=tmp_path, classes=tmp_path, log=tmp_path / "log")
    with pytest.raises(RuntimeError, match=r"The JVM ended with 1\..*\n.*pagelens\.Main"):
        broken.call("prepare", application=str(APPLICATION))
    broken.close()
