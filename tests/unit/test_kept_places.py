"""An answer that is gone on with while an ingest changes the index."""

from dataclasses import replace

import pytest

from encoders.lexical import LexicalEncoder
from index.pages import Document, FileRecord
from query.fusion import FUSION_DEPTH
from query.kept_places import N_KEPT, KeptPlaces
from query.request import RANKINGS, SearchRequest
from query.search import find
from query.service.service import SearchService
from tests.library import NEW_REPORT, OLD_REPORT, fill, make_page
from tests.memory_index import MemoryIndex

QUERY = SearchRequest("harbour report", k=2)


@pytest.fixture
def library() -> MemoryIndex:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    return index


@pytest.fixture
def service(library: MemoryIndex) -> SearchService:
    return SearchService(lambda: library, lambda _: LexicalEncoder())


def put(index: MemoryIndex, document_id: str, text: str) -> None:
    files = (FileRecord(f"/new/{document_id[:2]}.pdf", 1, 1),)
    index.put_document(Document(document_id, files, "", 1, is_complete=True))
    index.put([make_page(document_id, 1, text)])


def part(service: SearchService, offset: int, **others: object) -> list[str]:
    found = service.search(replace(QUERY, offset=offset, **others))
    return [hit.page_id for hit in found.shown]


@pytest.mark.parametrize("ranking", RANKINGS)
def test_what_comes_in_follows_what_was_given(
    service: SearchService, library: MemoryIndex, ranking: str
) -> None:
    first = part(service, 0, ranking=ranking)
    put(library, "0" * 32, "harbour report " * 4)  # better than all
    second = part(service, 2, ranking=ranking)
    third = part(service, 4, ranking=ranking)
    assert len({*first, *second, *third}) == len(first) + len(second) + len(third)
    assert f"{'0' * 32}-1" in second, "nothing is passed over"
    assert part(service, 2, ranking=ranking) == second, "and stays"
    assert part(service, 0, ranking=ranking)[0] == f"{'0' * 32}-1", "a new search begins anew"


def test_what_is_gone_leaves_its_place(service: SearchService, library: MemoryIndex) -> None:
    part(service, 0)
    second = part(service, 2)
    third = part(service, 4)
    library.delete([second[0].split("-")[0]])
    gone = {OLD_REPORT, NEW_REPORT} & {second[0].split("-")[0]}
    assert gone
    assert part(service, 4) == [page for page in third if page.split("-")[0] not in gone]


def test_documents_keep_theirs(service: SearchService, library: MemoryIndex) -> None:
    one = {"group_by": "document", "k": 1}
    first = part(service, 0, **one)
    put(library, "0" * 32, "harbour report " * 4)
    second = part(service, 1, **one)
    assert second == [f"{'0' * 32}-1"]
    assert first[0].split("-")[0] not in {page.split("-")[0] for page in part(service, 2, **one)}


def test_other_searches_have_their_own_places() -> None:
    kept = KeptPlaces()
    kept.keep(QUERY, ("a", "b"))
    assert kept.before(replace(QUERY, offset=2, k=5)) == ("a", "b")
    assert kept.before(QUERY) == ()
    assert kept.before(replace(QUERY, offset=2, ranking="bm25")) == ()
    for n in range(N_KEPT):
        kept.keep(replace(QUERY, query=f"query {n}"), ("c",))
    assert kept.before(replace(QUERY, offset=2)) == ()


def test_looking_at_the_first_part_again_forgets_nothing() -> None:
    kept = KeptPlaces()
    kept.keep(replace(QUERY, offset=2), ("a", "b", "c", "d"))
    kept.keep(QUERY, ("a", "b"))
    assert kept.before(replace(QUERY, offset=4)) == ("a", "b", "c", "d")
    kept.keep(QUERY, ("new", "a"))
    assert kept.before(replace(QUERY, offset=4)) == ("new", "a")


@pytest.mark.parametrize("ranking", RANKINGS)
def test_parts_are_those_of_the_whole(ranking: str) -> None:
    """Whatever the depth: also where a half of hybrid ranks more than are fused."""
    index = MemoryIndex(LexicalEncoder().fingerprint)
    n = FUSION_DEPTH + 20
    for i in range(n):
        text = " ".join(["harbour"] * (1 + i % 7) + ["report"] * (i % 5) + [f"word{i}"] * (i % 11))
        put(index, f"{i:032x}", text)
    request = SearchRequest("harbour report", k=n, ranking=ranking)
    whole = [hit.page_id for hit in find(index, LexicalEncoder, request).shown]
    parts = [
        hit.page_id
        for offset in range(0, n, 30)
        for hit in find(index, LexicalEncoder, replace(request, k=30, offset=offset)).shown
    ]
    assert parts == whole
