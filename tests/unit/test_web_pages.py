"""The pages of `pagelens serve`, over a small library in memory; in a browser: tests/browser."""

import functools
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import QueryParams

from encoders.interface import Encoder
from encoders.lexical import LexicalEncoder
from index.errors import (
    DamagedIndexError,
    MissingDependencyError,
    PagelensError,
    ServerError,
    WrongUseError,
)
from index.interface import PageIndex
from index.pages import Document, FileRecord, Fingerprint, SearchResult
from query.request import RANKINGS
from query.service import model_loader
from query.service.service import SearchService
from query.web.app import create_app
from query.web.search_form import SearchForm
from tests import library
from tests.half_dark_pages import SHADES, half_dark_index, picture
from tests.library import NEW_REPORT, OLD_REPORT, SCAN
from tests.memory_index import MemoryIndex
from tests.pixel_encoder import PixelEncoder

HERE = "http://localhost"

Client = Callable[..., TestClient]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Makes clients of the app over an index, by default one of the library, and closes them."""
    with ExitStack() as opened:

        @functools.cache  # one app for all tests that only look at the library
        def connect(
            index: PageIndex | None = None,
            open_index: Callable[[], PageIndex] | None = None,
            load: Callable[[Fingerprint], Encoder] = lambda _: LexicalEncoder(),
        ) -> TestClient:
            if index is None:
                index = MemoryIndex(LexicalEncoder().fingerprint)
                library.fill(index)
            service = SearchService(open_index or (lambda: index), load)
            return opened.enter_context(TestClient(create_app(service, token=None), HERE))

        yield connect


@pytest.fixture
def slow_model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Fingerprint], Encoder]]:
    """Loads when the test is over."""
    monkeypatch.setattr(model_loader, "WAIT_S", 0.01)
    is_over = threading.Event()

    def load(_: Fingerprint) -> Encoder:
        is_over.wait()
        return LexicalEncoder()

    yield load
    is_over.set()


class Seen(HTMLParser):
    """What a browser makes of a page: its elements, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.text += " " if tag in ("dt", "dd", "th", "td") else ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def hrefs(self) -> list[str]:
        return [a["href"] or "" for a in self.all("a") if "href" in a]


def see(client: TestClient, address: str, status: int = 200) -> Seen:
    response = client.get(address)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Seen(response.text)


# Search and hits


def test_start_page_has_a_search_box_at_once_usable(client: Client) -> None:
    page = see(client(), "/")
    box = next(field for field in page.all("input") if field.get("name") == "q")
    assert "autofocus" in box
    form = next(form for form in page.all("form") if form.get("role") == "search")
    assert (form["action"], form["method"]) == ("/", "get")
    assert "4 documents, 8 pages indexed." in page.text
    assert f"/page/{OLD_REPORT}-1" in page.hrefs


def test_hits_have_a_picture_a_place_a_score_and_a_snippet(client: Client) -> None:
    page = see(client(), "/?q=ferries")
    assert page.hrefs.index(f"/page/{OLD_REPORT}-3?q=ferries") < page.hrefs.index(
        f"/page/{OLD_REPORT}-1?q=ferries"
    )
    assert f"/api/pages/{OLD_REPORT}-3/thumbnail" in [i["src"] for i in page.all("img")]
    assert "report.pdf page 3" in page.text
    assert "1.00 score of hybrid" in page.text
    assert re.search(r"vectors (0\.99|1\.00), words [0-9]+\.[0-9][0-9]", page.text)
    assert len(page.all("mark")) == 1
    assert "out of 8 pages, by words and their like (hybrid), in" in page.text
    by_vectors = see(client(), "/?q=ferries&ranking=hamming-then-float").text
    assert re.search(r"(0\.99|1\.00) mean cosine", by_vectors)
    assert "words " not in by_vectors.partition("mean cosine")[2].partition("Ferries")[0]


