"""query/groups.py: which pages are near-duplicates, and which of them stands for the others."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.lexical import LexicalEncoder
from index.errors import WrongUseError
from index.interface import BM25, FLOAT
from index.pages import Document, FileRecord, RankedPage
from index.quantize import pack_sign_bits
from query.groups import (
    ALIKE_WITHIN_BITS,
    PAGES_PER_HIT,
    HitGroup,
    are_alike,
    collapse_near_duplicates,
)
from query.request import BY_DOCUMENT, SearchRequest, check_request
from tests.finding import found_for
from tests.library import make_page
from tests.memory_index import MemoryIndex
from tests.random_pages import document_id

REPORT = (
    "Annual report of the harbour: containers handled by quay and month, with a chart of cranes, "
    "ferries and passengers, arrivals, departures, delays, dredging, tugs, pilots, lights, buoys, "
    "weather, storms, tides, repairs of walls, new warehouses, rails, roads, trucks, customs, staff"
)
INVOICE = "Invoice of the dredging company: item, price, sum, tax, due date, account, thank you"


def far(bits: NDArray[np.uint8], n_patches: int, n_bits: int) -> NDArray[np.uint8]:
    """The same with so many bits of each of the first patches turned."""
    turned = np.unpackbits(bits, axis=1)
    turned[:n_patches, :n_bits] ^= 1
    return np.packbits(turned, axis=1)


@pytest.fixture
def bits() -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (100, 16), dtype=np.uint8)


def test_pages_are_alike_by_the_mean_distance_of_their_patches(bits: NDArray[np.uint8]) -> None:
    assert are_alike(bits, bits, 0)
    assert are_alike(bits, far(bits, 75, 2), 1.5)
    assert not are_alike(bits, far(bits, 76, 2), 1.5)


def test_patches_may_stand_elsewhere(bits: NDArray[np.uint8]) -> None:
    assert are_alike(bits, bits[::-1].copy(), 0)


def test_a_page_that_holds_another_and_more_is_not_its_like(bits: NDArray[np.uint8]) -> None:
    assert not are_alike(bits[:50], bits, ALIKE_WITHIN_BITS)
    assert not are_alike(bits, bits[:50], ALIKE_WITHIN_BITS)


def test_a_page_without_patches_is_like_none(bits: NDArray[np.uint8]) -> None:
    nothing = bits[:0]
    assert not are_alike(nothing, nothing, 128)
    assert not are_alike(nothing, bits, 128)
    assert not are_alike(bits, nothing, 128)


def library(*files: tuple[int, Sequence[str]], rendering: str = "words") -> MemoryIndex:
    """An index of documents 0, 1, ...: when each was written, and its pages."""
    index = MemoryIndex(replace(LexicalEncoder().fingerprint, rendering=rendering))
    for n, (written, texts) in enumerate(files):
        files_ = (FileRecord(f"/{n}.pdf", 1000, written),)
        index.put_document(Document(document_id(n), files_, "", len(texts), is_complete=True))
        index.put([make_page(document_id(n), i, text) for i, text in enumerate(texts, 1)])
    return index


def names(groups: Sequence[HitGroup]) -> list[list[str]]:
    """File and page number of each hit of each group, the one that is shown first."""
    return [
        [f"{hit.name}:{hit.page_number}" for hit in (group.best, *group.others)] for group in groups
    ]


def collapsed(index: MemoryIndex, k: int, text: str = "harbour dredging") -> list[list[str]]:
    return names(found_for(index, text, FLOAT, k, collapse=True).groups)


def test_the_newest_stands_for_the_others_newest_first() -> None:
    index = library((5, [REPORT]), (9, [f"{REPORT} 2024"]), (7, [REPORT]), (8, [INVOICE]))
    assert collapsed(index, 5) == [["/1.pdf:1", "/2.pdf:1", "/0.pdf:1"], ["/3.pdf:1"]]


def test_a_group_stands_where_its_highest_ranked_page_would() -> None:
    index = library((1, [f"{REPORT} lighthouse"]), (2, [REPORT]), (3, [f"{INVOICE} lighthouse"]))
    plain = found_for(index, "lighthouse", FLOAT, 3)
    assert [hit.name for hit in plain.shown] == ["/0.pdf", "/2.pdf", "/1.pdf"]
    assert collapsed(index, 3, "lighthouse") == [["/1.pdf:1", "/0.pdf:1"], ["/2.pdf:1"]]


def test_files_of_one_time_stay_in_order_of_rank() -> None:
    index = library((5, [REPORT]), (5, [REPORT]), (5, [REPORT]))
    assert collapsed(index, 1) == [["/0.pdf:1", "/1.pdf:1", "/2.pdf:1"]]


def test_pages_of_one_document_are_no_versions_of_each_other() -> None:
    index = library((5, [REPORT, REPORT]), (6, [REPORT, REPORT]))
    assert collapsed(index, 4) == [["/1.pdf:1", "/0.pdf:1"], ["/1.pdf:2", "/0.pdf:2"]]


def test_forms_filled_with_other_words_stay_apart() -> None:
    index = library(
        (1, [f"{INVOICE} 4711 Miller mooring of a barge 300"]),
        (2, [f"{INVOICE} 4712 Okafor pilot to the sea 120"]),
    )
    assert len(collapsed(index, 4)) == 2


def test_of_words_more_may_differ_than_of_looks() -> None:
    changed = (1, [REPORT]), (2, [REPORT.replace("tugs", "sluices").replace("buoys", "dikes")])
    assert len(collapsed(library(*changed), 2)) == 1
    assert len(collapsed(library(*changed, rendering="tiles-512-edge-2048"), 2)) == 2


def test_k_hits_are_shown_however_many_copies_there_are() -> None:
    index = library(*((n, [REPORT]) for n in range(8)), (9, [INVOICE]))
    assert [len(group) for group in collapsed(index, 2)] == [8, 1]


def test_a_newer_version_is_found_below_the_last_hit() -> None:
    index = library((1, [f"{REPORT} quay"]), (2, [f"{INVOICE} quay"]), (3, [REPORT]))
    plain = found_for(index, "quay", FLOAT, 3)
    assert [hit.name for hit in plain.shown] == ["/0.pdf", "/1.pdf", "/2.pdf"]
    assert collapsed(index, 1, "quay") == [["/2.pdf:1", "/0.pdf:1"]]


def test_no_more_pages_are_read_than_it_takes() -> None:
    read: list[str] = []

    class Recording(MemoryIndex):
        def page(self, page_id: str):
            read.append(page_id)
            return super().page(page_id)

    index = Recording(LexicalEncoder().fingerprint)
    words = ("barge", "crane", "dike", "ferry", "gull", "harbour", "island", "jetty")
    index.put_document(
        Document(document_id(0), (FileRecord("/0.pdf", 1, 1),), "", len(words), is_complete=True)
    )
    index.put([make_page(document_id(0), i, f"sea {w}") for i, w in enumerate(words, 1)])
    assert len(found_for(index, "sea", FLOAT, 2, collapse=True).groups) == 2
    assert len(read) == 2 * PAGES_PER_HIT < len(words)


def test_words_alone_can_be_collapsed_too() -> None:
    index = library((5, [REPORT]), (6, [REPORT]))
    found = found_for(index, "dredging", BM25, 5, collapse=True)
    assert names(found.groups) == [["/1.pdf:1", "/0.pdf:1"]]
    assert list(found.result.timings_ms)[-2:] == ["words", "collapse"]


def test_a_page_that_was_removed_since_is_like_none() -> None:
    index = library((5, [REPORT]))
    hits = found_for(index, "dredging", FLOAT, 1).shown
    gone = RankedPage(f"{document_id(7)}-1", document_id(7), 1, 0.5, 0.5)
    assert collapse_near_duplicates((*hits, gone), 2, index) == (
        (hits[0],),
        (gone,),
    )


def test_hits_are_not_grouped_in_two_ways() -> None:
    with pytest.raises(WrongUseError) as refused:
        check_request(SearchRequest("harbour", 3, group_by=BY_DOCUMENT, collapse=True))
    assert str(refused.value) == (
        "Hits are grouped by document, or pages that look alike are collapsed: not both at once, "
        "for a page would belong to two groups. Leave out one."
    )


def test_the_bits_of_words_are_as_far_apart_as_said() -> None:
    """What the thresholds rest on: another word is some forty bits away from its nearest."""
    one, other = (
        pack_sign_bits(make_page(document_id(0), 1, text).vectors.vectors)
        for text in (REPORT, INVOICE)
    )
    nearest = np.bitwise_count(one[:, None] ^ other[None]).sum(axis=2).min(axis=1)
    assert 35 < np.median(nearest) < 55
