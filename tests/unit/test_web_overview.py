import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from encoders.lexical import LexicalEncoder
from index.errors import ServerError
from index.pages import Document, Failure, FileRecord, Page
from query.service import map_maker
from query.service.service import SearchService
from query.web.app import create_app
from query.web.overview_view import N_MARKS, ROWS, marks
from tests.library import NEW_REPORT, OLD_REPORT, SCAN, fill, make_page
from tests.memory_index import MemoryIndex

STYLESHEET = Path(__file__).resolve().parents[2] / "query/web/static/overview.css"
HOSTILE = "<script>alert(1)</script>"


class WatchedIndex(MemoryIndex):
    """Counts the pages read; `before_page` may wait or fail."""

    def __init__(self) -> None:
        super().__init__(LexicalEncoder().fingerprint)
        self.n_pages_read = 0
        self.before_page: Callable[[], None] = lambda: None

    def page(self, page_id: str) -> Page:
        self.n_pages_read += 1
        self.before_page()
        return super().page(page_id)


@pytest.fixture
def index() -> WatchedIndex:
    library = WatchedIndex()
    fill(library)
    return library


def client_of(index: MemoryIndex) -> TestClient:
    service = SearchService(lambda: index, lambda _: LexicalEncoder())
    app = create_app(service, token=None)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture
def client(index: WatchedIndex) -> TestClient:
    return client_of(index)


def put(index: MemoryIndex, n: int, path: str, **facts: object) -> None:
    record = Document(f"{n:032x}", (FileRecord(path, 1, 1),), "", 1, True)
    index.put_document(replace(record, **facts))


def drawn(client: TestClient) -> Response:
    """The map, asked for until it is there."""
    while (answer := client.get("/api/map")).status_code == 202:
        time.sleep(0.01)
    return answer


def drawn_until(client: TestClient, is_renewed: Callable[[Any], bool]) -> Any:
    """The map, asked for until it is the one that is waited for."""
    while not is_renewed(found := drawn(client).json()):
        time.sleep(0.01)
    return found


def text_of(page: Response) -> str:
    """What a person reads, runs of white space as one."""
    return " ".join(re.sub("<[^>]*>", " ", page.text).split())


def test_the_overview_shows_what_the_index_holds(client: TestClient) -> None:
    page = client.get("/overview")
    assert page.status_code == 200
    shown = text_of(page)
    assert "documents 4" in shown and "pages 8" in shown
    assert "Encoder lexical" in shown and "Rendering words" in shown
    assert "2 pages have no vectors" in shown
    assert "pages with like words lie side by side" in shown
    assert "/library/2023 and 1 more" in shown  # the same bytes at two paths
    assert "Harbour report 2022" in shown
    assert f'href="/page/{OLD_REPORT}-1"' in page.text
    assert "vectors " in shown and "100 %" in shown  # storage by kind
    assert "Could not be read" not in shown


def test_nothing_of_a_pdf_is_unescaped() -> None:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    path = '/library/"><img src=x onerror=alert(1)>\u202efdp.pdf'
    failures = (Failure(2, f"{HOSTILE}\x1b[31m"),)
    put(index, 1, path, title=HOSTILE, page_count=2, failures=failures)
    index.put([make_page(f"{1:032x}", 1, "words")])
    client = client_of(index)
    page = client.get("/overview", params={"find": '"><img'})
    assert HOSTILE not in page.text and "<img src=x" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "\x1b" not in page.text and "\u202e" not in page.text
    assert drawn(client).json()["documents"][0]["title"] == HOSTILE  # JSON; set as text


def test_the_page_needs_nothing_the_policy_forbids(client: TestClient) -> None:
    page = client.get("/overview").text
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style", page)
    scripts = re.findall("<script[^>]*>", page)
    assert scripts and all("src=" in tag for tag in scripts)
    assert not re.search(r"(src|href)=.(https?:)?//", page)


def test_failed_files_come_with_their_reasons(index: WatchedIndex) -> None:
    put(
        index, 7, "/library/locked.pdf", page_count=0, failures=(Failure(None, "needs a password"),)
    )
    put(index, 8, "/library/torn.pdf", page_count=3, failures=(Failure(3, "cannot be rendered"),))
    shown = text_of(client_of(index).get("/overview"))
    assert "2 documents, or pages of them; everything else is searchable." in shown
    assert "locked.pdf /library all needs a password" in shown
    assert "torn.pdf /library 3 cannot be rendered" in shown
    assert "torn.pdf /library 3 1 page could not be read" in shown  # in the list of documents
    assert "with failures 2" in shown


