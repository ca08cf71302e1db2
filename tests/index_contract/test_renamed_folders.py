"""A folder that was renamed leaves no ghost: its documents lie where they are, and nowhere else."""

from pathlib import Path

from encoders.lexical import LexicalEncoder
from index.interface import BM25, HAMMING_THEN_FLOAT, PageIndex
from query.request import SearchRequest
from query.search import find
from tests.documents import write_pdf
from tests.syncing import sync


def found_paths(index: PageIndex, text: str, ranking: str) -> list[tuple[str, ...]]:
    found = find(index, LexicalEncoder, SearchRequest(text, 10, ranking))
    return [hit.paths for hit in found.shown if text in hit.text]


def test_a_renamed_folder_leaves_its_new_name_alone(empty_index: PageIndex, tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.mkdir()
    for name in ("bolt", "diagram"):
        write_pdf(a / f"{name}.pdf", [name])
    sync(empty_index, a)
    a.rename(b)
    report = sync(empty_index, b)
    assert (report.moved.documents, report.added.documents) == (2, 0)
    for ranking in (BM25, HAMMING_THEN_FLOAT):
        assert found_paths(empty_index, "bolt", ranking) == [(str(b / "bolt.pdf"),)]
    assert sync(empty_index, b).skipped.documents == 2

    (b / "diagram.pdf").unlink()
    assert sync(empty_index, b).removed.documents == 1
    for ranking in (BM25, HAMMING_THEN_FLOAT):
        assert found_paths(empty_index, "diagram", ranking) == []
    assert [document.paths for document in empty_index.documents()] == [(str(b / "bolt.pdf"),)]


def test_of_two_paths_the_one_that_is_there_comes_first(
    empty_index: PageIndex, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_pdf(tmp_path / folder / "bolt.pdf", ["bolt"])
    here, gone = tmp_path / "b" / "bolt.pdf", tmp_path / "a" / "bolt.pdf"
    sync(empty_index, tmp_path)
    gone.unlink()  # and no ingest since
    (document,) = empty_index.documents()
    assert (document.name, document.paths) == (str(here), (str(here), str(gone)))
    for ranking in (BM25, HAMMING_THEN_FLOAT):
        assert found_paths(empty_index, "bolt", ranking) == [(str(here), str(gone))]
