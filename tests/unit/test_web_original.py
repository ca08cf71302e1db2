"""query/web/original.py: the file of a page, and parts of the page, over HTTP."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from encoders.lexical import LexicalEncoder
from index.errors import PageFailure
from index.pages import Document
from ingest.printed_number import printed_number
from ingest.region import draw_region
from query.service.service import SearchService
from query.web.app import create_app
from tests.documents import write_pdf
from tests.stored_files import document_of, index_of, pixels

HERE = "http://localhost"
TOKEN = "0123456789abcdef"
BOX = {"x0": 0.1, "y0": 0.2, "x1": 0.6, "y1": 0.5}


@dataclass
class Served:
    """A file that is served: its path, its document, and a client."""

    path: Path
    document: Document
    client: TestClient

    @property
    def page(self) -> str:
        return f"/page/{self.document.document_id}-2"

    @property
    def api(self) -> str:
        return f"/api/pages/{self.document.document_id}-2"


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def serve(opened: ExitStack, path: Path, **options: Any) -> Served:
    document = document_of(path)
    index = index_of(document)
    draw = options.pop("draw", draw_region)
    read = options.pop("read", printed_number)
    service = SearchService(lambda: index, lambda _: LexicalEncoder(), draw, read)
    app = create_app(service, token=options.pop("token", None))
    client = opened.enter_context(TestClient(app, HERE, **options))
    return Served(path, document, client)


@pytest.fixture
def served(opened: ExitStack, tmp_path: Path) -> Served:
    return serve(opened, write_pdf(tmp_path / "report.pdf", ["aardvark", "badger"]))


@pytest.mark.parametrize("at", ["page", "api"])
def test_the_file_whole_in_parts_and_its_head_alone(served: Served, at: str) -> None:
    address, data = f"{getattr(served, at)}/original", served.path.read_bytes()
    whole = served.client.get(address)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["content-type"] == "application/pdf"
    assert whole.headers["content-disposition"] == 'inline; filename="report.pdf"'
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["cache-control"] == "private, no-cache"
    assert whole.headers["etag"] == f'"{served.document.document_id}"'
    head = served.client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(data))
    part = served.client.get(address, headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, data[5:10])
    assert part.headers["content-range"] == f"bytes 5-9/{len(data)}"
    parts = served.client.get(address, headers={"Range": "bytes=0-3,10-12"})
    assert parts.status_code == 206
    assert data[:4] in parts.content and data[10:13] in parts.content
    beyond = served.client.get(address, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416


def test_it_is_saved_where_that_is_asked_for(served: Served) -> None:
    saved = served.client.get(f"{served.page}/original?download=true")
    assert saved.headers["content-disposition"] == 'attachment; filename="report.pdf"'


def test_what_the_index_does_not_hold_is_not_given_out(served: Served) -> None:
    for page in (f"{served.document.document_id}-3", f"{'0' * 32}-1", "..%2f..%2fetc%2fpasswd"):
        answer = served.client.get(f"/page/{page}/original")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert served.client.get(f"/api/pages/{'0' * 32}-1/original").status_code == 404


def test_a_file_that_changed_gives_no_byte_and_says_why(served: Served) -> None:
    served.path.write_bytes(served.path.read_bytes()[::-1])
    said = f"{served.path} has changed since it was indexed, so it is not shown."
    page = served.client.get(f"{served.page}/original")
    assert page.status_code == 404
    assert "The file cannot be shown" in page.text and said in page.text
    problem = served.client.get(f"{served.api}/original")
    assert problem.headers["content-type"] == "application/problem+json"
    assert (problem.status_code, problem.json()["detail"][: len(said)]) == (404, said)
    region = served.client.get(f"{served.api}/region", params=BOX)
    assert (region.status_code, region.json()["detail"][: len(said)]) == (404, said)
    part = served.client.get(f"{served.page}/original", headers={"Range": "bytes=0-3"})
    assert part.status_code == 404


def test_the_page_offers_what_is_there(served: Served) -> None:
    address = f"{served.page}/original"
    text = served.client.get(served.page).text
    assert f'href="{address}#page=2" target="_blank" rel="noopener"' in text
    assert f'href="{address}?download=true" download' in text
    assert f'data-region="{served.api}/region"' in text
    served.path.unlink()
    text = served.client.get(served.page).text
    assert address not in text and "data-region" not in text
    assert "The PDF is not there as it was indexed" in text


def test_a_hostile_name_is_a_name(opened: ExitStack, tmp_path: Path) -> None:
    name = 'a";\r\nSet-Cookie: x=1\u202e<b>é.pdf'
    served = serve(opened, write_pdf(tmp_path / name, ["aardvark", "badger"]))
    answer = served.client.get(f"{served.page}/original")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("inline; filename*=utf-8''a%22%3B%EF%BF%BD%EF%BF%BDSet-Cookie")
    assert disposition.endswith("%C3%A9.pdf") and disposition.isascii()
    assert "<b>é" not in served.client.get(served.page).text


def test_an_image_is_shown_as_what_it_is(opened: ExitStack, tmp_path: Path) -> None:
    path = tmp_path / "scan.PNG"
    Image.new("RGB", (300, 400), "white").save(path, "PNG")
    document = document_of(path)
    index = index_of(document)
    app = create_app(SearchService(lambda: index, lambda _: LexicalEncoder()), token=None)
    client = opened.enter_context(TestClient(app, HERE))
    answer = client.get(f"/page/{document.document_id}-1/original")
    assert answer.headers["content-type"] == "image/png"
    assert "Open the image<" in client.get(f"/page/{document.document_id}-1").text


def test_the_rules_of_access_are_those_of_everything(opened: ExitStack, tmp_path: Path) -> None:
    served = serve(opened, write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"]), token=TOKEN)
    addresses = (f"{served.page}/original", f"{served.api}/original", f"{served.api}/region")
    for address in addresses:
        assert served.client.get(address, params=BOX).status_code == 401
        known = {"Authorization": f"Bearer {TOKEN}"}
        foreign = {**known, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert served.client.get(address, params=BOX, headers=foreign).status_code == 403
    opener = {"Authorization": f"Bearer {TOKEN}"}
    assert served.client.get(addresses[0], headers=opener).status_code == 200


def test_no_file_stays_open(served: Served) -> None:
    def n_open_files() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    address = f"{served.page}/original"
    served.client.get(address)
    before = n_open_files()
    for headers in ({}, {"Range": "bytes=1-2"}, {"Range": "bytes=99999999-"}, {"Range": "x"}):
        served.client.get(address, headers=headers)
        served.client.head(address, headers=headers)
    assert n_open_files() == before


# Parts of a page


def test_a_part_is_drawn_as_large_as_wanted(served: Served) -> None:
    answer = served.client.get(f"{served.api}/region", params={**BOX, "width": 700})
    assert answer.headers["content-type"] == "image/webp"
    part = pixels(answer.content)
    assert abs(part.width - 700) <= 2
    assert part.height == pytest.approx(700 * 0.3 / 0.5 * 595 / 420, abs=3)


def test_a_part_may_be_drawn_in_its_heat(served: Served) -> None:
    params = {**BOX, "width": 700}
    plain = served.client.get(f"{served.api}/region", params=params)
    hot = served.client.get(f"{served.api}/region", params={**params, "q": "badger"})
    assert pixels(hot.content).size == pixels(plain.content).size
    saturation = [pixels(a.content).convert("HSV").getextrema()[1][1] for a in (plain, hot)]
    assert saturation[0] < 30 < 80 < saturation[1]


def test_a_part_is_never_beyond_the_limits(served: Served) -> None:
    tiny = {"x0": 0.5, "y0": 0.5, "x1": 0.502, "y1": 0.9, "width": 4096}
    answer = served.client.get(f"{served.api}/region", params=tiny)
    part = pixels(answer.content)
    assert part.width <= 0.002 * 20_000 + 2
    assert part.width * part.height < 8_100_000


@pytest.mark.parametrize("wrong", [{"x1": 0.1}, {"y1": 0.1}, {"x1": 0.1019}])
def test_what_is_no_part_is_refused(served: Served, wrong: dict[str, float]) -> None:
    answer = served.client.get(f"{served.api}/region", params={**BOX, **wrong})
    assert answer.status_code == 422
    box = {**BOX, **wrong}
    assert answer.json()["detail"] == (
        f"{box['x0']:g}, {box['y0']:g}, {box['x1']:g}, {box['y1']:g} is no part of a page. Give "
        "x0, y0, x1, y1 as fractions of its width and height from the top left, x1 and y1 at least "
        "0.002 more than x0 and y0."
    )


@pytest.mark.parametrize("wrong", [{"x1": 1.1}, {"x0": "nan"}, {"width": 0}, {"colour": "red"}])
def test_wrong_parameters_are_named(served: Served, wrong: dict[str, object]) -> None:
    answer = served.client.get(f"{served.api}/region", params={**BOX, **wrong})
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json()["detail"]


def test_a_file_that_changes_while_it_is_drawn(opened: ExitStack, tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"])

    def draw_and_change(path: Path, *rest: Any) -> Image.Image:
        image = draw_region(path, *rest)
        write_pdf(tmp_path / "b.pdf", ["zebra", "yak"]).replace(path)
        return image

    served = serve(opened, pdf, draw=draw_and_change)
    answer = served.client.get(f"{served.api}/region", params=BOX)
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("a.pdf was changed while it was drawn")


def test_what_cannot_be_drawn_says_so(opened: ExitStack, tmp_path: Path) -> None:
    def fail(*_: object) -> Image.Image:
        raise PageFailure("takes more than 60 s of processor time (pdftoppm)")

    pdf = write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"])
    answer = serve(opened, pdf, draw=fail)
    said = answer.client.get(f"{answer.api}/region", params=BOX)
    assert (said.status_code, said.json()["detail"]) == (
        404,
        "Page 2 of a.pdf cannot be drawn: takes more than 60 s of processor time (pdftoppm)",
    )


def test_a_server_that_draws_nothing(opened: ExitStack, tmp_path: Path) -> None:
    served = serve(opened, write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"]), draw=None)
    answer = served.client.get(f"{served.api}/region", params=BOX)
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "This server draws nothing but the previews of pages.",
    )
    assert "data-region" not in served.client.get(served.page).text


def test_what_was_drawn_is_kept_but_not_for_a_file_that_is_gone(
    opened: ExitStack, tmp_path: Path
) -> None:
    calls = []

    def draw(*asked: Any) -> Image.Image:
        calls.append(asked)
        return draw_region(*asked)

    served = serve(opened, write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"]), draw=draw)
    for _ in range(2):
        assert served.client.get(f"{served.api}/region", params=BOX).status_code == 200
    assert len(calls) == 1
    served.path.unlink()
    assert served.client.get(f"{served.api}/region", params=BOX).status_code == 404


# The number printed on the page


def test_the_number_printed_on_the_page_is_told(opened: ExitStack, tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"], printed_numbers=["i", "ii"])
    n_read = []

    def read(path: Path, page_number: int) -> str:
        n_read.append(page_number)
        return printed_number(path, page_number)

    served = serve(opened, pdf, read=read)
    for _ in range(2):
        answer = served.client.get(f"{served.api}/printed_number")
        assert (answer.status_code, answer.json()) == (200, {"printed_number": "ii"})
    assert n_read == [2]
    assert (
        f'data-printed-number="{served.api}/printed_number"' in served.client.get(served.page).text
    )


@pytest.mark.parametrize("read", [printed_number, None])
def test_where_the_file_has_no_other_number_none_is_told(
    opened: ExitStack, tmp_path: Path, read: Any
) -> None:
    served = serve(opened, write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"]), read=read)
    assert served.client.get(f"{served.api}/printed_number").json() == {"printed_number": ""}


def test_of_other_bytes_no_number_is_told(opened: ExitStack, tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"], printed_numbers=["i", "ii"])
    served = serve(opened, pdf)
    write_pdf(pdf, ["other", "bytes"], printed_numbers=["iii", "iv"])
    assert served.client.get(f"{served.api}/printed_number").status_code == 404
    assert "data-printed-number" not in served.client.get(served.page).text


def test_a_file_that_changes_while_its_number_is_read_is_not_believed(
    opened: ExitStack, tmp_path: Path
) -> None:
    pdf = write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"], printed_numbers=["i", "ii"])

    def read_and_change(path: Path, page_number: int) -> str:
        number = printed_number(path, page_number)
        write_pdf(path, ["other", "bytes"])
        return number

    served = serve(opened, pdf, read=read_and_change)
    assert served.client.get(f"{served.api}/printed_number").json() == {"printed_number": ""}
