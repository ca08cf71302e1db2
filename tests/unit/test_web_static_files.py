"""query/web/static_files.py: what a browser may keep for good, and what it must ask for again."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from encoders.lexical import LexicalEncoder
from query.service.service import SearchService
from query.web.app import create_app
from query.web.static_files import VersionedFiles
from tests import library
from tests.memory_index import MemoryIndex


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    library.fill(index)
    service = SearchService(lambda: index, lambda _: LexicalEncoder())
    with TestClient(create_app(service, token=None), "http://localhost") as client:
        yield client


@pytest.mark.parametrize("page", ["/", "/?q=report", "/overview", "/api/docs", f"/page/{1:032x}-1"])
def test_all_that_a_page_links_to_is_there_and_is_kept_for_good(
    client: TestClient, page: str
) -> None:
    linked = set(re.findall(r'"(/static/[^"]+)"', client.get(page).text))
    assert len(linked) > 3
    for address in linked:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", address


@pytest.mark.parametrize("query", ["", "?v=", "?v=0123456789ab", "?v=../../app.py"])
def test_under_any_other_address_a_file_is_asked_for_again(client: TestClient, query: str) -> None:
    answer = client.get(f"/static/pagelens.css{query}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_other_bytes_have_another_address(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("query.web.static_files._FOLDER", tmp_path)
    addresses = set()
    for text in ("a {}", "b {}"):
        (tmp_path / "pagelens.css").write_text(text)
        addresses.add(VersionedFiles().address("pagelens.css"))
    assert len(addresses) == 2


@pytest.mark.parametrize("name", ["none.css", "../app.py", "%2e%2e/app.py"])
def test_what_is_not_there_is_not_kept(client: TestClient, name: str) -> None:
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["Cache-Control"]
