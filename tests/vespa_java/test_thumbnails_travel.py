"""A page's thumbnail lies in its preview, so it goes wherever its page does, and stays as it is."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.location import Location
from index.pages import Document, FileRecord
from index.preview import preview_of, thumbnail_in
from pagelens.main import main
from pagelens.open_index import open_index
from tests.library import make_page
from tests.vespa_java.stand_in import StandIn

DOCUMENT = Document("a" * 32, (FileRecord("/library/a.pdf", 1, 1),), "", 2, is_complete=True)
COLOURS = {1: "teal", 2: "maroon"}
"""Of each page, by its number: thumbnails that cannot be taken for each other."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as index:
        index.put_document(DOCUMENT)
        for number, colour in COLOURS.items():
            page = make_page(DOCUMENT.document_id, number, "seven cranes by the quay")
            preview = preview_of(Image.new("RGB", (600, 800), colour))
            index.put([replace(page, preview=preview)])
    return folder


@pytest.fixture
def vespa(stand_in: StandIn) -> Iterator[str]:
    stand_in.clear()
    yield stand_in.url
    stand_in.clear()


def run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([str(argument) for argument in arguments])
    assert exit_.value.code == 0


def thumbnails(place: object) -> Mapping[str, bytes | None]:
    """Of each page, by its id."""
    with closing(open_index(Location(str(place)))) as index:
        pages = [
            f"{document.document_id}-{number}"
            for document in index.documents()
            for number in index.page_numbers(document.document_id)
        ]
        return {page_id: thumbnail_in(index.image(page_id)) for page_id in pages}


def exported(feed: Path) -> Mapping[str, bytes | None]:
    """The same of a file that Vespa can feed."""
    puts = [json.loads(line) for line in feed.read_text().splitlines()]
    return {
        put["put"].rpartition(":")[2]: thumbnail_in(base64.b64decode(put["fields"]["preview"]))
        for put in puts
        if "preview" in put["fields"]
    }


def test_thumbnails_go_where_their_pages_go(source: Path, vespa: str, tmp_path: Path) -> None:
    expected = thumbnails(source)
    assert len(set(expected.values()) - {None}) == len(COLOURS)
    run("copy", source, tmp_path / "copy")
    assert thumbnails(tmp_path / "copy") == expected
    run("copy", "--pool", 2, source, tmp_path / "pooled")
    assert thumbnails(tmp_path / "pooled") == expected
    run("export", tmp_path / "feed.jsonl", "--index", source)
    assert exported(tmp_path / "feed.jsonl") == expected
    run("copy", source, vespa)
    assert thumbnails(vespa) == expected
    run("copy", vespa, tmp_path / "back")
    assert thumbnails(tmp_path / "back") == expected
