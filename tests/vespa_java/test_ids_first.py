"""How much of the pages an answer reads from Vespa's disk: what it shows, in one go, each once.

A field that is no attribute makes Vespa read the whole stored page.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.lexical import LexicalEncoder
from index.interface import BM25, FLOAT, HAMMING_THEN_FLOAT
from index.location import Location
from index.pages import Fingerprint, QueryVectors, page_id
from query.found import Found
from query.fusion import HYBRID
from query.quality.run_file import RunFile
from query.quality.settings import settings_of
from query.quality.sweep import missing, sweep
from query.request import BY_DOCUMENT, RANKINGS, SearchRequest
from query.search import find
from query.why.explain import explain, explain_hits
from tests.finding import found_for
from tests.library import fill
from tests.random_pages import FINGERPRINT, document, document_id, page, query, unit_vectors
from tests.vespa_java.stand_in import StandIn
from vespa_app.client import VespaClient
from vespa_app.vespa_index import VespaIndex

ATTRIBUTES = {"*", "document_id", "page_number", "n_patches"}  # * is asked for with no hits
N_DOCUMENTS, N_PAGES = 6, 5  # enough for a line of chance


class Reads:
    """Of every search whose hits are read from disk, the pages."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = []

    def see(self, body: dict[str, Any], root: dict[str, Any]) -> None:
        (fields,) = re.findall(r"^select (.*?) from ", body["yql"])
        if not set(fields.split(", ")) <= ATTRIBUTES:
            read = [child["fields"] for child in root.get("children", [])]
            self.pages.append([page_id(f["document_id"], f["page_number"]) for f in read])


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    reads, search = Reads(), VespaClient.search

    def seen(self: VespaClient, operation: str, body: dict[str, object]) -> dict[str, Any]:
        root = search(self, operation, body)
        reads.see(body, root)
        return root

    monkeypatch.setattr(VespaClient, "search", seen)
    return reads


def opened(stand_in: StandIn, fingerprint: Fingerprint) -> VespaIndex:
    stand_in.clear()
    return VespaIndex.open_for_writing(Location(stand_in.url), fingerprint)


@pytest.fixture
def index(stand_in: StandIn) -> Iterator[VespaIndex]:
    """Thirty pages of looks, some words on each."""
    rng = np.random.default_rng(4)
    index = opened(stand_in, replace(FINGERPRINT, rendering="tiles-512-edge-2048"))
    for n in range(N_DOCUMENTS):
        index.put_document(document(n, f"/{n}.pdf", page_count=N_PAGES))
        index.put(
            [
                page(n, number, unit_vectors(rng, 3), text=f"harbour p{number} d{n}")
                for number in range(1, N_PAGES + 1)
            ]
        )
    yield index
    index.close()


def asked(text: str = "harbour d3") -> QueryVectors:
    vectors = query(unit_vectors(np.random.default_rng(9), 2))
    return QueryVectors(text, vectors.vectors, vectors.tokens, vectors.is_content)


def found_in(index: VespaIndex, ranking: str, **others: Any) -> Found:
    return find(index, LexicalEncoder, SearchRequest(asked(), 4, ranking, **others))


@pytest.mark.parametrize(
    "others", [{}, {"group_by": BY_DOCUMENT}, {"collapse": True}], ids=lambda it: "".join(it)
)
@pytest.mark.parametrize("ranking", [HYBRID, HAMMING_THEN_FLOAT, FLOAT, BM25])
def test_an_answer_reads_what_it_shows_in_one_go(
    index: VespaIndex, reads: Reads, ranking: str, others: dict[str, Any]
) -> None:
    found = found_in(index, ranking, **others)
    assert found.line is not None  # drawn by the scores of thirty pages, and none of them was read
    members = {hit.page_id for group in found.groups for hit in (group.best, *group.others)}
    assert len(found.groups) == 4
    every = [id_ for pages in reads.pages for id_ in pages]
    assert len(every) == len(set(every))  # none twice
    first_by_words = {f"{document_id(3)}-1"}  # where words that stand nowhere are looked for
    assert members <= set(every) <= members | first_by_words
    beside = members - set(reads.pages[0])  # of a group; known when groups are made
    assert len(reads.pages) == (2 if beside else 1)
    assert not beside or others


@pytest.mark.parametrize("ranking", [HYBRID, HAMMING_THEN_FLOAT])
def test_to_say_why_reads_no_text_at_all(index: VespaIndex, reads: Reads, ranking: str) -> None:
    found = found_in(index, ranking)
    reads.pages.clear()
    explain_hits(index, found)
    shown = {hit.page_id for hit in found.shown}
    hidden = next(
        id_
        for n in range(N_DOCUMENTS)
        for number in range(1, N_PAGES + 1)
        if (id_ := f"{document_id(n)}-{number}") not in shown
    )
    assert explain(index, found, hidden).why_not
    assert reads.pages == []


def test_a_sweep_of_settings_reads_no_page(index: VespaIndex, reads: Reads, tmp_path: Path) -> None:
    settings = settings_of(RANKINGS, [None, 10])
    texts = ("harbour d3", "nowhere to be seen")
    with RunFile(tmp_path / "runs", "state") as runs:
        assert sweep(index, LexicalEncoder, missing(texts, settings, runs), runs) == ()
        found = [len(answer.page_ids) for answer in runs.answers.values()]
    assert len(found) == len(settings) * len(texts)
    assert max(found) == N_DOCUMENTS * N_PAGES  # every page, by some
    assert reads.pages == []


def test_a_misspelt_word_reads_no_page_twice(stand_in: StandIn, reads: Reads) -> None:
    index = opened(stand_in, LexicalEncoder().fingerprint)
    fill(index)
    found = found_for(index, "harbor ferries", HYBRID, 2)
    assert found.spelled_alike == ("harbour",)
    every = [id_ for pages in reads.pages for id_ in pages]
    assert len(every) == len(set(every))
    index.close()


def test_a_page_that_is_gone_is_no_hit_and_that_is_said(
    index: VespaIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [hit.page_id for hit in found_in(index, FLOAT).shown]
    gone = before[1]
    read = VespaIndex.texts
    monkeypatch.setattr(
        VespaIndex, "texts", lambda self, ids: read(self, [i for i in ids if i != gone])
    )
    found = found_in(index, FLOAT)
    assert [hit.page_id for hit in found.shown] == [before[0], *before[2:]]
    assert found.notices[0] == (
        "1 page was found and is not shown: it could not be read any more. Search again."
    )
