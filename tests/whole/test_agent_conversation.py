"""The conversation of docs/agents.md, held with a real `pagelens mcp` by the protocol's client."""

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, ImageContent, TextContent
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
AS_SHOWN = "/home/you/Documents"
PAGE = (ROOT / "docs" / "agents.md").read_text()
ASKED = re.findall(r"^```\n> (\w+) (\{[^\n]*\})\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def text_of(result: CallToolResult) -> str:
    """What an agent reads, with the samples in the folder that the page names."""
    text = result.content[-1]
    assert isinstance(text, TextContent)
    return text.text.replace(str(SAMPLES), AS_SHOWN)


def test_the_conversation_of_the_page(tmp_path: Path) -> None:
    index = ["--index", str(tmp_path / "index")]
    ingest = ["ingest", str(SAMPLES), "--encoder", "lexical", "--ocr", "never"]
    subprocess.run(
        [sys.executable, "-m", "pagelens", *ingest, *index],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "pagelens", "mcp", *index], cwd=ROOT
    )

    async def talk() -> tuple[str, list[CallToolResult]]:
        async with Client(stdio_client(server)) as client:
            search = (await client.list_tools()).tools[0]
            asked = [(tool, json.loads(arguments)) for tool, arguments, _ in ASKED]
            return search.description or "", [await client.call_tool(*one) for one in asked]

    description, answers = anyio.run(talk)
    assert "The index holds 41 pages of 12 documents, found by their words alone" in description
    assert [tool for tool, _, _ in ASKED] == [
        "search",
        "get_page",
        "get_page",
        "look_at_region",
        "get_page",
    ]
    for (_, _, shown), answer in zip(ASKED, answers, strict=True):
        if answer.is_error:
            assert text_of(answer) == shown.strip()
        else:
            expected, said = json.loads(shown), json.loads(text_of(answer))
            assert expected == {key: said[key] for key in expected}
    assert [answer.is_error for answer in answers] == [False, False, False, False, True]
    assert shows_writing(answers[2], json.loads(text_of(answers[2]))["citation"]["box"])


def shows_writing(answer: CallToolResult, box: list[float]) -> bool:
    """Whether the page's picture is dark and light in a box: something is written there."""
    picture: Any = answer.content[0]
    assert isinstance(picture, ImageContent)
    image = Image.open(io.BytesIO(base64.b64decode(picture.data))).convert("L")
    edges = [edge * size for edge, size in zip(box, image.size * 2, strict=True)]
    darkest, lightest = image.crop(tuple(round(edge) for edge in edges)).getextrema()
    return darkest < 100 and lightest > 200
