"""Ctrl-C while nothing is changed yet, and a second one later, end an ingest at once, whatever a
drive or a program does.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.documents import write_pdf
from tests.fakes import FakePrograms

Interrupt = Callable[["subprocess.Popen[str]"], None]
ROOT = Path(__file__).parents[2]

A_DRIVE_THAT_DOES_NOT_ANSWER = """
import sys
from pathlib import Path
import ingest.files, ingest.plan, ingest.pipeline, ingest.drawing
from pagelens.main import main

def read_for_ever(path, *_):
    print("reading", flush=True)
    Path(sys.argv[1]).read_bytes()  # a pipe that nobody writes to

{where} = read_for_ever
main(sys.argv[2:])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    write_pdf(folder / "a.pdf", ["aardvark"])
    return folder


@contextmanager
def ingest(folder: Path, *python: str) -> Iterator["subprocess.Popen[str]"]:
    index = folder.parent / "index"
    with subprocess.Popen(
        [sys.executable, *python, "ingest", folder, "--index", index, "--encoder", "lexical"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupt_once(process: "subprocess.Popen[str]") -> None:
    """While files are looked at and opened: nothing is changed yet."""
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130


def interrupt_twice(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    while "Ctrl-C again stops at once" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130


@pytest.mark.parametrize(
    ("where", "interrupt"),
    [
        ("ingest.files.os.scandir", interrupt_once),
        ("ingest.plan.document_id_of", interrupt_once),
        ("ingest.plan.read_facts", interrupt_once),
        ("ingest.drawing.render_page", interrupt_twice),
    ],
)
def test_a_drive_that_does_not_answer(folder: Path, where: str, interrupt: Interrupt) -> None:
    pipe = folder.parent / "pipe"
    os.mkfifo(pipe)
    code = A_DRIVE_THAT_DOES_NOT_ANSWER.format(where=where)
    with ingest(folder, "-c", code, str(pipe)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        interrupt(process)


@pytest.mark.parametrize(
    ("program", "interrupt"), [("pdfinfo", interrupt_once), ("pdftoppm", interrupt_twice)]
)
def test_a_program_that_hangs_is_ended_too(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    interrupt: Interrupt,
) -> None:
    (tmp_path / "programs").mkdir()
    FakePrograms(tmp_path / "programs", monkeypatch).hang(program)
    with ingest(folder, "-m", "pagelens") as process:
        children: list[psutil.Process] = []
        while not any("sleep" in child.name() for child in children):
            assert process.poll() is None
            time.sleep(0.05)
            children = psutil.Process(process.pid).children()
        interrupt(process)
        _, alive = psutil.wait_procs(children, timeout=2)
        assert not [child for child in alive if child.status() != psutil.STATUS_ZOMBIE]
