"""Every index ranks by the scores maxsim.py defines."""

import numpy as np
import pytest
from numpy.typing import NDArray

from index.errors import WrongUseError
from index.filters import Filters
from index.interface import (
    BM25,
    FLOAT,
    HAMMING,
    HAMMING_THEN_BITS,
    HAMMING_THEN_FLOAT,
    INDEX_RANKINGS,
    PageIndex,
)
from index.maxsim import bits_maxsim, float_maxsim, hamming_maxsim
from index.pages import Page, QueryVectors
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from tests.finding import shown
from tests.random_pages import document, document_id, page, query, unit_vectors

TOLERANCE = 1e-5
"""Vespa sums dot products in floats, MemoryIndex in doubles; measured, they differ by 1e-6."""

MAXSIM_RANKINGS = (HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, FLOAT)
N_DOCUMENTS, N_PAGES = 12, 5


@pytest.fixture
def pages(empty_index: PageIndex) -> list[Page]:
    """Sixty ragged pages of twelve documents, put in an order that is not that of their ids."""
    rng = np.random.default_rng(11)
    pages = []
    for n in rng.permutation(N_DOCUMENTS):
        empty_index.put_document(
            document(int(n), f"/{'even' if n % 2 == 0 else 'odd'}/{n}.pdf", page_count=N_PAGES)
        )
        batch = []
        for number in range(1, N_PAGES + 1):
            vectors = unit_vectors(rng, int(rng.choice([0, 1, 2, 17, 64])))
            language = "de" if number == 2 else "en"
            batch.append(page(int(n), number, vectors, text=f"p{number} d{n}", language=language))
        empty_index.put(batch)
        pages += batch
    return pages


def defined_score(ranking: str, query: NDArray[np.float32], page: Page) -> float:
    """The score by which the ranking orders its final hits."""
    bits = pack_sign_bits(page.vectors.vectors)
    if ranking == HAMMING:
        return hamming_maxsim(pack_sign_bits(query), bits)
    if ranking == HAMMING_THEN_BITS:
        return bits_maxsim(query, bits)
    return float_maxsim(query, from_bfloat16(to_bfloat16(page.vectors.vectors)))


def order_of(ranking: str, query: NDArray[np.float32], pages: list[Page]) -> list[str]:
    scored = [(defined_score(ranking, query, p), p) for p in pages if len(p.vectors.vectors)]
    scored.sort(key=lambda pair: (-pair[0], pair[1].document_id, pair[1].page_number))
    return [p.page_id for _, p in scored]


@pytest.mark.parametrize("ranking", MAXSIM_RANKINGS)
@pytest.mark.parametrize("n_tokens", [1, 5, 14])
def test_order_and_scores_are_those_of_the_definition(
    empty_index: PageIndex, pages: list[Page], ranking: str, n_tokens: int
) -> None:
    vectors = unit_vectors(np.random.default_rng(n_tokens), n_tokens)
    hits = empty_index.search(query(vectors), ranking, 100, rerank=100).hits
    assert [hit.page_id for hit in hits] == order_of(ranking, vectors, pages)
    by_id = {p.page_id: p for p in pages}
    for hit in hits:
        expected = defined_score(ranking, vectors, by_id[hit.page_id])
        assert hit.score_sum == pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE)
        assert hit.score == pytest.approx(expected / n_tokens, rel=TOLERANCE, abs=TOLERANCE)


@pytest.mark.parametrize("ranking", MAXSIM_RANKINGS)
def test_all_negative_similarities_keep_their_order(empty_index: PageIndex, ranking: str) -> None:
    """A padded patch would score 0 and win here."""
    direction = unit_vectors(np.random.default_rng(1), 1)
    for n in range(4):
        empty_index.put_document(document(n, f"/{n}.pdf"))
        noise = 0.05 * (n + 1) * unit_vectors(np.random.default_rng(n), 3)
        opposed = -direction + noise
        opposed /= np.linalg.norm(opposed, axis=1, keepdims=True)
        empty_index.put([page(n, 1, opposed.astype(np.float32))])
    hits = empty_index.search(query(direction), ranking, 10).hits
    assert len(hits) == 4
    if ranking in (FLOAT, HAMMING_THEN_FLOAT):
        assert all(hit.score < 0 for hit in hits)
        assert [hit.document_id for hit in hits] == [document_id(n) for n in (3, 2, 1, 0)]


