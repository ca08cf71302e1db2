"""Pages of which OCR has read the words: every index keeps who read them, and how surely."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from encoders.interface import PageInput
from encoders.lexical import LexicalEncoder
from index.codec import words_from_bytes, words_to_bytes
from index.copying import copy_index
from index.interface import BM25, HAMMING_THEN_FLOAT, PageIndex
from index.pages import Page, PageVectors, PageWords, QueryVectors
from query.request import SearchRequest
from query.search import HYBRID, find
from query.snippet import snippet
from tests.finding import shown
from tests.memory_index import MemoryIndex
from tests.ocr_pages import OCR_ENGINE as ENGINE
from tests.ocr_pages import read_by_ocr
from tests.random_pages import FINGERPRINT, document, document_id, page, unit_vectors


@pytest.fixture
def pages() -> list[Page]:
    """A page with a text layer, one that OCR has read, and one of both kinds of words."""
    rng = np.random.default_rng(5)
    typed, scanned, stamped = (
        page(1, n, unit_vectors(rng, n + 2), text="copper lamp") for n in (1, 2, 3)
    )
    return [typed, read_by_ocr(scanned, 0.875, 1 / 255), read_by_ocr(stamped, np.nan, 1.0)]


def fill(index: PageIndex, pages: list[Page]) -> None:
    index.put_document(document(1, "/a/x.pdf", page_count=len(pages)))
    index.put(pages)


def copy(source: PageIndex, target: PageIndex) -> int:
    """Copy, and say how many pages were."""
    stop = threading.Event()
    return copy_index(source, target, stop=stop, on_progress=lambda done, of: None).n_pages


def test_who_read_a_page_and_how_surely_comes_back(
    empty_index: PageIndex, pages: list[Page]
) -> None:
    fill(empty_index, pages)
    for put in pages:
        stored = empty_index.page(put.page_id)
        assert stored.ocr_engine == put.ocr_engine
        assert stored.words.texts == put.words.texts
        assert stored.words.is_ocr.tolist() == put.words.is_ocr.tolist()
        assert stored.words.confidences == pytest.approx(
            put.words.confidences, abs=1 / 500, nan_ok=True
        )


def test_hits_and_counts_tell_of_it(empty_index: PageIndex, pages: list[Page]) -> None:
    fill(empty_index, pages)
    hits = empty_index.search(QueryVectors.text_only("lamp"), BM25, 10).hits
    engines = {hit.page_number: hit.ocr_engine for hit in shown(empty_index, hits)}
    assert engines == {1: "", 2: ENGINE, 3: ENGINE}
    assert empty_index.ocr_engines(document_id(1)) == {2: ENGINE, 3: ENGINE}
    assert empty_index.ocr_engines(document_id(2)) == {}
    assert empty_index.stats().n_pages_by_ocr_engine == {ENGINE: 2}


def test_put_again_it_is_the_last_that_counts(empty_index: PageIndex, pages: list[Page]) -> None:
    fill(empty_index, pages)
    empty_index.put([replace(pages[1], ocr_engine="a newer one"), replace(pages[2], ocr_engine="")])
    assert empty_index.ocr_engines(document_id(1)) == {2: "a newer one"}


def test_a_copy_keeps_it(empty_index: PageIndex, pages: list[Page]) -> None:
    source = MemoryIndex(FINGERPRINT)
    fill(source, pages)
    copy(source, empty_index)
    assert empty_index.ocr_engines(document_id(1)) == {2: ENGINE, 3: ENGINE}


def test_a_page_read_since_is_copied_again(empty_index: PageIndex, pages: list[Page]) -> None:
    source = MemoryIndex(FINGERPRINT)
    fill(source, pages)
    copy(source, empty_index)
    source.put([replace(pages[0], ocr_engine=ENGINE), replace(pages[1], ocr_engine="newer")])
    assert copy(source, empty_index) == 2
    assert empty_index.ocr_engines(document_id(1)) == {1: ENGINE, 2: "newer", 3: ENGINE}
    assert copy(source, empty_index) == 0


def test_a_document_that_cannot_be_found_has_engines_too(
    empty_index: PageIndex, pages: list[Page]
) -> None:
    empty_index.put_document(document(1, page_count=len(pages)))  # it has no path
    empty_index.put(pages)
    assert empty_index.ocr_engines(document_id(1)) == {2: ENGINE, 3: ENGINE}
    assert empty_index.stats().n_pages_by_ocr_engine == {}


def test_vectors_that_come_later_leave_the_engine(
    empty_index: PageIndex, pages: list[Page]
) -> None:
    early = [replace(it, vectors=PageVectors.none(), is_waiting=True) for it in pages]
    fill(empty_index, early)
    empty_index.put_vectors({it.page_id: it.vectors for it in pages})
    assert empty_index.ocr_engines(document_id(1)) == {2: ENGINE, 3: ENGINE}
    assert empty_index.stats().n_pages_by_ocr_engine == {ENGINE: 2}


def test_each_engine_has_its_count(empty_index: PageIndex, pages: list[Page]) -> None:
    newer = "PP-OCRv7 \x07, größer"  # a control character, which no server takes
    fill(empty_index, [pages[0], pages[1], replace(pages[2], ocr_engine=newer)])
    empty_index.put_document(document(2, "/a/y.pdf"))
    empty_index.put([replace(pages[1], document_id=document_id(2), page_number=1)])
    assert empty_index.ocr_engines(document_id(1)) == {2: ENGINE, 3: newer}
    assert empty_index.ocr_engines(document_id(2)) == {1: ENGINE}
    assert empty_index.stats().n_pages_by_ocr_engine == {ENGINE: 2, newer: 1}
    assert empty_index.page(pages[2].page_id).ocr_engine == newer


LINES = "the annual bud- get report of Straße 7"


@pytest.mark.parametrize("ranking", [BM25, HYBRID, HAMMING_THEN_FLOAT])
@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("reports", ("report",)),
        ("budget", ("bud- get",)),
        ('"budget report"', ("bud- get", "report")),
        ("strasse", ("Straße",)),
    ],
)
def test_a_word_is_found_whoever_read_it(
    empty_index: PageIndex, ranking: str, text: str, marked: tuple[str, ...]
) -> None:
    typed, scanned, other = (lexical_page(n, it) for n, it in enumerate((LINES, LINES, "lamp"), 1))
    for n, one in enumerate((typed, read_by_ocr(scanned), other), 1):
        empty_index.put_document(document(n, f"/{n}.pdf"))
        empty_index.put([one])
    hits = find(empty_index, LexicalEncoder, SearchRequest(text, 2, ranking)).shown
    assert {hit.document_id: hit.ocr_engine for hit in hits} == {
        document_id(1): "",
        document_id(2): ENGINE,
    }
    assert all(snippet(hit.text, text).matched_words == marked for hit in hits)


def lexical_page(n: int, text: str) -> Page:
    one = page(n, 1, unit_vectors(np.random.default_rng(n), 1), text=text)
    words = LexicalEncoder().encode_pages([PageInput(Image.new("RGB", (10, 10)), one.words)])[0]
    return replace(one, vectors=words)


def test_words_of_a_text_layer_are_kept_as_ever() -> None:
    texts, boxes = ("copper", "lamp"), np.zeros((2, 4), np.float32)
    without, sure = PageWords(texts, boxes), np.array([np.nan, 0.2], np.float32)
    assert len(words_to_bytes(PageWords(texts, boxes, sure))) > len(words_to_bytes(without))
    assert not words_from_bytes(words_to_bytes(without)).is_ocr.any()
    assert words_from_bytes(words_to_bytes(PageWords.none())).texts == ()