def test_hits_without_a_word_of_the_query_are_folded(client: Client) -> None:
    page = see(client(), "/?q=ferries&k=3")
    (folded,) = [d for d in page.all("details") if "data-below" in d]
    assert "open" not in folded
    assert "2 more pages without a word of the query, found by resemblance" in page.text
    assert "no word of the query stands here; found by resemblance" in page.text


def test_where_no_page_holds_a_word_nothing_is_folded(client: Client) -> None:
    page = see(client(), "/?q=xyzzyqq&k=3")
    (folded,) = [d for d in page.all("details") if "data-below" in d]
    assert "open" in folded
    assert "No page holds xyzzyqq; these are the most similar." in page.text
    assert "3 pages without a word of the query, found by resemblance" in page.text


def test_what_is_asked_stands_in_the_form_and_in_every_address(client: Client) -> None:
    asked = (
        "q=harbour&ranking=hybrid&k=2&path=2023%2F%2A.pdf&pages=1-2&language=en"
        "&not_path=drafts%2F%2A&not_pages=7&group_by=document"
    )
    page = see(client(), f"/?{asked}")
    values = {f["name"]: f.get("value") for f in page.all("input") if f.get("type") != "radio"}
    assert values["path"] == "2023/*.pdf"
    assert (values["not_path"], values["not_pages"]) == ("drafts/*", "7")
    assert values["k"] == "2"
    checked = [f["value"] for f in page.all("input") if f.get("type") == "radio" and "checked" in f]
    assert checked == ["hybrid"]
    usual = [f["value"] for f in see(client(), "/").all("input") if "checked" in f]
    assert usual == ["hybrid"]
    hit = next(href for href in page.hrefs if href.startswith("/page/"))
    read = dict(part.split("=") for part in hit.split("?")[1].split("&"))
    assert read == dict(part.split("=") for part in asked.split("&"))


def test_every_ranking_is_explained_in_the_form(client: Client) -> None:
    offered = [f["value"] for f in see(client(), "/").all("input") if f.get("name") == "ranking"]
    assert sorted(map(str, offered)) == sorted(RANKINGS)


def test_pages_of_one_document_are_gathered(client: Client) -> None:
    page = see(client(), "/?q=annual+report+of+the+harbour&path=2022/*&group_by=document")
    assert "1 document out of 3 pages" in " ".join(page.text.split())
    assert "also pages" in page.text


def test_pages_that_look_the_same_are_one_hit(client: Client) -> None:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    library.fill(index)
    library.put_copy(index, "6" * 32, OLD_REPORT, 2)
    page = see(client(index), "/?q=containers+by+quay&collapse=true&k=1")
    assert "1 more that looks the same" in page.text
    assert "report.pdf page 2" in page.text
    assert f"/page/{OLD_REPORT}-2?q=containers+by+quay&k=1&collapse=true" in page.hrefs
    assert "one hit for pages that look the same" in page.text
    assert [d for d in page.all("details") if "data-others" in d]


def test_hits_that_are_too_close_to_call_say_so(client: Client) -> None:
    asked = "/?q=containers+quay&ranking="
    assert "too close to hit 1 to tell which is better" in see(client(), f"{asked}float").text
    assert "too close" not in see(client(), f"{asked}bm25").text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/?q=zebra&ranking=bm25", "None of the 8 pages holds one of these words"),
        ("/?q=harbour&path=1999/*", "None of the 8 pages passes the filters."),
        ("/?q=harbour&path=scan.pdf", "this index was made from words"),
    ],
)
def test_no_hits_says_why_and_what_to_try(client: Client, address: str, said: str) -> None:
    page = see(client(), address)
    assert said in page.text
    assert len(page.all("li")) > 0


