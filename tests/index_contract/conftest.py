"""One suite, every index: a test asks for `make_index` and gets each implementation in turn."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from index.embedded import EmbeddedIndex
from index.interface import PageIndex
from tests.memory_index import MemoryIndex
from tests.random_pages import FINGERPRINT


@pytest.fixture(params=["embedded", "memory"])
def empty_index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PageIndex]:
    makers: dict[str, Callable[[], PageIndex]] = {
        "embedded": lambda: EmbeddedIndex.open_for_writing(tmp_path / "index", FINGERPRINT),
        "memory": lambda: MemoryIndex(FINGERPRINT),
    }
    index = makers[request.param]()
    yield index
    index.close()
