"""Pages whose vectors stand for several cells each: stored, ranked and shown as what they are."""

from dataclasses import replace

import numpy as np
import pytest

from encoders.pooling import pool
from index.interface import FLOAT, HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, PageIndex
from index.maxsim import float_maxsim
from index.pages import Page
from index.quantize import from_bfloat16, to_bfloat16
from query.heat.hot_words import hot_words
from query.heat.merging import heat_map
from query.heat.scale import Scale
from query.token_matches import match_tokens
from tests.random_pages import document, page, query, unit_vectors


def pooled_page(n: int, n_patches: int, factor: int) -> Page:
    plain = page(n, 1, unit_vectors(np.random.default_rng(n), n_patches), text=f"word w{n}")
    return replace(plain, vectors=pool(plain.vectors, factor))


@pytest.mark.parametrize("factor", [1, 2, 3, 6, 1000])
def test_every_cell_keeps_the_vector_that_stands_for_it(
    empty_index: PageIndex, factor: int
) -> None:
    put = [pooled_page(n, n_patches, factor) for n, n_patches in enumerate((0, 1, 7, 90))]
    for n, one in enumerate(put):
        empty_index.put_document(document(n, f"/{n}.pdf"))
        empty_index.put([one])
    question = query(unit_vectors(np.random.default_rng(77), 3))
    for one, n_patches in zip(put, (0, 1, 7, 90), strict=True):
        got = empty_index.page(one.page_id)
        assert len(got.vectors.vectors) == -(-n_patches // factor)
        assert len(got.vectors.patch_map.boxes) == n_patches
        np.testing.assert_array_equal(
            got.vectors.patch_map.vector_index, one.vectors.patch_map.vector_index
        )
        as_stored = from_bfloat16(to_bfloat16(one.vectors.vectors))
        before = replace(one, vectors=replace(one.vectors, vectors=as_stored))
        np.testing.assert_allclose(
            heat_map(question, got, None, 45, 64),
            heat_map(question, before, None, 45, 64),
            atol=1e-6,
        )
        assert [w.text for w in hot_words(question, got, None, Scale(0, 1))] == [
            w.text for w in hot_words(question, before, None, Scale(0, 1))
        ]
        for match, expected in zip(
            match_tokens(question, got, FLOAT), match_tokens(question, before, FLOAT), strict=True
        ):
            np.testing.assert_allclose(match.boxes, expected.boxes, atol=1e-5)
    assert empty_index.stats().n_vectors == sum(len(one.vectors.vectors) for one in put)


@pytest.mark.parametrize("ranking", [HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, FLOAT])
def test_a_page_is_found_by_a_patch_that_others_were_merged_with(
    empty_index: PageIndex, ranking: str
) -> None:
    pages = [pooled_page(n, 60, 3) for n in range(6)]
    for n, one in enumerate(pages):
        empty_index.put_document(document(n, f"/{n}.pdf"))
        empty_index.put([one])
    question = query(pages[4].vectors.vectors[[3, 8]])
    found = empty_index.search(question, ranking, 6)
    assert found.hits[0].page_id == pages[4].page_id
    assert len(found.hits) == 6
    if ranking in (FLOAT, HAMMING_THEN_FLOAT):
        scores = {hit.page_id: hit.score_sum for hit in found.hits}
        for one in pages:
            as_stored = from_bfloat16(to_bfloat16(one.vectors.vectors))
            expected = float_maxsim(question.vectors, as_stored)
            assert scores[one.page_id] == pytest.approx(expected, abs=1e-4)
