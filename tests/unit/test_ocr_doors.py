"""Pages whose words OCR has read, at every door: it is said, and which words it is unsure of."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from mcp import Client

import pagelens
from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import Document, Failure, FileRecord
from pagelens.main import load_command
from query.agents.server import make_server
from query.service.service import SearchService
from query.web.app import create_app
from tests.library import NEW_REPORT, OLD_REPORT, SCAN, TEXTS, fill, make_page
from tests.ocr_pages import OCR_ENGINE, read_by_ocr

READ = f"{SCAN}-1"
TEXT = "Minutes about the crane on quay four"
UNSURE_WORD, ITS_CONFIDENCE = "quay", round(79 / 255, 3)  # as an index keeps it
MIXED = f"{NEW_REPORT}-2"
UNREAD = "5" * 32
ASKED = "minutes quay"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library: of a page OCR has read all words, of one a word, of one none, as it failed."""
    folder = tmp_path_factory.mktemp("ocr") / "index"
    with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as index:
        fill(index)
        sure = [79 / 255 if word == UNSURE_WORD else 0.9 for word in TEXT.split()]
        mixed = make_page(NEW_REPORT, 2, TEXTS[NEW_REPORT][1])
        one_word = [0.9, *[float("nan")] * (len(mixed.words.texts) - 1)]
        index.put([read_by_ocr(make_page(SCAN, 1, TEXT), *sure), read_by_ocr(mixed, *one_word)])
        failures = (
            Failure(1, "OCR took longer than 60 s", is_of_ocr=True),
            Failure(2, "it has no size", has_words=True),
            Failure(3, "it is torn"),
        )
        files = (FileRecord("/library/unread.pdf", 9, 1),)
        index.put_document(Document(UNREAD, files, "", 3, True, failures))
        index.put([make_page(UNREAD, 1, ""), make_page(UNREAD, 2, "Words of a torn page")])
    return folder


@pytest.fixture
def service(folder: Path) -> Iterator[SearchService]:
    with closing(
        SearchService(lambda: EmbeddedIndex.open(folder), lambda _: LexicalEncoder())
    ) as service:
        yield service


@pytest.fixture
def client(service: SearchService) -> TestClient:
    return TestClient(create_app(service, token=None), base_url="http://localhost")


def run(folder: Path, *arguments: str) -> str:
    command = load_command(arguments[0])
    ran = CliRunner().invoke(command, [*arguments[1:], "--index", str(folder)])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def text_of(page: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page).split())


def asked_of(service: SearchService, tool: str, **arguments: object) -> dict[str, object]:
    async def ask() -> object:
        async with Client(make_server(lambda: service)) as client:
            return await client.call_tool(tool, arguments)

    (said,) = (c.text for c in anyio.run(ask).content if c.type == "text")
    return json.loads(said)


# The command line


def test_a_hit_says_it(folder: Path) -> None:
    table = run(folder, "query", ASKED, "-k", "8")
    lines = [line for line in table.splitlines() if "[words read by OCR]" in line]
    assert len(lines) == 2
    assert TEXT in lines[0]


def test_the_json_names_the_engine(folder: Path) -> None:
    hits = json.loads(run(folder, "query", ASKED, "-k", "8", "--json"))["hits"]
    assert {hit["page_id"]: hit["ocr_engine"] for hit in hits if hit["ocr_engine"]} == {
        READ: OCR_ENGINE,
        MIXED: OCR_ENGINE,
    }
    grouped = json.loads(
        run(folder, "query", "harbour 2023", "--group-by", "document", "-k", "1", "--json")
    )
    assert grouped["hits"][0]["other_pages"][0]["ocr_engine"] in ("", OCR_ENGINE)


def test_an_explanation_says_it(folder: Path) -> None:
    said = run(folder, "query", ASKED, "-k", "1", "--explain")
    assert f"words read by OCR ({OCR_ENGINE})" in said
    explained = json.loads(run(folder, "query", ASKED, "-k", "1", "--explain", "--json"))
    assert explained["explanations"][0]["ocr_engine"] == OCR_ENGINE
    asked = ("query", "ferries passengers", "-k", "1", "--explain")
    assert "OCR" not in run(folder, *asked)
    assert "words read by OCR" in run(folder, *asked, "--why-not", "scan.pdf:1")


def test_words_that_may_be_misread_are_told_apart(folder: Path, tmp_path: Path) -> None:
    asked = ("query", ASKED, "-k", "1", "--heatmap", str(tmp_path))
    assert f"heat.png: {UNSURE_WORD} (31 % sure), Minutes" in run(folder, *asked)
    words = json.loads(run(folder, *asked, "--json"))["heatmaps"][0]["hot_words"]
    confidences = {word["text"]: word["confidence"] for word in words}
    assert confidences == {"Minutes": pytest.approx(0.9, abs=0.01), UNSURE_WORD: ITS_CONFIDENCE}


def test_status_counts_them(folder: Path) -> None:
    assert f"OCR        2 pages read by {OCR_ENGINE}\n" in run(folder, "status")
    assert json.loads(run(folder, "status", "--json"))["n_pages_by_ocr_engine"] == {OCR_ENGINE: 2}


# Python


def test_from_python(folder: Path) -> None:
    with pagelens.open(folder) as index:
        assert index.search(ASKED, k=1)[0].ocr_engine == OCR_ENGINE
        assert index.search("ferries passengers", k=1)[0].ocr_engine == ""
        assert index.stats().n_pages_by_ocr_engine == {OCR_ENGINE: 2}