def test_no_hits_leads_on(client: Client) -> None:
    hrefs = see(client(), "/?q=zebra&ranking=bm25&language=en").hrefs
    assert "/?q=zebra&ranking=bm25" in hrefs
    assert "/?q=zebra&ranking=hamming-then-float&language=en" in hrefs


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("pages=ten", " pages=ten is not a page range. Write pages=3, pages=3-10"),
        ("ranking=best", "No ranking 'best'. There are: hamming-then-float"),
        ("k=many", "'many' cannot be the number of hits. Write a whole number, at least 1."),
        ("k=0", "'0' cannot be the number of hits"),
        ("rerank=-3", "'-3' cannot be the pages that phase 2 compares"),
        ("group_by=path", "Hits are grouped by document alone, not by 'path'."),
        (
            "collapse=1",
            "Pages that look the same are collapsed by collapse=true alone, not by '1'.",
        ),
        ("collapse=true&group_by=document", "not both at once, for a page would belong to two"),
        ("k=1000", "1,000 hits are too many"),
    ],
)
def test_a_field_that_cannot_be_read_leaves_the_form_as_it_was(
    client: Client, parameters: str, said: str
) -> None:
    page = see(client(), f"/?q=harbour&{parameters}", 422)
    assert said in page.text
    assert "harbour" in [field.get("value") for field in page.all("input")]


def test_notices_of_the_index_are_shown(client: Client) -> None:
    class HalfAnswering(MemoryIndex):
        def search(self, *arguments: Any, **options: Any) -> SearchResult:
            found = super().search(*arguments, **options)
            return replace(found, notices=("1 of 2 nodes answered.",))

    index = HalfAnswering(LexicalEncoder().fingerprint)
    library.fill(index)
    assert "1 of 2 nodes answered." in see(client(index), "/?q=harbour").text


def test_an_empty_index_shows_the_command_to_type(client: Client) -> None:
    empty = client(MemoryIndex(LexicalEncoder().fingerprint))
    for address in ("/", "/?q=harbour"):
        page = see(empty, address)
        assert "This index is empty" in page.text
        assert "pagelens ingest FOLDER" in page.text


def test_more_like_a_page_names_it_and_leaves_it_out(client: Client) -> None:
    page = see(client(), f"/?like={OLD_REPORT}-2")
    assert "Pages like" in page.text
    assert f"/page/{OLD_REPORT}-2" in page.hrefs
    hits = [href for href in page.hrefs if re.match(rf"/page/.*[?]like={OLD_REPORT}-2", href)]
    assert f"/page/{NEW_REPORT}-2?like={OLD_REPORT}-2" == hits[0]
    assert f"/page/{OLD_REPORT}-2?like={OLD_REPORT}-2" not in hits
    liked = see(client(), f"/page/{OLD_REPORT}-2?like={OLD_REPORT}-2")
    assert "Why this page" not in liked.text
    assert "Why this page" in see(client(), hits[0]).text


# One page


def test_page_view_shows_heat_chips_reasons_and_the_way_on(client: Client) -> None:
    page = see(client(), f"/page/{OLD_REPORT}-3?q=ferries+arrivals")
    pictures = [image["src"] for image in page.all("img")]
    assert f"/api/pages/{OLD_REPORT}-3/preview" in pictures
    assert f"/api/pages/{OLD_REPORT}-3/heatmap?q=ferries+arrivals" in pictures
    chips = [a for a in page.all("a") if a.get("class") == "chip"]
    assert [chip["title"] for chip in chips] == ["whole query", "ferries", "arrivals", "no heat"]
    assert [chip.get("aria-current") for chip in chips] == ["true", None, None, None]
    assert f"/page/{OLD_REPORT}-3?q=ferries+arrivals&token=1" == chips[2]["href"]
    said = " ".join(page.text.split())
    assert "Why this page Both words stand here; “ferries” matches best" in said
    assert ". pages compared 8 by Hamming distance place 1 by vectors place 1, score" in said
    assert "ferries 50% 1.00" in said
    assert "hit 1 of 6" in said
    assert "/library/2022/report.pdf, page 3" in said
    turns = {a["data-turn"]: a["href"] for a in page.all("a") if "data-turn" in a}
    assert set(turns) == {"next-hit", "previous-page"}
    assert turns["previous-page"] == f"/page/{OLD_REPORT}-2?q=ferries+arrivals"
    assert f"/?like={OLD_REPORT}-3" in page.hrefs


