"""The REST interface: what it answers, in the words of the command line, and its problems."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from encoders.lexical import LexicalEncoder
from index.errors import (
    DamagedIndexError,
    IndexMismatchError,
    MissingDependencyError,
    PagelensError,
    ServerError,
)
from index.pages import page_id
from query.as_json import found_as_json
from query.request import SearchRequest
from query.service.refusals import BusyError, UnavailableError
from query.service.service import SearchService
from query.web.app import create_app
from query.web.problems import PROBLEM_TYPE
from tests.library import NEW_REPORT, OLD_REPORT, TEXTS, TITLES, fill
from tests.looking_encoder import LookingEncoder, fill_with_colours, picture
from tests.memory_index import MemoryIndex

REPORT = page_id(OLD_REPORT, 1)
ABSENT = page_id("9" * 32, 1)


@pytest.fixture
def service() -> SearchService:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    return SearchService(lambda: index, lambda _: LexicalEncoder())


@pytest.fixture
def app(service: SearchService) -> FastAPI:
    return create_app(service, token=None)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def drop_urls(answer: dict[str, Any]) -> None:
    """What REST has beside what the command line says."""
    for hit in answer["hits"]:
        for page in (hit, *hit["other_pages"]):
            assert page.pop("urls")["page"] == f"/page/{page['page_id']}"


def test_a_search_says_what_the_command_line_says(
    client: TestClient, service: SearchService
) -> None:
    parameters = {"q": "harbour report", "k": 3, "group_by": "document", "path": "*.pdf"}
    answer = client.get("/api/search", params=parameters).json()
    found = service.search(SearchRequest("harbour report", k=3, group_by="document"))
    said = json.loads(found_as_json(found, {}))
    drop_urls(answer)
    assert answer.pop("timings_ms").keys() == said.pop("timings_ms").keys()
    assert answer == said
    assert answer["hits"][0]["other_pages"]
    assert list(answer["hits"][0]["halves"]) == ["hamming-then-float", "bm25"]
    by_words = client.get("/api/search", params={"q": "harbour", "ranking": "bm25"}).json()
    assert by_words["hits"][0]["halves"] == {}


def test_what_stands_nowhere_and_where_resemblance_begins(client: TestClient) -> None:
    found = client.get("/api/search?q=quay+xyzzyqq&k=3").json()
    assert found["words_nowhere"] == ["xyzzyqq"]
    assert [hit["below_line"] for hit in found["hits"]] == [False, False, True]
    assert [hit["matched_by"] for hit in found["hits"]] == ["words", "words", "resemblance"]
    least = found["hits"][1]["score"]
    kept = client.get(f"/api/search?q=quay+xyzzyqq&k=3&min_score={least - 0.001:.3f}").json()
    assert len(kept["hits"]) == 2
    assert client.get("/api/search?q=quay&min_score=nan").status_code == 422


def test_pages_that_look_the_same_are_one_hit(client: TestClient, service: SearchService) -> None:
    parameters = {"q": "harbour report", "k": 3, "collapse": "true"}
    answer = client.get("/api/search", params=parameters).json()
    said = json.loads(
        found_as_json(service.search(SearchRequest("harbour report", 3, collapse=True)), {})
    )
    drop_urls(answer)
    stages, others = list(answer.pop("timings_ms")), list(said.pop("timings_ms"))
    assert stages[-2:] == others[-2:] == ["words", "collapse"]
    assert answer == said
    refused = client.get("/api/search", params={**parameters, "group_by": "document"})
    assert refused.status_code == 422
    assert "not both at once" in refused.json()["detail"]


def test_filters_are_those_of_the_command_line(client: TestClient) -> None:
    filters = {"document": NEW_REPORT[:4], "pages": "2-", "language": "EN"}
    answer = client.get("/api/search", params={"q": "harbour", **filters}).json()
    assert {hit["document_id"] for hit in answer["hits"]} == {NEW_REPORT}
    assert {hit["page_number"] for hit in answer["hits"]}.isdisjoint({1})
    filters = {"document": NEW_REPORT[:4], "not_pages": "2-", "not_path": "2022/*"}
    answer = client.get("/api/search", params={"q": "harbour", **filters}).json()
    assert [hit["page_id"] for hit in answer["hits"]] == [f"{NEW_REPORT}-1"]


def test_a_page_is_described(client: TestClient) -> None:
    body = client.get(f"/api/pages/{REPORT}").json()
    assert body["text"] == TEXTS[OLD_REPORT][0]
    assert (body["page_number"], body["width_pt"], body["n_patches"]) == (1, 600, 7)


def test_pictures_are_webp(client: TestClient) -> None:
    for address in ("preview", "heatmap?q=harbour&token=0&width=20"):
        answer = client.get(f"/api/pages/{REPORT}/{address}")
        assert answer.headers["content-type"] == "image/webp"
        assert answer.content[8:12] == b"WEBP"


def test_thumbnails_are_asked_for_once(client: TestClient, service: SearchService) -> None:
    address = client.get("/api/search?q=harbour&k=1").json()["hits"][0]["urls"]["thumbnail"]
    first = client.get(address)
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert first.headers["content-type"] == "image/jpeg"
    page_id_ = address.split("/")[3]
    assert first.content == service.thumbnail(page_id_)
    for at_hand in (first.headers["etag"], f'"other", W/{first.headers["etag"]}'):
        again = client.get(address, headers={"If-None-Match": at_hand})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get(f"/api/pages/{ABSENT}/thumbnail").status_code == 404


def test_documents_come_in_parts(client: TestClient) -> None:
    all_of_them = client.get("/api/documents").json()
    assert (all_of_them["total"], all_of_them["offset"], all_of_them["limit"]) == (4, 0, 100)
    part = client.get("/api/documents?offset=1&limit=2").json()
    assert part["documents"] == all_of_them["documents"][1:3]
    assert part["total"] == 4
    assert client.get("/api/documents?offset=4").json()["documents"] == []
    assert client.get("/api/documents?limit=1001").status_code == 422


def test_pages_are_counted_by_what_they_have(client: TestClient) -> None:
    counted = client.get("/api/facets").json()
    assert counted["n_pages"] == 8
    assert counted["languages"] == {"en": 5, "": 2, "ja": 1}
    assert list(counted["languages"]) == ["en", "", "ja"]  # the most first
    assert (counted["years"], counted["kinds"]) == ({"1970": 8}, {"pdf": 8})
    assert counted["folders"] == {"/library": 8, "/library/2022": 3, "/library/2023": 2}
    narrowed = client.get("/api/facets?path=2022/*&not_pages=1&language=en").json()
    assert (narrowed["n_pages"], narrowed["languages"]) == (2, {"en": 2})
    assert client.get("/api/facets?language=deutsch").status_code == 422
    assert client.get("/api/facets?q=cranes").status_code == 422  # filters alone


def test_an_answer_goes_on(client: TestClient) -> None:
    whole = client.get("/api/search?q=harbour&k=6").json()
    seen, offset = [], 0
    while offset is not None:
        part = client.get(f"/api/search?q=harbour&k=2&offset={offset}").json()
        assert part["offset"] == offset
        seen += part["hits"]
        offset = part["next_offset"]
    assert [hit["page_id"] for hit in seen[:6]] == [hit["page_id"] for hit in whole["hits"]]
    assert [hit["rank"] for hit in seen] == list(range(1, len(seen) + 1))
    too_far = client.get("/api/search?q=harbour&k=100&offset=950")
    assert too_far.status_code == 422
    assert too_far.json()["detail"] == (
        "100 hits from place 951 on are too many: an answer goes on to place 1,000. "
        "Narrow the search instead."
    )


def test_every_part_of_the_description_is_explained(app: FastAPI) -> None:
    """With an example, but for what is made of parts that have their own."""
    description = app.openapi()
    missing = []
    for path, item in description["paths"].items():
        for method, operation in item.items():
            name = f"{method} {path}"
            assert operation["description"], name
            for parameter in operation.get("parameters", ()):
                if not (parameter.get("description") and parameter["schema"].get("examples")):
                    missing.append(f"{name}: {parameter['name']}")
    for name, body in description["components"]["schemas"].items():
        is_form = name.startswith("Body_")
        assert is_form or body.get("description"), name
        for field, schema in body.get("properties", {}).items():
            is_of_parts = "$ref" in schema or "$ref" in schema.get("items", {})
            is_explained = schema.get("description") and schema.get("examples")
            if not is_explained and not (
                is_of_parts and ("$ref" in schema or "description" in schema)
            ):
                missing.append(f"{name}.{field}")
    assert missing == []


def test_the_reference_shows_all_of_it(client: TestClient, app: FastAPI) -> None:
    page = client.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    for path, item in app.openapi()["paths"].items():
        for operation in item.values():
            assert path in page.text
            for parameter in operation.get("parameters", ()):
                assert f"<code>{parameter['name']}</code>" in page.text
    for name in app.openapi()["components"]["schemas"]:
        assert name.startswith("Body_") or f'id="{name}"' in page.text
    assert "asks for no access token" in page.text
    targets = re.findall(r'href="#([^"]+)"', page.text)
    assert {target for target in targets if f'id="{target}"' not in page.text} == set()
    assert "://" not in page.text, "loads nothing, and leads nowhere else"


def test_health_is_told_to_everybody(service: SearchService) -> None:
    with TestClient(create_app(service, token="0" * 16), base_url="http://any") as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/api/status").status_code == 401
        description = client.get(
            "/api/openapi.json", headers={"Authorization": "Bearer " + "0" * 16}
        )
        assert description.json()["security"] == [{"access_token": []}, {"access_cookie": []}]
        assert description.json()["paths"]["/healthz"]["get"]["security"] == []


def test_a_server_without_its_index_is_not_healthy() -> None:
    def fail() -> MemoryIndex:
        raise ServerError("no Vespa at http://secret")

    app = create_app(SearchService(fail, lambda _: LexicalEncoder()), token=None)
    answer = TestClient(app, base_url="http://localhost").get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


def test_reasons_are_given(client: TestClient) -> None:
    explanation = client.get(f"/api/pages/{REPORT}/explain", params={"q": "annual report"}).json()
    assert [token["token"] for token in explanation["tokens"]] == ["annual", "report"]
    assert explanation["place"] == 1
    words = client.get(f"/api/pages/{REPORT}/words", params={"q": "annual report", "token": 0})
    assert [word["text"] for word in words.json()] == ["Annual"]


def test_a_page_is_explained_as_the_like_of_another(client: TestClient) -> None:
    like = page_id(NEW_REPORT, 1)
    explanation = client.get(f"/api/pages/{REPORT}/explain", params={"like": like}).json()
    assert explanation["tokens"]
    similar = client.get(f"/api/pages/{like}/similar", params={"k": 1}).json()
    assert similar["hits"][0]["page_id"] == REPORT


def test_an_image_is_searched_where_the_index_has_looks() -> None:
    index = MemoryIndex(LookingEncoder.fingerprint)
    fill_with_colours(index)
    app = create_app(SearchService(lambda: index, lambda _: LookingEncoder()), token=None)
    client = TestClient(app, base_url="http://localhost")
    assert client.get("/api/status").json()["sees_images"]
    answer = client.post(
        "/api/search/image", params={"k": 1}, files={"image": picture("green", "PNG")}
    )
    assert [hit["page_number"] for hit in answer.json()["hits"]] == [2]


def test_documents_and_status_are_given(client: TestClient) -> None:
    documents = client.get("/api/documents").json()["documents"]
    assert [document["title"] for document in documents][:2] == list(TITLES.values())
    status = client.get("/api/status").json()
    assert status["n_pages"] == sum(map(len, TEXTS.values()))
    assert status["encoder"]["encoder"] == "lexical"
    assert not status["sees_images"]


class TestProblems:
    @pytest.mark.parametrize(
        ("address", "status", "detail"),
        [
            ("nothing", 404, "There is nothing at this address. Searches begin at /."),
            (f"pages/{ABSENT}", 404, f"The index holds no page {ABSENT}."),
            (
                "search?q=a&ranking=best",
                422,
                "No ranking 'best'. There are: hamming-then-float, hamming-then-bits, hamming, "
                "float, bm25, hybrid.",
            ),
            (
                "search?q=a&pages=9-3",
                422,
                "The page range 9-3 is empty. Write the lower page first: 3-9.",
            ),
            (
                "search",
                422,
                "The request cannot be read. query.q: Field required.",
            ),
            (
                f"pages/{REPORT}?rank=bm25",
                422,
                "The request cannot be read. query.rank: There is no such parameter. "
                "There are: none.",
            ),
            (
                "documents?page=2",
                422,
                "The request cannot be read. query.page: There is no such parameter. "
                "There are: limit, offset.",
            ),
        ],
    )
    def test_each_says_what_and_why(
        self, client: TestClient, address: str, status: int, detail: str
    ) -> None:
        answer = client.get(f"/api/{address}")
        assert answer.headers["content-type"] == PROBLEM_TYPE
        assert answer.json() | {"title": "", "wrong_fields": []} == {
            "type": "about:blank",
            "title": "",
            "status": status,
            "detail": detail,
            "wrong_fields": [],
        }
        assert answer.status_code == status

    @pytest.mark.parametrize("page", ["..%2f..%2fetc%2fpasswd", "x", "0" * 32 + "-" + "9" * 5000])
    def test_a_page_id_is_checked_before_anything_else(self, client: TestClient, page: str) -> None:
        assert client.get(f"/api/pages/{page}").status_code in (404, 422)

    def test_wrong_fields_are_named(self, client: TestClient) -> None:
        answer = client.get("/api/search", params={"q": "a", "k": 0, "rerank": "x"}).json()
        assert [field["where"] for field in answer["wrong_fields"]] == ["query.k", "query.rerank"]

    @pytest.mark.parametrize(
        ("error", "status", "retry_after"),
        [
            (BusyError("busy", 7), 503, "7"),
            (UnavailableError("no index"), 503, None),
            (ServerError("no Vespa"), 503, "10"),
            (MissingDependencyError("no weights"), 503, None),
            (IndexMismatchError("other vectors"), 409, None),
            (DamagedIndexError("damaged"), 500, None),
        ],
    )
    def test_each_error_has_its_status(
        self,
        client: TestClient,
        service: SearchService,
        monkeypatch: pytest.MonkeyPatch,
        error: PagelensError,
        status: int,
        retry_after: str | None,
    ) -> None:
        def fail(request: SearchRequest) -> None:
            raise error

        monkeypatch.setattr(service, "search", fail)
        answer = client.get("/api/search", params={"q": "a"})
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
        assert answer.json()["detail"] == str(error)

    def test_a_bug_shows_no_traceback(
        self, app: FastAPI, service: SearchService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(request: SearchRequest) -> None:
            raise ZeroDivisionError("secret of the inside")

        monkeypatch.setattr(service, "search", fail)
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        answer = client.get("/api/search", params={"q": "a"})
        assert answer.status_code == 500
        assert answer.json()["detail"] == (
            "This is a bug in Pagelens. The terminal of the server shows where it arose."
        )
        assert "Content-Security-Policy" in answer.headers

    def test_a_wrong_method_says_which_there_are(self, client: TestClient) -> None:
        answer = client.delete("/api/search")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")

    def test_a_person_gets_a_page(self, client: TestClient) -> None:
        answer = client.get("/nothing")
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "There is nothing at this address" in answer.text
