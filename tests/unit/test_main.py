"""pagelens/main.py: which commands there are, what they cost to name, and how errors are shown."""

import gc

import click
import pytest
from click.testing import CliRunner

import pagelens.main
from index.errors import (
    DamagedIndexError,
    IndexBusyError,
    IndexMismatchError,
    MissingDependencyError,
    PageFailure,
    PagelensError,
    ServerError,
    VectorShapeError,
    WrongUseError,
)
from pagelens.main import COMMANDS, CommandEntry, cli, load_command, main


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    """A way to make `pagelens status` raise."""

    def make(error: BaseException) -> None:
        @click.command()
        def status() -> None:
            """Fail."""
            raise error

        status.params.append(pagelens.main._verbose_option())
        monkeypatch.setattr(pagelens.main, "load_command", lambda name: status)

    return make


def run(*args: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(args)
    assert isinstance(stop.value.code, int)
    return stop.value.code


# Which commands there are


@pytest.mark.parametrize("name", COMMANDS)
def test_the_one_line_of_a_command_is_its_own_first_line(name: str) -> None:
    help_text = load_command(name).help
    assert help_text is not None
    assert help_text.splitlines()[0] == COMMANDS[name].short_help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"], prog_name="pagelens")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: pagelens {name} ")
    assert "-v, --verbose" in result.output


def test_an_import_that_fails_leaves_garbage_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "broken", CommandEntry("no_such_module", "broken", ""))
    with pytest.raises(ModuleNotFoundError):
        load_command("broken")
    assert gc.isenabled()


def test_a_command_takes_verbose_once() -> None:
    for _ in range(2):
        names = [param.name for param in load_command("query").params]
        assert names.count("verbose") == 1


def test_the_help_lists_every_command_with_its_line() -> None:
    result = CliRunner().invoke(cli, ["--help"], prog_name="pagelens")
    listed = result.output.partition("Commands:\n")[2].splitlines()
    assert [line.split(maxsplit=1) for line in listed] == [
        [name, entry.short_help] for name, entry in COMMANDS.items()
    ]


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    assert capsys.readouterr().err.startswith("Usage: pagelens [OPTIONS] COMMAND [ARGS]...\n")


def test_an_unknown_command_and_option_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("find") == 2
    assert "No such command 'find'" in capsys.readouterr().err
    assert run("query", "--colour") == 2
    assert "No such option" in capsys.readouterr().err


def test_a_wrong_choice_lists_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("query", "x", "--ranking", "best") == 2
    err = capsys.readouterr().err
    assert "'hamming-then-float', 'hamming-then-bits', 'hamming', 'float', 'bm25', 'hybrid'" in err


# How errors are shown


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PagelensError("What, why, what to do."), 1),
        (WrongUseError("What, why, what to do."), 2),
        (VectorShapeError("What, why, what to do."), 2),
        (IndexBusyError("What, why, what to do."), 2),
        (PageFailure("What, why, what to do."), 3),
        (MissingDependencyError("What, why, what to do."), 4),
        (IndexMismatchError("What, why, what to do."), 5),
        (ServerError("What, why, what to do."), 6),
        (DamagedIndexError("What, why, what to do."), 7),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_error_is_one_line_and_its_exit_code(
    failing, capsys: pytest.CaptureFixture[str], error: PagelensError, code: int
) -> None:
    failing(error)
    assert run("status") == code
    assert capsys.readouterr() == ("", "Error: What, why, what to do.\n")


@pytest.mark.parametrize("args", [["-v", "status"], ["status", "-v"], ["status", "--verbose"]])
def test_verbose_shows_where_an_error_arose(
    failing, capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    failing(WrongUseError("What."))
    assert run(*args) == 2
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):\n")
    assert err.endswith("Error: What.\n")


def test_verbose_shows_the_cause_too(failing, capsys: pytest.CaptureFixture[str]) -> None:
    error = MissingDependencyError("What.")
    error.__cause__ = KeyError("the third-party error")
    failing(error)
    assert run("-v", "status") == 4
    assert "KeyError: 'the third-party error'" in capsys.readouterr().err


def test_a_bug_says_so(failing, capsys: pytest.CaptureFixture[str]) -> None:
    failing(ZeroDivisionError("first\nsecond line"))
    assert run("status") == 1
    assert capsys.readouterr() == (
        "",
        "Error: ZeroDivisionError: first second line - this is a bug in Pagelens; run again with "
        "-v to see where it arose.\n",
    )


def test_a_refusal_of_the_operating_system_is_no_bug(
    failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(OSError(28, "No space left on device", "/a/bits.bin"))
    assert run("status") == 1
    assert capsys.readouterr().err == (
        "Error: The operating system refused: No space left on device (/a/bits.bin).\n"
    )
    failing(OSError(5, "Input/output error"))
    assert run("status") == 1
    assert capsys.readouterr().err == ("Error: The operating system refused: Input/output error.\n")


@pytest.mark.parametrize("args", [["status"], ["-v", "status"]])
def test_ctrl_c_ends_with_130_and_no_traceback(
    failing, capsys: pytest.CaptureFixture[str], args: list[str]
) -> None:
    failing(KeyboardInterrupt())
    assert run(*args) == 130
    assert capsys.readouterr().err.strip() == ""


@pytest.mark.parametrize("stop", [SystemExit(3), click.exceptions.Exit(3)])
def test_a_command_may_choose_its_exit_code(failing, stop: BaseException) -> None:
    failing(stop)
    assert run("status") == 3


def test_a_command_that_ends_well_exits_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def status() -> None:
        """Do nothing."""

    monkeypatch.setattr(pagelens.main, "load_command", lambda name: status)
    assert run("status") == 0
