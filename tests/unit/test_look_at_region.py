"""The tool look_at_region, asked by the protocol's own client."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from encoders.lexical import LexicalEncoder
from index.pages import Document
from ingest.region import draw_region
from query.agents.look_at_region import LONG_EDGE_PX
from query.service.service import SearchService
from tests.documents import write_pdf
from tests.stored_files import document_of, index_of
from tests.unit.test_agents import ask_once, error_of, list_tools, page_of

LINE = [0.1, 0.28, 0.9, 0.36]  # where write_pdf writes


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    return write_pdf(tmp_path / "report.pdf", ["aardvark badger", "camel"])


@pytest.fixture
def document(pdf: Path) -> Document:
    return document_of(pdf)


@pytest.fixture
def service(document: Document) -> Iterator[SearchService]:
    index = index_of(document)
    make = SearchService(lambda: index, lambda _: LexicalEncoder(), draw_region)
    with closing(make) as service:
        yield service


def look(service: SearchService, document: Document, box: list[float]) -> tuple[Any, Any]:
    arguments = {"page": f"{document.document_id}-1", "box": box}
    return page_of(ask_once(service, "look_at_region", arguments))


def test_a_part_in_full_resolution(service: SearchService, document: Document, pdf: Path) -> None:
    image, answer = look(service, document, LINE)
    assert abs(image.width - LONG_EDGE_PX) <= 2
    assert answer == {
        "citation": {
            "file": str(pdf),
            "page_number": 1,
            "box": LINE,
        },
        "text": "aardvark badger",
    }
    tall, _ = look(service, document, [0.1, 0, 0.2, 1])
    assert 0.97 * LONG_EDGE_PX < tall.height <= LONG_EDGE_PX + 2


def test_only_the_words_that_stand_there(service: SearchService, document: Document) -> None:
    assert look(service, document, [0, 0, 0.3, 1])[1].get("text", "") == "aardvark"
    assert look(service, document, [0, 0.5, 1, 1])[1].get("text", "") == ""


def test_from_the_preview_where_the_file_has_changed(
    service: SearchService, document: Document, pdf: Path
) -> None:
    pdf.unlink()
    image, answer = look(service, document, LINE)
    assert image.width < LONG_EDGE_PX
    assert answer["is_sharp"] is False
    assert answer["text"] == "aardvark badger"
    assert answer["notices"] == [
        f"Cut out of the page's preview, which is coarser. {pdf} is not there any more, so it is "
        "not shown. Search its pages as they were, or bring the index up to date: pagelens ingest "
        "FOLDER"
    ]


def test_what_is_no_part_is_refused_in_a_line(service: SearchService, document: Document) -> None:
    arguments = {"page": f"{document.document_id}-1", "box": [0.5, 0.5, 0.5, 0.6]}
    said = error_of(ask_once(service, "look_at_region", arguments))
    assert said.startswith("0.5, 0.5, 0.5, 0.6 is no part of a page. Give x0, y0, x1, y1")
    for box in ([0, 0, 1], "all"):
        wrong = {**arguments, "box": box}
        assert "It takes: page, box." in error_of(ask_once(service, "look_at_region", wrong))


def test_an_agent_is_told_when_to_use_it(service: SearchService) -> None:
    tool = next(t for t in list_tools(service).tools if t.name == "look_at_region")
    assert tool.input_schema["required"] == ["page", "box"]
    assert tool.output_schema is None  # or some clients would not show the picture
    assert "full resolution" in str(tool.description)
