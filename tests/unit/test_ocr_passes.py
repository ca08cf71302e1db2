"""OCR in an ingest: after the text layers, before the vectors; resumable; done again when asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoders.interface import Encoder
from encoders.lexical import LexicalEncoder
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import INTERRUPTED, PageFailure  # noqa: F401
from index.interface import BM25, FLOAT
from index.pages import Document, PageWords, QueryVectors, page_id
from ingest.ocr.engine import Ocr, engine_name
from ingest.ocr.reader import PageReader
from ingest.report import Report
from tests.finding import shown
from tests.looking_encoder import LookingEncoder
from tests.scanned_pdfs import write_scans
from tests.syncing import sync

N_PAGES = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    write_scans(folder / "mixed.pdf", ["typed silver bell", "copper lamp", "typed wooden spoon"])
    write_scans(folder / "scans.pdf", ["marble table", "paper basket"])
    return folder


@pytest.fixture
def reader() -> PageReader:
    return PageReader(reads_all=False)


def make_index(place: Path, encoder: Encoder) -> EmbeddedIndex:
    return EmbeddedIndex.open_for_writing(place, encoder.fingerprint)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    with closing(make_index(tmp_path / "index", LexicalEncoder())) as index:
        yield index


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    """An index of an encoder that looks at pages."""
    with closing(make_index(tmp_path / "seen", LookingEncoder())) as index:
        yield index


def document_of(index: EmbeddedIndex, name: str) -> Document:
    return next(d for d in index.documents() if Path(d.name).name == name)


def texts(index: EmbeddedIndex) -> dict[tuple[str, int], str]:
    return {
        (Path(d.name).name, n): index.page(page_id(d.document_id, n)).words.text
        for d in index.documents()
        for n in index.page_numbers(d.document_id)
    }


def found(index: EmbeddedIndex, text: str) -> list[tuple[str, int]]:
    hits = index.search(QueryVectors.text_only(text), BM25, 100).hits
    return [(Path(hit.name).name, hit.page_number) for hit in shown(index, hits)]


ALL_WORDS = {
    ("mixed.pdf", 1): "silver bell",
    ("mixed.pdf", 2): "copper lamp",
    ("mixed.pdf", 3): "wooden spoon",
    ("scans.pdf", 1): "marble table",
    ("scans.pdf", 2): "paper basket",
}
OF_TEXT_LAYERS = {
    key: text for key, text in ALL_WORDS.items() if text in ("silver bell", "wooden spoon")
}


class StoppingOcr(Ocr):
    """Asks for a stop after some pages."""

    def __init__(self, n_threads: int, *, stop: threading.Event, after: int) -> None:
        super().__init__(n_threads)
        self._stop, self._left = stop, after

    def read(self, image: Image.Image, check: Callable[[], None] = lambda: None) -> PageWords:
        words = super().read(image, check)
        self._left -= 1
        if not self._left:
            self._stop.set()
        return words


class FailingOcr:
    """Fails on every page."""

    def __init__(self, n_threads: int) -> None:
        pass

    def read(self, image: Image.Image, check: Callable[[], None]) -> PageWords:
        raise RuntimeError("no memory\nfor this")


class CountingEncoder(LookingEncoder):
    """Counts the pages it looks at."""

    n_seen = 0

    def encode_pages(self, pages):  # type: ignore[no-untyped-def]
        self.n_seen += sum(page.is_drawn for page in pages)
        return super().encode_pages(pages)


def test_scans_get_words_and_are_found_by_them(
    folder: Path, tmp_path: Path, index: EmbeddedIndex, reader: PageReader
) -> None:
    report = sync(index, folder, reader=reader)
    assert (report.added.documents, report.added.pages) == (2, N_PAGES)
    assert (report.pages_read_by_ocr, report.pages_without_vectors) == (3, 0)
    assert texts(index) == ALL_WORDS
    assert found(index, "basket") == [("scans.pdf", 2)]
    asked = LexicalEncoder().encode_query("marble")
    (best,) = shown(index, index.search(asked, FLOAT, 1).hits)
    assert (Path(best.name).name, best.page_number) == ("scans.pdf", 1)
    assert index.ocr_engines(document_of(index, "mixed.pdf").document_id) == {2: engine_name()}
    words = index.page(page_id(document_of(index, "scans.pdf").document_id, 1)).words
    assert words.is_ocr.all() and words.confidences.min() > 0.5
    assert check_index(tmp_path / "index").problems == ()
    assert sync(index, folder, reader=reader).skipped.pages == N_PAGES


def test_without_ocr_all_is_as_it_was(folder: Path, index: EmbeddedIndex) -> None:
    report = sync(index, folder)
    assert (report.pages_read_by_ocr, report.pages_without_vectors) == (0, 3)
    assert texts(index) == dict.fromkeys(ALL_WORDS, "") | OF_TEXT_LAYERS


@pytest.mark.parametrize("n_read", [1, 2, 3])
@pytest.mark.parametrize("looks", [False, True])
def test_stopped_in_the_midst_no_page_is_lost(
    folder: Path, tmp_path: Path, reader: PageReader, n_read: int, looks: bool
) -> None:
    encoder = LookingEncoder() if looks else LexicalEncoder()
    stop = threading.Event()
    stopping = PageReader(
        reads_all=False, make_engine=partial(StoppingOcr, stop=stop, after=n_read)
    )
    stopping.n_workers = 1
    with closing(make_index(tmp_path / "index", encoder)) as index:
        first = sync(
            index,
            folder,
            reader=stopping,
            stop=stop,
            text_first=looks,
            load_encoder=lambda: encoder,
        )
        assert first.is_interrupted == (looks or n_read < 3)
        so_far = texts(index)
        assert OF_TEXT_LAYERS.items() <= so_far.items() <= ALL_WORDS.items()
        assert found(index, "spoon") == [("mixed.pdf", 3)]
        sync(index, folder, reader=reader, text_first=looks, load_encoder=lambda: encoder)
        assert texts(index) == ALL_WORDS
        assert all(document.is_complete for document in index.documents())
        assert not index.n_waiting()
        assert not check_index(tmp_path / "index").problems


def test_words_first_the_text_layers_then_scans_then_vectors(
    folder: Path, seen: EmbeddedIndex
) -> None:
    happened = []

    class Watched(Ocr):
        """Notes what is there when it begins."""

        def read(self, image: Image.Image, check: Callable[[], None] = lambda: None) -> PageWords:
            happened.append(("scan", len(texts(seen)), seen.n_waiting()))
            return super().read(image, check)

    class Looking(LookingEncoder):
        def encode_pages(self, pages):  # type: ignore[no-untyped-def]
            happened.append(("look", len(texts(seen)), 0))
            return super().encode_pages(pages)

    reader = PageReader(reads_all=False, make_engine=Watched)
    reader.n_workers = 1
    sync(seen, folder, reader=reader, text_first=True, load_encoder=Looking)
    assert [what for what, *_ in happened] == ["scan"] * 3 + ["look"] * N_PAGES
    assert happened[0] == ("scan", 2, 2)
    assert {n for what, n, _ in happened if what == "look"} == {N_PAGES}
    assert texts(seen) == ALL_WORDS


def test_what_replaces_a_document_is_hidden_until_its_scans_are_read(
    folder: Path, index: EmbeddedIndex, reader: PageReader
) -> None:
    sync(index, folder, reader=reader)
    write_scans(folder / "mixed.pdf", ["typed silver bell", "golden ring"])
    there = []

    class Watched(Ocr):
        """Notes what is found when it begins."""

        def read(self, image: Image.Image, check: Callable[[], None] = lambda: None) -> PageWords:
            there.append((found(index, "lamp"), found(index, "bell")))
            return super().read(image, check)

    report = sync(index, folder, reader=PageReader(reads_all=False, make_engine=Watched))
    assert there == [([("mixed.pdf", 2)], [("mixed.pdf", 1)])]
    assert (report.replaced.documents, report.replaced.pages) == (1, 2)
    assert found(index, "lamp") == [] and found(index, "ring") == [("mixed.pdf", 2)]


def not_read(report: Report) -> list[tuple[str, int | None, str]]:
    return [(Path(path).name, f.page_number, f.reason) for path, f in report.failed if f.is_of_ocr]


def test_a_page_ocr_fails_on_is_there_without_its_words(
    folder: Path, seen: EmbeddedIndex, reader: PageReader
) -> None:
    encoder = CountingEncoder()
    failing = PageReader(reads_all=False, make_engine=FailingOcr)
    report = sync(seen, folder, reader=failing, load_encoder=lambda: encoder)
    reason = "OCR failed (RuntimeError: no memory)"
    assert not_read(report) == [("mixed.pdf", 2, reason), ("scans.pdf", 1, reason)]
    assert [f.where for _, f in report.failed] == ["page 2", "pages 1 to 2"]
    assert texts(seen) == dict.fromkeys(ALL_WORDS, "") | OF_TEXT_LAYERS
    assert encoder.n_seen == seen.stats().n_pages == N_PAGES
    again = sync(seen, folder, reader=reader, load_encoder=lambda: encoder)
    assert again.skipped.pages == N_PAGES and len(again.failed) == 2  # it is not tried by itself
    retried = sync(seen, folder, reader=reader, retry_failed=True, load_encoder=lambda: encoder)
    assert retried.failed == [] and retried.pages_read_by_ocr == 3
    assert texts(seen) == ALL_WORDS
    assert encoder.n_seen == N_PAGES  # their vectors stay


def test_a_page_that_takes_too_long_is_left(
    folder: Path, index: EmbeddedIndex, reader: PageReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.ocr.reader.PAGE_LIMIT_S", 0.0)
    reasons = {reason for *_, reason in not_read(sync(index, folder, reader=reader))}
    assert reasons == {"OCR took longer than the limit of 0.0 s"}
    monkeypatch.undo()
    assert not sync(index, folder, reader=reader, retry_failed=True).failed
    assert texts(index) == ALL_WORDS


def test_asked_for_it_reads_every_page(folder: Path, index: EmbeddedIndex) -> None:
    report = sync(index, folder, reader=PageReader(reads_all=True))
    assert report.pages_read_by_ocr == N_PAGES
    assert texts(index) == ALL_WORDS
    mixed = document_of(index, "mixed.pdf").document_id
    assert set(index.ocr_engines(mixed)) == {1, 2, 3}


def test_redone_it_reads_what_it_has_not_and_vectors_stay(
    folder: Path, tmp_path: Path, seen: EmbeddedIndex, reader: PageReader
) -> None:
    encoder = CountingEncoder()
    load = lambda: encoder  # noqa: E731
    sync(seen, folder, load_encoder=load)
    before = {d.document_id: d for d in seen.documents()}
    vectors = {
        page_id(i, n): seen.page(page_id(i, n)).vectors.vectors
        for i in before
        for n in seen.page_numbers(i)
    }
    report = sync(seen, folder, reader=reader, redo_ocr=True, load_encoder=load)
    assert (report.read_again.documents, report.read_again.pages) == (2, 3)
    assert (report.added.documents, report.skipped.documents) == (0, 0)
    assert texts(seen) == ALL_WORDS
    assert found(seen, "lamp") == [("mixed.pdf", 2)]
    assert encoder.n_seen == N_PAGES
    assert {d.document_id: d for d in seen.documents()} == before
    for id_, stored in vectors.items():
        np.testing.assert_array_equal(seen.page(id_).vectors.vectors, stored)
    again = sync(seen, folder, reader=reader, redo_ocr=True, load_encoder=load)
    assert (again.pages_read_by_ocr, again.read_again.pages) == (0, 0)
    assert check_index(tmp_path / "seen").problems == ()


def test_redone_with_another_engine_it_reads_all_scans_again(
    folder: Path, index: EmbeddedIndex, reader: PageReader
) -> None:
    sync(index, folder, reader=reader)
    newer = PageReader(reads_all=False)
    newer.engine_name = "a newer engine"
    assert sync(index, folder, reader=newer).pages_read_by_ocr == 0  # forces nothing
    assert sync(index, folder, reader=newer, redo_ocr=True).pages_read_by_ocr == 3
    assert index.stats().n_pages_by_ocr_engine == {"a newer engine": 3}
    assert texts(index) == ALL_WORDS


def test_a_redo_that_was_stopped_goes_on(
    folder: Path, index: EmbeddedIndex, reader: PageReader
) -> None:
    sync(index, folder)
    stop = threading.Event()
    stopping = PageReader(reads_all=False, make_engine=partial(StoppingOcr, stop=stop, after=1))
    stopping.n_workers = 1
    assert sync(index, folder, reader=stopping, redo_ocr=True, stop=stop).is_interrupted
    assert len(texts(index)) == N_PAGES  # nothing is taken away meanwhile
    n_read = sum(index.stats().n_pages_by_ocr_engine.values())
    rest = sync(index, folder, reader=reader, redo_ocr=True)
    assert n_read + rest.pages_read_by_ocr == 3
    assert texts(index) == ALL_WORDS
    assert all(document.is_complete for document in index.documents())
