"""A Vespa that fails, from the command line: one line, exit code 6, nothing on standard output."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import vespa_app.client
import vespa_app.vespa_index
from pagelens.main import main
from pagelens.options import INDEX_VARIABLE
from tests.faults.failing_server import (
    FailingServer,
    Fault,
    answers_cut_json,
    answers_half,
    drops,
    hangs,
    refuses,
    says,
    shows_a_web_page,
)
from tests.random_pages import FINGERPRINT
from vespa_app.wire import manifest_fields

COMMANDS = [["query", "words"], ["status"], ["ingest", "pdfs", "--encoder", "lexical"]]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FailingServer]:
    """With an index in it; the one that asks has no patience, and waits a moment for an answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(INDEX_VARIABLE, raising=False)
    monkeypatch.setattr(vespa_app.vespa_index, "READING_S", 0.0)
    monkeypatch.setattr(vespa_app.vespa_index, "WRITING_S", 0.0)
    monkeypatch.setattr(vespa_app.client, "ANSWER_TIMEOUT_S", 0.3)
    (tmp_path / "pdfs").mkdir()
    (tmp_path / "pdfs" / "a.pdf").write_bytes(b"%PDF-1.4\n")
    with FailingServer() as server:
        fields = manifest_fields(FINGERPRINT)
        server.documents["/pagelens/pdf/docid/manifest"] = {"fields": fields}
        yield server


def error_line(
    command: list[str], url: str, capsys: pytest.CaptureFixture[str], code: int = 6
) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--index", url])
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (code, "")
    assert err.startswith("Error: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err.removeprefix("Error: ").rstrip("\n").replace(url, "URL")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (hangs(), "no answer within 0.3 s. The server is overloaded, or a firewall is"),
        (shows_a_web_page(), "the answer is not JSON but '<html> <head><title>Welcome to nginx!"),
        (shows_a_web_page(502), "HTTP 502 (not in Vespa's words: '<html> <head><title>Welcome to"),
        (answers_half(), "the connection was closed before the answer was complete. The server"),
        (answers_cut_json(), 'the answer is not JSON but \'{"root": {"id": "top\'. Is this the'),
        (drops(), "the connection was closed before the answer was complete. The server stops or"),
        (
            says(200, []),
            "the answer is not a Vespa container's: '[]'. Is this the address of a Vespa container",
        ),
        (refuses(401), "HTTP 401. Name the client's certificate with --cert and --key, or the"),
        (refuses(429), "HTTP 429. The server is overloaded or restarting. Run the same command"),
    ],
)
def test_whoever_cannot_read_the_manifest_says_so(
    server: FailingServer,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    fault: Fault,
    why: str,
) -> None:
    server.always("GET", "/manifest", fault)
    line = error_line(command, server.url, capsys)
    assert line.startswith(f"Cannot read the index's manifest at URL: {why}")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_server_that_is_not_there(
    server: FailingServer, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert error_line(command, f"http://127.0.0.1:{port}", capsys) == (
        f"Cannot read the index's manifest at URL: connection refused, nothing listens on port "
        f'{port}. Is Vespa running? "pagelens deploy --local" starts one.'
    )


def test_a_search_that_fails(server: FailingServer, capsys: pytest.CaptureFixture[str]) -> None:
    errors = [{"code": 4, "summary": "Invalid query parameter", "message": "No profile named 'x'"}]
    server.always("POST", "/search/", says(400, {"root": {"errors": errors}}))
    assert error_line(["query", "words", "--ranking", "bm25"], server.url, capsys) == (
        "Cannot search at URL: HTTP 400 (Invalid query parameter: No profile named 'x'). Where "
        'another or an older application is deployed there, "pagelens deploy" puts ours.'
    )


def test_a_visit_that_fails(server: FailingServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.always("POST", "/search/", says(200, {"root": {"fields": {"totalCount": 0}}}))
    server.always("GET", "/pdf/docid/$", shows_a_web_page(503))
    line = error_line(["status"], server.url, capsys)
    assert line.startswith("Cannot read the documents' records at URL: HTTP 503 (not in Vespa's")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_address_that_is_none(
    server: FailingServer, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    line = error_line(command, "http://:8080", capsys, code=2)
    assert line == (
        "'URL' is no address of a server. An address is written like \"http://localhost:8080\"."
    )
