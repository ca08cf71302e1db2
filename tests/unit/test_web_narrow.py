"""What narrows a search by a click: beside the hits, on each hit, and inside the open document."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest
from fastapi.testclient import TestClient

from encoders.lexical import LexicalEncoder
from index.errors import ServerError
from index.facets import Facets
from index.filters import Filters
from index.pages import FileRecord
from query.service.service import SearchService
from query.web.app import create_app
from tests import library
from tests.library import NEW_REPORT, OLD_REPORT
from tests.memory_index import MemoryIndex
from tests.random_pages import document


class Uncounted(MemoryIndex):
    """Answers searches, but counts nothing while it is told so."""

    is_down = False

    def facets(self, filters: Filters | None = None) -> Facets:
        if self.is_down:
            raise ServerError("Vespa says: no such field.")
        return super().facets(filters)


@pytest.fixture(scope="module")
def index() -> Uncounted:
    index = Uncounted(LexicalEncoder().fingerprint)
    library.fill(index)
    return index


@pytest.fixture(scope="module")
def client(index: Uncounted) -> Iterator[TestClient]:
    service = SearchService(lambda: index, lambda _: LexicalEncoder())
    with TestClient(create_app(service, token=None), "http://localhost") as client:
        yield client


def links(html: str) -> dict[str, str]:
    """Addresses by what is read of each link; the first of those that read alike."""
    found: dict[str, str] = {}
    for href, inner in re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', html, re.DOTALL):
        text = " ".join(unescape(re.sub(r"<[^>]+>", " ", inner)).split())
        found.setdefault(text, unescape(href))
    return found


def test_a_language_is_chosen_and_taken_away_again(client: TestClient) -> None:
    first = client.get("/?q=harbour&ranking=float").text
    assert "6 pages" in first
    chosen = client.get(links(first)["English"]).text
    assert "5 pages" in chosen
    assert client.get(links(chosen)["Take away: English ×"]).text.count("data-hit>") == 6


def test_a_folder_and_a_document_are_chosen_by_name(client: TestClient) -> None:
    first = client.get("/?q=harbour&ranking=float").text
    in_2022 = client.get(links(first)["2022"]).text
    assert "3 pages" in in_2022
    assert "Take away: folder /library/2022 ×" in links(in_2022)
    only = client.get(links(first)["report.pdf"]).text
    assert "Take away: report.pdf ×" in links(only)


def test_a_hit_leads_to_its_document_alone_and_to_all_others(client: TestClient) -> None:
    first = client.get("/?q=ferries").text
    mine = ": report.pdf, page 3"
    only = client.get(links(first)[f"only this document {mine}"]).text
    assert set(re.findall(r"/page/([0-9a-f]{32})-", only)) == {OLD_REPORT}
    others = client.get(links(first)[f"not this one {mine}"]).text
    assert OLD_REPORT not in set(re.findall(r"/page/([0-9a-f]{32})-", others))
    assert "Take away: not report.pdf ×" in links(others)


def test_hits_come_though_pages_cannot_be_counted(client: TestClient, index: Uncounted) -> None:
    index.is_down = True
    page = client.get("/?q=ferries").text
    index.is_down = False
    assert "Pages cannot be counted. Vespa says: no such field." in page
    assert "data-hit" in page


def test_the_open_document_is_searched_where_it_is(client: TestClient) -> None:
    page = client.get(f"/page/{OLD_REPORT}-1").text
    assert f'action="/page/{OLD_REPORT}-1"' in page
    assert f'<input type="hidden" name="document" value="{OLD_REPORT}">' in page
    assert "strip-mark" not in page
    found = client.get(f"/page/{OLD_REPORT}-1", params={"q": "ferries", "document": OLD_REPORT})
    assert "found on 1 of 3 pages" in found.text
    assert links(found.text)["page 3"].startswith(f"/page/{OLD_REPORT}-3?q=ferries&document=")
    assert links(found.text)["all as hits"] == f"/?q=ferries&document={OLD_REPORT}"


def test_marks_keep_the_search_a_page_is_seen_from(client: TestClient) -> None:
    page = client.get(f"/page/{NEW_REPORT}-1", params={"q": "containers", "k": "3"}).text
    assert links(page)["page 2"] == f"/page/{NEW_REPORT}-2?q=containers&k=3"
    assert "found on 1 of 2 pages" in page


def test_names_of_folders_and_files_are_text(index: Uncounted, client: TestClient) -> None:
    hostile = '/library/<b>"x"&/<script>alert(1)</script>[a]*.pdf'
    index.put_document(replace(document(9, page_count=2), files=(FileRecord(hostile, 1, 10**18),)))
    index.put([library.make_page(document(9).document_id, n, "zeppelin") for n in (1, 2)])
    page = client.get("/?q=zeppelin").text
    assert "<script>alert" not in page
    assert "<b>" not in page
    only_here = next(href for text, href in links(page).items() if text.startswith("only here"))
    assert "2 pages" in client.get(only_here).text
    index.delete([document(9).document_id])
