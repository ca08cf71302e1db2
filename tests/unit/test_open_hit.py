"""pagelens/open_hit.py: what is started to open a hit, and what is said."""

import sys
import time
from pathlib import Path

import click
import pytest

import pagelens.open_hit
from index.pages import Hit
from pagelens.open_hit import open_hit

PATIENCE_S = 20
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux desktops")


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "a report.pdf"
    path.touch()
    return path


def hit_at(*paths: Path | str) -> Hit:
    return Hit("1" * 32 + "-12", "1" * 32, 12, 0.5, 1.0, tuple(map(str, paths)), "", "")


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desktop without programs; their folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":99")
    return folder


def launched(monkeypatch: pytest.MonkeyPatch, code: int) -> list[str]:
    urls: list[str] = []
    monkeypatch.setattr(click, "launch", lambda url: urls.append(url) or code)
    return urls


@linux_only
@pytest.mark.parametrize(
    ("desktop_file", "name", "arguments"),
    [
        ("org.gnome.Evince.desktop", "evince", "--page-index=12 {path}"),
        ("okularApplication_pdf.desktop", "okular", "--page=12 {path}"),
        ("org.kde.okular.desktop", "okular", "--page=12 {path}"),
        ("org.pwmt.zathura-pdf-poppler.desktop", "zathura", "--page=12 {path}"),
        ("firefox.desktop", "firefox", "{uri}#page=12"),
    ],
)
def test_a_viewer_is_told_the_page(desktop, pdf, capsys, desktop_file, name, arguments):
    told = pdf.with_name("told")
    program(desktop, "xdg-mime", f"echo {desktop_file}")
    program(desktop, name, f'echo "$@" > "{told}.part" && mv "{told}.part" "{told}"')
    open_hit(hit_at(pdf))
    assert capsys.readouterr() == ("", f"Opened {pdf}, page 12.\n")
    give_up_at = time.monotonic() + PATIENCE_S
    while not told.exists() and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert told.read_text() == arguments.format(path=pdf, uri=pdf.as_uri()) + "\n"


@linux_only
@pytest.mark.parametrize("desktop_file", ["other.desktop", "org.gnome.Evince.desktop"])
def test_a_viewer_that_cannot_be_told_or_is_not_there_gets_the_file(
    desktop, pdf, capsys, monkeypatch, desktop_file
):
    program(desktop, "xdg-mime", f"echo {desktop_file}")
    urls = launched(monkeypatch, 0)
    open_hit(hit_at(pdf))
    assert urls == [str(pdf)]
    assert capsys.readouterr().err == f"Opened {pdf}; go to page 12.\n"


def test_without_a_program_the_path_is_said(desktop, pdf, capsys, monkeypatch):
    monkeypatch.setattr(pagelens.open_hit, "_command_at_page", lambda path, number: None)
    launched(monkeypatch, 1)
    open_hit(hit_at(pdf))
    assert capsys.readouterr().err == (
        f"Note: no program was found to open it with. It is {pdf}, page 12.\n"
    )


@linux_only
def test_without_a_screen_the_path_is_said(pdf, capsys, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    open_hit(hit_at("/nowhere/first.pdf", pdf))
    assert capsys.readouterr().err == (
        f"Note: there is no screen to open it on. It is {pdf}, page 12.\n"
    )


def test_a_file_that_is_gone_is_said(capsys):
    open_hit(hit_at("/nowhere/report.pdf"))
    assert capsys.readouterr().err == (
        "Note: /nowhere/report.pdf is not there now. What the index has of its page: "
        "--save-pages DIR\n"
    )
