"""`pagelens mcp` as a process of its own, as an agent starts it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult

from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import WrongUseError
from index.location import Location
from index.pages import Document, FileRecord
from pagelens.open_index import open_index
from tests.library import make_index, make_page

ROOT = Path(__file__).resolve().parents[2]
START = "from pagelens.mcp_command import mcp; mcp()"
NOISY = """
import os, encoders.choose as choose, pagelens.mcp_command as cli
load_encoder = choose.load_encoder
def load(*arguments):
    print("a chatty library")
    os.write(1, b"its C part\\n")
    return load_encoder(*arguments)
choose.load_encoder = load
cli.mcp()
"""
PATIENCE_S = 30
HANDSHAKE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
SEARCH = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "search", "arguments": {"query": "cranes"}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_index(tmp_path / "index")


def with_client(
    folder: Path, log: Path, ask: Callable[[Client], Awaitable[Any]], *options: str
) -> Any:
    """What `ask` gives with a client of a server over this index."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-c", START, "--index", str(folder), *options],
        cwd=ROOT,
    )

    async def run() -> Any:
        with log.open("w") as errors:
            async with Client(stdio_client(server, errors)) as client:
                return await ask(client)

    return anyio.run(run)


def pages(result: CallToolResult) -> list[str]:
    assert not result.is_error, result.content
    found = result.structured_content
    return [f"{found.get('root')}/{hit['page']}" for hit in found["hits"]]


@contextmanager
def started(folder: Path, program: str = START) -> Iterator[subprocess.Popen[str]]:
    """The process itself, without a client."""
    with subprocess.Popen(
        [sys.executable, "-c", program, "--index", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},  # as an agent starts it
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def send(process: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def receive(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    message = json.loads(process.stdout.readline())
    assert message["jsonrpc"] == "2.0"
    return message


def shake_hands(process: subprocess.Popen[str]) -> None:
    send(process, HANDSHAKE)
    assert receive(process)["result"]["serverInfo"]["name"] == "pagelens"
    send(process, INITIALIZED)


def test_a_whole_conversation(folder, tmp_path):
    async def talk(client: Client) -> None:
        assert client.server_info.title == "Pagelens"
        assert "untrusted data" in client.instructions
        tools = await client.list_tools()
        names = ["search", "get_page", "look_at_region", "list_documents"]
        assert [tool.name for tool in tools.tools] == names

        (page,) = pages(await client.call_tool("search", {"query": "cranes in 2023", "k": 1}))
        assert page == "/library/2023/copy.pdf:2"
        picture, text = (
            await client.call_tool("get_page", {"page": page, "query": "cranes"})
        ).content
        assert picture.mime_type == "image/jpeg"
        assert json.loads(text.text)["regions"][0]["words"] == ["cranes"]
        closer = {"page": page, "box": [0.1, 0.05, 0.9, 0.2]}
        picture, text = (await client.call_tool("look_at_region", closer)).content
        assert picture.mime_type == "image/jpeg"
        assert json.loads(text.text)["is_sharp"] is False  # the library's files are nowhere
        listed = await client.call_tool("list_documents", {"path": "2023/*"})
        assert listed.structured_content["n_matching"] == 1

        found: dict[str, list[str]] = {}

        async def ask(text: str) -> None:
            found[text] = pages(await client.call_tool("search", {"query": text, "k": 1}))

        async with anyio.create_task_group() as calls:
            for text in ("ferries", "cranes 2023", "学習"):
                calls.start_soon(ask, text)
        assert len({tuple(hits) for hits in found.values()}) == 3

        wrong = await client.call_tool("get_page", {"page": "7"})
        assert wrong.is_error
        assert wrong.content[0].text.startswith("'7' names no page.")

    log = tmp_path / "log"
    with_client(folder, log, talk)
    assert log.read_text() == ""


def test_an_index_that_is_not_there_yet(tmp_path):
    folder = tmp_path / "index"

    async def talk(client: Client) -> None:
        for tool, arguments in (("search", {"query": "cranes"}), ("list_documents", {})):
            missing = await client.call_tool(tool, arguments)
            assert missing.is_error
            (block,) = missing.content
            assert block.text == open_error(folder)
        make_index(folder)
        assert pages(await client.call_tool("search", {"query": "cranes", "k": 1}))

    with_client(folder, tmp_path / "log", talk)


def open_error(folder: Path) -> str:
    """What every command says of it."""
    with pytest.raises(WrongUseError) as refused:
        open_index(Location(str(folder)))
    assert str(folder) in str(refused.value)
    return str(refused.value)


def test_an_index_that_is_being_written(folder, tmp_path):
    new = "7" * 32

    async def talk(client: Client) -> None:
        asked = {"query": "lighthouse", "ranking": "bm25"}
        assert pages(await client.call_tool("search", asked)) == []
        with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as index:
            place = (FileRecord("/library/lighthouse.pdf", 1000, 1),)
            index.put_document(Document(new, place, "", 1, is_complete=True))
            index.put([make_page(new, 1, "The lighthouse at night")])
            found: list[str] = []
            give_up_at = time.monotonic() + PATIENCE_S
            while not found and time.monotonic() < give_up_at:
                await anyio.sleep(0.1)
                found = pages(await client.call_tool("search", asked))
            assert found == ["/library/lighthouse.pdf:1"]
        assert pages(await client.call_tool("search", asked)) == ["/library/lighthouse.pdf:1"]

    with_client(folder, tmp_path / "log", talk)


def test_standard_output_is_the_protocol_and_the_end_of_input_the_end(folder):
    with started(folder, NOISY) as process:
        shake_hands(process)
        assert process.stdin is not None
        process.stdin.write("this is no message\n")
        send(process, SEARCH)
        while (answer := receive(process)).get("id") != SEARCH["id"]:
            assert "error" in answer
        assert answer["result"]["structuredContent"]["hits"]
        out, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out) == (0, "")
        assert {"a chatty library", "its C part"} <= set(err.splitlines())
        assert "Traceback" not in err


def test_ctrl_c_ends_it_at_once_and_silently(folder):
    with started(folder) as process:
        shake_hands(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE_S) == -signal.SIGINT
        assert process.stderr is not None
        assert process.stderr.read() == ""
