"""pagelens/terminal.py: no byte of a file's name or of a document steers a terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from index.pages import Failure
from pagelens import ingest_report, terminal
from pagelens.main import main

CLEARS_THE_SCREEN = "\x1b[2J\x9b1m\u202egnp.exe"
HARMLESS = "\ufffd[2J\ufffd1m\ufffdgnp.exe"


def printed(*what: object, monkeypatch: pytest.MonkeyPatch) -> str:
    shown = io.StringIO()
    make = Console

    def on_a_terminal(**options: object) -> Console:
        ours = {"highlight": options["highlight"], "width": 80}
        return make(file=shown, force_terminal=True, color_system="truecolor", **ours)

    monkeypatch.setattr(terminal, "Console", on_a_terminal)
    terminal.terminal().print(*what)
    return shown.getvalue()


@pytest.mark.parametrize("kind", [str, Text])
def test_what_is_printed_steers_no_terminal(
    kind: type[str] | type[Text], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert printed(kind(CLEARS_THE_SCREEN), monkeypatch=monkeypatch).splitlines() == [HARMLESS]


def test_lines_letters_and_our_own_colours_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = printed("[bold]add[/] می\u200cخواهم\nnext", "line", monkeypatch=monkeypatch)
    assert shown == "\x1b[1madd\x1b[0m می\u200cخواهم\nnext line\n"


def test_failures_steer_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    failed = [(f"/a/{CLEARS_THE_SCREEN}.pdf", Failure(1, f"says {CLEARS_THE_SCREEN}"))]
    ingest_report.print_failures(terminal.terminal(), failed)
    assert f"  /a/{HARMLESS}.pdf page 1: says {HARMLESS}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest", CLEARS_THE_SCREEN],  # our own error
        ["ingest", "--verbose", CLEARS_THE_SCREEN],
        [CLEARS_THE_SCREEN],  # click's
        ["ingest", "a", f"--{CLEARS_THE_SCREEN}"],
        ["ingest", "a", "--encoder", CLEARS_THE_SCREEN],
        ["query", "a", "--index", CLEARS_THE_SCREEN],
        ["query", "a", "--filter", CLEARS_THE_SCREEN],
    ],
    ids=repr,
)
def test_errors_steer_no_terminal(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(arguments)
    said = "".join(capsys.readouterr())
    assert "gnp" in said
    assert not {"\x1b", "\x9b", "\r", "\u202e"} & set(said)
