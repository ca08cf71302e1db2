"""What could not be looked at is not removed: its documents stay and are found."""

from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from index.interface import BM25, HAMMING, PageIndex
from index.pages import Failure
from ingest.lost_roots import LostRoot
from query.request import SearchRequest
from query.search import find
from tests.documents import write_pdf
from tests.fakes import cannot_be_listed
from tests.syncing import sync


def test_a_root_that_lost_everything_keeps_its_documents(
    empty_index: PageIndex, tmp_path: Path
) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    write_pdf(folder / "bolt.pdf", ["bolt"])
    sync(empty_index, folder)
    folder.rename(tmp_path / "away")
    folder.mkdir()
    report = sync(empty_index, folder)
    assert report.lost_roots == (LostRoot(str(folder), 1, 1),)
    assert report.removed.documents == 0
    for ranking in (BM25, HAMMING):
        found = find(empty_index, LexicalEncoder, SearchRequest("bolt", 1, ranking))
        assert [hit.paths for hit in found.shown] == [(str(folder / "bolt.pdf"),)]


def test_a_folder_that_cannot_be_listed_keeps_its_documents(
    empty_index: PageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, sub = tmp_path / "d", tmp_path / "d" / "sub"
    sub.mkdir(parents=True)
    write_pdf(folder / "bolt.pdf", ["bolt"])
    write_pdf(sub / "diagram.pdf", ["diagram"])
    sync(empty_index, folder)
    with monkeypatch.context() as denied:
        cannot_be_listed(sub, denied)
        report = sync(empty_index, folder)
    assert report.failed == [
        (str(sub), Failure(None, "folder cannot be listed: Permission denied", is_passing=True))
    ]
    assert (report.removed.documents, report.skipped.documents) == (0, 2)
    for ranking in (BM25, HAMMING):
        found = find(empty_index, LexicalEncoder, SearchRequest("diagram", 1, ranking))
        assert [hit.paths for hit in found.shown] == [(str(sub / "diagram.pdf"),)]
    assert sync(empty_index, folder).failed == []
