"""Scans that an ingest reads by OCR are found in every index alike."""

from pathlib import Path

import pytest

from index.interface import BM25, PageIndex
from index.pages import QueryVectors
from ingest.ocr.engine import engine_name
from ingest.ocr.reader import PageReader
from tests.finding import shown
from tests.scanned_pdfs import write_scans
from tests.syncing import sync


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    write_scans(folder / "mixed.pdf", ["typed silver bell", "copper lamps"])
    write_scans(folder / "scans.pdf", ["lamp of copper"])
    return folder


def by_words(index: PageIndex, text: str) -> set[tuple[str, int, str]]:
    hits = index.search(QueryVectors.text_only(text), BM25, 10).hits
    return {(Path(hit.name).name, hit.page_number, hit.ocr_engine) for hit in shown(index, hits)}


def test_scans_are_found_by_words_in_any_form(empty_index: PageIndex, folder: Path) -> None:
    sync(empty_index, folder, reader=PageReader(reads_all=False))
    read = engine_name()
    assert by_words(empty_index, "copper") == {("mixed.pdf", 2, read), ("scans.pdf", 1, read)}
    assert by_words(empty_index, "bell") == {("mixed.pdf", 1, "")}
    assert by_words(empty_index, "lamp") == by_words(empty_index, "copper")  # in any form


def test_put_without_ocr_they_are_read_later(empty_index: PageIndex, folder: Path) -> None:
    sync(empty_index, folder)
    assert by_words(empty_index, "copper") == set()
    reader = PageReader(reads_all=False)
    report = sync(empty_index, folder, reader=reader, redo_ocr=True)
    assert (report.read_again.documents, report.read_again.pages) == (2, 2)
    assert len(by_words(empty_index, "copper")) == 2
    assert all(document.is_complete for document in empty_index.documents())
    assert sync(empty_index, folder, reader=reader, redo_ocr=True).pages_read_by_ocr == 0
