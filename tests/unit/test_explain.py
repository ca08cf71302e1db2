"""query/why/explain.py: parts add up to the index's own score, every absence has its reason."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import query.halves
from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import WrongUseError
from index.filters import Filters
from index.interface import (
    BM25,
    FLOAT,
    HAMMING,
    HAMMING_THEN_BITS,
    HAMMING_THEN_FLOAT,
    PageIndex,
)
from index.pages import VECTOR_DIM, Document, PageVectors, PatchMap, QueryVectors, SearchResult
from query.fusion import HYBRID, WEIGHTS, contributions
from query.why.explain import PageExplanation, explain, explain_hits
from query.why.query_words import QueryWord
from tests.finding import found_for
from tests.library import JAPANESE, OLD_REPORT, SCAN, TEXTS, fill
from tests.memory_index import MemoryIndex
from tests.random_pages import FINGERPRINT, document, document_id, page, unit_vectors
from tests.random_pages import query as query_of

MAXSIM = (HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, FLOAT)
N_PAGES = 30


@pytest.fixture(params=["embedded", "memory"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PageIndex]:
    if request.param == "memory":
        yield MemoryIndex(FINGERPRINT)
        return
    index = EmbeddedIndex.open_for_writing(tmp_path / "index", FINGERPRINT)
    yield index
    index.close()


def put_random_pages(index: PageIndex, rng: np.random.Generator) -> None:
    """Ragged pages, one of them without vectors; words "shared" on all and "w<n>" on each."""
    lengths = [0, 1, *rng.integers(1, 40, N_PAGES - 2).tolist()]
    for n, length in enumerate(lengths):
        index.put_document(document(n, f"/files/{n}.pdf"))
        index.put([page(n, 1, unit_vectors(rng, length), text=f"shared w{n}")])


@pytest.fixture
def filled(empty: PageIndex) -> PageIndex:
    put_random_pages(empty, np.random.default_rng(5))
    return empty


@pytest.fixture
def library() -> MemoryIndex:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    return index


def random_query(n_tokens: int = 7, seed: int = 1) -> QueryVectors:
    return query_of(unit_vectors(np.random.default_rng(seed), n_tokens), "shared words")


def hit_ids(result: SearchResult) -> list[str]:
    return [hit.page_id for hit in result.hits]


# The parts add up


@pytest.mark.parametrize("ranking", MAXSIM)
def test_every_score_of_the_index_is_the_sum_of_its_parts(filled: PageIndex, ranking: str) -> None:
    query = random_query()
    found = found_for(filled, query, ranking, N_PAGES, rerank=N_PAGES)
    explained = explain_hits(filled, found)
    assert len(explained) == N_PAGES - 1  # all but the page without vectors
    for hit, explanation in zip(found.result.hits, explained, strict=True):
        contributions = [match.contribution for match in explanation.tokens]
        assert explanation.page_id == hit.page_id
        assert sum(contributions) == pytest.approx(hit.score_sum, abs=1e-4)
        assert explanation.score_sum == pytest.approx(hit.score_sum, abs=1e-4)
        assert explanation.score == pytest.approx(hit.score, abs=1e-4)
        assert sum(match.share for match in explanation.tokens) == pytest.approx(1)
        assert [match.token_index for match in explanation.tokens] == list(range(7))


@pytest.mark.parametrize("ranking", MAXSIM)
def test_a_page_whose_patches_all_oppose_the_query(empty: PageIndex, ranking: str) -> None:
    query = query_of(unit_vectors(np.random.default_rng(2), 1).repeat(3, axis=0))
    empty.put_document(document(1, "/a.pdf"))
    empty.put([page(1, 1, -query.vectors[:2])])
    found = found_for(empty, query, ranking, 1)
    hit = found.result.hits[0]
    explanation = explain(empty, found, hit.page_id)
    assert explanation.score_sum == pytest.approx(hit.score_sum, abs=1e-4)
    assert all(match.similarity == pytest.approx(-1, abs=0.01) for match in explanation.tokens)
    assert [match.patch for match in explanation.tokens] == [0, 0, 0]  # of equal ones the lowest
    assert sum(match.share for match in explanation.tokens) == pytest.approx(1)


def test_a_sum_of_zero_is_shared_by_none(empty: PageIndex) -> None:
    axes = np.eye(VECTOR_DIM, dtype=np.float32)
    empty.put_document(document(1, "/a.pdf"))
    empty.put([page(1, 1, axes[:1])])
    found = found_for(empty, query_of(axes[1:3]), FLOAT, 1)
    explanation = explain(empty, found, f"{document_id(1)}-1")
    assert [match.share for match in explanation.tokens] == [0, 0]


def test_hybrid_is_the_sum_of_its_rankings(filled: PageIndex) -> None:
    query = random_query()
    found = found_for(filled, query, HYBRID, 10)
    assert len(found.result.hits) == 10
    for place, (hit, explanation) in enumerate(
        zip(found.result.hits, explain_hits(filled, found), strict=True), 1
    ):
        assert explanation.place == place
        assert explanation.score_sum == pytest.approx(hit.score_sum, abs=1e-9)
        assert [part.ranking for part in explanation.fused] == list(WEIGHTS)
        assert sum(part.share for part in explanation.fused) == pytest.approx(1)
        for part in explanation.fused:
            hits = filled.search(query, part.ranking, 100).hits
            ids = [other.page_id for other in hits]
            assert part.place == (ids.index(hit.page_id) + 1 if hit.page_id in ids else None)
            assert part.score == hit.halves.get(part.ranking)
            given = contributions(part.ranking, hits).get(hit.page_id, 0)
            assert part.contribution == pytest.approx(given, abs=1e-9)


def test_bm25_has_the_score_of_the_index_and_names_the_words(filled: PageIndex) -> None:
    found = found_for(filled, "shared w7", BM25, 1)
    hit = found.result.hits[0]
    explanation = explain(filled, found, hit.page_id)
    assert (explanation.place, explanation.phase_1_place, explanation.tokens) == (1, 1, ())
    assert explanation.score == explanation.score_sum == hit.score_sum
    assert explanation.words == (QueryWord("shared", ("shared",)), QueryWord("w7", ("w7",)))


# Where a token matches


def test_a_pooled_vector_names_all_its_cells(empty: PageIndex) -> None:
    axes = np.eye(VECTOR_DIM, dtype=np.float32)
    boxes = np.float32([[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 1, 1]])
    pooled = PatchMap(boxes, np.array([1, 0, 1], np.int32))
    plain = page(1, 1, axes[:2])
    empty.put_document(document(1, "/a.pdf"))
    empty.put([replace(plain, vectors=PageVectors(axes[:2], pooled))])
    query = replace(query_of(axes[[1, 0]]), is_content=np.array([True, False]))
    first, second = explain(empty, found_for(empty, query, FLOAT, 1), plain.page_id).tokens
    assert (first.patch, second.patch) == (1, 0)
    np.testing.assert_allclose(first.boxes, boxes[[0, 2]], atol=1e-4)
    np.testing.assert_allclose(second.boxes, boxes[[1]], atol=1e-4)
    assert (first.token, first.is_content) == ("token0", True)
    assert (second.token, second.is_content) == ("token1", False)


def test_the_patch_is_the_one_the_ranking_takes(empty: PageIndex) -> None:
    token = np.full(VECTOR_DIM, 0.01, np.float32)
    token[0] = np.sqrt(1 - (token[1:] ** 2).sum())
    near = np.where(np.arange(VECTOR_DIM) == 0, 1, -1e-3).astype(np.float32)  # near, all bits wrong
    signs = np.full(VECTOR_DIM, 1, np.float32)  # all bits right, but far
    vectors = np.stack([near, signs])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    empty.put_document(document(1, "/a.pdf"))
    empty.put([page(1, 1, vectors)])
    patches = {
        ranking: explain(
            empty, found_for(empty, query_of(token[None]), ranking, 1), f"{document_id(1)}-1"
        )
        .tokens[0]
        .patch
        for ranking in MAXSIM
    }
    assert patches == {HAMMING: 1, HAMMING_THEN_BITS: 1, HAMMING_THEN_FLOAT: 0, FLOAT: 0}


# Places


@pytest.mark.parametrize("ranking", [HAMMING_THEN_BITS, HAMMING_THEN_FLOAT])
def test_the_places_after_both_phases(filled: PageIndex, ranking: str) -> None:
    query = random_query()
    phase_1 = hit_ids(filled.search(query, HAMMING, N_PAGES))
    found = found_for(filled, query, ranking, 5, rerank=N_PAGES)
    explanations = explain_hits(filled, found)
    assert len(explanations) == 5
    for place, explanation in enumerate(explanations, 1):
        assert explanation.place == place
        assert explanation.phase_1_place == phase_1.index(explanation.page_id) + 1
        assert explanation.phase_1_depth == N_PAGES
        assert explanation.n_candidates == N_PAGES
        assert explanation.why_not is None
        alone = explain(filled, found, explanation.page_id)
        assert (alone.place, alone.phase_1_place) == (place, explanation.phase_1_place)


@pytest.mark.parametrize(
    ("ranking", "searches"), [(FLOAT, 1), (HAMMING_THEN_FLOAT, 1), (HYBRID, 3), (BM25, 1)]
)
def test_each_phase_runs_once_for_all_hits(
    library: MemoryIndex, monkeypatch: pytest.MonkeyPatch, ranking: str, searches: int
) -> None:
    found = found_for(library, "containers and cranes of the harbour", ranking, 4)
    asked = []
    whole = library.search

    def counted(*args, **options):
        asked.append(args[1])
        return whole(*args, **options)

    monkeypatch.setattr(library, "search", counted)
    assert len(explain_hits(library, found)) == 4
    assert len(asked) == searches


def test_no_hits_ask_nothing() -> None:
    index = MemoryIndex(FINGERPRINT)
    assert explain_hits(index, found_for(index, random_query(), FLOAT, 4)) == ()


def test_hits_gathered_deeper_than_k_are_explained_too(library: MemoryIndex) -> None:
    found = found_for(library, "harbour", FLOAT, 2, group_by="document")
    places = [e.place for e in explain_hits(library, found)]
    assert places == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("ranking", [HAMMING_THEN_FLOAT, FLOAT, HYBRID, BM25])
def test_the_page_whose_like_is_wanted_counts_nowhere(library: MemoryIndex, ranking: str) -> None:
    liked = f"{OLD_REPORT}-1"
    found = found_for(library, "annual report 2022", ranking, 3, except_page_id=liked)
    assert [e.place for e in explain_hits(library, found)] == [1, 2, 3][: len(found.shown)]
    explanation = explain(library, found, liked)
    assert explanation.place is None
    assert explanation.why_not == "It is the page whose like is wanted."


# Why not


def why(
    index: PageIndex,
    text: str,
    wanted: str,
    ranking: str = HAMMING_THEN_FLOAT,
    k: int = 1,
    **options,
) -> PageExplanation:
    found = found_for(index, text, ranking, k, **options)
    explanation = explain(index, found, wanted)
    assert explanation.place is None
    return explanation


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        (Filters(language="ja"), "The filter language=ja leaves it out: its language is en."),
        (Filters(document_id="22"), "The filter document=22 leaves its document out."),
        (Filters(first_page=2), "The filter pages=2- leaves page 1 out."),
        (Filters(last_page=3, first_page=2), "The filter pages=2-3 leaves page 1 out."),
        (Filters(last_page=3, first_page=3), "The filter pages=3 leaves page 1 out."),
        (
            Filters(path_glob="2023/*"),
            "The filter path=2023/* matches no path of its document.",
        ),
        (
            Filters(path_glob="2022/*", not_path_glob="*.pdf"),
            "The filter not_path=*.pdf matches a path of its document.",
        ),
        (
            Filters(path_glob="2023/*", not_path_glob="drafts/*"),
            "The filter path=2023/* matches no path of its document.",
        ),
        (Filters(not_language="en"), "The filter not_language=en leaves it out."),
        (Filters(not_document_id="1"), "The filter not_document=1 leaves its document out."),
        (Filters(not_last_page=2), "The filter not_pages=-2 leaves page 1 out."),
        (Filters(not_first_page=1, not_last_page=1), "The filter not_pages=1 leaves page 1 out."),
        (
            Filters(first_year=2001),
            "The filter year=2001- leaves it out: its file was last changed in 1970.",
        ),
        (
            Filters(last_year=2001, not_last_year=1999),
            "The filter not_year=-1999 leaves it out: its file was last changed in 1970.",
        ),
        (Filters(kind="png"), "The filter kind=png leaves it out: its file is of kind pdf."),
        (Filters(not_kind="pdf"), "The filter not_kind=pdf leaves it out."),
    ],
)
@pytest.mark.parametrize("ranking", [HAMMING_THEN_FLOAT, BM25, HYBRID, FLOAT])
def test_filtered_out(library: MemoryIndex, filters: Filters, sentence: str, ranking: str) -> None:
    found = why(library, "annual report", f"{OLD_REPORT}-1", ranking, filters=filters)
    assert found.why_not == sentence


def test_filtered_out_of_an_unknown_language(library: MemoryIndex) -> None:
    found = why(library, "harbour", f"{SCAN}-1", filters=Filters(language="en"))
    assert found.why_not == ("The filter language=en leaves it out: its language is not known.")


def test_a_document_without_a_path(library: MemoryIndex) -> None:
    library.put_document(Document(OLD_REPORT, (), "", 3, is_complete=True))
    assert why(library, "annual report", f"{OLD_REPORT}-1").why_not == (
        "No path leads to its document: it is being added, or waits to be replaced."
    )


@pytest.mark.parametrize("ranking", [HAMMING_THEN_FLOAT, HAMMING, HYBRID])
def test_below_k(library: MemoryIndex, ranking: str) -> None:
    text = "annual report harbour 2022"
    deep = found_for(library, text, ranking, 9).result.hits
    found = why(library, text, deep[2].page_id, ranking, 2)
    assert found.why_not == (
        f"It is at place 3 with a score of {deep[2].score:.4f}; the last of the 2 shown has "
        f"{deep[1].score:.4f}."
    )
    assert found.score == pytest.approx(deep[2].score, abs=1e-4)


def test_below_the_cut_of_phase_1(library: MemoryIndex) -> None:
    query = LexicalEncoder().encode_query("ferries")
    phase_1 = library.search(query, HAMMING, 9).hits
    found = why(library, "ferries", phase_1[4].page_id, rerank=3)
    assert found.phase_1_place is None
    assert found.why_not == (
        f"Phase 2 did not score it: by Hamming distance it has {phase_1[4].score:.4f}, and place 3 "
        f"has {phase_1[2].score:.4f}. A larger --rerank reaches further."
    )


def test_below_what_a_ranking_of_one_phase_looked_at(library: MemoryIndex) -> None:
    query = LexicalEncoder().encode_query("ferries")
    scores = [hit.score for hit in library.search(query, FLOAT, 9).hits]
    wanted = library.search(query, FLOAT, 9).hits[4].page_id
    assert why(library, "ferries", wanted, FLOAT, rerank=3).why_not == (
        f"The ranking float gives it a score of {scores[4]:.4f}; the last of the 3 pages looked "
        f"at has {scores[2]:.4f}. A larger --rerank reaches further."
    )


class Hiding(MemoryIndex):
    """Does not show a page in the rankings named, as an index that compares fewer pages."""

    hidden: str = ""
    hidden_from: Sequence[str] = ()

    def search(self, query, ranking, k, *, rerank=None, filters=None):
        result = super().search(query, ranking, k + 1, rerank=rerank, filters=filters)
        kept = [
            hit
            for hit in result.hits
            if hit.page_id != self.hidden or ranking not in self.hidden_from
        ]
        return replace(result, hits=tuple(kept[:k]))


def test_pruned_between_the_phases() -> None:
    index = Hiding(LexicalEncoder().fingerprint)
    fill(index)
    index.hidden, index.hidden_from = f"{OLD_REPORT}-3", (HAMMING_THEN_FLOAT,)
    assert why(index, "ferries", index.hidden, rerank=3).why_not == (
        "By Hamming distance it is at place 1, but by a finer comparison of the sign bits other "
        "pages went on to phase 2. A larger --rerank reaches further."
    )


def test_not_compared() -> None:
    index = Hiding(LexicalEncoder().fingerprint)
    fill(index)
    index.hidden, index.hidden_from = f"{OLD_REPORT}-3", (HAMMING, HAMMING_THEN_FLOAT)
    assert why(index, "ferries", index.hidden, rerank=3).why_not == (
        "Phase 1 would give it a score of 1.0000, which is enough, but the index did not compare "
        "it: a Vespa server may compare only the pages its graph names. Use --candidates scan."
    )


def test_without_vectors(library: MemoryIndex) -> None:
    found = why(library, "harbour", f"{SCAN}-1")
    assert found.why_not == (
        "It has no vectors, because the encoder saw nothing on it; only a ranking that reads text "
        "can find it."
    )
    assert (found.score, found.tokens) == (-np.inf, ())


def test_bm25_holds_no_word(library: MemoryIndex) -> None:
    found = why(library, "volcano ash", f"{JAPANESE}-1", BM25)
    assert found.why_not == "Neither its text nor the name of its file holds a word of the query."
    assert found.score == 0
    assert found.words == (QueryWord("volcano", ()), QueryWord("ash", ()))


def test_bm25_finds_forms_of_the_words(library: MemoryIndex) -> None:
    found = explain(library, found_for(library, "crane", BM25, 1), f"{OLD_REPORT}-2")
    assert found.words == (QueryWord("crane", ("cranes",)),)
    assert (found.place, found.why_not) == (1, None)


def test_bm25_without_text(library: MemoryIndex) -> None:
    assert why(library, "volcano", f"{SCAN}-1", BM25).why_not == (
        "It has no words, and the name of its file holds no word of the query."
    )


def test_bm25_below_what_was_looked_at(filled: PageIndex) -> None:
    query = QueryVectors.text_only("shared w7")
    hits = filled.search(query, BM25, 3).hits
    found = found_for(filled, "shared w7", BM25, 3, rerank=3)
    explanation = explain(filled, found, f"{document_id(29)}-1")
    assert explanation.place is None
    assert 0 < explanation.score <= hits[2].score
    assert explanation.why_not == (
        f"Its bm25 score is {explanation.score:.4f}; the last page looked at has "
        f"{hits[2].score:.4f}."
    )


def test_hybrid_says_why_for_both(library: MemoryIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query.halves, "FUSION_DEPTH", 2)
    found = why(library, "quay and ferries", f"{JAPANESE}-1", HYBRID, rerank=9)
    assert found.why_not is not None
    place = found.phase_1_place
    assert found.why_not == (
        "It is among the best 2 pages of neither ranking that hybrid fuses. By vectors: By Hamming "
        f"distance it is at place {place}; a finer comparison sends it down. By words: Neither its "
        "text nor the name of its file holds a word of the query."
    )
    assert [part.place for part in found.fused] == [None, None]
    assert [part.share for part in found.fused] == [0, 0]
    assert found.score == 0


def test_an_unknown_page(library: MemoryIndex) -> None:
    found = found_for(library, "harbour", FLOAT, 1)
    with pytest.raises(WrongUseError, match="holds no page"):
        explain(library, found, f"{'9' * 32}-1")


@pytest.mark.parametrize("ranking", [*MAXSIM, HYBRID, BM25])
def test_every_page_of_the_library_can_be_explained(library: MemoryIndex, ranking: str) -> None:
    for wanted, texts in TEXTS.items():
        for number in range(1, len(texts) + 1):
            found = found_for(library, "ferries 2022", ranking, 2)
            explanation = explain(library, found, f"{wanted}-{number}")
            assert (explanation.place is None) == (explanation.why_not is not None)


def test_the_words_of_a_cjk_page(library: MemoryIndex) -> None:
    answer = found_for(library, "機械学習 of the ガイド", BM25, 1)
    found = explain(library, answer, f"{JAPANESE}-1")
    assert [(word.text, bool(word.on_page)) for word in found.words] == [
        ("機械学習", True),
        ("ガイド", True),
    ]
