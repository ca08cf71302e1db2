"""What every search must know of every page, kept so that opening an index need not read its rows.

Pages whose keys follow each other make a block, and the catalog keeps each block as one blob of
numbers beside the rows it comes from. Triggers drop the block of a row that changes, so that a
block which is there is true, whoever wrote. One that is not there is read from its rows; the writer
never leaves more than one of them, and a reader, which may not write, needs nothing else. So an
index of before this table opens too, and a kill leaves nothing half done.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from index.embedded.database import Database
from index.errors import DamagedIndexError

_KEY_BITS = 9
PAGES_PER_BLOCK = 2**_KEY_BITS
"""A block takes 0.8 ms to read from its rows, and 29 kB."""

_MOST_MISSING = 1
"""Blocks a writer leaves to be read from their rows. Most commits change the same block again, and
to write it each time would cost more than to read it."""

N_COLUMNS = 7

_DROP = f"DELETE FROM page_blocks WHERE block = {{}}.page_key >> {_KEY_BITS};"
_DROP_OF_DOCUMENTS = (
    f"DELETE FROM page_blocks WHERE block IN (SELECT page_key >> {_KEY_BITS} FROM pages "
    "WHERE document_key IN ({}));"
)
_SCHEMA = (
    "CREATE TABLE page_blocks(block INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    f"CREATE TRIGGER page_put AFTER INSERT ON pages BEGIN {_DROP.format('new')} END",
    f"CREATE TRIGGER page_changed AFTER UPDATE ON pages BEGIN {_DROP.format('new')} END",
    f"CREATE TRIGGER page_deleted AFTER DELETE ON pages BEGIN {_DROP.format('old')} END",
    # a path that is put takes it from the document that has it, for which no trigger runs
    "CREATE TRIGGER file_put BEFORE INSERT ON files BEGIN "
    + _DROP_OF_DOCUMENTS.format(
        "new.document_key, (SELECT document_key FROM files WHERE path = new.path)"
    )
    + " END",
    "CREATE TRIGGER file_deleted AFTER DELETE ON files BEGIN "
    + _DROP_OF_DOCUMENTS.format("old.document_key")
    + " END",
)

_ROWS = (
    "SELECT page_key, document_key, page_number, first_patch, n_patches, document_id "
    "FROM pages JOIN documents USING(document_key) WHERE page_key >= ? AND page_key < ? "
    "AND EXISTS (SELECT 1 FROM files WHERE files.document_key = pages.document_key) "
    "ORDER BY page_key"
)
"""The pages that can be found: their documents have a path."""

Table = NDArray[np.int64]


class PageTable:
    """The blocks in a catalog's database; writes are within the catalog's transactions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def is_there(self) -> bool:
        """Whether the index has blocks; one of before them has none until it is written to."""
        return bool(self._db.rows("SELECT 1 FROM sqlite_master WHERE name = 'page_blocks'"))

    def create(self) -> None:
        """Make the table and its triggers."""
        for statement in _SCHEMA:
            self._db.run(statement)

    def read(self) -> Table:
        """Every page that can be found, in storage order.

        Returns:
            int64 (7, n_pages): page_key, document_key, page_number, first_patch, n_patches, and the
            bits of the first and the second 16 digits of the document's id.

        Raises:
            DamagedIndexError: a block is no table.
        """
        blocks = self._blocks() if self.is_there() else {}
        tables = [blocks[n] if n in blocks else self._from_rows(n) for n in range(self._n_blocks())]
        return np.concatenate([np.zeros((N_COLUMNS, 0), np.int64), *tables], axis=1)

    def keep_up(self) -> None:
        """Write the blocks that are missing, once there are more than one."""
        there = {int(row[0]) for row in self._db.rows("SELECT block FROM page_blocks")}
        missing = [n for n in range(self._n_blocks()) if n not in there]
        if len(missing) > _MOST_MISSING:
            for n in missing:
                data = self._from_rows(n).astype("<i8").tobytes()
                self._db.run("INSERT INTO page_blocks VALUES(?, ?)", (n, data))

    def problems(self) -> Iterator[str]:
        """Blocks that differ from the rows they were made of, one line each."""
        for n, block in (self._blocks() if self.is_there() else {}).items():
            if not np.array_equal(block, self._from_rows(n)):
                first = n * PAGES_PER_BLOCK
                yield (
                    f"the table of page rows {first} to {first + PAGES_PER_BLOCK - 1} differs from "
                    'them; "pagelens compact" makes it anew'
                )

    def _blocks(self) -> dict[int, Table]:
        blocks = {}
        for n, data in self._db.rows("SELECT block, data FROM page_blocks ORDER BY block"):
            if len(data) % (8 * N_COLUMNS):
                raise DamagedIndexError(
                    f"Block {n} of the page table has {len(data)} bytes, which are no whole pages. "
                    'Run "pagelens compact", which makes it anew.'
                )
            blocks[n] = np.frombuffer(data, "<i8").reshape(N_COLUMNS, -1)
        return blocks

    def _n_blocks(self) -> int:
        (last,) = self._db.rows("SELECT max(page_key) FROM pages")[0]
        return 0 if last is None else (last >> _KEY_BITS) + 1

    def _from_rows(self, block: int) -> Table:
        first = block * PAGES_PER_BLOCK
        rows = self._db.rows(_ROWS, (first, first + PAGES_PER_BLOCK))
        table = np.empty((N_COLUMNS, len(rows)), np.int64)
        table[:5] = np.array([row[:5] for row in rows], np.int64).reshape(-1, 5).T
        ids = bytes.fromhex("".join(row[5] for row in rows))
        table[5:] = np.frombuffer(ids, ">u8").reshape(-1, 2).T.astype(np.uint64).view(np.int64)
        return table
