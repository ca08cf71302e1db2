"""query/search.py: which stages run for which ranking, and how rankings and pages are merged."""

from dataclasses import replace

import pytest

from encoders.interface import Encoder
from encoders.lexical import LexicalEncoder
from index.errors import WrongUseError
from index.filters import Filters
from index.interface import BM25, FLOAT, HAMMING_THEN_FLOAT, INDEX_RANKINGS
from index.pages import Document, FileRecord, Hit, SearchResult
from query.fusion import FUSION_DEPTH, HYBRID, WEIGHTS, fuse
from query.groups import group_by_document
from query.request import (
    BY_DOCUMENT,
    MOST_PAGES_GROUPED,
    PAGES_PER_GROUP,
    RANKINGS,
    SearchRequest,
)
from query.search import default_ranking, encode, find
from tests.finding import found_for
from tests.library import JAPANESE, NEW_REPORT, OLD_REPORT, fill, make_page
from tests.looking_encoder import LookingEncoder, fill_with_colours
from tests.memory_index import MemoryIndex
from tests.random_pages import document_id


@pytest.fixture(scope="module")
def library() -> MemoryIndex:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    return index


def no_encoder() -> Encoder:
    raise AssertionError("the encoder was asked for")


def search(index, encoder, text, ranking, k, **others) -> SearchResult:
    return found_for(index, text, ranking, k, encoder=encoder, **others).result


def hit(document: str, page_number: int, score: float = 1.0) -> Hit:
    page_id = f"{document}-{page_number}"
    return Hit(page_id, document, page_number, score, score, (f"/{document}.pdf",), "", "")


@pytest.mark.parametrize("ranking", RANKINGS)
def test_every_ranking_finds_the_page(library: MemoryIndex, ranking: str) -> None:
    result = search(library, LexicalEncoder, "containers by quay 2023", ranking, 3)
    assert (result.hits[0].document_id, result.hits[0].page_number) == (NEW_REPORT, 2)
    assert len(result.hits) == 3


@pytest.mark.parametrize("ranking", RANKINGS)
def test_japanese_is_found(library: MemoryIndex, ranking: str) -> None:
    assert search(library, LexicalEncoder, "機械学習", ranking, 1).hits[0].document_id == JAPANESE


def test_the_text_ranking_never_asks_for_the_encoder(library: MemoryIndex) -> None:
    result = search(library, no_encoder, "ferries", BM25, 5)
    assert [h.page_id for h in result.hits] == [f"{OLD_REPORT}-3"]
    assert list(result.timings_ms) == ["bm25", "hits", "words"]


def test_stages_are_timed_in_the_order_they_ran(library: MemoryIndex) -> None:
    result = search(library, LexicalEncoder, "ferries", HYBRID, 5)
    stages = ["load", "encode", "phase_1", "phase_2", "bm25", "fuse", "hits", "words"]
    assert list(result.timings_ms) == stages
    assert all(ms >= 0 for ms in result.timings_ms.values())


@pytest.mark.parametrize("ranking", RANKINGS)
def test_filters_hold_in_every_ranking(library: MemoryIndex, ranking: str) -> None:
    filters = Filters(path_glob="2022/*", first_page=2)
    result = search(library, LexicalEncoder, "report of containers", ranking, 9, filters=filters)
    assert result.n_candidates == 2
    assert {h.document_id for h in result.hits} == {OLD_REPORT}
    assert min(h.page_number for h in result.hits) == 2


def test_hybrid_is_the_fusion_of_its_rankings(library: MemoryIndex) -> None:
    text = "annual report with a chart"
    halves = {name: search(library, LexicalEncoder, text, name, 100).hits for name in WEIGHTS}
    hybrid = search(library, LexicalEncoder, text, HYBRID, 4)
    assert hybrid.hits == fuse(halves)[:4]
    best = hybrid.hits[0]
    assert best.halves == {
        name: hit.score
        for name, hits in halves.items()
        for hit in hits
        if hit.page_id == best.page_id
    }