def test_a_chip_shows_the_heat_of_its_token(client: Client) -> None:
    page = see(client(), f"/page/{OLD_REPORT}-3?q=ferries+arrivals&token=1")
    address = f"/api/pages/{OLD_REPORT}-3/heatmap?q=ferries+arrivals&token=1"
    heat = next(image for image in page.all("img") if image.get("class") == "heat")
    assert heat["src"] == address
    assert heat["alt"] == "Heatmap of arrivals, strongest at: arrivals,"
    current = [a["title"] for a in page.all("a") if a.get("aria-current") == "true"]
    assert current == ["arrivals"]


def test_the_heat_on_a_page_can_be_fetched(client: Client) -> None:
    made = client()
    page = see(made, f"/page/{OLD_REPORT}-3?q=ferries+%26+arrivals&ranking=hybrid&token=1")
    heat = next(image for image in page.all("img") if image.get("class") == "heat")
    response = made.get(str(heat["src"]))
    assert response.headers["content-type"] == "image/webp"


def test_heat_can_be_left_off(client: Client) -> None:
    page = see(client(), f"/page/{OLD_REPORT}-3?q=ferries&heat=off")
    assert [image for image in page.all("img") if image.get("class") == "heat"] == []
    assert "whole query" in page.text


def test_a_page_that_did_not_come_up_says_why(client: Client) -> None:
    page = see(client(), f"/page/{NEW_REPORT}-1?q=ferries&path=2022/*")
    assert "Why this page did not come up" in page.text
    assert "The filter path=2022/* matches no path of its document." in page.text


def test_a_page_without_search_or_vectors_has_no_heat(client: Client) -> None:
    made = client()
    for address in (f"/page/{OLD_REPORT}-1", f"/page/{SCAN}-1?q=harbour"):
        page = see(made, address)
        assert [a for a in page.all("a") if a.get("class") == "chip"] == []
    assert f"/?like={SCAN}-1" not in page.hrefs
    assert "none: the encoder saw nothing" in page.text


@pytest.mark.parametrize("ranking", RANKINGS)
def test_every_ranking_can_be_explained(client: Client, ranking: str) -> None:
    page = see(client(), f"/page/{OLD_REPORT}-3?q=ferries&ranking={ranking}")
    assert "Why this page" in page.text
    assert "place 1" in page.text


@pytest.mark.parametrize("page_id", ["0" * 32 + "-1", "1" * 32 + "-99", "etc-passwd", "%2e%2e"])
def test_a_page_that_is_not_there(client: Client, page_id: str) -> None:
    page = see(client(), f"/page/{page_id}", 404)
    assert "not in the index" in page.text or "nothing here" in page.text
    assert "/" in page.hrefs


@pytest.mark.parametrize("token", ["9", "-1", "one"])
def test_a_token_that_is_not_there(client: Client, token: str) -> None:
    page = see(client(), f"/page/{OLD_REPORT}-3?q=ferries&token={token}", 422)
    assert "token" in page.text
    assert f"/api/pages/{OLD_REPORT}-3/preview" in [image["src"] for image in page.all("img")]


def test_of_a_long_query_the_largest_shares_are_shown(client: Client) -> None:
    words = "+".join(f"zz{letter}q" for letter in "abcdefghijklmnopqrst")
    page = see(client(), f"/page/{OLD_REPORT}-3?q={words}+ferries")
    said = " ".join(page.text.split())
    assert "cosine ferries" in said
    assert "9 other tokens:" in said


# What fails


