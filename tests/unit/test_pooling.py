"""encoders/pooling.py: who is merged with whom, what stands for them, and that nothing is lost."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.choose import choose_encoder, load_encoder
from encoders.interface import PageInput
from encoders.lexical import LexicalEncoder
from encoders.pooling import pool, pool_factor, pooled_encoder, pooling_name
from index.errors import IndexMismatchError, WrongUseError
from index.maxsim import float_maxsim
from index.pages import VECTOR_DIM, PageVectors, PatchMap
from tests.pixel_encoder import PixelEncoder
from tests.random_pages import unit_vectors

AXES = np.eye(VECTOR_DIM, dtype=np.float32)


def seen(vectors: NDArray[np.float32]) -> PageVectors:
    """A page of one row of cells, each with the vector of its place."""
    edges = np.linspace(0, 1, len(vectors) + 1, dtype=np.float32)
    boxes = np.zeros((len(vectors), 4), np.float32)
    boxes[:, 0], boxes[:, 2], boxes[:, 3] = edges[:-1], edges[1:], 1
    return PageVectors(vectors, PatchMap(boxes, np.arange(len(vectors), dtype=np.int32)))


def clustered(rng: np.random.Generator, n: int, n_centres: int) -> NDArray[np.float32]:
    """Vectors around centres, as patches that look alike are; some of them equal."""
    noise = rng.standard_normal((n, VECTOR_DIM)) * rng.choice([0, 0.05, 0.1], (n, 1))
    vectors = unit_vectors(rng, n_centres)[rng.integers(n_centres, size=n)] + noise
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def plainly_grouped(vectors: NDArray[np.float32], n_groups: int) -> list[list[int]]:
    """The definition: the two groups whose union adds least become one, until so many are left."""
    groups = [[i] for i in range(len(vectors))]

    def cost(group: list[int]) -> float:
        members = vectors[group].astype(np.float64)
        return float(((members - members.mean(axis=0)) ** 2).sum())

    def is_of_equals(a: list[int], b: list[int]) -> bool:
        return bool((vectors[a[0]] == vectors[b]).all() and (vectors[a] == vectors[b[0]]).all())

    while len(groups) > 1:
        added = {
            (a, b): cost(groups[a] + groups[b]) - cost(groups[a]) - cost(groups[b])
            for a in range(len(groups))
            for b in range(a + 1, len(groups))
        }
        equal = [pair for pair in added if is_of_equals(groups[pair[0]], groups[pair[1]])]
        if len(groups) <= n_groups and not equal:
            break
        a, b = equal[0] if equal else min(added, key=lambda pair: added[pair])
        groups[a] += groups.pop(b)
    return sorted(sorted(group) for group in groups)


def groups_of(pooled: PageVectors) -> list[list[int]]:
    index = pooled.patch_map.vector_index
    return [np.flatnonzero(index == row).tolist() for row in range(len(pooled.vectors))]


@pytest.mark.parametrize("factor", [1, 2, 3, 6, 50])
@pytest.mark.parametrize(("n", "n_centres"), [(1, 1), (2, 2), (7, 3), (31, 5), (24, 24)])
def test_the_compiled_groups_are_those_of_the_definition(
    n: int, n_centres: int, factor: int
) -> None:
    vectors = clustered(np.random.default_rng(100 * n + factor), n, n_centres)
    pooled = pool(seen(vectors), factor)
    if factor == 1:
        assert groups_of(pooled) == [[i] for i in range(n)]
        return
    groups = groups_of(pooled)
    assert groups == plainly_grouped(vectors, -(-n // factor))
    for row, group in zip(pooled.vectors, groups, strict=True):
        mean = vectors[group].mean(axis=0, dtype=np.float64)
        np.testing.assert_allclose(row, mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize("factor", [2, 3, 6])
def test_a_page_of_colsmols_size_keeps_one_of_so_many(factor: int) -> None:
    vectors = unit_vectors(np.random.default_rng(1), 832)
    pooled = pool(seen(vectors), factor)
    assert len(pooled.vectors) == -(-832 // factor)
    assert sorted(sum(groups_of(pooled), [])) == list(range(832))
    firsts = [group[0] for group in groups_of(pooled)]
    assert firsts == sorted(firsts)  # in order of the first patch


def test_pooling_twice_is_the_same_to_the_bit() -> None:
    vectors = clustered(np.random.default_rng(2), 200, 20)
    first, second = pool(seen(vectors), 3), pool(seen(vectors.copy()), 3)
    np.testing.assert_array_equal(first.vectors, second.vectors)
    np.testing.assert_array_equal(first.patch_map.vector_index, second.patch_map.vector_index)


def test_blank_patches_are_one_vector_before_others_are_merged() -> None:
    rng = np.random.default_rng(3)
    others = unit_vectors(rng, 40)
    vectors = np.concatenate([others[:20], np.repeat(AXES[:1], 60, axis=0), others[20:]])
    pooled = pool(seen(vectors), 2)  # 41 distinct ones, 50 allowed
    assert len(pooled.vectors) == 41
    assert groups_of(pooled)[20] == list(range(20, 80))
    np.testing.assert_array_equal(pooled.vectors, vectors[[*range(21), *range(80, 100)]])


def test_equal_patches_weigh_as_many_as_they_are() -> None:
    vectors = np.concatenate([np.repeat(AXES[:1], 3, axis=0), AXES[1:2]])
    (pooled,) = pool(seen(vectors), 4).vectors
    np.testing.assert_allclose(pooled[:2], np.array([3, 1]) / 10**0.5, atol=1e-7)


@pytest.mark.parametrize("factor", [2, 3, 1000])
def test_a_page_of_equal_vectors_has_one_to_the_bit(factor: int) -> None:
    vectors = np.repeat(unit_vectors(np.random.default_rng(4), 1), 9, axis=0)
    pooled = pool(seen(vectors), factor)
    np.testing.assert_array_equal(pooled.vectors, vectors[:1])
    assert pooled.patch_map.vector_index.tolist() == [0] * 9


def test_vectors_that_cancel_out_have_the_first_stand_for_them() -> None:
    pooled = pool(seen(np.stack([AXES[0], -AXES[0]])), 2)
    np.testing.assert_array_equal(pooled.vectors, AXES[:1])


def test_a_page_without_vectors_stays_one() -> None:
    assert len(pool(PageVectors.none(), 3).vectors) == 0


def test_cells_keep_their_boxes_and_name_the_vector_that_stands_for_them() -> None:
    near = AXES[0] + 0.1 * AXES[1]
    vectors = np.stack([AXES[0], AXES[5], near / np.linalg.norm(near), AXES[6]])
    boxes = np.linspace(0, 1, 24, dtype=np.float32).reshape(6, 4)
    page = PageVectors(vectors, PatchMap(boxes, np.array([2, 1, 0, 3, 2, 1], np.int32)))
    pooled = pool(page, 2)  # 0 and 2 look alike, 1 and 3 are what is left
    np.testing.assert_array_equal(pooled.patch_map.boxes, boxes)
    assert pooled.patch_map.vector_index.tolist() == [0, 1, 0, 1, 0, 1]


def test_no_patch_lies_far_from_what_stands_for_it_where_patches_look_alike() -> None:
    rng = np.random.default_rng(5)
    vectors = clustered(rng, 300, 30)
    pooled = pool(seen(vectors), 3)
    cosines = (vectors * pooled.vectors[pooled.patch_map.vector_index]).sum(axis=1)
    assert cosines.min() > 0.65  # noise of length 1.1 around centres of length 1
    assert cosines.mean() > 0.88
    query = vectors[rng.integers(300, size=20)]
    exact, approximate = float_maxsim(query, vectors), float_maxsim(query, pooled.vectors)
    assert approximate == pytest.approx(exact, rel=0.15)


class Counting(PixelEncoder):
    """Takes two batches of several pages at once, and says how many it was given at most."""

    n_at_once = 2
    batch_size = 2

    def __init__(self) -> None:
        self.n_now = self.n_most = 0
        self._lock = threading.Lock()

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        with self._lock:
            self.n_now += 1
            self.n_most = max(self.n_most, self.n_now)
        time.sleep(0.01)
        with self._lock:
            self.n_now -= 1
        return [seen(AXES[:4]) for _ in pages]


def test_a_pooled_encoder_takes_more_at_once_than_it_hands_on() -> None:
    inner = Counting()
    encoder = pooled_encoder(inner, 2)
    assert encoder.n_at_once == 4
    found: list[list[PageVectors]] = []
    threads = [
        threading.Thread(target=lambda: found.append(encoder.encode_pages([None, None])))  # type: ignore[list-item]
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inner.n_most == 2
    assert [len(page.vectors) for pages in found for page in pages] == [2] * 16


def test_an_encoder_that_takes_one_page_is_still_given_one() -> None:
    assert pooled_encoder(PixelEncoder(), 3).n_at_once == 1
    plain = PixelEncoder()
    assert pooled_encoder(plain, 1) is plain


def test_the_pooling_is_in_the_fingerprint_and_queries_are_as_ever() -> None:
    encoder = choose_encoder("lexical", pool=3).encoder
    assert encoder.fingerprint == replace(LexicalEncoder().fingerprint, pooling="ward-3")
    np.testing.assert_array_equal(
        encoder.encode_query("late interaction").vectors,
        LexicalEncoder().encode_query("late interaction").vectors,
    )
    loaded = load_encoder(encoder.fingerprint)
    assert loaded.fingerprint == encoder.fingerprint


@pytest.mark.parametrize("factor", [0, -3])
def test_a_pool_below_one_is_refused(factor: int) -> None:
    with pytest.raises(WrongUseError) as error:
        choose_encoder("lexical", pool=factor)
    assert str(error.value) == (
        f"--pool {factor} must be at least 1: one vector for that many patches, 1 for each."
    )


@pytest.mark.parametrize("pooling", ["kmeans-4", "ward-", "ward-x", "3"])
def test_another_versions_pooling_is_refused(pooling: str) -> None:
    with pytest.raises(IndexMismatchError) as error:
        load_encoder(replace(LexicalEncoder().fingerprint, pooling=pooling))
    assert str(error.value) == (
        f"The index holds vectors of the pooling {pooling!r}, which this version of Pagelens does "
        "not have. Update Pagelens, or ingest again into a new index."
    )


@pytest.mark.parametrize("factor", [1, 2, 17])
def test_names_of_poolings_are_read_as_they_are_written(factor: int) -> None:
    assert pool_factor(pooling_name(factor)) == factor
