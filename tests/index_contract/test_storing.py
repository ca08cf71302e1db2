"""What goes into an index comes out, and documents own their paths."""

from dataclasses import replace

import numpy as np
import pytest

from index.errors import WrongUseError
from index.interface import BM25, PageIndex
from index.pages import Document, Failure, FileRecord, QueryVectors
from index.quantize import from_bfloat16, to_bfloat16
from tests.finding import shown
from tests.random_pages import document, document_id, page, query, unit_vectors


def found_paths(index: PageIndex, text: str = "words") -> list[tuple[str, ...]]:
    found = index.search(QueryVectors.text_only(text), BM25, 100).hits
    return [hit.paths for hit in shown(index, found)]


@pytest.mark.parametrize("n_patches", [0, 1, 7, 300])
def test_a_page_comes_back_as_it_went_in(empty_index: PageIndex, n_patches: int) -> None:
    vectors = unit_vectors(np.random.default_rng(1), n_patches)
    put = page(1, 1, vectors, text="Ein Wort und 二つ", language="de")
    empty_index.put_document(document(1, "/a/x.pdf"))
    empty_index.put([put])

    got = empty_index.page(put.page_id)

    assert got.words.texts == put.words.texts
    np.testing.assert_allclose(got.words.boxes, put.words.boxes, atol=1e-5)
    np.testing.assert_array_equal(got.vectors.vectors, from_bfloat16(to_bfloat16(vectors)))
    cells, cells_put = got.vectors.patch_map, put.vectors.patch_map
    np.testing.assert_allclose(cells.boxes, cells_put.boxes, atol=1e-5)
    np.testing.assert_array_equal(cells.vector_index, cells_put.vector_index)
    assert (got.width_pt, got.height_pt, got.language) == (595.0, 842.0, "de")
    assert got.preview == put.preview == empty_index.image(put.page_id)


def test_a_page_put_again_replaces_the_first(empty_index: PageIndex) -> None:
    rng = np.random.default_rng(2)
    empty_index.put_document(document(1, "/a/x.pdf"))
    empty_index.put([page(1, 1, unit_vectors(rng, 5), text="old words")])
    empty_index.put([page(1, 1, unit_vectors(rng, 3), text="new words")])
    assert empty_index.page(f"{document_id(1)}-1").words.texts == ("new", "words")
    assert empty_index.stats().n_pages == 1
    assert empty_index.stats().n_vectors == 3
    assert found_paths(empty_index, "old") == []


def test_documents_come_back_in_order_of_id_with_their_failures(empty_index: PageIndex) -> None:
    records = [
        replace(
            document(n, f"/b/{n}.pdf", f"/a/{n}.pdf", title=f"Title {n}", page_count=3),
            failures=(Failure(None, "not a PDF"), Failure(2, "time-out")),
        )
        for n in (3, 1, 2)
    ]
    for record in records:
        empty_index.put_document(record)
    assert list(empty_index.documents()) == sorted(records, key=lambda d: d.document_id)
    for record in records:
        assert empty_index.document(record.document_id) == record
    assert empty_index.document(document_id(9)) is None


def test_a_path_belongs_to_the_document_that_took_it_last(empty_index: PageIndex) -> None:
    rng = np.random.default_rng(3)
    empty_index.put_document(document(1, "/a/x.pdf", "/a/y.pdf"))
    empty_index.put([page(1, 1, unit_vectors(rng, 2), text="words")])
    empty_index.put_document(document(2, "/a/x.pdf"))
    empty_index.put([page(2, 1, unit_vectors(rng, 2), text="words")])
    owners = {d.document_id: [f.path for f in d.files] for d in empty_index.documents()}
    assert owners == {document_id(1): ["/a/y.pdf"], document_id(2): ["/a/x.pdf"]}


def test_a_document_without_path_is_stored_but_not_found(empty_index: PageIndex) -> None:
    rng = np.random.default_rng(4)
    empty_index.put_document(document(1, is_complete=False))
    empty_index.put([page(1, 1, unit_vectors(rng, 4), text="words")])
    assert found_paths(empty_index) == []
    assert empty_index.search(query(unit_vectors(rng, 3)), "hamming", 10).hits == ()
    assert empty_index.page_numbers(document_id(1)) == {1}

    empty_index.put_document(document(1, "/a/x.pdf"))
    assert found_paths(empty_index) == [("/a/x.pdf",)]


