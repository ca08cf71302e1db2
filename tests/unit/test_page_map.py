from dataclasses import replace

import numpy as np
import pytest

from index.errors import VectorShapeError, WrongUseError
from index.pages import Failure, Page, page_id
from query.service.page_map import choose_pages, page_vectors_mean, project
from tests.memory_index import MemoryIndex
from tests.random_pages import FINGERPRINT, document, document_id, page, unit_vectors


def filled(*page_counts: int) -> MemoryIndex:
    rng = np.random.default_rng(5)
    index = MemoryIndex(FINGERPRINT)
    for n, page_count in enumerate(page_counts):
        index.put_document(document(n, f"/library/{n}.pdf", page_count=page_count))
        index.put([page(n, number, unit_vectors(rng, 4)) for number in range(1, page_count + 1)])
    return index


def test_no_page_makes_an_empty_map() -> None:
    assert project(np.zeros((0, 128), np.float32)).shape == (0, 2)


def test_one_page_lies_in_the_middle() -> None:
    points = project(unit_vectors(np.random.default_rng(0), 1))
    np.testing.assert_array_equal(points, [[0.5, 0.5]])


def test_two_pages_lie_at_the_ends_of_a_line() -> None:
    points = project(unit_vectors(np.random.default_rng(0), 2))
    assert sorted(points[:, 0].tolist()) == pytest.approx([0, 1], abs=1e-5)
    np.testing.assert_allclose(points[:, 1], 0.5, atol=1e-3)


def test_another_shape_is_refused() -> None:
    with pytest.raises(VectorShapeError) as refused:
        project(np.zeros((3, 64), np.float32))
    assert str(refused.value) == "Page means must be float32 (n, 128), got float32 (3, 64)."


def test_a_page_is_the_mean_of_its_vectors() -> None:
    x, y = np.eye(128, dtype=np.float32)[:2]
    index = MemoryIndex(FINGERPRINT)
    index.put_document(document(0, "/library/0.pdf"))
    index.put([page(0, 1, np.stack([x, y, y]))])
    means = page_vectors_mean(index.page, [page_id(document_id(0), 1)])
    assert means.page_ids == (page_id(document_id(0), 1),)
    np.testing.assert_allclose(means.vectors, [(x + 2 * y) / np.sqrt(5)], atol=1e-6)


def test_pages_without_a_direction_are_counted_and_left_out() -> None:
    x = np.eye(128, dtype=np.float32)[:1]
    index = MemoryIndex(FINGERPRINT)
    index.put_document(document(0, "/library/0.pdf", page_count=3))
    cancelling = np.concatenate([x, -x])
    index.put([page(0, 1, np.zeros((0, 128), np.float32)), page(0, 2, cancelling), page(0, 3, x)])
    means = page_vectors_mean(index.page, [page_id(document_id(0), n) for n in (1, 2, 3)])
    assert means.page_ids == (page_id(document_id(0), 3),)
    assert means.n_without_vectors == 2
    assert means.vectors.shape == (1, 128)


def test_a_page_deleted_meanwhile_is_left_out() -> None:
    index = filled(2)
    gone = page_id(document_id(0), 1)

    def read(name: str) -> Page:
        if name == gone:
            raise WrongUseError(f"The index holds no page {name}.")
        return index.page(name)

    means = page_vectors_mean(read, [gone, page_id(document_id(0), 2)])
    assert means.page_ids == (page_id(document_id(0), 2),)
    assert means.n_without_vectors == 0


def test_no_pages_have_no_means() -> None:
    means = page_vectors_mean(filled(1).page, [])
    assert means.page_ids == () and means.vectors.shape == (0, 128)


def test_all_pages_are_chosen_where_there_is_room() -> None:
    index = filled(2, 1)
    chosen = choose_pages(index, list(index.documents()), limit=3)
    first, second = document_id(0), document_id(1)
    assert chosen.page_ids == (page_id(first, 1), page_id(first, 2), page_id(second, 1))
    assert chosen.n_pages == 3


def test_a_sample_is_even_and_always_the_same() -> None:
    index = filled(60, 20, 20)
    documents = list(index.documents())
    chosen = choose_pages(index, documents, limit=10)
    assert chosen.n_pages == 100
    assert len(set(chosen.page_ids)) == 10
    shares = [sum(name.startswith(document_id(n)) for name in chosen.page_ids) for n in range(3)]
    assert shares == [6, 2, 2]
    assert choose_pages(index, documents, limit=10) == chosen


def test_pages_that_are_not_there_are_not_chosen() -> None:
    index = filled(1, 2, 3, 2)
    failed_page = replace(document(1, "/b.pdf", page_count=2), failures=(Failure(1, "broken"),))
    unfinished = document(2, "/c.pdf", page_count=9, is_complete=False)
    given_up = replace(document(3, "/d.pdf", page_count=9), failures=(Failure(None, "time"),))
    documents = [document(0), failed_page, unfinished, given_up]  # the first has no path
    chosen = choose_pages(index, documents)
    wanted = [(1, 2), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2)]
    assert chosen.page_ids == tuple(page_id(document_id(n), number) for n, number in wanted)
