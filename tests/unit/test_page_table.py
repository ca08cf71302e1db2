"""The table of pages that opening reads in place of their rows: true after every kind of write."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.embedded.catalog import CATALOG_NAME, Catalog
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.embedded.page_table import N_COLUMNS, PAGES_PER_BLOCK
from index.errors import DamagedIndexError
from index.filters import Filters
from index.interface import FLOAT
from index.pages import PageVectors
from tests.random_pages import FINGERPRINT, document, document_id, page, query, unit_vectors

RNG = np.random.default_rng(5)
N_PAGES = 2 * PAGES_PER_BLOCK + 10  # page keys begin with 1: three blocks
VECTORS = unit_vectors(RNG, 1)
DROP = (
    *(
        f"DROP TRIGGER {name}"
        for name in ("page_put", "page_changed", "page_deleted", "file_put", "file_deleted")
    ),
    "DROP TABLE page_blocks",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of three documents, the first of two pages, the others of about a block each."""
    folder = tmp_path / "index"
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as index:
        for n, count in enumerate((2, PAGES_PER_BLOCK, PAGES_PER_BLOCK + 8)):
            index.put_document(document(n, f"/{n}.pdf", page_count=count))
            index.put([page(n, number, VECTORS) for number in range(1, count + 1)])
    return folder


def blocks(folder: Path) -> set[int]:
    with closing(sqlite3.connect(folder / CATALOG_NAME)) as catalog:
        return {row[0] for row in catalog.execute("SELECT block FROM page_blocks")}


def run(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / CATALOG_NAME)) as catalog:
        for statement in statements:
            catalog.execute(statement)
        catalog.commit()


def table(folder: Path) -> list[list[int]]:
    with closing(Catalog(folder, writable=False)) as catalog:
        return catalog.page_table.read().T.tolist()


def table_of_rows(folder: Path) -> list[list[int]]:
    """What the table holds, by the definition."""
    with closing(sqlite3.connect(folder / CATALOG_NAME)) as catalog:
        rows = catalog.execute(
            "SELECT page_key, pages.document_key, page_number, first_patch, n_patches, document_id "
            "FROM pages JOIN documents USING(document_key) "
            "WHERE document_key IN (SELECT document_key FROM files) ORDER BY page_key"
        ).fetchall()
    halves = [(int(id_[:16], 16), int(id_[16:], 16)) for *_, id_ in rows]
    return [[*row[:5], *half] for row, half in zip(rows, halves, strict=True)]


def test_all_blocks_but_one_are_written(folder: Path) -> None:
    assert len(table(folder)) == N_PAGES
    assert table(folder) == table_of_rows(folder)
    assert len(blocks(folder)) >= 2


WRITES: dict[str, Callable[[EmbeddedIndex], object]] = {
    "more pages": lambda index: index.put([page(0, n, VECTORS) for n in range(3, 9)]),
    "a page put again": lambda index: index.put([page(1, 5, unit_vectors(RNG, 4))]),
    "vectors": lambda index: index.put_vectors(
        {
            f"{document_id(1)}-7": PageVectors(
                unit_vectors(RNG, 3), page(1, 7, unit_vectors(RNG, 3)).vectors.patch_map
            )
        }
    ),
    "a deleted document": lambda index: index.delete([document_id(1)]),
    "all deleted": lambda index: index.delete([document_id(n) for n in range(3)]),
    "a path gone": lambda index: index.put_document(document(1, page_count=PAGES_PER_BLOCK)),
    "a path taken over": lambda index: index.put_document(document(0, "/1.pdf", page_count=2)),
    "compacted": lambda index: (index.delete([document_id(0)]), index.compact()),
}


@pytest.mark.parametrize("name", WRITES)
def test_the_table_is_true_after(folder: Path, name: str) -> None:
    before = table(folder)
    with closing(EmbeddedIndex.open(folder)) as reader:
        with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as writer:
            WRITES[name](writer)
        assert table(folder) == table_of_rows(folder) != before
        assert check_index(folder).problems == ()
        reader.refresh()
        assert reader.stats().n_pages == len(table(folder))


def test_a_change_of_a_program_without_the_table_is_seen(folder: Path) -> None:
    assert 0 in blocks(folder)
    run(folder, "UPDATE pages SET first_patch = 7 WHERE page_key = 3")
    assert 0 not in blocks(folder)
    assert table(folder)[2][3] == 7


def test_an_index_of_before_opens_and_gets_its_table_at_the_next_write(folder: Path) -> None:
    before = table(folder)
    run(folder, *DROP)
    assert table(folder) == before
    assert check_index(folder).problems == ()
    EmbeddedIndex.open_for_writing(folder, FINGERPRINT).close()
    assert table(folder) == before
    assert blocks(folder) == {0, 1, 2}


def test_a_block_that_is_not_true_is_named_and_made_anew(folder: Path) -> None:
    size = 8 * N_COLUMNS
    run(folder, f"UPDATE page_blocks SET data = zeroblob({size}) WHERE block = 1")
    assert check_index(folder).problems == (
        f"the table of page rows {PAGES_PER_BLOCK} to {2 * PAGES_PER_BLOCK - 1} differs from them; "
        '"pagelens compact" makes it anew',
    )
    run(folder, "UPDATE page_blocks SET data = zeroblob(9) WHERE block = 1")
    with pytest.raises(DamagedIndexError, match=r'has 9 bytes, .*Run "pagelens compact"'):
        EmbeddedIndex.open(folder)
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as index:
        index.compact()
    assert check_index(folder).problems == ()
    assert len(table(folder)) == N_PAGES


IDS = ("0" * 32, "0" * 15 + "1" + "0" * 16, "0" * 31 + "1", "80" + "0" * 30, "f" * 32)


@pytest.mark.parametrize("digits", ["", "0", "00", "8", "f" * 32, "0" * 16, "0" * 31, "F", "x"])
def test_ids_begin_and_order_as_their_digits_do(tmp_path: Path, digits: str) -> None:
    folder = tmp_path / "index"
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as index:
        for id_ in IDS[::-1]:
            index.put_document(replace(document(0, f"/{id_}.pdf"), document_id=id_))
            pages = [page(0, number, VECTORS) for number in (10, 9)]
            index.put([replace(one, document_id=id_) for one in pages])
    with closing(EmbeddedIndex.open(folder)) as index:
        asked = query(VECTORS)
        all_ = [hit.page_id for hit in index.search(asked, FLOAT, 100).hits]  # all of one score
        some = index.search(asked, FLOAT, 100, filters=Filters(document_id=digits)).hits
        others = index.search(asked, FLOAT, 100, filters=Filters(not_document_id=digits)).hits
    assert all_ == [f"{id_}-{number}" for id_ in sorted(IDS) for number in (9, 10)]
    assert [h.page_id for h in some] == [id_ for id_ in all_ if id_.startswith(digits)]
    kept = [id_ for id_ in all_ if not (digits and id_.startswith(digits))]
    assert [h.page_id for h in others] == kept
