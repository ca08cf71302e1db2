"""Where Vespa's Java code cannot be had, the reason must be one a person can act on."""

import sys
from pathlib import Path

import pytest

from tests.vespa_java import jars
from tests.vespa_java.jars import (
    VERSION_VARIABLE,
    JavaUnavailableError,
    compile_sources,
    fetch_jars,
)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it, and no jars from earlier runs."""
    monkeypatch.setattr(jars, "CACHE", tmp_path / "cache")
    monkeypatch.delenv(VERSION_VARIABLE, raising=False)
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def write_program(path: Path, body: str) -> None:
    path.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def test_without_maven(programs: Path) -> None:
    with pytest.raises(JavaUnavailableError, match=r"Maven is missing \(Debian: sudo apt install"):
        fetch_jars()


def test_maven_that_reaches_nothing_gives_its_first_error_and_leaves_no_jars(
    programs: Path,
) -> None:
    write_program(
        programs / "mvn",
        "print('[ERROR] Unknown host'); print('[ERROR] Re-run Maven'); raise SystemExit(1)",
    )
    with pytest.raises(JavaUnavailableError) as error:
        fetch_jars()
    assert str(error.value) == "Maven could not fetch Vespa's jars: [ERROR] Unknown host"
    assert list(jars.CACHE.iterdir()) == []


def test_a_second_run_does_not_ask_maven_again(programs: Path) -> None:
    copy = "import sys, pathlib; pathlib.Path(sys.argv[-1].partition('=')[2]).mkdir()"
    write_program(programs / "mvn", copy)
    first = fetch_jars()
    (programs / "mvn").unlink()
    assert fetch_jars() == first


def test_another_release_has_jars_of_its_own(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(
        programs / "mvn",
        "import sys, pathlib; folder = pathlib.Path(sys.argv[-1].partition('=')[2]); "
        "folder.mkdir(); (folder / 'arguments').write_text(' '.join(sys.argv))",
    )
    ours = fetch_jars()
    monkeypatch.setenv(VERSION_VARIABLE, "8.659.18")
    other = fetch_jars()
    assert "-Dvespa.version=8.659.18 " in (other / "arguments").read_text()
    assert "-Dvespa.version" not in (ours / "arguments").read_text()
    monkeypatch.delenv(VERSION_VARIABLE)
    assert fetch_jars() == ours != other


def test_without_a_jdk(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(JavaUnavailableError, match=r"A JDK of version 17 or later is missing"):
        compile_sources(tmp_path, tmp_path / "classes")


def test_a_jdk_that_is_only_a_hint_counts_as_none(programs: Path, tmp_path: Path) -> None:
    write_program(programs / "javac", "raise SystemExit(1)")
    with pytest.raises(JavaUnavailableError, match=r"A JDK of version 17 or later is missing"):
        compile_sources(tmp_path, tmp_path / "classes")