def test_deleted_documents_leave_nothing(empty_index: PageIndex) -> None:
    rng = np.random.default_rng(5)
    for n in (1, 2):
        empty_index.put_document(document(n, f"/a/{n}.pdf", title="words"))
        empty_index.put([page(n, 1, unit_vectors(rng, 4), text="words")])
    empty_index.delete([document_id(1), document_id(9)])
    assert found_paths(empty_index) == [("/a/2.pdf",)]
    assert [d.document_id for d in empty_index.documents()] == [document_id(2)]
    assert empty_index.page_numbers(document_id(1)) == frozenset()
    with pytest.raises(WrongUseError, match="holds no page"):
        empty_index.page(f"{document_id(1)}-1")


def test_page_numbers_say_where_to_go_on(empty_index: PageIndex) -> None:
    rng = np.random.default_rng(6)
    empty_index.put_document(document(1, "/a/x.pdf", page_count=5, is_complete=False))
    empty_index.put([page(1, number, unit_vectors(rng, 2)) for number in (1, 2, 4)])
    assert empty_index.page_numbers(document_id(1)) == {1, 2, 4}
    assert empty_index.page_numbers(document_id(7)) == frozenset()


def test_documents_whose_pages_are_not_all_there_are_counted(empty_index: PageIndex) -> None:
    assert empty_index.n_unfinished() == 0
    for number in (1, 2, 3):
        put = document(number, f"/a/{number}.pdf", page_count=5, is_complete=number == 3)
        empty_index.put_document(put)
    assert empty_index.n_unfinished() == 2
    empty_index.put_document(document(1, "/a/1.pdf", page_count=5))
    empty_index.delete([document_id(2)])
    assert empty_index.n_unfinished() == 0


def test_stats_count_what_can_be_found(empty_index: PageIndex) -> None:
    rng = np.random.default_rng(7)
    empty_index.put_document(document(1, "/a/x.pdf", page_count=2))
    empty_index.put([page(1, 1, unit_vectors(rng, 4)), page(1, 2, unit_vectors(rng, 0))])
    empty_index.put_document(
        replace(document(2, "/a/broken.pdf", page_count=0), failures=(Failure(None, "broken"),))
    )
    stats = empty_index.stats()
    assert (stats.n_documents, stats.n_pages, stats.n_vectors) == (1, 2, 4)
    assert (stats.n_pages_without_vectors, stats.n_failed_documents) == (1, 1)


def test_pages_are_put_after_their_document(empty_index: PageIndex) -> None:
    with pytest.raises(WrongUseError, match="was put before its document"):
        empty_index.put([page(1, 1, unit_vectors(np.random.default_rng(8), 1))])


@pytest.mark.parametrize(
    "wrong",
    ["", "x", "0" * 32, "0" * 32 + "-0", "0" * 32 + "-" + "9" * 5000, "../../etc/passwd-1"],
    ids=["empty", "letter", "no page", "page 0", "5,000 digits", "path"],
)
def test_what_is_no_page_id_is_refused(empty_index: PageIndex, wrong: str) -> None:
    with pytest.raises(WrongUseError, match="is not a page id"):
        empty_index.page(wrong)
    with pytest.raises(WrongUseError, match="is not a page id"):
        empty_index.image(wrong)


def test_documents_are_given_in_parts(empty_index: PageIndex) -> None:
    ids = [f"{n:032x}" for n in (5, 3, 9, 1, 7)]
    for id_ in ids:
        files = (FileRecord(f"/{id_}.pdf", 1, 1),)
        empty_index.put_document(Document(id_, files, "", 1, is_complete=True))
    in_order = sorted(ids)

    def part(offset: int, limit: int | None) -> list[str]:
        return [document.document_id for document in empty_index.documents(offset, limit)]

    assert part(0, None) == in_order
    assert part(3, None) == in_order[3:]
    assert part(1, 2) == in_order[1:3]
    assert part(4, 10) == in_order[4:]
    assert part(5, 1) == part(0, 0) == []
    assert list(empty_index.documents(1, 2)) == list(empty_index.documents())[1:3]
    assert empty_index.document_count() == 5
