"""An index that other programs feed, ask and change: the Vespa CLI and pyvespa, as published."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from vespa.application import Vespa
from vespa.io import VespaResponse

from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.filters import Filters
from index.interface import BM25, FLOAT, HAMMING, PageIndex
from index.location import Location
from index.pages import Document
from pagelens.main import main
from tests.library import NEW_REPORT, OLD_REPORT, TEXTS, make_index
from tests.vespa_java.stand_in import StandIn
from tests.vespa_java.vespa_cli import VespaCli
from vespa_app.search_request import SCAN, search_body
from vespa_app.vespa_index import VespaIndex
from vespa_app.wire import NAMESPACE

N_DOCUMENTS, N_PAGES = len(TEXTS), sum(map(len, TEXTS.values()))
N_OPERATIONS = N_DOCUMENTS + N_PAGES + 1
A_PAGE = f"{OLD_REPORT}-2"
A_PAGE_ID = f"id:{NAMESPACE}:page::{A_PAGE}"

Feeder = Callable[[str, VespaCli, Path], None]


@pytest.fixture
def cli(tmp_path: Path) -> VespaCli:
    return VespaCli(tmp_path / "vespa-home")


@pytest.fixture
def url(stand_in: StandIn) -> str:
    stand_in.clear()
    return stand_in.url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_index(tmp_path / "index")


@pytest.fixture
def exported(folder: Path, tmp_path: Path) -> Path:
    file = tmp_path / "pages.jsonl"
    with pytest.raises(SystemExit) as exit_:
        main(["export", str(file), "--index", str(folder)])
    assert exit_.value.code == 0
    return file


@pytest.fixture
def fed(url: str, cli: VespaCli, exported: Path) -> str:
    feed_by_cli(url, cli, exported)
    return url


def feed_by_cli(url: str, cli: VespaCli, file: Path) -> None:
    summary = json.loads(cli.run("feed", "-t", url, file))
    assert summary["feeder.ok.count"] == summary["feeder.operation.count"] == N_OPERATIONS
    assert summary["http.response.code.counts"] == {"200": N_OPERATIONS}  # none was sent twice


def feed_by_pyvespa(url: str, _: VespaCli, file: Path) -> None:
    answers: list[int] = []

    def tell(answer: VespaResponse, _: str) -> None:
        answers.append(answer.status_code)

    operations = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for schema in ("page", "pdf"):
        of_schema = [it for it in operations if f":{schema}::" in it["put"]]
        Vespa(url).feed_async_iterable(  # speaks HTTP/2 and nothing else
            ({"id": it["put"].split("::")[1], "fields": it["fields"]} for it in of_schema),
            schema,
            NAMESPACE,
            tell,
        )
    assert answers == [200] * N_OPERATIONS


def feed_what_was_visited(url: str, cli: VespaCli, file: Path) -> None:
    feed_by_cli(url, cli, file)
    everything = file.with_name("visited.jsonl")
    everything.write_text(cli.run("visit", "-t", url), encoding="utf-8")
    for page_id in (f"{document_id}-1" for document_id in TEXTS):
        cli.run("document", "remove", "-t", url, f"id:{NAMESPACE}:page::{page_id}")
    feed_by_cli(url, cli, everything)


def contents(index: PageIndex) -> tuple[list[Document], list[Any]]:
    """Records and pages with all that is stored of them."""
    documents = list(index.documents())
    stored = []
    for it in documents:
        for number in sorted(index.page_numbers(it.document_id)):
            page = index.page(f"{it.document_id}-{number}")
            stored.append(
                (page.page_id, page.words.texts, page.vectors.vectors.tolist(), page.preview)
            )
    return documents, stored


@pytest.mark.parametrize("feed", [feed_by_cli, feed_by_pyvespa, feed_what_was_visited])
def test_what_other_programs_feed_is_the_index_that_was_exported(
    url: str, cli: VespaCli, exported: Path, folder: Path, feed: Feeder
) -> None:
    feed(url, cli, exported)
    query = LexicalEncoder().encode_query("containers in 2022")
    with (
        closing(VespaIndex.open(Location(url))) as vespa,
        closing(EmbeddedIndex.open(folder)) as it,
    ):
        assert contents(vespa) == contents(it)
        hits = [index.search(query, HAMMING, 3).hits for index in (vespa, it)]
    assert [hit.page_id for hit in hits[0]] == [hit.page_id for hit in hits[1]]
    assert hits[0][0].page_id == A_PAGE


def test_the_cli_reads_changes_and_removes_a_page(
    fed: str, cli: VespaCli, exported: Path, tmp_path: Path
) -> None:
    def fields() -> dict[str, Any]:
        options = ("-t", fed, "--field-set", "page:title,page_number")
        got: dict[str, Any] = json.loads(cli.run("document", "get", *options, A_PAGE_ID))
        return dict(got["fields"])

    as_fed = {"title": "Harbour report 2022", "page_number": 2}
    assert fields() == as_fed
    update = tmp_path / "update.json"
    update.write_text(json.dumps({"update": A_PAGE_ID, "fields": {"title": {"assign": "New"}}}))
    cli.run("document", "update", "-t", fed, update)
    assert fields() == {"title": "New", "page_number": 2}
    put = tmp_path / "put.json"
    lines = exported.read_text(encoding="utf-8").splitlines()
    put.write_text(next(line for line in lines if A_PAGE_ID in line), encoding="utf-8")
    cli.run("document", "put", "-t", fed, put)
    assert fields() == as_fed
    cli.run("document", "remove", "-t", fed, A_PAGE_ID)
    said = cli.run("document", "get", "-t", fed, A_PAGE_ID, fails=True)
    assert "Invalid document operation: Status 404" in said
    assert len(visited(fed, cli, "page")) == N_PAGES - 1


def test_the_cli_asks_what_pagelens_asks(fed: str, cli: VespaCli, tmp_path: Path) -> None:
    query = LexicalEncoder().encode_query("containers in 2022")
    body = search_body(query, HAMMING, 3, 3, Filters(), candidates=SCAN)
    file = tmp_path / "query.json"
    file.write_text(json.dumps(body))
    root = json.loads(cli.run("query", "-t", fed, "--file", file))["root"]
    with closing(VespaIndex.open(Location(fed))) as index:
        hits = index.search(query, HAMMING, 3).hits
    assert [(it["fields"]["document_id"], it["relevance"]) for it in root["children"]] == [
        (hit.document_id, pytest.approx(hit.score_sum)) for hit in hits
    ]


def visited(url: str, cli: VespaCli, selection: str) -> list[str]:
    options = ("-t", url, "--selection", selection, "--field-set", "[id]")
    lines = cli.run("visit", *options, "--chunk-count", "2").splitlines()
    return sorted(json.loads(line)["id"].removeprefix(f"id:{NAMESPACE}:") for line in lines)


def test_the_cli_visits_every_document_once(fed: str, cli: VespaCli) -> None:
    pages = [f"page::{id_}-{n}" for id_, texts in TEXTS.items() for n in range(1, len(texts) + 1)]
    assert visited(fed, cli, "page") == pages
    assert visited(fed, cli, "pdf") == [*(f"pdf::{id_}" for id_ in TEXTS), "pdf::manifest"]


def asked(url: str, body: dict[str, object]) -> list[tuple[str, int, float]]:
    """Hits, by a client that knows nothing of Pagelens."""
    hits = Vespa(url).query(body=body).hits
    return [
        (it["fields"]["document_id"], it["fields"]["page_number"], it["relevance"]) for it in hits
    ]


SELECT = "select document_id, page_number from page where"


@pytest.mark.parametrize(
    "body",
    [
        {"yql": f"{SELECT} userQuery()", "query": "Containers cranes"},
        {"yql": f"{SELECT} userInput(@words)", "words": "containers cranes"},
        {"yql": f"{SELECT} default contains 'containers' or text_forms contains 'cranes'"},
        {"yql": f"{SELECT} userQuery()", "query": "containers cranes", "ranking": "default"},
    ],
)
def test_a_query_that_names_no_ranking_is_ranked_by_words(
    fed: str, body: dict[str, object]
) -> None:
    hits = asked(fed, body)
    assert hits == asked(fed, {**body, "ranking": BM25})
    assert sorted(hit[:2] for hit in hits[:2]) == [(OLD_REPORT, 2), (NEW_REPORT, 2)]
    assert all(relevance > 0 for _, _, relevance in hits)


def test_the_records_of_files_need_no_ranking(fed: str) -> None:
    answer = Vespa(fed).query(yql="select title from pdf where paths contains '/library/scan.pdf'")
    assert answer.number_documents_retrieved == 1


def test_vectors_may_be_lists_of_numbers(fed: str) -> None:
    query = LexicalEncoder().encode_query("containers in 2022")
    body = search_body(query, FLOAT, 3, 3, Filters(), candidates=SCAN)
    numbers = {str(token): vector.tolist() for token, vector in enumerate(query.vectors)}
    hits = asked(fed, body)
    assert hits == asked(fed, {**body, "input.query(qt)": {"blocks": numbers}})
    assert hits[0][:2] == (OLD_REPORT, 2)
