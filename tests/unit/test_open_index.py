"""One door to every kind of index: what a location names, and what may be asked of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.embedded.embedded_index import EmbeddedIndex
from index.errors import ServerError, WrongUseError
from index.location import Location
from pagelens.open_index import (
    CANDIDATES,
    open_index,
    open_index_for_writing,
    stored_fingerprint,
)
from tests.faults.failing_server import FailingServer, refuses
from tests.random_pages import FINGERPRINT, document
from vespa_app.vespa_index import VespaIndex


@pytest.fixture
def server() -> Iterator[FailingServer]:
    with FailingServer() as server:
        yield server


def test_a_folder_is_an_embedded_index(tmp_path: Path) -> None:
    location = Location(str(tmp_path / "index"))
    assert stored_fingerprint(location) is None
    assert not (tmp_path / "index").exists()
    index = open_index_for_writing(location, FINGERPRINT)
    assert isinstance(index, EmbeddedIndex)
    index.put_document(document(1, "/a.pdf"))
    index.close()
    assert stored_fingerprint(location) == FINGERPRINT
    for candidates in ("auto", "scan"):
        reader = open_index(location, candidates)
        assert isinstance(reader, EmbeddedIndex)
        assert [d.document_id for d in reader.documents()] == [document(1).document_id]
        reader.close()


def test_a_url_is_a_vespa_server(server: FailingServer) -> None:
    location = Location(server.url)
    assert stored_fingerprint(location) is None
    index = open_index_for_writing(location, FINGERPRINT)
    assert isinstance(index, VespaIndex)
    index.put_document(document(1, page_count=0))
    index.close()
    assert stored_fingerprint(location) == FINGERPRINT
    for candidates in CANDIDATES:
        reader = open_index(location, candidates)
        assert isinstance(reader, VespaIndex)
        assert [d.document_id for d in reader.documents()] == [document(1).document_id]
        reader.close()


def test_a_folder_is_scanned_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError) as raised:
        open_index(Location(str(tmp_path)), "ann")
    assert str(raised.value) == (
        f"--candidates ann needs a Vespa server, and {tmp_path} is a folder: there every page is "
        "scanned. Leave it out."
    )


def test_a_server_that_refuses_is_told_at_every_door(server: FailingServer) -> None:
    server.always("GET", "/manifest", refuses(401))
    location = Location(server.url)
    for door in (
        stored_fingerprint,
        open_index,
        lambda there: open_index_for_writing(there, FINGERPRINT),
    ):
        with pytest.raises(ServerError, match="Cannot read the index's manifest at .*: HTTP 401"):
            door(location)
