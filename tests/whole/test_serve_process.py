"""`pagelens serve` as a process of its own: where it answers, what it asks for, how it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import httpx
import pytest

from tests.library import OLD_REPORT, make_index

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "0123456789abcdef"
START = "from pagelens.serve_command import serve; serve()"
WAIT_S = 30.0  # for what takes a second or two unless it never comes

Serve = Callable[..., tuple[str, "subprocess.Popen[str]"]]


@pytest.fixture
def index_folder(tmp_path: Path) -> Path:
    return make_index(tmp_path / "index")


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
