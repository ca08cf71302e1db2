"""`pagelens serve`: where it answers, what it asks for, and what it says."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

import click
import httpx
import pytest

from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import PagelensError
from pagelens.serve_command import _listen, _url, serve
from tests.library import OLD_REPORT, fill

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "0123456789abcdef"
START = "from pagelens.serve_command import serve; serve()"
WAIT_S = 30.0  # for what takes a second or two unless it never comes

Serve = Callable[..., tuple[str, "subprocess.Popen[str]"]]


@pytest.fixture
def index_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "index"
    with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as index:
        fill(index)
    return folder


@pytest.fixture
def start(index_folder: Path) -> Iterator[Serve]:
    """Starts servers on free ports, gives what each printed, and ends them."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[str, "subprocess.Popen[str]"]:
        process = subprocess.Popen(
            [sys.executable, "-c", START, "--index", str(index_folder), "--port=0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if not k.startswith("PAGELENS_")},
        )
        started.append(process)
        return _output(process.stdout).readline(), process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _output(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def run(*arguments: str) -> None:
    serve.main(list(arguments), standalone_mode=False)


def refusal(*arguments: str) -> str:
    with pytest.raises(PagelensError) as refused:
        run(*arguments)
    return str(refused.value)


def test_serves_searches_and_says_where(start: Serve) -> None:
    said, process = start()
    match = re.fullmatch(r"Pagelens is at (http://127\.0\.0\.1:\d+/) \(Ctrl-C ends it\)\n", said)
    assert match is not None
    with httpx.Client(base_url=match[1], timeout=WAIT_S) as client:
        query = "harbour cranes of nobody"
        found = client.get("/api/search", params={"q": query, "k": 1}).json()
        assert found["hits"][0]["document_id"] == OLD_REPORT
        assert client.get("/", params={"q": query}).status_code == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert (out, err) == ("", "")  # nobody's query is logged


def test_with_a_token_it_prints_the_address_that_has_it(start: Serve) -> None:
    said, _ = start("--access-token", TOKEN)
    address = said.split()[3]
    assert address.endswith(f"/?access_token={TOKEN}")
    with httpx.Client(timeout=WAIT_S, follow_redirects=True) as client:
        assert client.get(address.partition("?")[0]).status_code == 401
        assert client.get(address).status_code == 200
        assert client.get(address.partition("?")[0]).status_code == 200  # by the cookie


def test_a_taken_port_is_said(start: Serve, index_folder: Path) -> None:
    said, _ = start()
    port = said.split(":")[2].partition("/")[0]
    assert refusal("--index", str(index_folder), "--port", port) == (
        f"Cannot answer at 127.0.0.1, port {port} (Address already in use). Name another --port, "
        "or 0 for a free one, or another --host."
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_answers_leave_at_once(host: str) -> None:
    with _listen(host, 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # else asyncio lets small packets wait


def test_a_server_at_every_address_is_named_by_its_host() -> None:
    with _listen("0.0.0.0", 0) as listener:
        name, port = socket.gethostname(), listener.getsockname()[1]
        assert _url(listener, TOKEN) == f"http://{name}:{port}/?access_token={TOKEN}"


def test_others_may_reach_it_with_a_token_alone() -> None:
    message = refusal("--host", "0.0.0.0")
    assert re.fullmatch(
        r"--host 0\.0\.0\.0 lets others reach this server, and it asks nobody who they are\. "
        r"Name a token they have to know, such as --access-token [0-9a-f]{32}, or leave "
        r"--host out\.",
        message,
    )


def test_a_short_token_is_refused() -> None:
    assert re.fullmatch(
        r"The access token has 6 characters, which can be guessed\. Take at least 16, such as "
        r"[0-9a-f]{32}\.",
        refusal("--access-token", "secret"),
    )


def test_a_missing_index_is_said_at_once(tmp_path: Path) -> None:
    missing = str(tmp_path / "nothing")
    assert refusal("--index", missing, "--port", "0").startswith(f"No index at {missing}.")


def test_help_names_every_option() -> None:
    help_text = serve.get_help(click.Context(serve))
    for option in ("--index", "--host", "--port", "--access-token", "--model", "--device"):
        assert option in help_text


def test_the_other_commands_do_not_wait_for_the_web() -> None:
    code = "import json, sys, pagelens; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    modules = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert modules.isdisjoint({"fastapi", "starlette", "uvicorn", "pydantic"})
