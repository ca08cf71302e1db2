"""A real browser, and `pagelens serve` over the sample PDFs and a hostile one."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from click.testing import CliRunner
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from encoders.choose import load_encoder
from encoders.interface import Encoder
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import PageIndex
from index.pages import Fingerprint
from ingest.printed_number import printed_number
from ingest.region import draw_region
from pagelens.ingest_command import ingest
from query.service.service import SearchService
from query.web.app import create_app
from tests.documents import write_pdf

SAMPLES = Path(__file__).parents[2] / "samples"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = (
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

HOSTILE_NUMBER = "<img src=x onerror=alert(4)>"
HOSTILE = '<script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"'

NewPage = Callable[..., Page]


@contextmanager
def serving(
    open_index: Callable[[], PageIndex], load: Callable[[Fingerprint], Encoder] = load_encoder
) -> Iterator[str]:
    """Serve an index from a thread; gives the address, without a slash at its end."""
    app = create_app(SearchService(open_index, load, draw_region, printed_number), token=None)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    started = threading.Event()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        started.wait(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server over the samples and a PDF that would do harm."""
    folder = tmp_path_factory.mktemp("browser")
    hostile = folder / "pdfs" / "<img src=x onerror=alert(3)>.pdf"
    hostile.parent.mkdir()
    write_pdf(hostile, [f"harmless {HOSTILE}"], title=HOSTILE, printed_numbers=[HOSTILE_NUMBER])
    for pdfs in (SAMPLES, hostile.parent):
        arguments = [str(pdfs), "--index", str(folder / "index"), "--encoder", "lexical"]
        result = CliRunner().invoke(ingest, arguments)
        assert result.exit_code == 0, result.output
    with serving(lambda: EmbeddedIndex.open(folder / "index")) as address:
        _wait_for_the_map(address)
        yield address


def _wait_for_the_map(address: str) -> None:
    """Let the map of pages be drawn while no test runs.

    It imports umap-learn in a thread, with a warning off; warning filters are one for all threads,
    and pytest puts its own back at the end of each test.
    """
    pause = threading.Event()
    while httpx.get(f"{address}/api/map").json()["state"] != "ready":
        pause.wait(0.1)


# not for the whole run: Playwright keeps an event loop in this thread, and others want theirs
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine; without one a skip that says so, but never in CI."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        reason = f"no browser on this machine ({', '.join(BROWSERS)}): install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Opens tabs, and holds afterwards that none did what a page of ours never does.

    That is: open a dialog, ask another host for anything, fail in its script, or run into the
    content security policy.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(address: str, **options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        origin = "/".join(address.split("/")[:3])
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda m: wrong.append(m.text) if "Policy" in m.text else None)
        page.on(
            "request", lambda r: None if r.url.startswith(origin + "/") else wrong.append(r.url)
        )
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
