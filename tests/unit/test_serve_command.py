"""`pagelens serve`: where it answers, what it asks for, and what it says."""

import re
import socket
from pathlib import Path

import click
import pytest

from index.errors import PagelensError, WrongUseError
from pagelens.serve_command import _check_origin, _listen, _url, serve

TOKEN = "0123456789abcdef"


def run(*arguments: str) -> None:
    serve.main(list(arguments), standalone_mode=False)


def refusal(*arguments: str) -> str:
    with pytest.raises(PagelensError) as refused:
        run(*arguments)
    return str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_answers_leave_at_once(host: str) -> None:
    with _listen(host, 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # else asyncio lets small packets wait


def test_a_server_at_every_address_is_named_by_its_host() -> None:
    with _listen("0.0.0.0", 0) as listener:
        name, port = socket.gethostname(), listener.getsockname()[1]
        assert _url(listener, TOKEN) == f"http://{name}:{port}/?access_token={TOKEN}"


def test_a_taken_port_is_said() -> None:
    with _listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert refusal("--port", str(port)) == (
            f"Cannot answer at 127.0.0.1, port {port} (Address already in use). Name another "
            "--port, or 0 for a free one, or another --host."
        )


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


@pytest.mark.parametrize("origin", ["https://example.org", "http://localhost:3000", "http://[::1]"])
def test_an_origin_is_scheme_host_and_port(origin: str) -> None:
    _check_origin(origin)


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "example.org",
        "https://example.org/",
        "https://Example.org",
        "https://you@example.org",
        "ftp://example.org",
        "http://example.org:port",
        "null",
        "",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(WrongUseError) as refused:
        _check_origin(origin)
    assert str(refused.value) == (
        f"--allow-origin {origin} is not the origin of a site. Write scheme, host and, if it has "
        "one, port, all in lower case and nothing behind, such as https://example.org or "
        "http://localhost:3000."
    )
