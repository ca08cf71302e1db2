"""Pages that are there with their words before their vectors come."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.copying import copy_index
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import WrongUseError
from index.interface import BM25, FLOAT, INDEX_RANKINGS, PageIndex
from index.pages import Hit, Page, PageVectors, QueryVectors
from tests.finding import shown
from tests.memory_index import MemoryIndex
from tests.random_pages import FINGERPRINT, document, document_id, page, query, unit_vectors

TEXTS = ("one words", "two words", "three", "four words words")


@pytest.fixture
def pages() -> list[Page]:
    rng = np.random.default_rng(5)
    return [page(1, n, unit_vectors(rng, n + 2), text=text) for n, text in enumerate(TEXTS, 1)]


def waiting(whole: Page) -> Page:
    return replace(whole, vectors=PageVectors.none(), is_waiting=True)


def put_waiting(index: PageIndex, pages: list[Page]) -> None:
    index.put_document(document(1, "/a/x.pdf", page_count=len(pages), is_complete=False))
    index.put([waiting(one) for one in pages])


def numbers(index: PageIndex, ranking: str) -> list[int]:
    asked = query(unit_vectors(np.random.default_rng(9), 3))
    return [hit.page_number for hit in index.search(asked, ranking, 100).hits]


def hits(index: PageIndex) -> list[tuple[Hit, ...]]:
    asked = query(unit_vectors(np.random.default_rng(9), 3))
    return [shown(index, index.search(asked, ranking, 100).hits) for ranking in INDEX_RANKINGS]


def test_a_waiting_page_is_found_by_its_words_alone(
    empty_index: PageIndex, pages: list[Page]
) -> None:
    put_waiting(empty_index, pages)
    found = empty_index.search(QueryVectors.text_only("words"), BM25, 100).hits
    assert {hit.page_number for hit in found} == {1, 2, 4}
    assert all(hit.is_waiting for hit in found)
    assert all(not numbers(empty_index, ranking) for ranking in INDEX_RANKINGS if ranking != BM25)
    stats = empty_index.stats()
    assert (stats.n_pages, stats.n_pages_waiting, stats.n_pages_without_vectors) == (4, 4, 0)
    assert (stats.n_vectors, empty_index.n_waiting()) == (0, 4)
    assert empty_index.waiting_pages(document_id(1)) == {1, 2, 3, 4}
    assert empty_index.page_numbers(document_id(1)) == {1, 2, 3, 4}
    assert empty_index.page(pages[0].page_id).is_waiting


def test_vectors_come_later_and_leave_the_rest_alone(
    empty_index: PageIndex, pages: list[Page]
) -> None:
    put_waiting(empty_index, pages)
    seen = {pages[n].page_id: pages[n].vectors for n in (3, 1)}  # in no order
    empty_index.put_vectors(seen | {pages[2].page_id: PageVectors.none()})
    assert set(numbers(empty_index, FLOAT)) == {2, 4}
    assert set(numbers(empty_index, BM25)) == {1, 2, 4}
    assert empty_index.waiting_pages(document_id(1)) == {1}
    stats = empty_index.stats()
    assert (stats.n_pages_waiting, stats.n_pages_without_vectors) == (1, 1)
    assert stats.n_vectors == len(pages[1].vectors.vectors) + len(pages[3].vectors.vectors)
    is_waiting = {
        hit.page_number: hit.is_waiting
        for hit in empty_index.search(QueryVectors.text_only("words"), BM25, 100).hits
    }
    assert is_waiting == {1: True, 2: False, 4: False}


def test_in_the_end_it_is_as_if_they_had_come_at_once(
    empty_index: PageIndex, pages: list[Page]
) -> None:
    whole = document(1, "/a/x.pdf", page_count=len(pages))
    empty_index.put_document(whole)
    empty_index.put(pages)
    expected = hits(empty_index), empty_index.stats()
    stored = [empty_index.page(one.page_id) for one in pages]
    empty_index.delete([document_id(1)])

    put_waiting(empty_index, pages)
    for one in (pages[3], *pages[:3]):
        empty_index.put_vectors({one.page_id: one.vectors})
    empty_index.put_document(whole)
    found = empty_index.stats()
    assert hits(empty_index) == expected[0]
    assert (found.n_pages, found.n_vectors, found.n_pages_waiting) == (
        expected[1].n_pages,
        expected[1].n_vectors,
        0,
    )
    for one, before in zip(pages, stored, strict=True):
        now = empty_index.page(one.page_id)
        np.testing.assert_array_equal(now.vectors.vectors, before.vectors.vectors)
        np.testing.assert_array_equal(
            now.vectors.patch_map.vector_index, before.vectors.patch_map.vector_index
        )
        assert (now.words.texts, now.preview) == (before.words.texts, before.preview)
        assert not now.is_waiting


def test_what_is_not_to_be_found_does_not_count_as_waiting(
    empty_index: PageIndex, pages: list[Page]
) -> None:
    empty_index.put_document(document(1, page_count=4, is_complete=False))
    empty_index.put([waiting(one) for one in pages])
    assert (empty_index.n_waiting(), empty_index.stats().n_pages_waiting) == (0, 0)
    assert empty_index.waiting_pages(document_id(1)) == {1, 2, 3, 4}


def test_a_copy_waits_too_and_is_brought_up_to_date(
    empty_index: PageIndex, pages: list[Page]
) -> None:
    def copy(source: PageIndex) -> int:
        return copy_index(
            source, empty_index, stop=threading.Event(), on_progress=lambda n, of: None
        ).n_pages

    source = MemoryIndex(FINGERPRINT)
    put_waiting(source, pages)
    source.put_vectors({pages[0].page_id: pages[0].vectors})
    assert copy(source) == 4
    assert empty_index.waiting_pages(document_id(1)) == {2, 3, 4}
    assert copy(source) == 0
    source.put_vectors({pages[1].page_id: pages[1].vectors})
    assert copy(source) == 1
    assert empty_index.waiting_pages(document_id(1)) == {3, 4}
    source.put_vectors({one.page_id: one.vectors for one in pages[2:]})
    source.put_document(document(1, "/a/x.pdf", page_count=4))
    assert copy(source) == 2
    assert (empty_index.n_waiting(), empty_index.n_unfinished()) == (0, 0)


def test_a_folder_checks_out_at_each_step(tmp_path: Path, pages: list[Page]) -> None:
    index = EmbeddedIndex.open_for_writing(tmp_path, FINGERPRINT)
    put_waiting(index, pages)
    assert check_index(tmp_path).problems == ()
    index.put_vectors({pages[3].page_id: pages[3].vectors})
    index.put_vectors({pages[0].page_id: pages[0].vectors})
    assert check_index(tmp_path).problems == ()
    assert index.compact() == 0
    assert check_index(tmp_path).problems == ()
    assert set(numbers(index, FLOAT)) == {1, 4}
    size_bytes = index.stats().size_bytes
    with pytest.raises(WrongUseError, match=f"holds no page {document_id(7)}-1"):
        index.put_vectors(
            {pages[1].page_id: pages[1].vectors, f"{document_id(7)}-1": PageVectors.none()}
        )
    assert index.stats().size_bytes == size_bytes
    index.put_document(document(1, "/a/x.pdf", page_count=4))
    assert check_index(tmp_path).problems == (
        "/a/x.pdf: recorded as complete, but page 2 has no vectors yet",
    )
    index.close()
