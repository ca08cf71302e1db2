"""What only a process of its own can show of the commands: doors, streams, closed pipes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pagelens.main import main
from tests.library import make_index

ROOT = Path(__file__).resolve().parents[2]


def in_own_process(*args: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args], cwd=ROOT, capture_output=True, text=True, check=False, **kwargs
    )


def test_the_version_is_that_of_the_distribution() -> None:
    ran = in_own_process("-m", "pagelens", "--version")
    assert ran.stdout == "pagelens, version 0.1.0\n"


@pytest.mark.parametrize("name", ["query", "ingest"])
def test_the_packages_are_the_same_commands(name: str) -> None:
    as_package = in_own_process("-m", name, "--help")
    as_command = in_own_process("-m", "pagelens", name, "--help")
    assert as_package.returncode == as_command.returncode == 0
    assert as_package.stdout == as_command.stdout
    assert as_package.stdout.startswith(f"Usage: pagelens {name} ")


def test_the_package_itself_is_a_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vespa_app", "deploy", "--export", str(tmp_path / "app")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Wrote ")
    assert (tmp_path / "app" / "services.xml").exists()


def test_a_script_the_terminal_lacks_is_no_error() -> None:
    program = (
        "import click, pagelens.main\n"
        "command = click.command()(lambda: click.echo('caf\\xe9 \\u6a5f'))\n"
        "pagelens.main.load_command = lambda name: command\n"
        "pagelens.main.main(['status'])\n"
    )
    env = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"caf\xe9 ?\n", b"")


@pytest.mark.parametrize("n_lines", [1, 100_000])
def test_a_reader_that_has_seen_enough_is_no_error(n_lines: int) -> None:
    program = (
        "import click, pagelens.main\n"
        f"command = click.command()(lambda: [print('line') for _ in range({n_lines})] and None)\n"
        "pagelens.main.load_command = lambda name: command\n"
        "pagelens.main.main(['status'])\n"
    )
    read_end, write_end = os.pipe()
    os.close(read_end)  # the first byte written meets a closed pipe
    try:
        ran = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdout=write_end,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(write_end)
    assert (ran.returncode, ran.stderr) == (1, "")


def test_export_to_stdout_keeps_its_report_apart(tmp_path: Path) -> None:
    source, feed = make_index(tmp_path / "source"), tmp_path / "feed.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "pagelens", "export", "-", "--index", str(source)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with pytest.raises(SystemExit):
        main(["export", str(feed), "--index", str(source)])
    assert done.stdout == feed.read_bytes()
    assert done.stderr.startswith(b"Wrote 4 documents (8 pages), ")
