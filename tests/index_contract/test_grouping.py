"""Grouped by document, as many documents come up as were asked for, over every index."""

import numpy as np
import pytest

from encoders.interface import Encoder
from index.interface import INDEX_RANKINGS, PageIndex
from index.pages import QueryVectors
from query.fusion import HYBRID
from query.request import BY_DOCUMENT, PAGES_PER_GROUP, SearchRequest
from query.search import find
from tests.random_pages import document, page, unit_vectors


def no_encoder() -> Encoder:
    raise AssertionError("the vectors are given")


@pytest.mark.parametrize("ranking", [*INDEX_RANKINGS, HYBRID])
def test_a_long_document_hides_no_others(empty_index: PageIndex, ranking: str) -> None:
    vectors = unit_vectors(np.random.default_rng(4), 4)
    n_long = 2 * PAGES_PER_GROUP + 5
    empty_index.put_document(document(1, "/long.pdf", page_count=n_long))
    empty_index.put([page(1, n, vectors, text="harbour") for n in range(1, n_long + 1)])
    for n in (2, 3):
        empty_index.put_document(document(n, f"/{n}.pdf"))
        empty_index.put([page(n, 1, unit_vectors(np.random.default_rng(n), 4), text="a harbour")])
    asked = QueryVectors("harbour", vectors, tuple("abcd"), np.ones(4, np.bool_))
    found = find(empty_index, no_encoder, SearchRequest(asked, 2, ranking, group_by=BY_DOCUMENT))
    first, second = found.groups
    assert (first.best.name, len(first.others)) == ("/long.pdf", n_long - 1)
    assert second.best.name in ("/2.pdf", "/3.pdf")
