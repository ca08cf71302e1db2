"""`pagelens mcp`: what it serves with, and what it tells a person."""

import io
import sys
from contextlib import closing

import pytest
from click.testing import CliRunner

import encoders.choose
import pagelens.mcp_command
from encoders.lexical import LexicalEncoder
from query.request import SearchRequest
from query.service.service import SearchService
from tests.library import make_index


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[SearchService]:
    """What `pagelens mcp` would serve, in this process; its signal handlers stay."""
    services: list[SearchService] = []
    monkeypatch.setattr(
        pagelens.mcp_command, "serve_stdio", lambda make_service: services.append(make_service())
    )
    monkeypatch.setattr(pagelens.mcp_command.signal, "signal", lambda number, handler: None)
    return services


def test_the_model_and_device_are_those_asked_for(tmp_path, served, monkeypatch):
    folder = make_index(tmp_path / "index")
    asked = []

    def load(*arguments: object) -> LexicalEncoder:
        asked.append(arguments)
        return LexicalEncoder()

    monkeypatch.setattr(encoders.choose, "load_encoder", load)
    options = ["--index", str(folder), "--model", "other", "--device", "cpu"]
    assert (
        CliRunner().invoke(pagelens.mcp_command.mcp, options, catch_exceptions=False).output == ""
    )
    assert asked == []
    with closing(served[0]) as service:
        assert service.search(SearchRequest("cranes", k=1)).groups
    assert asked == [(LexicalEncoder().fingerprint, "other", "cpu")]


class Keyboard(io.StringIO):
    """A standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


def test_a_person_at_a_terminal_is_told_what_it_waits_for(served, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", Keyboard())
    pagelens.mcp_command.mcp.main(["--index", "mine"], standalone_mode=False)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == (
        "Serving mine to an agent on standard input and output. It is the agent that starts this "
        "command: see README.md. Ctrl-C ends.\n"
    )
    assert len(served) == 1
