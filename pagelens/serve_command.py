"""`pagelens serve`: arguments, parts, messages; the server itself is query/web/."""

import ipaddress
import secrets
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import uvicorn

from encoders.choose import load_encoder
from index.errors import WrongUseError
from index.location import Location
from pagelens.completion import folders
from pagelens.open_index import CANDIDATES, open_index
from pagelens.options import exclude_option, index_options, ocr_option
from pagelens.page_file import draw_region, printed_number
from pagelens.serve_folders import check_folders, followed, upload_folder
from query.service.service import SearchService
from query.web.app import create_app
from query.web.protection import is_loopback

LISTEN_BACKLOG = 128  # connections that wait to be taken
MIN_TOKEN_LENGTH = 16  # guessing one takes longer than anybody has


@click.command()
@index_options
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to answer at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to answer at; 0 takes a free one.",
)
@click.option(
    "--access-token",
    envvar="PAGELENS_ACCESS_TOKEN",
    metavar="TEXT",
    help="What everybody has to know who asks; required for any --host that others can reach. "
    "Better set PAGELENS_ACCESS_TOKEN.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="A site whose pages may use the REST interface, such as https://example.org; may be "
    "repeated.",
)
@click.option(
    "--candidates",
    type=click.Choice(CANDIDATES),
    default="auto",
    show_default=True,
    help="Which pages a Vespa server ranks; see pagelens query --help.",
)
@click.option(
    "--watch",
    "watched",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Keep the index equal to a folder, as pagelens ingest makes it, while the server runs; "
    "may be repeated. Makes the index where there is none.",
)
@exclude_option
@ocr_option
@click.option(
    "--force-polling",
    is_flag=True,
    help="With --watch: look at every file again and again, every two seconds. For network drives, "
    "which do not tell what others change on them.",
)
@click.option(
    "--allow-upload",
    "upload_to",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Let whoever may search add PDFs to this folder, and remove those that lie in it. It is "
    "watched, too.",
)
@click.option(
    "--max-upload-mb",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="The largest file that --allow-upload takes, in megabytes.",
)
@click.option(
    "--model",
    shell_complete=folders,
    help="Where the index's model is now: a hub id or a folder.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cuda, mps or cpu.")
def serve(
    location: Location,
    host: str,
    port: int,
    access_token: str | None,
    origins: tuple[str, ...],
    candidates: str,
    watched: tuple[Path, ...],
    exclude: tuple[str, ...],
    ocr: str,
    force_polling: bool,
    upload_to: Path | None,
    max_upload_mb: int,
    model: str | None,
    device: str,
) -> None:
    """Search in a browser, and over HTTP.

    Answers on this machine alone, unless --host says otherwise. The REST interface is described at
    /api/docs.
    """
    _check_access(host, access_token)
    for origin in origins:
        _check_origin(origin)
    service = SearchService(
        lambda: open_index(location, candidates),
        lambda fingerprint: load_encoder(fingerprint, model, device),
        draw_region,
        printed_number,
    )
    check_folders(watched, exclude, force_polling, upload_to, location)
    with ExitStack() as while_serving:
        listener = while_serving.enter_context(_listen(host, port))
        state = while_serving.enter_context(
            followed(watched, upload_to, location, model, device, exclude, ocr, force_polling)
        )
        open_index(location, candidates).close()  # a wrong --index is said here, not in a browser
        uploads = upload_folder(upload_to, max_upload_mb)
        app = create_app(
            service, token=access_token, origins=origins, ingest_state=state, uploads=uploads
        )
        _run(app, listener, access_token)


def _check_access(host: str, token: str | None) -> None:
    """Refuse to let everybody in whom the network lets through.

    Raises:
        WrongUseError: others could reach the host without a token, or the token is too short.
    """
    if token is None and not is_loopback(host):
        raise WrongUseError(
            f"--host {host} lets others reach this server, and it asks nobody who they are. Name a "
            f"token they have to know, such as --access-token {secrets.token_hex(16)}, or "
            "leave --host out."
        )
    if token is not None and len(token) < MIN_TOKEN_LENGTH:
        raise WrongUseError(
            f"The access token has {len(token)} characters, which can be guessed. Take at least "
            f"{MIN_TOKEN_LENGTH}, such as {secrets.token_hex(16)}."
        )


def _check_origin(origin: str) -> None:
    """Refuse what no browser sends as the origin of a page.

    Raises:
        WrongUseError: it is no scheme and host, or it has more than these and a port.
    """
    try:
        parts = urlsplit(origin)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        parts, port = urlsplit(""), ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{host}{port}":
        raise WrongUseError(
            f"--allow-origin {origin} is not the origin of a site. Write scheme, host and, if it "
            "has one, port, all in lower case and nothing behind, such as https://example.org or "
            "http://localhost:3000."
        )


def _listen(host: str, port: int) -> socket.socket:
    """A socket that answers at the address.

    Raises:
        WrongUseError: the port is taken, or the address is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # TCP by name: asyncio sends small packets at once only where it sees that it is TCP, and
        # every answer would else wait some 40 ms for the client's acknowledgement
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        with ExitStack() as on_failure:
            on_failure.push(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(LISTEN_BACKLOG)
            on_failure.pop_all()
        return listener
    except OSError as e:
        raise WrongUseError(
            f"Cannot answer at {host}, port {port} ({e.strerror or e}). Name another --port, or 0 "
            "for a free one, or another --host."
        ) from e


def _run(app: Callable[..., Any], listener: socket.socket, token: str | None) -> None:
    """Serve until Ctrl-C."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # it would hold every query, and queries are their users' own
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    click.echo(f"Pagelens is at {_url(listener, token)} (Ctrl-C ends it)")
    with suppress(KeyboardInterrupt):  # it is how one ends it
        uvicorn.Server(config).run(sockets=[listener])


def _url(listener: socket.socket, token: str | None) -> str:
    """What to open in a browser."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:  # at every address: others need a name
        host = socket.gethostname()
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?access_token={token}" if token else "")
