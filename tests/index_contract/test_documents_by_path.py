"""Documents are listed in order of path, searched, and looked up by name, without the others."""

from dataclasses import replace

import numpy as np
import pytest

from index.interface import PageIndex
from index.pages import Document, Failure, FileRecord
from tests.random_pages import document_id, page, unit_vectors

DECOMPOSED = "/a/2023/re\u0301sume\u0301.pdf"  # as macOS names it


def at(n: int, *paths: str, **facts: object) -> Document:
    files = tuple(FileRecord(path, 1, 1) for path in sorted(paths))
    return replace(Document(document_id(n), files, "", 1, is_complete=True), **facts)


@pytest.fixture
def index(empty_index: PageIndex) -> PageIndex:
    """Six documents, the last without a path; ids are in another order than paths."""
    torn, locked = Failure(2, "torn"), Failure(None, "needs a password")
    for document in (
        at(1, "/z/report.pdf", title="Cranes 100% [new]", page_count=2, failures=(torn,)),
        at(2, "/b/Z.pdf", "/y/copy of harbour.pdf"),
        at(3, "/b/a.pdf", title="ÉTUDE of ferries"),
        at(4, DECOMPOSED),
        at(5, "/a/2023/report.pdf", page_count=0, failures=(locked,)),
        at(6, title="cranes"),
    ):
        empty_index.put_document(document)
    return empty_index


def numbers(documents: tuple[Document, ...]) -> list[int]:
    return [int(document.document_id, 16) for document in documents]


def test_documents_come_in_order_of_their_first_path(index: PageIndex) -> None:
    part = index.documents_by_path(0, 10)
    assert part.n_documents == 5
    assert numbers(part.documents) == [5, 4, 2, 3, 1]  # capitals before small letters
    assert part.documents == tuple(index.document(d.document_id) for d in part.documents)


@pytest.mark.parametrize(
    ("offset", "limit", "shown"), [(1, 2, [4, 2]), (4, 3, [1]), (5, 1, []), (0, 0, [])]
)
def test_a_part_says_of_how_many(
    index: PageIndex, offset: int, limit: int, shown: list[int]
) -> None:
    part = index.documents_by_path(offset, limit)
    assert numbers(part.documents) == shown
    assert part.n_documents == 5 or not limit


@pytest.mark.parametrize(
    ("find", "found"),
    [
        ("REPORT", [5, 1]),
        ("100% [new]", [1]),
        (".pdf", [5, 4, 2, 3, 1]),
        ("harbour", [2]),  # not its first path
        ("étude", [3]),
        ("a.*", []),
        ("b/z", [2]),
        ("cranes", [1]),
    ],
)
def test_titles_and_paths_are_searched_whatever_the_case(
    index: PageIndex, find: str, found: list[int]
) -> None:
    part = index.documents_by_path(0, 10, find=find)
    assert numbers(part.documents) == found
    assert part.n_documents == len(found)
    assert numbers(index.documents_by_path(1, 1, find=find).documents) == found[1:2]


def test_what_failed_is_listed_alone(index: PageIndex) -> None:
    assert numbers(index.documents_by_path(0, 10, only_failed=True).documents) == [5, 1]
    assert index.documents_by_path(1, 1, only_failed=True).n_documents == 2
    assert numbers(index.documents_by_path(0, 9, find="crane", only_failed=True).documents) == [1]
    assert index.stats().n_failed_documents == 2


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("report.pdf", [1, 5]),
        ("2023/report.pdf", [5]),
        ("/z/report.pdf", [1]),
        ("/report.pdf", []),
        ("eport.pdf", []),
        ("REPORT.pdf", []),
        ("reportxpdf", []),
        ("copy of harbour.pdf", [2]),
        ("résumé.pdf", [4]),
        ("re\u0301sumé.pdf", [4]),
        ("resume.pdf", []),
        ("report.pdf/", [1, 5]),
        ("2023", []),
    ],
)
def test_documents_are_looked_up_by_name(index: PageIndex, name: str, found: list[int]) -> None:
    assert numbers(tuple(index.documents_at(name))) == found


@pytest.mark.parametrize(
    "path", ["/a/x\x01y.pdf", "/a/␛1;.pdf", "/a/(a|b)+\\d.pdf", "/a/e\u0327\u0301.pdf"]
)
def test_names_are_taken_as_they_are(empty_index: PageIndex, path: str) -> None:
    empty_index.put_document(at(1, path))
    empty_index.put_document(at(2, "/a/other.pdf"))
    name = path.removeprefix("/a/")
    assert numbers(tuple(empty_index.documents_at(name))) == [1]
    assert numbers(empty_index.documents_by_path(0, 9, find=name).documents) == [1]


def test_a_document_is_counted_while_a_page_of_it_can_be_found(empty_index: PageIndex) -> None:
    whole, second = Failure(None, "needs a password"), Failure(2, "torn")
    for document in (
        at(1, "/a.pdf", page_count=2, failures=(second,)),
        at(2, "/b.pdf", page_count=0, failures=(whole,)),
        at(3, "/c.pdf", page_count=2, failures=(Failure(1, "torn", last_page=2),)),
        at(4, "/d.pdf", page_count=2, failures=(replace(second, is_of_ocr=True),)),
    ):
        empty_index.put_document(document)
    vectors = unit_vectors(np.random.default_rng(1), 1)
    empty_index.put([page(n, number, vectors) for n, number in ((1, 1), (4, 1), (4, 2))])
    assert empty_index.stats().n_documents == 2
    assert empty_index.stats().n_failed_documents == 4
