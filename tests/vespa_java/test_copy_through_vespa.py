"""`pagelens copy` into Vespa and out again, over the stand-in: what comes back is what went in."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from encoders.lexical import LexicalEncoder
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import INDEX_RANKINGS
from index.pages import Document, Hit, page_id
from pagelens.main import main
from tests.finding import shown
from tests.library import TEXTS, fill
from tests.vespa_java.stand_in import StandIn

N_DOCUMENTS, N_PAGES = len(TEXTS), sum(map(len, TEXTS.values()))
ALL = {"documents": N_DOCUMENTS, "pages": N_PAGES}
QUERIES = ("containers in 2022", "harbour ferries", "機械学習")

Copy = Callable[[object, object], Any]


@pytest.fixture
def copy(capsys: pytest.CaptureFixture[str]) -> Copy:
    """Runs `pagelens copy SOURCE TARGET --json`."""

    def run(source: object, target: object) -> Any:
        with pytest.raises(SystemExit) as exit_:
            main(["copy", str(source), str(target), "--json"])
        out, err = capsys.readouterr()
        assert exit_.value.code == 0, err
        return json.loads(out)

    return run


@pytest.fixture
def vespa(stand_in: StandIn) -> str:
    stand_in.clear()
    return stand_in.url


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    fingerprint = LexicalEncoder().fingerprint
    with closing(EmbeddedIndex.open_for_writing(folder, fingerprint)) as index:
        fill(index)
    return folder


def contents(folder: Path) -> tuple[list[Document], list[bytes], list[tuple[Hit, ...]]]:
    """Records, vectors and previews, and the hits of every ranking with their scores."""
    encoder = LexicalEncoder()
    with closing(EmbeddedIndex.open(folder)) as index:
        documents = list(index.documents())
        pages = [
            index.page(page_id(d.document_id, number))
            for d in documents
            for number in sorted(index.page_numbers(d.document_id))
        ]
        stored = [page.vectors.vectors.tobytes() + page.preview for page in pages]
        hits = [
            shown(index, index.search(encoder.encode_query(text), ranking, 100).hits)
            for text in QUERIES
            for ranking in INDEX_RANKINGS
        ]
    return documents, stored, hits


def test_an_index_goes_through_vespa_and_back(
    copy: Copy, source: Path, vespa: str, tmp_path: Path
) -> None:
    assert copy(source, vespa)["copied"] == ALL
    assert copy(vespa, tmp_path / "back")["copied"] == ALL
    assert contents(tmp_path / "back") == contents(source)
    assert check_index(tmp_path / "back").problems == ()


def test_a_second_copy_skips_what_vespa_holds(copy: Copy, source: Path, vespa: str) -> None:
    copy(source, vespa)
    report = copy(source, vespa)
    assert report["copied"] == {"documents": 0, "pages": 0}
    assert report["skipped"] == {"documents": N_DOCUMENTS}
