"""Pages over an index that grows: `pagelens serve` as a process, and a real browser."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import SAMPLES, NewPage
from tests.documents import write_pdf

ROOT = Path(__file__).parents[2]
START = "from pagelens.main import main; main()"
WAIT_MS = 30_000  # for what takes a few seconds unless it never comes
PHONE = {"width": 360, "height": 740}


@dataclass(frozen=True)
class Living:
    """A server that follows a folder and takes uploads into another."""

    address: str
    folder: Path
    uploads: Path
    process: "subprocess.Popen[str]"


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Living]:
    folder, uploads = tmp_path / "pdfs", tmp_path / "up"
    folder.mkdir()
    uploads.mkdir()
    options = {"--index": tmp_path / "index", "--watch": folder, "--allow-upload": uploads}
    given = [f"{name}={value}" for name, value in options.items()]
    process = subprocess.Popen(
        [sys.executable, "-c", START, "serve", "--port=0", "--max-upload-mb=1", *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("PAGELENS_")},
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+(?=/ )", process.stdout.readline())
    assert found is not None
    yield Living(found[0], folder, uploads, process)
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def assert_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_pdfs_are_added_found_removed_and_put_back(living: Living, new_page: NewPage) -> None:
    page = new_page(f"{living.address}/uploads")
    expect(page.locator("[data-uploaded]")).to_contain_text("Nothing yet.")
    junk = {"name": "junk.pdf", "mimeType": "application/pdf", "buffer": b"no PDF"}
    large = {"name": "large.pdf", "mimeType": "application/pdf", "buffer": bytes(1_100_000)}
    page.set_input_files("[data-upload] input", SAMPLES / "si-units.pdf")
    page.get_by_role("button", name="Add", exact=True).click()
    sending = page.locator("[data-sending] li")
    expect(sending.first).to_contain_text("added")
    page.set_input_files("[data-upload] input", [junk, large])
    page.get_by_role("button", name="Add", exact=True).click()
    expect(sending.nth(1)).to_contain_text("is not a PDF, by its first bytes.")
    expect(sending.nth(2)).to_contain_text("Too large; at most 1.0 MB are taken.")
    expect(page.locator("[data-upload-said]")).to_contain_text("large.pdf: Too large")
    file = page.locator("[data-uploaded] li")
    expect(file).to_have_count(1)
    expect(file).to_contain_text("2 pages to be found", timeout=WAIT_MS)  # without a reload
    assert_accessible(page)
    found = new_page(f"{living.address}/?q=kilogram")
    expect(found.locator("[data-hit]").first).to_contain_text("si-units.pdf")
    page.get_by_role("button", name="Remove si-units.pdf").click()
    expect(page.locator("[data-state=removed]")).to_contain_text("si-units.pdf")
    assert not (living.uploads / "si-units.pdf").exists()
    assert_accessible(page)
    page.get_by_role("button", name="Put back si-units.pdf").click()
    expect(page.locator("[data-state=searchable], [data-state=waiting]")).to_have_count(1)
    assert (living.uploads / "si-units.pdf").exists()


def test_files_are_dropped_anywhere_on_the_page(living: Living, new_page: NewPage) -> None:
    page = new_page(f"{living.address}/uploads")
    data = page.evaluate_handle(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["%PDF-1.7 one"], "<img src=x onerror=alert(1)>.pdf"));
          data.items.add(new File(["%PDF-1.7 two"], "two.pdf"));
          return data;
        }"""
    )
    page.dispatch_event("main", "dragover", {"dataTransfer": data})
    expect(page.locator("[data-upload]")).to_have_class(re.compile("is-dropping"))
    page.dispatch_event("main", "drop", {"dataTransfer": data})
    expect(page.locator("[data-sending] li")).to_have_count(2)
    expect(page.locator("[data-uploaded] li")).to_have_count(2)
    expect(page.locator("[data-state=failed]")).to_have_count(2, timeout=WAIT_MS)
    expect(page.locator("[data-uploaded]")).to_contain_text("_img src=x onerror=alert(1)_.pdf")


def test_a_page_says_how_far_an_ingest_is_without_a_reload(
    living: Living, new_page: NewPage
) -> None:
    page = new_page(living.address)
    page.evaluate("window.wasNotReloaded = true")
    note = page.locator("[data-ingest]")
    for n in range(3):
        write_pdf(living.folder / f"{n}.pdf", [f"harbour {n}", "cranes"])
    expect(note).to_contain_text("6 new pages can be found.", timeout=WAIT_MS)
    assert page.evaluate("window.wasNotReloaded") is True
    assert_accessible(page)
    note.get_by_role("link", name="Show them").click()
    expect(page.locator(".holds")).to_contain_text("3 documents, 6 pages indexed.")


@pytest.mark.parametrize("path", ["/", "/uploads", "/?q=harbour"])
def test_nothing_is_wider_than_a_phone(living: Living, new_page: NewPage, path: str) -> None:
    page = new_page(living.address + path, viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_searches_are_remembered_by_the_browser_alone(served: str, new_page: NewPage) -> None:
    page = new_page(served)
    recent = page.locator("[data-recent]")
    expect(recent).to_be_hidden()
    for text in ("tungsten", "<b>melting</b>", "tungsten"):
        page.goto(f"{served}/?{httpx.QueryParams({'q': text})}")
        page.wait_for_load_state()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    page.goto(served)
    expect(recent.get_by_role("link")).to_have_text(["tungsten", "<b>melting</b>"])
    page.wait_for_load_state("networkidle")
    assert not [url for url in sent if "tungsten" in url]
    recent.get_by_role("link", name="tungsten").click()
    expect(page.locator("#q")).to_have_value("tungsten")
    page.goto(served)
    page.get_by_role("button", name="Forget them").click()
    expect(recent).to_be_hidden()
    assert page.evaluate("localStorage.length") == 0
    page.reload()
    expect(recent).to_be_hidden()
