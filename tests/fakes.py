"""Failures as small named fakes: files broken in one way, programs that fail in one way."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

PAGE_TREE = (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>")


def pdf_page(width: float = 200, height: float = 300, *, more: bytes = b"") -> bytes:
    """A page object whose content is object 4."""
    box = f"[0 0 {width} {height}]".encode()
    return b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox" + box + more + b">>"


def pdf_stream(content: bytes, *, more: bytes = b"") -> bytes:
    length = str(len(content)).encode()
    return b"<</Length " + length + more + b">>stream\n" + content + b"\nendstream"


BLACK_SQUARE = pdf_stream(b"0 0 100 100 re f")


def write_pdf(path: Path, objects: Sequence[bytes], *, trailer: bytes = b"") -> Path:
    """A PDF of exactly these objects, numbered from 1, the first of them its catalog."""
    data = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    path.write_bytes(
        data
        + b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
        + b"trailer<</Root 1 0 R/Size %d%b>>\n" % (size, trailer)
        + b"startxref\n%d\n%%%%EOF\n" % len(data)
    )
    return path


class FakePrograms:
    """Programs that stand before the real ones on PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def crash(self, name: str) -> None:
        """Ends by a segmentation fault after half a header."""
        self._script(name, "printf 'P6\\n10'; kill -SEGV $$")

    def hang(self, name: str) -> None:
        """Never ends, unless it is only asked for its version."""
        self._script(name, 'test "$1" = -v || exec sleep 600')

    def spin(self, name: str) -> None:
        """Takes processor time without end."""
        self._script(name, "while :; do :; done")

    def hoard(self, name: str) -> None:
        """Takes 300 MB of memory and works on."""
        self._script(name, "exec dd if=/dev/zero of=/dev/null bs=300M")

    def be_late(self, name: str, seconds: float) -> None:
        """Waits, then answers."""
        self._script(name, f"sleep {seconds}; echo late")

    def complain_much(self, name: str) -> None:
        """Writes 2 MB to standard error."""
        self._script(name, "exec seq 300000 >&2")

    def be_killed(self, name: str) -> None:
        """Is ended from outside, as by a system that lacks memory."""
        self._script(name, "kill -KILL $$")

    def receive_ctrl_c(self, name: str) -> None:
        """Gets the signal that a terminal sends to all of its programs, then does its work."""
        self._script(name, f'kill -INT $$; exec {shutil.which(name)} "$@"')

    def write_endlessly(self, name: str) -> None:
        """Writes words without end."""
        word = '<word xMin="10" yMin="10" xMax="20" yMax="20">endless</word>'
        self._script(name, f"exec yes '{word}'")

    def end_at_page(self, name: str, page: int, end: str) -> None:
        """Does its work on the pages before, then ends in this way; where it is alone too."""
        real = shutil.which(name)
        self._script(
            name,
            'all="$*"; first=${all#*-f }; first=${first%% *}; last=${all#*-l }; last=${last%% *}\n'
            f'if [ $last -lt {page} ] || [ $first -gt {page} ]; then exec {real} "$@"; fi\n'
            f'[ $first -eq {page} ] || {real} $(echo "$all" | sed "s/-l $last/-l {page - 1}/")\n'
            f"{end}",
        )

    def _script(self, name: str, line: str) -> None:
        path = self._folder / name
        path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        path.chmod(0o755)


def cannot_be_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that refuses to be looked into, also to root, whom permissions do not stop."""
    scandir = os.scandir

    def refuse(path):
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)


class Mounts:
    """Which folders are mount points, beside the real ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.places: set[Path] = set()
        real = Path.is_mount
        monkeypatch.setattr(Path, "is_mount", lambda path: path in self.places or real(path))
