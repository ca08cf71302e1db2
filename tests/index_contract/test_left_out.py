"""What is excluded leaves the index; what lay behind a link or on a drive that is away stays."""

from pathlib import Path

from encoders.lexical import LexicalEncoder
from index.interface import BM25, HAMMING, PageIndex
from ingest.lost_roots import LostRoot
from query.request import SearchRequest
from query.search import find
from tests.documents import write_pdf
from tests.fakes import Mounts
from tests.syncing import sync


def places(index: PageIndex, text: str, ranking: str) -> list[str]:
    found = find(index, LexicalEncoder, SearchRequest(text, 5, ranking))
    return sorted(path for hit in found.shown for path in hit.paths)


def test_what_becomes_excluded_is_not_found_any_more(
    empty_index: PageIndex, tmp_path: Path
) -> None:
    drafts = tmp_path / "d" / "drafts"
    drafts.mkdir(parents=True)
    write_pdf(tmp_path / "d" / "bolt.pdf", ["bolt"])
    write_pdf(drafts / "bolt-draft.pdf", ["bolt draft"])
    sync(empty_index, tmp_path / "d")
    assert len(places(empty_index, "bolt", BM25)) == 2
    report = sync(empty_index, tmp_path / "d", exclude=["drafts/"])
    assert (report.removed.documents, report.skipped.documents) == (1, 1)
    for ranking in (BM25, HAMMING):
        assert places(empty_index, "bolt", ranking) == [str(tmp_path / "d" / "bolt.pdf")]


def test_a_drive_below_a_root_that_is_away_keeps_its_documents(
    empty_index: PageIndex, tmp_path: Path, mounts: Mounts
) -> None:
    nas = tmp_path / "d" / "nas"
    nas.mkdir(parents=True)
    mounts.places.add(nas)
    write_pdf(tmp_path / "d" / "bolt.pdf", ["bolt"])
    write_pdf(nas / "diagram.pdf", ["diagram"])
    sync(empty_index, tmp_path / "d")
    nas.rename(tmp_path / "away")
    nas.mkdir()
    mounts.places.clear()
    for _ in range(2):
        report = sync(empty_index, tmp_path / "d")
        assert report.lost_roots == (LostRoot(str(nas), 1, 1),)
        for ranking in (BM25, HAMMING):
            assert places(empty_index, "diagram", ranking)[-1] == str(nas / "diagram.pdf")
    nas.rmdir()
    (tmp_path / "away").rename(nas)
    mounts.places.add(nas)
    assert sync(empty_index, tmp_path / "d").skipped.documents == 2
    (nas / "diagram.pdf").unlink()
    assert sync(empty_index, tmp_path / "d").removed.documents == 1


def test_what_lies_behind_a_link_is_found_and_stays(empty_index: PageIndex, tmp_path: Path) -> None:
    for name in ("d", "other"):
        (tmp_path / name).mkdir()
    write_pdf(tmp_path / "d" / "bolt.pdf", ["bolt"])
    write_pdf(tmp_path / "other" / "diagram.pdf", ["diagram"])
    (tmp_path / "d" / "link").symlink_to(tmp_path / "other")
    assert sync(empty_index, tmp_path / "d").added.documents == 1
    assert sync(empty_index, tmp_path / "d", follow_links=True).added.documents == 1
    assert sync(empty_index, tmp_path / "d").skipped.documents == 2
    for ranking in (BM25, HAMMING):
        behind = str(tmp_path / "d" / "link" / "diagram.pdf")
        assert behind in places(empty_index, "diagram", ranking)
