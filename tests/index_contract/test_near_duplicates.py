"""Near-duplicates are the same pages over every index, and the same one stands for them."""

from dataclasses import replace

import numpy as np
import pytest

from encoders.interface import Encoder
from index.interface import FLOAT, HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, PageIndex
from index.pages import FileRecord
from query.request import SearchRequest
from query.search import find
from tests.random_pages import document, page, query, unit_vectors


def no_encoder() -> Encoder:
    raise AssertionError("the vectors are given")


@pytest.mark.parametrize("ranking", [HAMMING_THEN_FLOAT, HAMMING_THEN_BITS, HAMMING, FLOAT])
def test_versions_of_a_page_are_one_hit_the_newest(empty_index: PageIndex, ranking: str) -> None:
    rng = np.random.default_rng(4)
    vectors = unit_vectors(rng, 40)
    changed = np.concatenate([vectors[:39], unit_vectors(rng, 1)])
    written = [(10, vectors), (30, changed), (20, vectors), (40, unit_vectors(rng, 40))]
    for n, (mtime_ns, stored) in enumerate(written):
        files = (FileRecord(f"/{n}.pdf", 1000, mtime_ns),)
        empty_index.put_document(replace(document(n), files=files))
        empty_index.put([page(n, 1, stored)])
    request = SearchRequest(query(vectors[:4]), 2, ranking, collapse=True)
    first, second = find(empty_index, no_encoder, request).groups
    assert [hit.name for hit in (first.best, *first.others)] == ["/1.pdf", "/2.pdf", "/0.pdf"]
    assert (second.best.name, second.others) == ("/3.pdf", ())
