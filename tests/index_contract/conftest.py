"""One suite, every index: a test asks for `empty_index` and gets each implementation in turn.

The embedded index comes twice: scored by the plain definition, as few pages are, and by the
kernels, as many are.
Vespa comes twice: over the stand-in server of tests/vespa_java, whose query parsing, document store
and score evaluation are Vespa's own, and over a live server where PAGELENS_VESPA_URL names one.
"""

import math
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from index.embedded import embedded_index, ranking
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import PageIndex
from index.location import Location
from tests.memory_index import MemoryIndex
from tests.random_pages import FINGERPRINT
from vespa_app.client import VespaClient
from vespa_app.endpoint import endpoint_of
from vespa_app.patience import READING_S, Patience
from vespa_app.revisions import RECORD
from vespa_app.vespa_index import VespaIndex
from vespa_app.wire import MANIFEST_ID

LIVE_VESPA_VARIABLE = "PAGELENS_VESPA_URL"


@pytest.fixture(
    params=["embedded-plain", "embedded-kernels", "memory", "vespa-stand-in", "vespa-live"]
)
def empty_index(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PageIndex]:
    def embedded(plain_comparisons: int) -> PageIndex:
        monkeypatch.setattr(ranking, "PLAIN_COMPARISONS", plain_comparisons)
        monkeypatch.setattr(embedded_index, "SAID_FROM_S", math.inf)  # whatever numba's cache holds
        return EmbeddedIndex.open_for_writing(tmp_path / "index", FINGERPRINT)

    makers: dict[str, Callable[[], PageIndex]] = {
        "embedded-plain": lambda: embedded(sys.maxsize),
        "embedded-kernels": lambda: embedded(-1),
        "memory": lambda: MemoryIndex(FINGERPRINT),
        "vespa-stand-in": lambda: over_stand_in(request),
        "vespa-live": lambda: over_live_vespa(request),
    }
    index = makers[request.param]()
    yield index
    if request.param == "vespa-live":
        leave_as_found(index)
    index.close()


@pytest.fixture
def alone_at_the_live_vespa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The processes of a run share that server, and each test wants it empty."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "live-vespa.lock"):
        yield


def over_stand_in(request: pytest.FixtureRequest) -> PageIndex:
    stand_in = request.getfixturevalue("stand_in")
    stand_in.clear()
    return VespaIndex.open_for_writing(Location(stand_in.url), FINGERPRINT)


def over_live_vespa(request: pytest.FixtureRequest) -> PageIndex:
    url = os.environ.get(LIVE_VESPA_VARIABLE)
    if url is None:
        pytest.skip(f"{LIVE_VESPA_VARIABLE} names no Vespa server.")
    marker = request.node.get_closest_marker("not_in_engine")
    if marker is not None:
        pytest.skip(f"Vespa's engine {marker.args[0]}: see docs/vespa.md.")
    request.getfixturevalue("alone_at_the_live_vespa")
    location = Location(url)
    assert VespaIndex.stored_fingerprint(location) in (None, FINGERPRINT), (
        f"{url} holds somebody's index, and these tests empty it. Name an empty server."
    )
    index = VespaIndex.open_for_writing(location, FINGERPRINT)
    index.delete([document.document_id for document in index.documents()])
    return index


def leave_as_found(index: PageIndex) -> None:
    """Empty, without a manifest, so that any index may be made there next."""
    index.delete([document.document_id for document in index.documents()])
    client = VespaClient(
        endpoint_of(Location(os.environ[LIVE_VESPA_VARIABLE])), Patience(READING_S)
    )
    client.remove("remove the manifest", RECORD, MANIFEST_ID)
    client.close()