# REST


def test_over_http(client: TestClient) -> None:
    best = client.get("/api/search", params={"q": ASKED}).json()["hits"][0]
    assert (best["page_id"], best["ocr_engine"]) == (READ, OCR_ENGINE)
    page = f"/api/pages/{READ}"
    assert client.get(page).json()["ocr_engine"] == OCR_ENGINE
    assert client.get(f"{page}/explain", params={"q": ASKED}).json()["ocr_engine"] == OCR_ENGINE
    words = client.get(f"{page}/words", params={"q": UNSURE_WORD}).json()
    assert [(word["text"], word["confidence"]) for word in words] == [(UNSURE_WORD, ITS_CONFIDENCE)]
    typed = client.get(f"/api/pages/{OLD_REPORT}-3/words", params={"q": "ferries"}).json()
    assert [(word["text"], word["confidence"]) for word in typed] == [("Ferries", None)]
    assert client.get("/api/status").json()["n_pages_by_ocr_engine"] == {OCR_ENGINE: 2}
    documents = client.get("/api/documents").json()["documents"]
    unread = next(d for d in documents if d["document_id"] == UNREAD)
    assert [(f["has_words"], f["is_of_ocr"]) for f in unread["failures"]] == [
        (False, True),
        (True, False),
        (False, False),
    ]


# The web page


def test_the_results_in_the_browser(client: TestClient) -> None:
    shown = text_of(client.get("/", params={"q": ASKED}).text)
    assert shown.count("words read by OCR") == 2
    assert "words read by OCR" not in text_of(
        client.get("/", params={"q": "ferries", "ranking": "bm25"}).text
    )


@pytest.mark.parametrize(
    ("page_id", "words"),
    [
        (READ, f"words 7, read by OCR ({OCR_ENGINE})"),
        (MIXED, f"words 13, 1 of them read by OCR ({OCR_ENGINE})"),
        (f"{OLD_REPORT}-1", "words 7 vectors"),
        (f"{SCAN}-2", "words none vectors"),
    ],
)
def test_the_facts_of_a_page_in_the_browser(client: TestClient, page_id: str, words: str) -> None:
    language = "" if page_id.startswith(SCAN) else " language en"
    words = words.replace(" vectors", f"{language} vectors")
    page = client.get(f"/page/{page_id}").text
    assert words in text_of(page)
    has_ocr = "OCR" in words
    assert ("(words read by OCR)<span" in page) == has_ocr  # how to cite it
    assert (" words, read by OCR" in page) == has_ocr  # what the picture shows


def test_why_and_heat_in_the_browser(client: TestClient) -> None:
    page = client.get(f"/page/{READ}", params={"q": ASKED}).text
    shown = text_of(page)
    assert f'<p class="hint">words read by OCR ({OCR_ENGINE})</p>' in page
    assert f"{UNSURE_WORD} 31 % sure Minutes" in shown
    assert "% sure" not in client.get(f"/page/{OLD_REPORT}-3", params={"q": "ferries"}).text


def test_the_overview_in_the_browser(client: TestClient) -> None:
    shown = text_of(client.get("/overview").text)
    assert "read by OCR 2 with failures 1" in shown
    assert f"OCR {OCR_ENGINE} (2 pages)" in shown
    assert (
        "1 page could not be read, 1 page could not be drawn, 1 page could not be read by OCR"
        in shown
    )
    assert "OCR took longer than 60 s found without the words that OCR would have read" in shown
    assert "it has no size found by its words only" in shown
    assert "it is torn </td>" not in shown


def test_a_page_that_ocr_could_not_read_in_the_browser(client: TestClient) -> None:
    shown = text_of(client.get(f"/page/{UNREAD}-1").text)
    assert "not read by OCR OCR took longer than 60 s" in shown
    assert "not read by OCR" not in text_of(client.get(f"/page/{UNREAD}-2").text)


# Agents


def test_hits_for_agents(service: SearchService) -> None:
    hits = asked_of(service, "search", query=ASKED)["hits"]
    read = {hit["page"] for hit in hits if hit.get("is_read_by_ocr")}
    assert read == {"scan.pdf:1", "2023/copy.pdf:2"}


def test_a_page_for_agents(service: SearchService) -> None:
    page = asked_of(service, "get_page", page=READ, query=ASKED)
    assert page["ocr_engine"] == OCR_ENGINE
    assert page["citation"]["is_read_by_ocr"]
    sure = {word["text"]: word["confidence"] for word in page["matching_words"]}
    assert sure == {"Minutes": pytest.approx(0.9, abs=0.01), UNSURE_WORD: ITS_CONFIDENCE}
    typed = asked_of(service, "get_page", page=f"{OLD_REPORT}-3", query="ferries")
    assert "ocr_engine" not in typed
    assert "is_read_by_ocr" not in typed["citation"]
    assert ["confidence" in word for word in typed["matching_words"]] == [False]


def test_what_ocr_could_not_read_for_agents(service: SearchService) -> None:
    page = asked_of(service, "get_page", page=f"{UNREAD}-1")
    assert page["notices"] == [
        "OCR could not read this page (OCR took longer than 60 s): the picture holds words that "
        "its text does not."
    ]
    listed = asked_of(service, "list_documents", path="unread.pdf")
    assert listed["index"]["n_pages_by_ocr_engine"] == {OCR_ENGINE: 2}
    (document,) = listed["documents"]
    assert [failure.get("is_of_ocr") for failure in document["failures"]] == [True, None, None]