def test_while_the_model_loads_words_can_be_found(
    client: Client, slow_model: Callable[[Fingerprint], Encoder]
) -> None:
    made = client(load=slow_model)
    assert "The model is being loaded" in see(made, "/").text
    waiting = made.get("/?q=ferries")
    assert waiting.status_code == 503
    assert int(waiting.headers["Retry-After"]) > 0
    page = Seen(waiting.text)
    assert "The search starts by itself" in page.text
    assert "/?q=ferries&ranking=bm25" in page.hrefs
    assert [m["content"] for m in page.all("meta") if m.get("http-equiv") == "refresh"] == ["4"]
    found = see(made, "/?q=ferries&ranking=bm25")
    assert f"/page/{OLD_REPORT}-3?q=ferries&ranking=bm25" in found.hrefs
    assert "being loaded" not in found.text
    assert "The heat comes" in see(made, f"/page/{OLD_REPORT}-3?q=ferries", 503).text


def test_a_model_that_is_missing_leaves_the_words(client: Client) -> None:
    def load(_: Fingerprint) -> Encoder:
        raise MissingDependencyError("The weights are not here. Fetch them.")

    page = see(client(load=load), "/?q=ferries", 503)
    assert "The weights are not here. Fetch them." in page.text
    assert "/?q=ferries&ranking=bm25" in page.hrefs


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (ServerError("No Vespa at x (refused)."), 503, "The Vespa server does not answer"),
        (DamagedIndexError("bits.bin is short."), 500, "The index is damaged"),
        (WrongUseError("No index at x."), 503, "This cannot be searched now"),
    ],
)
def test_an_index_that_cannot_be_had_has_a_page_that_says_what_to_do(
    client: Client, error: PagelensError, status: int, heading: str
) -> None:
    def open_index() -> PageIndex:
        raise error

    made = client(open_index=open_index)
    for address in ("/", "/?q=ferries", f"/page/{OLD_REPORT}-1?q=a%22b"):
        page = see(made, address, status)
        assert heading in page.text
        assert str(error) in page.text
        assert "Try again" in page.text


def test_an_address_that_is_not_there(client: Client) -> None:
    page = see(client(), "/nowhere", 404)
    assert "There is nothing here" in page.text


def test_trying_again_never_leads_to_another_host(client: Client) -> None:
    def open_index() -> PageIndex:
        raise ServerError("No Vespa at x (refused).")

    page = see(client(open_index=open_index), "/page/..//evil.example/?q=x", 404)
    assert not [href for href in page.hrefs if href.startswith("//")]


# By an image


def test_an_image_finds_the_page_it_shows(client: Client) -> None:
    made = client(half_dark_index(), load=lambda _: PixelEncoder())
    assert "image" in [field.get("name") for field in see(made, "/").all("input")]
    response = made.post("/image", files={"image": ("x.png", picture(0), "image/png")})
    assert response.status_code == 200
    hits = [href for href in Seen(response.text).hrefs if href.startswith("/page/")]
    assert hits == [f"/page/{document_id}-1" for document_id in SHADES]
    broken = made.post("/image", files={"image": ("x.png", b"GIF", "image/png")})
    assert broken.status_code == 422
    assert "This is not an image that can be read." in broken.text


def test_rankings_go_by_what_they_look_at_and_experts_find_the_rest(client: Client) -> None:
    titles = [label for label in see(client(), "/").text.split("\n") if "hamming" in label]
    assert [title.strip() for title in titles] == [
        "Likeness of words hamming-then-float",
        "hamming-then-bits",
        "hamming",
    ]
    for ranking, is_open in (("bm25", False), ("float", True)):
        (folded,) = [
            details
            for details in see(client(), f"/?q=ferries&ranking={ranking}").all("details")
            if details.get("class") == "experts"
        ]
        assert ("open" in folded) == is_open


def test_an_index_of_words_offers_no_search_by_image_and_refuses_one(client: Client) -> None:
    made = client()
    page = see(made, "/")
    assert "image" not in [field.get("name") for field in page.all("input")]
    assert "by an image" not in page.text
    response = made.post("/image", files={"image": ("x.png", picture(0), "image/png")})
    assert response.status_code == 422
    assert "an image cannot be searched" in response.text