def test_hybrid_fuses_deeper_than_it_shows() -> None:
    asked: list[int] = []

    class Recording(MemoryIndex):
        def search(self, query, ranking, k, *, rerank=None, filters=None):
            asked.append(k)
            return super().search(query, ranking, k, rerank=rerank, filters=filters)

    index = Recording(LexicalEncoder().fingerprint)
    fill(index)
    assert len(search(index, LexicalEncoder, "report", HYBRID, 1).hits) == 1
    search(index, LexicalEncoder, "report", HYBRID, FUSION_DEPTH + 1)
    assert asked == [FUSION_DEPTH] * 2 + [FUSION_DEPTH + 1] * 2


def test_pages_gather_under_their_document() -> None:
    hits = [hit("a", 4), hit("b", 1), hit("a", 2), hit("c", 1), hit("a", 1)]
    assert group_by_document(hits) == (
        (hit("a", 4), hit("a", 2), hit("a", 1)),
        (hit("b", 1),),
        (hit("c", 1),),
    )
    assert group_by_document([]) == ()


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_query_is_refused(library: MemoryIndex, text: str) -> None:
    with pytest.raises(WrongUseError) as e:
        search(library, no_encoder, text, FLOAT, 5)
    assert str(e.value) == (
        "The query is empty. Type what the page says or shows, for example: revenue by region"
    )


def test_an_unknown_ranking_is_refused(library: MemoryIndex) -> None:
    with pytest.raises(WrongUseError) as e:
        search(library, no_encoder, "ferries", "colbert", 5)
    assert str(e.value) == (
        "No ranking 'colbert'. There are: hamming-then-float, hamming-then-bits, hamming, float, "
        "bm25, hybrid."
    )


@pytest.mark.parametrize("ranking", RANKINGS)
def test_k_below_one_is_refused(library: MemoryIndex, ranking: str) -> None:
    with pytest.raises(WrongUseError, match=r"^-k 0 must be at least 1\.$"):
        search(library, no_encoder, "ferries", ranking, 0)


@pytest.mark.parametrize("ranking", INDEX_RANKINGS)
def test_the_index_refuses_wrong_arguments_too(library: MemoryIndex, ranking: str) -> None:
    query = LexicalEncoder().encode_query("ferries")
    with pytest.raises(WrongUseError, match="must be at least 1"):
        library.search(query, ranking, 1, rerank=0)


def test_a_page_without_vectors_is_no_hit_of_maxsim(library: MemoryIndex) -> None:
    found = search(library, LexicalEncoder, "containers", FLOAT, 100)
    assert found.n_candidates == 8
    assert len(found.hits) == 6


def test_a_path_belongs_to_one_document() -> None:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    old, new = (d for d in index.documents() if d.document_id in (OLD_REPORT, NEW_REPORT))
    index.put_document(replace(new, files=old.files))
    assert [d.files for d in index.documents()][:2] == [(), old.files]
    found = search(index, LexicalEncoder, "annual harbour", FLOAT, 100).hits
    assert OLD_REPORT not in {h.document_id for h in found}
    index.delete([NEW_REPORT, "unknown"])
    assert index.page_numbers(NEW_REPORT) == frozenset()
    assert index.page_numbers(OLD_REPORT) == {1, 2, 3}


def test_vectors_are_a_query_without_an_encoder(library: MemoryIndex) -> None:
    query = LexicalEncoder().encode_query("ferries")
    found = find(library, no_encoder, SearchRequest(query, 2, FLOAT))
    assert found.query is query
    assert found.result.hits[0].page_id == f"{OLD_REPORT}-3"
    assert [group.best for group in found.groups] == list(found.shown)
    assert [h.page_id for h in found.shown] == [h.page_id for h in found.result.hits]


def test_what_has_vectors_is_not_encoded_again(library: MemoryIndex) -> None:
    request = SearchRequest("ferries", 2, BM25)
    asked = replace(request, query=encode(request, LexicalEncoder))
    assert encode(asked, no_encoder) is asked.query
    found = find(library, no_encoder, asked)
    assert found.query.tokens == ("ferries",)  # for heat, though bm25 looked at the text alone
    assert [h.page_id for h in found.result.hits] == [f"{OLD_REPORT}-3"]