@pytest.mark.parametrize("ranking", MAXSIM_RANKINGS)
def test_ties_are_in_order_of_document_id_and_page_number(
    empty_index: PageIndex, ranking: str
) -> None:
    same = unit_vectors(np.random.default_rng(1), 3)
    for n in (7, 3, 9):
        empty_index.put_document(document(n, f"/{n}.pdf", page_count=12))
        empty_index.put([page(n, number, same) for number in (10, 2, 1)])
    hits = empty_index.search(query(same), ranking, 9, rerank=9).hits
    assert [(hit.document_id, hit.page_number) for hit in hits] == [
        (document_id(n), number) for n in (3, 7, 9) for number in (1, 2, 10)
    ]


@pytest.mark.not_in_engine("cuts equal scores in an order of its own")
@pytest.mark.parametrize("ranking", MAXSIM_RANKINGS)
def test_equal_matches_tie_wherever_they_stand_on_the_page(
    empty_index: PageIndex, ranking: str
) -> None:
    rng = np.random.default_rng(5)
    best = unit_vectors(rng, 3)
    for n in rng.permutation(12):
        empty_index.put_document(document(int(n), f"/{n}.pdf"))
        others = -best[rng.integers(0, 3, int(rng.integers(0, 9)))]  # never a token's best
        vectors = rng.permutation(np.concatenate([best, others]))
        empty_index.put([page(int(n), 1, vectors)])
    hits = empty_index.search(query(best), ranking, 12, rerank=12).hits
    assert len({hit.score_sum for hit in hits}) == 1
    assert [hit.document_id for hit in hits] == [document_id(n) for n in range(12)]


@pytest.mark.parametrize("ranking", MAXSIM_RANKINGS)
def test_ties_are_cut_in_that_order(empty_index: PageIndex, ranking: str) -> None:
    same = unit_vectors(np.random.default_rng(1), 3)
    for n in (7, 3):
        empty_index.put_document(document(n, f"/{n}.pdf", page_count=12))
        empty_index.put([page(n, number, same) for number in (10, 2, 1)])
    hits = empty_index.search(query(same), ranking, 4, rerank=4).hits
    assert [(hit.document_id, hit.page_number) for hit in hits] == [
        (document_id(3), 1),
        (document_id(3), 2),
        (document_id(3), 10),
        (document_id(7), 1),
    ]


@pytest.mark.parametrize("ranking", [HAMMING_THEN_BITS, HAMMING_THEN_FLOAT])
def test_phase_2_scores_only_the_best_of_phase_1(
    empty_index: PageIndex, pages: list[Page], ranking: str
) -> None:
    vectors = unit_vectors(np.random.default_rng(3), 8)
    hits = empty_index.search(query(vectors), ranking, 4, rerank=4).hits
    by_id = {p.page_id: p for p in pages}
    assert len(hits) == 4
    assert [hit.score_sum for hit in hits] == sorted((h.score_sum for h in hits), reverse=True)
    for hit in hits:
        expected = defined_score(ranking, vectors, by_id[hit.page_id])
        assert hit.score_sum == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.parametrize("ranking", [HAMMING_THEN_BITS, HAMMING_THEN_FLOAT])
def test_phase_2_scores_as_many_as_are_wanted_though_rerank_is_less(
    empty_index: PageIndex, pages: list[Page], ranking: str
) -> None:
    vectors = unit_vectors(np.random.default_rng(3), 8)
    hits = empty_index.search(query(vectors), ranking, 100, rerank=4).hits
    assert len(hits) > 40  # all that have vectors
    assert [hit.page_id for hit in hits] == order_of(ranking, vectors, pages)
    assert len(empty_index.search(query(vectors), ranking, 20, rerank=4).hits) == 20