# Nothing of a query or of a PDF becomes markup

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "</title></textarea><svg/onload=alert(1)>",
    "{{7*7}}{% raw %}",
    "javascript:alert(1)//",
    "\u202egpj.exe",
    "&lt;b&gt;&amp;",
)


@pytest.fixture(scope="module")
def hostile(client: Client) -> TestClient:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    for i, text in enumerate(HOSTILE, 1):
        id_ = f"{i:032x}"
        file = FileRecord(f"/{text.replace('/', '')}/{text.replace('/', '')}.pdf", 1, 1)
        index.put_document(Document(id_, (file,), text, 1, is_complete=True))
        words = library.words_in_a_row(f"alert {text.replace(' ', '')} alert")
        made = library.make_page(id_, 1, " ".join(words.texts))
        index.put([made])
    return client(index)


def refuse_foreign_markup(html: str) -> None:
    """Every element is one of ours: no code in it, nothing from elsewhere."""
    page = Seen(html)
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert "style" not in attributes, (tag, attributes)
        for name in ("href", "src", "action"):
            address = attributes.get(name)
            assert address is None or address == "#main" or address.startswith("/"), address
            assert address is None or not address.startswith("//"), address
    ours = ["/static/pagelens.js", "/static/living.js", "/static/printed_number.js"]
    seen = [script["src"].partition("?")[0] for script in page.all("script")]
    assert seen in (ours[:2], ours)
    assert page.all("style") == page.all("iframe") == page.all("object") == []
    assert "49{%" not in page.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(hostile: TestClient, text: str) -> None:
    for address, parameters in (
        ("/", {"q": text}),
        ("/", {"q": f"alert {text}", "ranking": "bm25", "path": text, "language": text}),
        ("/", {"q": "alert", "ranking": text, "group_by": text, "k": text}),
        ("/", {"like": text}),
        (f"/page/{1:032x}-1", {"q": f"alert {text}", "token": "0"}),
        (f"/page/{1:032x}-1", {"q": f"alert {text}", "token": text, "document": text}),
        (f"/page/{text.replace('/', '')}", {"q": text}),
    ):
        response = hostile.get(address, params=parameters)
        assert response.status_code in (200, 404, 422), response.text
        refuse_foreign_markup(response.text)


@pytest.mark.parametrize("number", range(1, len(HOSTILE) + 1))
def test_hostile_documents_stay_text(hostile: TestClient, number: int) -> None:
    for address in ("/", "/?q=alert", "/?q=alert&group_by=document", f"/?like={number:032x}-1"):
        refuse_foreign_markup(hostile.get(address).text)
    for ranking in ("hamming-then-float", "bm25", "hybrid"):
        page = hostile.get(f"/page/{number:032x}-1?q=alert&ranking={ranking}")
        assert page.status_code == 200
        refuse_foreign_markup(page.text)
        shown = HOSTILE[number - 1].replace("\u202e", "\ufffd")
        assert shown in Seen(page.text).text  # the title, as it is


def test_the_form_reads_back_the_address_it_makes() -> None:
    form = SearchForm(q='a&b="c"', ranking="bm25", path="x y/*", k="3", group_by="document")
    query_string = form.href.removeprefix("/?")
    assert SearchForm.read(QueryParams(query_string)) == form


def test_more_results_lead_on_and_back(client: Client) -> None:
    first = see(client(), "/?q=harbour&k=3")
    (more,) = (a["href"] for a in first.all("a") if a.get("rel") == "next")
    assert more == "/?q=harbour&k=3&offset=3"
    second = see(client(), more)
    assert "3 pages, places 4 to 6" in second.text
    assert [a["href"] for a in second.all("a") if a.get("rel") == "prev"] == ["/?q=harbour&k=3"]
    behind = see(client(), "/?q=harbour&k=3&offset=90")
    assert "The answer has ended" in behind.text
    assert not [a for a in behind.all("a") if a.get("rel") == "next"]
