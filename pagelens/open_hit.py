"""A hit in the system's viewer: at its page, where that viewer can be told."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from index.pages import Hit
from pagelens.terminal import say

_AT_PAGE = {
    "evince": "--page-index={number}",
    "atril": "--page-index={number}",
    "xreader": "--page-index={number}",
    "okular": "--page={number}",
    "zathura": "--page={number}",
}
"""Viewers on Linux, by a part of their desktop file's name, and how each is told the page."""

_BROWSERS = ("firefox", "chromium", "google-chrome", "brave-browser", "microsoft-edge")
"""Programs that take the page in the address of the file."""


def open_hit(hit: Hit) -> None:
    """Open the document of a hit, and say where it is; without a screen only the latter."""
    path = next((path for path in hit.paths if Path(path).is_file()), None)
    if path is None:
        say(f"Note: {hit.name} is not there now. What the index has of its page: --save-pages DIR")
        return
    place = f"{path}, page {hit.page_number}"
    if not _has_screen():
        say(f"Note: there is no screen to open it on. It is {place}.")
        return
    command = _command_at_page(path, hit.page_number)
    if command is not None:
        _leave_running(command)
        say(f"Opened {place}.")
    elif click.launch(path) == 0:
        say(f"Opened {path}; go to page {hit.page_number}.")
    else:
        say(f"Note: no program was found to open it with. It is {place}.")


def _leave_running(command: list[str]) -> None:
    """Start a program that lives on when this one has ended, and says nothing in its terminal."""
    silent = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in range(3)]
    os.posix_spawnp(command[0], command, os.environ, file_actions=silent, setsid=True)


def _has_screen() -> bool:
    if sys.platform != "linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _command_at_page(path: str, number: int) -> list[str] | None:
    """What shows a PDF at a page; None where the system's viewer of PDFs cannot be told."""
    if sys.platform != "linux" or not path.lower().endswith(".pdf"):
        return None
    asked = shutil.which("xdg-mime")
    if asked is None:
        return None
    answered = subprocess.run(
        [asked, "query", "default", "application/pdf"], capture_output=True, text=True, check=False
    )
    viewer = answered.stdout.strip().lower()
    for program, option in _AT_PAGE.items():
        if program in viewer and shutil.which(program):
            return [program, option.format(number=number), path]
    for program in _BROWSERS:
        if program in viewer and shutil.which(program):
            return [program, f"{Path(path).as_uri()}#page={number}"]
    return None
