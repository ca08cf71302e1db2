"""What bash, zsh and fish complete after `pagelens completion`: asked as they ask, and by them."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from pagelens.main import COMMANDS
from query.request import RANKINGS
from tests.library import make_index

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
TAB = "\t"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with an index, and a `pagelens` on the path."""
    make_index(tmp_path / "an-index")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pagelens"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m pagelens "$@"\n')
    program.chmod(0o755)
    return tmp_path


def environment(place: Path, **others: str) -> dict[str, str]:
    path = f"{place / 'bin'}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(place), **others}


def offered(place: Path, *words: str) -> list[str]:
    """What is offered for the last of these words, as bash asks for it; the kind of a path."""
    ran = subprocess.run(
        ["pagelens"],
        cwd=place,
        env=environment(
            place,
            _PAGELENS_COMPLETE="bash_complete",
            COMP_WORDS=" ".join(["pagelens", *words]),
            COMP_CWORD=str(len(words)),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    kinds = [line.split(",", 1) for line in ran.stdout.splitlines() if line]
    return [value if kind == "plain" else kind for kind, value in kinds]


def test_commands_options_and_values(place):
    assert offered(place, "") == list(COMMANDS)
    assert offered(place, "q") == ["query"]
    assert offered(place, "query", "--rer") == ["--rerank"]
    assert offered(place, "query", "--ranking", "") == list(RANKINGS)
    assert offered(place, "query", "--filter", "pa") == ["path=", "pages=", "path!=", "pages!="]
    assert offered(place, "completion", "") == ["bash", "zsh", "fish"]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("ingest", "x"), "file"),
        (("query", "--index", "x"), "dir"),
        (("query", "--heatmap", "x"), "dir"),
        (("serve", "--model", "x"), "dir"),
        (("remove", "x"), "file"),
        (("copy", "x"), "dir"),
        (("export", "x"), "file"),
        (("eval", "x"), "file"),
    ],
)
def test_paths_are_left_to_the_shell(place, words, kind):
    assert offered(place, *words) == [kind]


def test_pages_are_those_of_the_index(place):
    why_not = ("query", "--index", "an-index", "--why-not")
    assert offered(place, *why_not, "sc") == ["scan.pdf:1", "scan.pdf:2"]
    assert offered(place, *why_not, "/library/2022/") == [
        f"/library/2022/report.pdf:{n}" for n in (1, 2, 3)
    ]
    assert offered(place, *why_not, "report.pdf:3") == ["report.pdf:3"]
    assert offered(place, "query", "--index", "nowhere", "--why-not", "sc") == []
    assert offered(place, "query", "--index", "http://localhost:1", "--why-not", "sc") == []


def shell(name: str) -> str:
    """Where a shell is."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def typed(place: Path, command: Sequence[str], setting_up: str, keys: str, completed: str) -> str:
    """Type at a shell's prompt, and read until something stands there."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(place)
        os.execvpe(command[0], command, environment(place, TERM="xterm", PS1="$ "))
    shown, give_up_at = "", time.monotonic() + PATIENCE_S

    def read_until(wanted: str) -> None:
        nonlocal shown
        while wanted not in shown and time.monotonic() < give_up_at:
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 65536).decode(errors="replace")
        assert wanted in shown, shown

    try:
        os.write(terminal, f"{setting_up}; echo rea''dy\n".encode())
        read_until("ready")
        shown = ""
        os.write(terminal, keys.encode())
        read_until(completed)
    finally:
        os.close(terminal)
        os.kill(process, 9)
        os.waitpid(process, 0)
    return shown


@pytest.mark.parametrize(
    ("keys", "completed"),
    [
        ("pagelens sta" + TAB, "pagelens status"),
        ("pagelens query --ranking hy" + TAB, "--ranking hybrid"),
        ("pagelens query --index an" + TAB, "--index an-index"),
    ],
)
@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_at_the_prompt(place, name, keys, completed):
    if name == "bash":
        command, first = [shell("bash"), "--norc", "--noprofile", "-i"], ":"
    else:
        command, first = [shell("zsh"), "-f", "-i"], "autoload -U compinit && compinit -u -D"
    typed(place, command, f'{first}; eval "$(pagelens completion {name})"', keys, completed)


def test_fish(place):
    asked = ("pagelens sta", "pagelens query --ranking hy", "pagelens query --index an")
    script = "pagelens completion fish | source\n"
    script += "".join(f"complete -C '{line}'\n" for line in asked)
    ran = subprocess.run(
        [shell("fish"), "--no-config", "-c", script],
        cwd=place,
        env=environment(place),
        capture_output=True,
        text=True,
        check=True,
    )
    values = [line.split("\t")[0] for line in ran.stdout.splitlines()]
    assert values == ["status", "hybrid", "an-index/"]