@pytest.mark.parametrize("ranking", INDEX_RANKINGS)
@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(path_glob="odd/*.pdf"), lambda n, number: n % 2 == 1),
        (Filters(path_glob="/even/1*.pdf"), lambda n, number: n == 10),
        (Filters(path_glob="nowhere/*"), lambda n, number: False),
        (Filters(document_id=document_id(4)), lambda n, number: n == 4),
        (Filters(document_id=document_id(4)[:31]), lambda n, number: True),
        (Filters(first_page=2, last_page=3), lambda n, number: number in (2, 3)),
        (Filters(last_page=1), lambda n, number: number == 1),
        (Filters(language="de"), lambda n, number: number == 2),
        (Filters(language="de", path_glob="odd/*"), lambda n, number: n % 2 and number == 2),
        (Filters(not_path_glob="odd/*.pdf"), lambda n, number: n % 2 == 0),
        (Filters(not_path_glob="nowhere/*"), lambda n, number: True),
        (Filters(path_glob="even/*", not_path_glob="*1?.pdf"), lambda n, _: n % 2 == 0 and n < 10),
        (Filters(not_document_id=document_id(4)), lambda n, number: n != 4),
        (Filters(not_document_id=document_id(4)[:31]), lambda n, number: False),
        (Filters(not_first_page=2, not_last_page=3), lambda n, number: number not in (2, 3)),
        (Filters(not_first_page=2), lambda n, number: number == 1),
        (Filters(not_last_page=1), lambda n, number: number > 1),
        (Filters(last_page=4, not_first_page=2, not_last_page=2), lambda _, i: i in (1, 3, 4)),
        (Filters(not_language="de"), lambda n, number: number != 2),
        (
            Filters("odd/*", not_path_glob="*3.pdf", not_language="de", not_first_page=5),
            lambda n, number: n % 2 == 1 and n % 10 != 3 and number not in (2, 5),
        ),
    ],
)
def test_filters_hold_before_ranking(
    empty_index: PageIndex, pages: list[Page], ranking: str, filters: Filters, kept
) -> None:
    every = QueryVectors(
        "p1 p2 p3 p4 p5", *_fields(query(unit_vectors(np.random.default_rng(5), 5)))
    )
    hits = empty_index.search(every, ranking, 100, filters=filters).hits
    expected = {
        p.page_id
        for p in pages
        if kept(int(p.document_id, 16), p.page_number)
        and (ranking == BM25 or len(p.vectors.vectors))
    }
    assert {hit.page_id for hit in hits} == expected


def test_an_unknown_language_is_a_language_to_filter_by(empty_index: PageIndex) -> None:
    vectors = unit_vectors(np.random.default_rng(1), 2)
    empty_index.put_document(document(1, "/a.pdf", page_count=2))
    empty_index.put([page(1, 1, vectors), page(1, 2, vectors, language="de")])
    hits = empty_index.search(query(vectors), HAMMING, 5, filters=Filters(language="")).hits
    assert [hit.page_number for hit in hits] == [1]
    hits = empty_index.search(query(vectors), HAMMING, 5, filters=Filters(not_language="")).hits
    assert [hit.page_number for hit in hits] == [2]


def test_a_document_is_left_out_by_any_of_its_paths(empty_index: PageIndex) -> None:
    vectors = unit_vectors(np.random.default_rng(1), 2)
    empty_index.put_document(document(1, "/kept/a.pdf", "/drafts/a.pdf"))
    empty_index.put_document(document(2, "/kept/b.pdf"))
    empty_index.put([page(1, 1, vectors), page(2, 1, vectors)])
    filters = Filters(path_glob="kept/*", not_path_glob="drafts/*")
    hits = empty_index.search(query(vectors), HAMMING, 5, filters=filters).hits
    assert [hit.document_id for hit in hits] == [document_id(2)]


def _fields(query: QueryVectors) -> tuple:
    return query.vectors, query.tokens, query.is_content


