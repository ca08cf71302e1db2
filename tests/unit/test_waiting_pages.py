"""Pages that wait for their vectors, at every door: found by words, and said to wait."""

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
from index.interface import BM25, HAMMING_THEN_FLOAT
from index.pages import Fingerprint
from ingest.plan import Plan
from ingest.report import Counts, Report
from pagelens.ingest_report import print_report, report_as_json
from pagelens.main import load_command
from pagelens.terminal import terminal
from query.agents.server import make_server
from query.fusion import HYBRID
from query.request import SearchRequest
from query.search import default_ranking, find
from query.service.service import SearchService
from query.web.app import create_app
from query.why.explain import explain, explain_hits
from tests.library import NEW_REPORT, OLD_REPORT, fill, make_wait

WAITING = f"{NEW_REPORT}-2"
NOTICE = (
    "2 pages wait for their vectors, and only words find them (bm25, hybrid): an ingest is "
    "running, or it was stopped and the same command goes on."
)
ASKED = "containers by quay 2023"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("waiting") / "index"
    with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as index:
        fill(index)
        make_wait(index, NEW_REPORT)
    return folder


@pytest.fixture
def index(folder: Path) -> Iterator[EmbeddedIndex]:
    with closing(EmbeddedIndex.open(folder)) as index:
        yield index


@pytest.fixture
def service(folder: Path) -> Iterator[SearchService]:
    with closing(
        SearchService(lambda: EmbeddedIndex.open(folder), lambda _: LexicalEncoder())
    ) as service:
        yield service


@pytest.fixture
def client(service: SearchService) -> TestClient:
    return TestClient(create_app(service, token=None), base_url="http://localhost")


def run(*arguments: str) -> str:
    return CliRunner().invoke(load_command(arguments[0]), arguments[1:]).output


def text_of(page: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page).split())


def test_while_pages_wait_words_are_asked_too() -> None:
    looks = Fingerprint("colsmol", "a/model", "1", "none", "tiles-512-edge-2048")
    assert default_ranking(looks, 0) == HAMMING_THEN_FLOAT
    assert default_ranking(looks, 1) == HYBRID
    assert default_ranking(LexicalEncoder().fingerprint, 0) == HYBRID


def test_words_stand_for_both_halves(index: EmbeddedIndex) -> None:
    found = find(index, LexicalEncoder, SearchRequest(ASKED, 8))
    best = found.shown[0]
    assert (best.page_id, best.score, best.is_waiting) == (WAITING, 1.0, True)
    assert set(best.halves) == {BM25}
    assert (found.n_waiting, found.notices[0]) == (2, NOTICE)
    explained = explain_hits(index, found)[0]
    assert explained.score == 1.0
    assert {part.ranking: part.share for part in explained.fused} == {
        BM25: 1.0,
        HAMMING_THEN_FLOAT: 0.0,
    }


def test_by_vectors_they_are_not_found_and_that_is_explained(index: EmbeddedIndex) -> None:
    found = find(index, LexicalEncoder, SearchRequest(ASKED, 8, HAMMING_THEN_FLOAT))
    assert {hit.document_id for hit in found.shown} >= {OLD_REPORT}
    assert not any(hit.is_waiting for hit in found.shown)
    assert found.notices[0] == NOTICE
    assert explain(index, found, WAITING).why_not == (
        "Its vectors are still to come; until then only a ranking that reads text can find it."
    )


def test_at_the_command_line(folder: Path) -> None:
    said = run("query", ASKED, "--index", str(folder), "--json")
    found = next(json.loads(line) for line in said.splitlines() if line.startswith("{"))
    assert (found["n_waiting"], found["hits"][0]["is_waiting"]) == (2, True)
    assert sum(hit["is_waiting"] for hit in found["hits"]) == 2
    table = run("query", ASKED, "--index", str(folder))
    assert table.count("[vectors to come]") == 2
    assert NOTICE in table
    assert "Pages      8; 2 wait for their vectors, the next ingest goes on with them" in run(
        "status", "--index", str(folder)
    )
    assert json.loads(run("status", "--index", str(folder), "--json"))["n_pages_waiting"] == 2


def test_over_http(client: TestClient) -> None:
    found = client.get("/api/search", params={"q": ASKED}).json()
    assert (found["n_waiting"], found["hits"][0]["is_waiting"]) == (2, True)
    assert found["notices"][0] == NOTICE
    status = client.get("/api/status").json()
    assert (status["n_pages_waiting"], status["n_pages_without_vectors"]) == (2, 2)
    assert client.get(f"/api/pages/{WAITING}").json()["is_waiting"]


def test_in_the_browser(client: TestClient) -> None:
    shown = text_of(client.get("/", params={"q": ASKED}).text)
    assert NOTICE in shown
    assert shown.count("found by words, vectors still to come") == 2
    assert "vectors still to come" in text_of(client.get(f"/page/{WAITING}").text)
    overview = text_of(client.get("/overview").text)
    assert "2 pages wait for their vectors, and only the rankings bm25 and hybrid " in overview
    assert "document is not finished" not in overview


def test_for_agents(service: SearchService) -> None:
    async def ask() -> list[dict[str, object]]:
        async with Client(make_server(lambda: service)) as client:
            results = [
                await client.call_tool("search", {"query": ASKED}),
                await client.call_tool("get_page", {"page": WAITING, "query": ASKED}),
                await client.call_tool("list_documents", {}),
            ]
        texts = [[c.text for c in result.content if c.type == "text"] for result in results]
        return [json.loads(text[0]) for text in texts]

    found, page, documents = anyio.run(ask)
    assert (found["n_waiting"], found["hits"][0]["is_waiting"]) == (2, True)
    assert found["notices"][0] == NOTICE
    assert "The vectors of this page are still to come: no regions yet." in page["notices"]
    assert documents["index"]["n_pages_waiting"] == 2


def test_from_python(folder: Path) -> None:
    with pagelens.open(folder) as index:
        hits = index.search(ASKED, k=8)
        assert (hits.n_waiting, hits[0].is_waiting, hits.notices[0]) == (2, True, NOTICE)
        hits[0].heatmap()  # grey


@pytest.mark.parametrize(
    ("n_waiting", "said"),
    [
        (0, "these are kept. Run the same command again to go on."),
        (1, "these are kept. 1 page more is found by words meanwhile. Run the same"),
        (188, "these are kept. 188 pages more are found by words meanwhile. Run the same"),
    ],
)
def test_a_stopped_ingest_says_what_words_find(
    capsys: pytest.CaptureFixture[str], n_waiting: int, said: str
) -> None:
    report = Report(added=Counts(1, 12), pages_waiting=n_waiting, is_interrupted=True)
    print_report(terminal(), report, Plan((), (), (), (), (), ()), "colsmol", 1.0)
    assert f"Stopped after 12 of 0 pages; {said}" in capsys.readouterr().out
    assert report_as_json(report, 1.0)["pages_waiting"] == n_waiting