def test_documents_are_looked_for_deeper_than_they_are_shown(library: MemoryIndex) -> None:
    found = found_for(library, "harbour", FLOAT, 1, group_by=BY_DOCUMENT)
    assert len(found.groups) == 1
    assert found.result.hits == tuple(
        found_for(library, "harbour", FLOAT, PAGES_PER_GROUP).result.hits
    )
    ((best, *others),) = group_by_document(found.result.hits)[:1]
    (group,) = found.groups
    assert group.best.page_id == best.page_id
    assert [hit.page_id for hit in group.others] == [hit.page_id for hit in others]


def long_and_short(n_long: int, n_short: int) -> MemoryIndex:
    """One document of many pages that all answer better than those of a page each."""
    index = MemoryIndex(LexicalEncoder().fingerprint)
    texts = {0: ["harbour"] * n_long} | {n: ["harbour and ferries"] for n in range(1, n_short + 1)}
    for n, pages in texts.items():
        files = (FileRecord(f"/{n}.pdf", 1000, 0),)
        index.put_document(Document(document_id(n), files, "", len(pages), is_complete=True))
        index.put([make_page(document_id(n), i, text) for i, text in enumerate(pages, 1)])
    return index


@pytest.mark.parametrize("ranking", RANKINGS)
def test_a_long_document_hides_no_others_where_they_are_grouped(ranking: str) -> None:
    index = long_and_short(n_long=PAGES_PER_GROUP * 3 + 1, n_short=4)
    found = found_for(index, "harbour", ranking, 3, group_by=BY_DOCUMENT)
    assert len(found.groups) == 3
    assert len(found.groups[0].others) >= PAGES_PER_GROUP * 3
    every = found_for(index, "harbour", ranking, 9, group_by=BY_DOCUMENT)
    assert len(every.groups) == 5  # there are no more, and that ends it


def test_pages_that_score_too_low_are_not_looked_for_further() -> None:
    index = long_and_short(n_long=40, n_short=2)
    found = found_for(index, "harbour", FLOAT, 3, group_by=BY_DOCUMENT, min_score=1.5)
    assert (found.groups, len(found.result.hits)) == ((), 0)
    assert found.request.pages_per_group == PAGES_PER_GROUP


def test_grouping_ends_at_so_many_pages() -> None:
    request = SearchRequest("harbour", 3, group_by=BY_DOCUMENT)
    looked = [request.n_pages]
    while True:
        further = request.further([hit("a", n) for n in range(1, request.n_pages + 1)])
        if further is None:
            break
        request = further
        looked.append(request.n_pages)
    assert looked == [30, 120, 480, 1920, MOST_PAGES_GROUPED]
    assert replace(request, k=MOST_PAGES_GROUPED + 1).n_pages == MOST_PAGES_GROUPED + 1


@pytest.mark.parametrize("ranking", INDEX_RANKINGS)
def test_the_page_whose_like_is_wanted_is_no_hit(library: MemoryIndex, ranking: str) -> None:
    best, *others = search(library, LexicalEncoder, "harbour 2022", ranking, 4).hits
    without = search(
        library, LexicalEncoder, "harbour 2022", ranking, 3, except_page_id=best.page_id
    )
    assert list(without.hits) == others


def test_no_page_is_measured_by_the_one_whose_like_is_wanted(library: MemoryIndex) -> None:
    best = search(library, LexicalEncoder, "harbour 2022", HYBRID, 1).hits[0]
    others = {
        name: search(
            library, LexicalEncoder, "harbour 2022", name, FUSION_DEPTH, except_page_id=best.page_id
        ).hits
        for name in WEIGHTS
    }
    without = search(
        library, LexicalEncoder, "harbour 2022", HYBRID, 3, except_page_id=best.page_id
    )
    assert without.hits == fuse(others)[:3]
    assert max(hit.score for hit in without.hits) > 0.5


def test_an_index_made_from_words_is_searched_by_both_halves(library: MemoryIndex) -> None:
    found = find(library, LexicalEncoder, SearchRequest("containers by quay 2023", 3))
    assert found.request.ranking == HYBRID
    assert set(found.shown[0].halves) == set(WEIGHTS)
    looking = MemoryIndex(LookingEncoder.fingerprint)
    fill_with_colours(looking)
    found = find(looking, LookingEncoder, SearchRequest("red", 1))
    assert found.request.ranking == HAMMING_THEN_FLOAT == default_ranking(looking.fingerprint, 0)
    assert found.shown[0].halves == {}