def test_many_failures_are_counted_not_listed(index: WatchedIndex) -> None:
    failures = tuple(Failure(n, f"reason {n}.") for n in range(1, ROWS + 2))
    put(index, 7, "/library/a.pdf", page_count=ROWS + 1, failures=failures)
    shown = text_of(client_of(index).get("/overview"))
    assert "1 document, or pages of it; everything else is searchable." in shown
    assert f"reason {ROWS}." in shown and f"reason {ROWS + 1}." not in shown
    assert f"The first {ROWS}; pagelens status lists all." in shown


def test_an_unfinished_document_is_said_to_be(index: WatchedIndex) -> None:
    put(index, 7, "/library/long.pdf", page_count=900, is_complete=False)
    assert "1 document is not finished" in text_of(client_of(index).get("/overview"))


@pytest.mark.parametrize("find", ["HARBOUR report 2022", "2022/rep"])
def test_documents_are_found_by_title_and_path(client: TestClient, find: str) -> None:
    shown = text_of(client.get("/overview", params={"find": find}))
    assert "1 to 1 of 1" in shown
    assert "Harbour report 2022" in shown and "Harbour report 2023" not in shown


def test_a_search_without_documents_says_so(client: TestClient) -> None:
    shown = text_of(client.get("/overview", params={"find": "no such"}))
    assert "No document has “ no such ” in its path or title." in shown
    assert "Show all" in shown


def test_a_long_list_comes_in_parts(index: WatchedIndex) -> None:
    for n in range(200):
        put(index, n, f"/library/x/{n:03}.pdf")
    client = client_of(index)
    first = client.get("/overview", params={"find": "/x/"})
    assert f"1 to {ROWS} of 200" in text_of(first)
    assert 'href="/overview?find=%2Fx%2F&amp;start=51#documents"' in first.text
    assert "Previous" not in first.text
    last = client.get("/overview", params={"find": "/x/", "start": 151})
    assert "151 to 200 of 200" in text_of(last) and "199.pdf" in last.text
    assert 'start=101#documents">Previous' in last.text and "Next" not in last.text
    beyond = client.get("/overview", params={"find": "/x/", "start": 100_000})
    assert "151 to 200 of 200" in text_of(beyond)


def test_an_empty_index_says_how_to_fill_it() -> None:
    client = client_of(MemoryIndex(LexicalEncoder().fingerprint))
    shown = text_of(client.get("/overview"))
    assert "This index is empty" in shown and "pagelens ingest FOLDER" in shown
    assert "Map of pages" not in shown
    answer = drawn(client)
    assert answer.json()["pages"] == [] and answer.json()["n_pages"] == 0


@pytest.mark.parametrize("wrong", [{"start": "0"}, {"start": "x"}, {"find": "x" * 201}])
def test_parameters_that_cannot_be_read_are_refused(
    client: TestClient, wrong: dict[str, str]
) -> None:
    assert client.get("/overview", params=wrong).status_code == 422


def test_the_map_has_every_page_with_vectors(client: TestClient) -> None:
    answer = drawn(client)
    assert answer.status_code == 200
    found = answer.json()
    assert found["state"] == "ready"
    assert (found["n_pages"], found["n_chosen"], found["n_without_vectors"]) == (8, 8, 2)
    assert len(found["pages"]) == 6
    assert not any(page["document_id"] == SCAN for page in found["pages"])
    assert all(0 <= page[axis] <= 1 for page in found["pages"] for axis in "xy")
    page = next(page for page in found["pages"] if page["page_id"] == f"{NEW_REPORT}-2")
    assert (page["file"], page["page_number"]) == ("copy.pdf", 2)
    documents = {document["document_id"]: document for document in found["documents"]}
    assert documents[OLD_REPORT]["n_pages"] == 3
    assert documents[OLD_REPORT]["folder"] == "/library/2022"


def test_a_map_that_takes_long_is_drawn_while_others_are_answered(
    index: WatchedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_maker, "PATIENCE_S", 0.0)
    go_on = threading.Event()
    index.before_page = lambda: go_on.wait(60) and None
    client = client_of(index)
    try:
        for _ in range(2):
            waiting = client.get("/api/map")
            assert waiting.status_code == 202
            assert waiting.headers["Retry-After"] == "1"
            assert waiting.json()["state"] == "drawing" and waiting.json()["pages"] == []
        assert client.get("/overview").status_code == 200
        assert client.get("/api/search", params={"q": "cranes", "ranking": "bm25"}).is_success
    finally:
        go_on.set()
    assert len(drawn(client).json()["pages"]) == 6
    assert index.n_pages_read == 8


