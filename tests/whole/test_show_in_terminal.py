"""`pagelens query --show` in a terminal that answers as kitty, one with sixels, and others do."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.library import make_index

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
NO_PICTURES = (
    b"Note: this terminal shows no pictures; kitty, iTerm2 and those that know sixels do. "
    b"--save-pages DIR writes the page as a file, --open opens the document.\r\n"
)
WHAT_ARE_YOU = b"\x1b[c"  # every terminal answers
ANSWERS = {  # what stands in what a program sends, and what a terminal types then
    "sixels": {WHAT_ARE_YOU: b"\x1b[?62;4;22c"},
    "kitty": {WHAT_ARE_YOU: b"\x1b[?62;22c", b"\x1b_G": b"\x1b_Gi=%d;OK\x1b\\"},
    "neither": {WHAT_ARE_YOU: b"\x1b[?1;2c"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_index(tmp_path / "index")


def asked_in(answers: dict[bytes, bytes], folder: Path) -> bytes:
    """What a terminal that answers so gets to show."""
    terminal, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 800, 480))  # cells, pixels
    command = ["query", "ferries", "--show", "1", "--index", str(folder)]
    with subprocess.Popen(
        [sys.executable, "-m", "pagelens", *command], cwd=ROOT, stdin=side, stdout=side, stderr=side
    ) as process:
        os.close(side)
        shown, seen, give_up_at = b"", 0, time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_at:
            if not select.select([terminal], [], [], 0.05)[0]:
                continue
            try:
                shown += os.read(terminal, 65536)
            except OSError:  # the other side is closed
                break
            for asked, answer in answers.items():
                if asked in shown[seen:]:
                    number = re.search(rb"\x1b_G[^;]*i=(\d+)", shown[seen:])
                    os.write(terminal, answer % int(number[1]) if b"%" in answer else answer)
                    seen = len(shown)
        assert process.wait(PATIENCE_S) == 0, shown
    os.close(terminal)
    return shown


def test_sixels(folder):
    shown = asked_in(ANSWERS["sixels"], folder)
    assert re.search(rb'\x1bP[\d;]*q"', shown)
    assert b"report.pdf" in shown[: shown.index(b"\x1bP")]  # the table stands above


def test_kitty(folder):
    shown = asked_in(ANSWERS["kitty"], folder)
    assert "\U0010eeee".encode() in shown  # a placeholder for each cell of the picture
    assert b"\x1bP" not in shown


def test_a_terminal_without_pictures_says_so(folder):
    assert NO_PICTURES in asked_in(ANSWERS["neither"], folder)


def test_what_is_no_terminal_gets_no_picture_and_no_question(folder):
    ran = subprocess.run(
        [sys.executable, "-m", "pagelens", "query", "ferries", "--show", "1"],
        cwd=ROOT,
        env={**os.environ, "PAGELENS_INDEX": str(folder)},
        capture_output=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert b"\x1b" not in ran.stdout + ran.stderr
    assert b"Note: a picture is shown in a terminal only." in ran.stderr
