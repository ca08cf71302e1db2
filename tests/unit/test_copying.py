"""A copy is the same index; a copy cut short anywhere goes on to it, and does nothing twice."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoders.lexical import LexicalEncoder
from index.copying import CopyReport, copy_index
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import ServerError
from index.interface import INDEX_RANKINGS, PageIndex
from index.pages import Document, Failure, Hit, Page, page_id
from tests.finding import shown
from tests.library import JAPANESE, NEW_REPORT, OLD_REPORT, SCAN, TEXTS, fill, make_page
from tests.memory_index import MemoryIndex
from tests.random_pages import FINGERPRINT, document, document_id, unit_vectors
from tests.random_pages import page as random_page

N_PAGES = sum(map(len, TEXTS.values()))
QUERIES = ("containers in 2022", "harbour ferries", "機械学習", "report")
PATHLESS = replace(document(6, page_count=1, is_complete=True), title="Waiting")
UNFINISHED = replace(
    document(7, "/library/long.pdf", page_count=3, is_complete=False),
    failures=(Failure(1, "time-out"),),
)
FAILED = replace(
    document(8, "/library/broken.pdf", page_count=0),
    failures=(Failure(None, "no PDF \x01 漢"),),
)


@pytest.fixture
def source() -> MemoryIndex:
    """The small library, and documents without path, without all pages, without any page."""
    index = MemoryIndex(FINGERPRINT)
    fill(index)
    rng = np.random.default_rng(5)
    for other in (PATHLESS, UNFINISHED, FAILED):
        index.put_document(other)
    index.put([random_page(6, 1, unit_vectors(rng, 17), text="quite random", language="en")])
    index.put([random_page(7, 2, unit_vectors(rng, 3))])
    return index


class TargetThatFailsOnce(MemoryIndex):
    """Fails at the n-th call that writes, and at no other; knows what was put."""

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__(FINGERPRINT)
        self.put_ids: list[str] = []
        self.batches: list[int] = []
        self.fails_at = fails_at
        self.n_writes = 0

    def put(self, pages: Sequence[Page]) -> None:
        self._write()
        super().put(pages)
        self.put_ids += [page.page_id for page in pages]
        self.batches.append(len(pages))

    def put_document(self, document: Document) -> None:
        self._write()
        super().put_document(document)

    def _write(self) -> None:
        self.n_writes += 1
        if self.n_writes == self.fails_at:
            raise ServerError("The server is gone.")


def copied(source: PageIndex, target: PageIndex, batch_bytes: int = 1000) -> CopyReport:
    return copy_index(
        source,
        target,
        stop=threading.Event(),
        on_progress=lambda n_done, n_pages: None,
        batch_bytes=batch_bytes,
    )


def page_ids(index: PageIndex) -> list[str]:
    return [
        page_id(document.document_id, number)
        for document in index.documents()
        for number in sorted(index.page_numbers(document.document_id))
    ]


def assert_same(copy: PageIndex, source: PageIndex) -> None:
    assert list(copy.documents()) == list(source.documents())
    assert page_ids(copy) == page_ids(source)
    for id_ in page_ids(source):
        ours, theirs = copy.page(id_), source.page(id_)
        plain = ("language", "width_pt", "height_pt", "preview")
        assert [getattr(ours, name) for name in plain] == [getattr(theirs, name) for name in plain]
        assert ours.words.texts == theirs.words.texts
        assert np.allclose(ours.words.boxes, theirs.words.boxes, atol=1 / 131070)
        assert ours.vectors.vectors.tobytes() == theirs.vectors.vectors.tobytes()
        here, there = ours.vectors.patch_map, theirs.vectors.patch_map
        assert np.allclose(here.boxes, there.boxes, atol=1 / 131070)
        assert (here.vector_index == there.vector_index).all()
    assert all_hits(copy) == all_hits(source)


def all_hits(index: PageIndex) -> list[tuple[Hit, ...]]:
    encoder = LexicalEncoder()
    return [
        shown(index, index.search(encoder.encode_query(text), ranking, 100).hits)
        for text in QUERIES
        for ranking in INDEX_RANKINGS
    ]


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    with closing(EmbeddedIndex.open_for_writing(tmp_path / "source", FINGERPRINT)) as index:
        yield index


def test_everything_arrives(source: MemoryIndex) -> None:
    target = TargetThatFailsOnce()
    report = copied(source, target)
    assert_same(target, source)
    assert report == CopyReport(n_documents=7, n_pages=N_PAGES + 2)
    assert sorted(target.put_ids) == page_ids(source)


def test_a_copy_between_folders_answers_with_the_same_scores(
    source: MemoryIndex, embedded: EmbeddedIndex, tmp_path: Path
) -> None:
    copied(source, embedded)
    embedded.delete([SCAN])  # what a deletion left behind in the source does not matter
    folder = tmp_path / "target"
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as target:
        copied(embedded, target)
        assert_same(target, embedded)  # bm25 too: Hit compares scores
        assert target.stats().n_pages == N_PAGES - 2 + 1  # without SCAN, with one of UNFINISHED
    assert check_index(folder).problems == ()


def test_a_second_copy_does_nothing(source: MemoryIndex) -> None:
    target = TargetThatFailsOnce()
    copied(source, target)
    n_writes = target.n_writes
    assert copied(source, target) == CopyReport(n_skipped=7)
    assert target.n_writes == n_writes


def test_a_copy_that_fails_anywhere_goes_on_and_puts_no_page_twice(source: MemoryIndex) -> None:
    undisturbed = TargetThatFailsOnce()
    copied(source, undisturbed)
    for moment in range(1, undisturbed.n_writes + 1):
        target = TargetThatFailsOnce(fails_at=moment)
        with pytest.raises(ServerError, match="The server is gone"):
            copied(source, target)
        all_hits(target)
        complete = {d.document_id for d in target.documents() if d.is_complete}
        assert complete <= {d.document_id for d in source.documents()}
        for id_ in complete:
            assert target.page_numbers(id_) == source.page_numbers(id_)
        copied(source, target)
        assert_same(target, source)
        assert sorted(target.put_ids) == page_ids(source), f"failed at write {moment}"


def test_a_stop_puts_the_pages_in_hand_and_the_next_copy_goes_on(source: MemoryIndex) -> None:
    target, stop = TargetThatFailsOnce(), threading.Event()
    progress: list[tuple[int, int]] = []

    def stop_soon(n_done: int, n_pages: int) -> None:
        progress.append((n_done, n_pages))
        if n_done == 6:  # of the fourth document two pages are put, the third is not
            stop.set()

    report = copy_index(source, target, stop=stop, on_progress=stop_soon, batch_bytes=1)
    n_pages = sum(d.page_count for d in source.documents())
    assert report.is_interrupted
    assert (report.n_pages, report.n_documents) == (4, 3)
    assert report.n_pages_left == n_pages - 6
    assert progress[-1] == (6, n_pages)
    assert len(target.put_ids) == 4
    rest = copied(source, target)
    assert (rest.n_skipped, rest.n_pages, rest.is_interrupted) == (3, N_PAGES + 2 - 4, False)
    assert_same(target, source)


def test_progress_reaches_its_end(source: MemoryIndex) -> None:
    progress: list[tuple[int, int]] = []
    copy_index(
        source,
        TargetThatFailsOnce(),
        stop=threading.Event(),
        on_progress=lambda n_done, n_pages: progress.append((n_done, n_pages)),
    )
    n_pages = sum(d.page_count for d in source.documents())
    assert progress == sorted(progress)
    assert progress[-1] == (n_pages, n_pages)


@pytest.mark.parametrize(("batch_bytes", "n_batches"), [(1, N_PAGES + 2), (2**24, 1)])
def test_a_batch_reaches_over_documents_up_to_its_bytes(
    source: MemoryIndex, batch_bytes: int, n_batches: int
) -> None:
    target = TargetThatFailsOnce()
    copied(source, target, batch_bytes)
    assert len(target.batches) == n_batches


def test_a_document_is_found_only_when_it_is_complete_where_it_replaces_another(
    source: MemoryIndex,
) -> None:
    target = MemoryIndex(FINGERPRINT)
    old = document(99, "/library/scan.pdf")
    target.put_document(old)
    target.put([make_page(old.document_id, 1, "the old scan")])
    seen: list[set[str]] = []

    def look(n_done: int, n_pages: int) -> None:
        hits = target.search(LexicalEncoder().encode_query("scan"), "bm25", 100).hits
        there = shown(target, hits)
        seen.append({hit.document_id for hit in there if "/library/scan.pdf" in hit.paths})

    copy_index(source, target, stop=threading.Event(), on_progress=look, batch_bytes=1)
    look(0, 0)
    assert seen[0] == {old.document_id}
    assert seen[-1] == {SCAN}
    assert all(len(found) == 1 for found in seen)
    assert_same(target, source)  # so the replaced one is gone


def test_what_only_the_target_has_stays(source: MemoryIndex) -> None:
    target = MemoryIndex(FINGERPRINT)
    own = document(98, "/elsewhere/own.pdf")
    waiting = document(97, page_count=2, is_complete=False)  # an ingest is at work on it
    for one in (own, waiting):
        target.put_document(one)
    copied(source, target)
    kept = {d.document_id for d in target.documents()} - {d.document_id for d in source.documents()}
    assert kept == {own.document_id, waiting.document_id}


def test_documents_that_swap_their_paths_are_not_copied_again(source: MemoryIndex) -> None:
    target = TargetThatFailsOnce()
    copied(source, target)
    n_put = len(target.put_ids)
    before = {d.document_id: d for d in source.documents()}
    for a, b in ((OLD_REPORT, JAPANESE), (JAPANESE, OLD_REPORT)):
        source.put_document(replace(before[a], files=before[b].files))
    report = copied(source, target)
    assert (report.n_documents, report.n_pages, report.n_skipped) == (2, 0, 5)
    assert len(target.put_ids) == n_put
    assert_same(target, source)


def test_only_pages_new_in_the_source_are_copied(source: MemoryIndex) -> None:
    target = TargetThatFailsOnce()
    copied(source, target)
    source.put([random_page(7, 3, unit_vectors(np.random.default_rng(1), 2))])
    source.put_document(replace(UNFINISHED, is_complete=True, failures=(Failure(1, "torn"),)))
    report = copied(source, target)
    assert (report.n_documents, report.n_pages) == (1, 1)
    assert target.put_ids[-1] == page_id(document_id(7), 3)
    assert_same(target, source)


def test_a_document_lost_from_the_source_stays_in_the_target(source: MemoryIndex) -> None:
    target = MemoryIndex(FINGERPRINT)
    copied(source, target)
    source.delete([NEW_REPORT])
    copied(source, target)
    assert len(target.page_numbers(NEW_REPORT)) == 2