def test_text_is_found_in_every_script(empty_index: PageIndex) -> None:
    texts = {
        1: "Die Wasserstraße führt am Hafen vorbei",
        2: "東京都は日本の首都です",
        3: "北京是中国的首都",
        4: "Le café est fermé",
        5: "한국어로 쓴 문서",
        6: "المكتبة العامة",
        7: "ISO-9001 and C++ and 3.14",
    }
    none = np.zeros((0, 128), np.float32)
    for n, text in texts.items():
        empty_index.put_document(document(n, f"/{n}.pdf"))
        empty_index.put([page(n, 1, none, text=text)])

    def found(text: str) -> set[int]:
        hits = empty_index.search(QueryVectors.text_only(text), BM25, 10).hits
        return {int(hit.document_id, 16) for hit in hits}

    assert found("hafen") == {1}
    assert found("東京") == {2}
    assert found("首都") == {2, 3}
    assert found("中国") == {3}
    assert found("都") == {2, 3}
    assert found("cafe") == {4}
    assert found("한국어") == {5}
    assert found("المكتبة") == {6}
    assert found("9001") == {7}
    assert found('"unbalanced OR (NEAR * ^ :') == set()
    assert found("*") == set()


def test_titles_and_file_names_are_text_too(empty_index: PageIndex) -> None:
    none = np.zeros((0, 128), np.float32)
    empty_index.put_document(document(1, "/a/annual_report-2023.pdf", title="Harbour yearbook"))
    empty_index.put([page(1, 1, none, text="nothing of the kind")])
    for text in ("harbour", "annual", "report", "2023"):
        assert len(empty_index.search(QueryVectors.text_only(text), BM25, 10).hits) == 1, text
    empty_index.put_document(document(1, "/a/minutes.pdf", title="Harbour yearbook"))
    assert empty_index.search(QueryVectors.text_only("2023"), BM25, 10).hits == ()
    assert len(empty_index.search(QueryVectors.text_only("minutes"), BM25, 10).hits) == 1


def test_a_name_that_another_document_took_finds_the_other_alone(empty_index: PageIndex) -> None:
    none = np.zeros((0, 128), np.float32)
    for n, paths in ((1, ("/a/minutes.pdf", "/a/report.pdf")), (2, ("/a/minutes.pdf",))):
        empty_index.put_document(document(n, *paths))
        empty_index.put([page(n, 1, none, text="nothing of the kind")])

    def found(text: str) -> list[str]:
        hits = empty_index.search(QueryVectors.text_only(text), BM25, 10).hits
        return [hit.document_id for hit in hits]

    assert found("minutes") == [document_id(2)]
    assert found("report") == [document_id(1)]


def test_hits_say_where_they_are(empty_index: PageIndex) -> None:
    vectors = unit_vectors(np.random.default_rng(1), 2)
    empty_index.put_document(document(1, "/b/x.pdf", "/a/x.pdf", title="A title"))
    empty_index.put([page(1, 1, vectors, text="some words")])
    result = empty_index.search(query(vectors), HAMMING_THEN_FLOAT, 1)
    (hit,) = shown(empty_index, result.hits)
    assert hit.paths == ("/a/x.pdf", "/b/x.pdf")
    assert (hit.title, hit.text, hit.page_number) == ("A title", "some words", 1)
    assert result.n_candidates == 1
    assert all(ms >= 0 for ms in result.timings_ms.values())


def test_an_empty_index_finds_nothing(empty_index: PageIndex) -> None:
    for ranking in INDEX_RANKINGS:
        vectors = unit_vectors(np.random.default_rng(1), 2)
        assert empty_index.search(query(vectors), ranking, 5).hits == ()


@pytest.mark.parametrize(
    ("ranking", "k", "rerank", "message"),
    [
        ("best", 1, 1, "No ranking 'best'. There are: hamming-then-float"),
        (HAMMING, 0, 1, "-k 0 must be at least 1"),
        (HAMMING, 1, 0, "--rerank 0 must be at least 1"),
    ],
)
def test_impossible_searches_are_refused(
    empty_index: PageIndex, ranking: str, k: int, rerank: int, message: str
) -> None:
    vectors = unit_vectors(np.random.default_rng(1), 2)
    with pytest.raises(WrongUseError, match=message):
        empty_index.search(query(vectors), ranking, k, rerank=rerank)
