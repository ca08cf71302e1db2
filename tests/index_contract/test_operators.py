"""Phrases and words left out hold in every index and in every ranking, and before it."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from encoders.interface import PageInput
from encoders.lexical import LexicalEncoder
from index.filters import Filters
from index.interface import BM25, FLOAT, HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, PageIndex
from index.pages import QueryVectors
from index.words.cut import cut_query
from query.request import SearchRequest
from query.search import HYBRID, find
from tests.random_pages import document, page, query, unit_vectors

PAGES = {
    1: "the annual budget report of 2023",
    2: "an annual report, and a budget",
    3: "annual bud- get report",
    4: "an annual budget-report about e-mail",
    5: "Straße nach 東京都 und INV-2023-0042",
    6: "the email of an office in 東 京 都, Invoice INV 2023 0042",
    7: "reports: annually, budgets",
}
NOTHING: set[int] = set()
BLANK = Image.new("RGB", (10, 10))


def fill(index: PageIndex) -> None:
    for n, text in PAGES.items():
        index.put_document(document(n, f"/{n}.pdf", title="Collected papers"))
        index.put([page(n, 1, unit_vectors(np.random.default_rng(n), 2), text=text)])


def found(index: PageIndex, ranking: str, **conditions: tuple[str, ...]) -> set[int]:
    vectors = query(unit_vectors(np.random.default_rng(9), 2))
    every = QueryVectors(
        " ".join(PAGES.values()), vectors.vectors, vectors.tokens, vectors.is_content
    )
    result = index.search(every, ranking, 10, filters=Filters(**conditions))
    assert result.n_candidates == len(result.hits)
    return {int(hit.document_id, 16) for hit in result.hits}


@pytest.mark.parametrize("ranking", [HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, FLOAT, BM25])
def test_phrases_and_words_are_conditions(empty_index: PageIndex, ranking: str) -> None:
    fill(empty_index)
    for phrase, pages in {
        "annual budget report": {1, 3, 4},
        "Annual Budget-Report": {1, 3, 4},
        "budget report": {1, 3, 4},
        "annual report": {2},
        "report annual": NOTHING,
        "annual": {1, 2, 3, 4},
        "e-mail": {4, 6},
        "東京都": {5, 6},
        "京都": {5, 6},
        "東京 都": {5, 6},
        "INV-2023-0042": {5, 6},
        "invoice inv 2023": {6},
        "strasse nach": {5},
        "collected papers": NOTHING,
        "...": NOTHING,
    }.items():
        assert found(empty_index, ranking, phrases=(phrase,)) == pages, phrase
    assert found(empty_index, ranking, phrases=("annual budget", "e-mail")) == {4}
    for word, pages in {
        "budget": {1, 2, 3, 4, 7},
        "report": {1, 2, 3, 4, 7},
        "e-mail": {4, 6},
        "email": {4, 6},
        "東京都": {5, 6},
        "INV-2023-0042": {5, 6},
        "annual report": {2},
        "STRASSE": {5},
        "nowhere": NOTHING,
    }.items():
        assert found(empty_index, ranking, without=(word,)) == {*PAGES} - pages, word
    kept = found(empty_index, ranking, phrases=("annual",), without=("e-mail", "2023"))
    assert kept == {2, 3}


@pytest.mark.parametrize("ranking", [HAMMING_THEN_FLOAT, BM25, HYBRID])
def test_a_query_is_read_and_searched(empty_index: PageIndex, ranking: str) -> None:
    encoder = LexicalEncoder()
    for n, text in PAGES.items():
        put = page(n, 1, np.zeros((0, 128), np.float32), text=text)
        (vectors,) = encoder.encode_pages([PageInput(BLANK, put.words)])
        empty_index.put_document(document(n, f"/{n}.pdf"))
        empty_index.put([replace(put, vectors=vectors)])

    def hits(typed: str) -> list[int]:
        request = SearchRequest(typed, 10, ranking)
        result = find(empty_index, LexicalEncoder, request).result
        return [int(hit.document_id, 16) for hit in result.hits]

    assert set(hits('"annual budget report"')) == {1, 3, 4}
    assert set(hits('"annual budget report" -e-mail')) == {1, 3}
    assert 2 not in hits('"budget report" annual')
    assert set(hits('"nowhere at all" annual')) == NOTHING


def test_whether_any_page_holds_a_word(empty_index: PageIndex) -> None:
    fill(empty_index)
    empty_index.put_document(document(8))  # without a path: it cannot be found
    empty_index.put([page(8, 1, np.zeros((0, 128), np.float32), text="invisible")])
    empty_index.put_document(document(9, "/a/minutes.pdf", title="Yearbook"))
    empty_index.put([page(9, 1, np.zeros((0, 128), np.float32), text="gone")])

    def holds(word: str) -> bool:
        return empty_index.holds(cut_query(word)[-1])

    for word in ("budget", "Budgets", "STRASSE", "email", "京都", "京", "yearbook", "minutes"):
        assert holds(word), word
    for word in ("xyzzyqq", "invisible", "0043", "大阪"):
        assert not holds(word), word
    empty_index.delete([document(9).document_id])
    assert not holds("minutes")
    assert not holds("gone")