def test_a_map_is_kept_until_the_index_changes(
    index: WatchedIndex, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_maker, "KEPT_S", 0.0)
    first = drawn(client).json()
    assert drawn(client).json() == first
    assert index.n_pages_read == 8
    put(index, 7, "/library/new.pdf")
    index.put([make_page(f"{7:032x}", 1, "cranes and ferries")])
    renewed = drawn_until(client, lambda found: len(found["pages"]) == 7)
    assert renewed["n_pages"] == 9
    assert index.n_pages_read == 8 + 9


def test_a_map_that_is_there_is_shown_while_another_is_drawn(
    index: WatchedIndex, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_maker, "KEPT_S", 0.0)
    first = drawn(client).json()
    go_on = threading.Event()
    index.before_page = lambda: go_on.wait(60) and None
    try:
        put(index, 7, "/library/new.pdf")
        index.put([make_page(f"{7:032x}", 1, "cranes and ferries")])
        for _ in range(2):
            answer = client.get("/api/map")
            assert (answer.status_code, answer.json()) == (200, first)
    finally:
        go_on.set()
    drawn_until(client, lambda found: found["n_pages"] == 9)


def test_a_moved_file_keeps_its_place_and_takes_its_new_name(
    index: WatchedIndex, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_maker, "KEPT_S", 0.0)
    first = drawn(client).json()["pages"]
    record = next(d for d in index.documents() if d.document_id == OLD_REPORT)
    index.put_document(replace(record, files=(FileRecord("/elsewhere/old.pdf", 1, 1),)))
    moved = drawn_until(client, lambda found: found["pages"][0]["file"] == "old.pdf")["pages"]
    assert [(p["page_id"], p["x"], p["y"]) for p in moved] == [
        (p["page_id"], p["x"], p["y"]) for p in first
    ]
    assert index.n_pages_read == 8


def test_a_lost_server_is_told_and_the_next_request_tries_again(
    index: WatchedIndex, client: TestClient
) -> None:
    def fail() -> None:
        raise ServerError("No Vespa at http://localhost:8080 (refused).")

    index.before_page = fail
    answer = drawn(client)
    assert answer.status_code == 503
    assert answer.json()["detail"] == "No Vespa at http://localhost:8080 (refused)."
    index.before_page = lambda: None
    assert drawn(client).status_code == 200


def test_a_bug_is_told_as_one_and_does_not_leave_the_map_being_drawn(
    index: WatchedIndex, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    seen = []
    monkeypatch.setattr(threading, "excepthook", lambda told: seen.append(told.exc_type))
    index.before_page = fail
    answer = drawn(client)
    assert answer.status_code == 500
    assert answer.json()["detail"] == (
        "The map could not be drawn: this is a bug in Pagelens. The terminal of the server shows "
        "where it arose."
    )
    assert seen == [ZeroDivisionError]


def test_a_large_index_waits_to_be_asked_for_its_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query.web.overview.AT_ONCE", 7)
    monkeypatch.setattr("query.web.overview.MAX_PAGES", 5)
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    client = client_of(index)
    page = client.get("/overview")
    assert "data-at-once" not in page.text
    assert "The map shows 5 of the 8 pages, evenly chosen." in text_of(page)
    assert drawn(client).status_code == 200
    assert "data-at-once" in client.get("/overview").text  # it is there now


def test_marks_differ_until_they_begin_again() -> None:
    files = [(FileRecord(f"/library/{n:03}.pdf", 1, 1),) for n in range(N_MARKS + 1)]
    documents = [Document(f"{n:032x}", files[n], "", 1, True) for n in range(N_MARKS + 1)]
    mark_of = marks(reversed(documents))
    assert len({mark_of[f"{n:032x}"] for n in range(N_MARKS)}) == N_MARKS
    assert mark_of[f"{N_MARKS:032x}"] == mark_of[f"{0:032x}"]


@pytest.mark.parametrize(("scheme", "below"), [(0, "ffffff"), (1, "202025")])
def test_marks_stand_out_from_what_lies_below(scheme: int, below: str) -> None:
    blocks = re.findall(r":root \{(.*?)\}", STYLESHEET.read_text(encoding="utf-8"), re.DOTALL)
    colours = re.findall(r"--mark-\d: #([0-9a-f]{6})", blocks[scheme])
    assert len(colours) == 6
    for colour in colours:
        light, dark = sorted((luminance(colour), luminance(below)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, colour  # WCAG 2.2, 1.4.11


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
