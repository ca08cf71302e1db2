"""What the start page, the overview, lists and names of documents ask of Vespa: what they show."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from encoders.lexical import LexicalEncoder
from index.location import Location
from index.pages import Document, Failure, FileRecord
from query.page_name import find_page
from query.service.service import SearchService
from query.web.app import create_app
from query.web.overview_view import ROWS
from query.web.pages import SHELF_LOOK
from tests.library import make_page
from tests.vespa_java.stand_in import StandIn
from vespa_app.client import VespaClient
from vespa_app.revisions import RECORD
from vespa_app.vespa_index import VespaIndex

N_DOCUMENTS, N_FAILED = 130, 3


class Asked:
    """What was asked of Vespa, and how many records of documents came back."""

    def __init__(self) -> None:
        self.n_searches = self.n_records = 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Whoever visits all records fails."""
    asked, search, get = Asked(), VespaClient.search, VespaClient.get

    def searched(self: VespaClient, operation: str, body: dict[str, object]) -> dict[str, Any]:
        root = search(self, operation, body)
        asked.n_searches += 1
        asked.n_records += len(root.get("children", [])) if body["model.restrict"] == RECORD else 0
        return root

    def got(self: VespaClient, operation: str, schema: str, *rest: str) -> dict[str, Any] | None:
        asked.n_records += schema == RECORD
        return get(self, operation, schema, *rest)

    def visited(self: VespaClient, operation: str, schema: str) -> Iterator[dict[str, Any]]:
        raise AssertionError(f"{operation}: all are visited")

    monkeypatch.setattr(VespaClient, "search", searched)
    monkeypatch.setattr(VespaClient, "get", got)
    monkeypatch.setattr(VespaClient, "visit", visited)
    return asked


@pytest.fixture
def index(stand_in: StandIn) -> Iterator[VespaIndex]:
    stand_in.clear()
    index = VespaIndex.open_for_writing(Location(stand_in.url), LexicalEncoder().fingerprint)
    for n in range(N_DOCUMENTS):
        id_, files = f"{n:032x}", (FileRecord(f"/library/{N_DOCUMENTS - n:03}.pdf", 1, 1),)
        failures = (Failure(2, "torn"),) if n < N_FAILED else ()
        index.put_document(Document(id_, files, "", 2 if failures else 1, True, failures))
        index.put([make_page(id_, 1, "cranes")])
    yield index
    index.close()


@pytest.fixture
def client(index: VespaIndex) -> TestClient:
    service = SearchService(lambda: index, lambda _: LexicalEncoder())
    return TestClient(create_app(service, token=None), base_url="http://localhost")


@pytest.mark.parametrize(
    ("address", "n_searches", "n_records", "shown"),
    [
        ("/", 5, SHELF_LOOK, f"{N_DOCUMENTS} documents, {N_DOCUMENTS} pages indexed"),
        ("/overview", 6, ROWS + N_FAILED, f"1 to 50 of {N_DOCUMENTS}"),
        ("/overview?start=101", 6, 30 + N_FAILED, f"101 to 130 of {N_DOCUMENTS}"),
        ("/overview?find=LIBRARY/00", 6, 9 + N_FAILED, "1 to 9 of 9"),
        ("/api/documents?offset=40&limit=5", 2, 5, f'"total":{N_DOCUMENTS}'),
    ],
)
def test_a_page_asks_for_what_it_shows(
    client: TestClient, asked: Asked, address: str, n_searches: int, n_records: int, shown: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 200 and shown in answer.text
    assert (asked.n_searches, asked.n_records) == (n_searches, n_records)


def test_a_name_is_looked_up(index: VespaIndex, asked: Asked) -> None:
    assert find_page(index, "077.pdf:1") == f"{N_DOCUMENTS - 77:032x}-1"
    assert asked.n_searches == 1
    assert asked.n_records == 2  # the document's, and once more for its pages' numbers
