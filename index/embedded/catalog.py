"""The catalog of an embedded index: documents, pages, text. A page exists once its row does.

Knows where a page's bytes lie in the segments, not what they mean, and the SQL of every question.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.codec import (
    failures_from_json,
    failures_to_json,
    patch_map_from_bytes,
    patch_map_to_bytes,
    text_from_bytes,
    words_from_bytes,
    words_to_bytes,
)
from index.embedded.database import Database, Parameters, integers_of
from index.embedded.page_table import PageTable
from index.embedded.segments import KINDS
from index.embedded.text_search import TextSearch
from index.errors import DamagedIndexError
from index.pages import (
    VECTOR_DIM,
    VECTORS_TO_COME,
    Document,
    DocumentPart,
    FileRecord,
    PageWords,
    PatchMap,
)
from index.paths import lies_at

CATALOG_NAME = "catalog.sqlite"
BITS_SIZE = VECTOR_DIM // 8
VECTOR_SIZE = VECTOR_DIM * 2
"""Bytes one patch takes in the bits and in the vectors segment."""

_SCHEMA = """
CREATE TABLE segments(kind TEXT PRIMARY KEY, generation INTEGER NOT NULL, length INTEGER NOT NULL);
CREATE TABLE documents(
    document_key INTEGER PRIMARY KEY, document_id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    page_count INTEGER NOT NULL, is_complete INTEGER NOT NULL, failures TEXT NOT NULL,
    not_searched TEXT NOT NULL);
CREATE TABLE files(
    path TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    drive TEXT NOT NULL,
    document_key INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE);
CREATE INDEX files_by_document ON files(document_key);
CREATE TABLE patch_maps(
    patch_map_key INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, data BLOB NOT NULL);
CREATE TABLE pages(
    page_key INTEGER PRIMARY KEY, document_key INTEGER NOT NULL REFERENCES documents,
    page_number INTEGER NOT NULL, language TEXT NOT NULL, width_pt REAL NOT NULL,
    height_pt REAL NOT NULL, first_patch INTEGER NOT NULL, n_patches INTEGER NOT NULL,
    preview_start INTEGER NOT NULL, preview_length INTEGER NOT NULL,
    bits_crc INTEGER NOT NULL, vectors_crc INTEGER NOT NULL, preview_crc INTEGER NOT NULL,
    patch_map_key INTEGER NOT NULL REFERENCES patch_maps, ocr_engine TEXT NOT NULL DEFAULT '',
    UNIQUE(document_key, page_number));
CREATE INDEX pages_by_patch_map ON pages(patch_map_key);
CREATE TABLE page_words(page_key INTEGER PRIMARY KEY REFERENCES pages, words BLOB NOT NULL);
"""
# page_words stands apart from pages, so that what goes through all pages reads small rows only.

_FAILED = "document_key IN (SELECT document_key FROM documents WHERE failures != '')"


@dataclass(frozen=True)
class PageRow:
    """Where a page lies in the segments, and what checks it.

    Attributes:
        first_patch: position of its first patch in the bits and vectors segments, in patches.
        n_patches: VECTORS_TO_COME where the page waits for its vectors.
        preview_start, preview_length: its preview in the previews segment, in bytes.
        bits_crc, vectors_crc, preview_crc: CRC-32 of the stored bytes.
        ocr_engine: see Page.
    """

    page_key: int
    document_key: int
    page_number: int
    language: str
    width_pt: float
    height_pt: float
    first_patch: int
    n_patches: int
    preview_start: int
    preview_length: int
    bits_crc: int
    vectors_crc: int
    preview_crc: int
    ocr_engine: str = ""

    @property
    def n_stored(self) -> int:
        """Patches it has in the segments."""
        return max(0, self.n_patches)


class Catalog:
    """The catalog's queries over one connection; the writer's, or a reader's fixed on one state."""

    def __init__(self, folder: Path, *, writable: bool) -> None:
        """Open the catalog; the writer makes it where there is none.

        Raises:
            DamagedIndexError: the file is missing or not a database.
        """
        self._path = folder / CATALOG_NAME
        self._db = Database(self._path, writable=writable)
        self._version: int | None = None  # of the state, as `refresh` saw it last
        self.text = TextSearch(self._db)
        self.page_table = PageTable(self._db)
        if writable and not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'pages'"):
            with self._db.transaction():
                for statement in _SCHEMA.split(";\n"):
                    self._run(statement)
                self.text.create()
                for kind in KINDS:
                    self._run("INSERT INTO segments VALUES(?, 1, 0)", (kind,))
        if writable and not self.page_table.is_there():
            with self.transaction():
                self.page_table.create()
        self._ocr_engine = self._ocr_engine_column(writable=writable)
        columns = [name for name in PageRow.__dataclass_fields__ if name != "ocr_engine"]
        self._page_columns = ", ".join([*columns, self._ocr_engine])

    def _ocr_engine_column(self, *, writable: bool) -> str:
        """The column's name; an index made before OCR was there has none until it is written to."""
        if any(name == "ocr_engine" for _, name, *_ in self._rows("PRAGMA table_info(pages)")):
            return "ocr_engine"
        if not writable:
            return "''"
        with self.transaction():
            self._run("ALTER TABLE pages ADD COLUMN ocr_engine TEXT NOT NULL DEFAULT ''")
        return "ocr_engine"

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside are committed together, or not at all."""
        with self._db.transaction():
            yield
            self.page_table.keep_up()

    def refresh(self) -> int:
        """Let a reader go on to the newest committed state; see Database.refresh."""
        version = self._db.refresh()
        if version != self._version:
            self._version = version
            self.text.forget()
        return version

    def vacuum(self) -> None:
        """Give the space of deleted rows back."""
        self._db.vacuum()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    # -- segments

    def generation(self) -> int:
        """Which generation of segment files counts."""
        return int(self._rows("SELECT max(generation) FROM segments")[0][0])

    def lengths(self) -> dict[str, int]:
        """Bytes that count in each segment file."""
        return dict(self._rows("SELECT kind, length FROM segments"))

    def record_segments(self, generation: int, lengths: Mapping[str, int]) -> None:
        """Set the generation and how much of its files counts; within a transaction."""
        for kind, length in lengths.items():
            self._run(
                "UPDATE segments SET generation = ?, length = ? WHERE kind = ?",
                (generation, length, kind),
            )

    # -- documents

    def put_document(self, document: Document) -> None:
        """Store a document's record and take its paths over; within a transaction."""
        self._run(
            "INSERT INTO documents(document_id, title, page_count, is_complete, failures, "
            "not_searched) VALUES(?, ?, ?, ?, ?, ?) "
            "ON CONFLICT(document_id) DO UPDATE SET title = excluded.title, "
            "page_count = excluded.page_count, is_complete = excluded.is_complete, "
            "failures = excluded.failures, not_searched = excluded.not_searched",
            (
                document.document_id,
                document.title,
                document.page_count,
                document.is_complete,
                failures_to_json(document.failures),
                document.not_searched,
            ),
        )
        (key,) = self._rows(
            "SELECT document_key FROM documents WHERE document_id = ?", (document.document_id,)
        )[0]
        self._run("DELETE FROM files WHERE document_key = ?", (key,))
        robbed = set()
        for file in document.files:
            owner = self._rows("SELECT document_key FROM files WHERE path = ?", (file.path,))
            robbed |= {int(row[0]) for row in owner}
            self._run(
                "INSERT OR REPLACE INTO files VALUES(?, ?, ?, ?, ?)",
                (file.path, file.size_bytes, file.mtime_ns, file.drive, key),
            )
        for changed in robbed | {key}:
            self._index_document_text(changed)

    def _index_document_text(self, key: int) -> None:
        self.text.put_document(key, self.title(key), self.paths(key))

    def document_key(self, document_id: str) -> int | None:
        """The catalog's own number of a document."""
        rows = self._rows(
            "SELECT document_key FROM documents WHERE document_id = ?", (document_id,)
        )
        return int(rows[0][0]) if rows else None

    def delete_document(self, document_id: str) -> None:
        """Remove a document and its pages' rows; within a transaction."""
        key = self.document_key(document_id)
        if key is None:
            return
        for (page_key,) in self._rows("SELECT page_key FROM pages WHERE document_key = ?", (key,)):
            self._delete_page(page_key)
        self.text.delete_document(key)
        self._run("DELETE FROM documents WHERE document_key = ?", (key,))
        self._run(
            "DELETE FROM patch_maps WHERE NOT EXISTS "
            "(SELECT 1 FROM pages WHERE pages.patch_map_key = patch_maps.patch_map_key)"
        )

    def documents(self, offset: int = 0, limit: int | None = None) -> list[Document]:
        """Every document, in order of id; or `limit` of them behind the first `offset`."""
        if limit is None and not offset:
            return list(self._read_documents("").values())
        part = "(SELECT document_key FROM documents ORDER BY document_id LIMIT ? OFFSET ?)"
        counts = (-1 if limit is None else limit, offset)
        return list(self._read_documents(f"WHERE document_key IN {part}", counts).values())

    def documents_by_path(
        self, offset: int, limit: int, find: str, *, only_failed: bool
    ) -> DocumentPart:
        """See PageIndex.documents_by_path."""
        which = _FAILED if only_failed else "1"
        if find:
            keys = self._keys_with(find, which)
            shown, n = keys[offset : offset + limit], len(keys)
        else:
            rows = self._rows(
                "SELECT document_key FROM files AS file WHERE path = "
                "(SELECT min(path) FROM files WHERE document_key = file.document_key) "
                f"AND {which} ORDER BY path LIMIT ? OFFSET ?",
                (limit, offset),
            )
            shown = [key for (key,) in rows]
            counted = f"SELECT count(DISTINCT document_key) FROM files WHERE {which}"
            n = int(self._rows(counted)[0][0])
        documents = self._documents_of(shown)
        return DocumentPart(tuple(documents[key] for key in shown), n)

    def _keys_with(self, find: str, which: str) -> list[int]:
        """Of the documents with this in title or a path, whatever the case, in order of path."""
        wanted = find.lower()
        paths = self._rows(f"SELECT document_key, path FROM files WHERE {which} ORDER BY path")
        titles = self._rows(f"SELECT document_key, title FROM documents WHERE {which}")
        holding = {key for rows in (paths, titles) for key, text in rows if wanted in text.lower()}
        return [key for key in dict.fromkeys(key for key, _ in paths) if key in holding]

    def documents_at(self, name: str) -> list[Document]:
        """See PageIndex.documents_at."""
        lies_there = lies_at(name)
        rows = self._rows("SELECT path, document_key FROM files")
        return list(self._documents_of({key for path, key in rows if lies_there(path)}).values())

    def document_count(self) -> int:
        """How many documents there are."""
        return int(self._rows("SELECT count(*) FROM documents")[0][0])

    def n_unfinished(self) -> int:
        """Documents whose pages are not all there yet."""
        return int(self._rows("SELECT count(*) FROM documents WHERE NOT is_complete")[0][0])

    def n_failed(self) -> int:
        """Documents of which something could not be read."""
        return int(self._rows("SELECT count(*) FROM documents WHERE failures != ''")[0][0])

    def document(self, document_id: str) -> Document | None:
        """One document; None where there is none of this id."""
        key = self.document_key(document_id)
        return None if key is None else self._documents_of([key])[key]

    def _documents_of(self, keys: Collection[int]) -> dict[int, Document]:
        return self._read_documents(f"WHERE document_key IN ({', '.join(map(str, keys))})")

    def _read_documents(self, where: str, parameters: tuple[int, ...] = ()) -> dict[int, Document]:
        """By key, in order of id."""
        files: dict[int, list[FileRecord]] = {}
        for key, *record in self._rows(
            "SELECT document_key, path, size_bytes, mtime_ns, drive FROM files "
            f"{where} ORDER BY path",
            parameters,
        ):
            files.setdefault(key, []).append(FileRecord(*record))
        rows = self._rows(
            "SELECT document_key, document_id, title, page_count, is_complete, failures, "
            f"not_searched FROM documents {where} ORDER BY document_id",
            parameters,
        )
        return {
            key: Document(
                document_id,
                tuple(files.get(key, ())),
                title,
                page_count,
                bool(is_complete),
                failures_from_json(failures),
                not_searched,
            )
            for key, document_id, title, page_count, is_complete, failures, not_searched in rows
        }

    def paths(self, document_key: int) -> tuple[str, ...]:
        """Where a document lies, in path order."""
        rows = self._rows(
            "SELECT path FROM files WHERE document_key = ? ORDER BY path", (document_key,)
        )
        return tuple(path for (path,) in rows)

    def title(self, document_key: int) -> str:
        """A document's title."""
        rows = self._rows("SELECT title FROM documents WHERE document_key = ?", (document_key,))
        return str(rows[0][0])

    def files(self) -> dict[int, list[tuple[str, int]]]:
        """Path and mtime_ns of the files of each document that has any, in path order, by key."""
        files: dict[int, list[tuple[str, int]]] = {}
        for key, path, mtime_ns in self._rows(
            "SELECT document_key, path, mtime_ns FROM files ORDER BY path"
        ):
            files.setdefault(key, []).append((path, mtime_ns))
        return files

    # -- pages

    def put_page(self, row: PageRow, words: PageWords, patch_map: PatchMap) -> None:
        """Store a page's row in place of an earlier one; `row.page_key` is ignored.

        Within a transaction.
        """
        for (old,) in self._rows(
            "SELECT page_key FROM pages WHERE document_key = ? AND page_number = ?",
            (row.document_key, row.page_number),
        ):
            self._delete_page(old)
        values = [getattr(row, name) for name in PageRow.__dataclass_fields__]
        values[0] = None
        marks = ", ".join("?" * len(values))
        self._run(
            f"INSERT INTO pages({self._page_columns}, patch_map_key) VALUES({marks}, ?)",
            (*values, self._patch_map_key(patch_map)),
        )
        key = self._rows("SELECT last_insert_rowid()")[0][0]
        self._run("INSERT INTO page_words VALUES(?, ?)", (key, words_to_bytes(words)))
        self.text.put_page(key, words.text, row.language)

    def put_vectors(self, row: PageRow, patch_map: PatchMap) -> None:
        """Record where a stored page's vectors lie now, and its map; within a transaction."""
        self._run(
            "UPDATE pages SET first_patch = ?, n_patches = ?, bits_crc = ?, vectors_crc = ?, "
            "patch_map_key = ? WHERE page_key = ?",
            (
                row.first_patch,
                row.n_patches,
                row.bits_crc,
                row.vectors_crc,
                self._patch_map_key(patch_map),
                row.page_key,
            ),
        )

    def _patch_map_key(self, patch_map: PatchMap) -> int:
        """Of the stored map that is like this one: pages of one shape share theirs."""
        data = patch_map_to_bytes(patch_map)
        digest = hashlib.sha256(data).digest()
        self._run("INSERT OR IGNORE INTO patch_maps(digest, data) VALUES(?, ?)", (digest, data))
        rows = self._rows("SELECT patch_map_key FROM patch_maps WHERE digest = ?", (digest,))
        return int(rows[0][0])

    def _delete_page(self, key: int) -> None:
        (language,) = self._rows("SELECT language FROM pages WHERE page_key = ?", (key,))[0]
        self.text.delete_page(key, self.words(key).text, language)
        self._run("DELETE FROM page_words WHERE page_key = ?", (key,))
        self._run("DELETE FROM pages WHERE page_key = ?", (key,))

    def move_page(self, page_key: int, first_patch: int, preview_start: int) -> None:
        """Record a page's new place in the segments; within a transaction."""
        self._run(
            "UPDATE pages SET first_patch = ?, preview_start = ? WHERE page_key = ?",
            (first_patch, preview_start, page_key),
        )

    def page_rows(self) -> list[PageRow]:
        """Every page's row, in storage order."""
        return [
            PageRow(*row)
            for row in self._rows(f"SELECT {self._page_columns} FROM pages ORDER BY page_key")
        ]

    def page_keys(self) -> list[tuple[str, int, int]]:
        """Document id, page_key and page number of every page, in storage order."""
        return [
            (document_id, key, number)
            for document_id, key, number in self._rows(
                "SELECT document_id, page_key, page_number FROM pages "
                "JOIN documents USING(document_key) ORDER BY page_key"
            )
        ]

    def page_row(self, document_id: str, page_number: int) -> PageRow | None:
        """One page's row."""
        rows = self._rows(
            f"SELECT {self._page_columns} FROM pages WHERE page_number = ? AND document_key = "
            "(SELECT document_key FROM documents WHERE document_id = ?)",
            (page_number, document_id),
        )
        return PageRow(*rows[0]) if rows else None

    def page_numbers(self, document_id: str) -> frozenset[int]:
        """Which pages of a document are stored."""
        rows = self._rows(
            "SELECT page_number FROM pages WHERE document_key = "
            "(SELECT document_key FROM documents WHERE document_id = ?)",
            (document_id,),
        )
        return frozenset(number for (number,) in rows)

    def waiting_pages(self, document_id: str) -> frozenset[int]:
        """Which pages of a document wait for their vectors."""
        rows = self._rows(
            "SELECT page_number FROM pages WHERE n_patches = ? AND document_key = "
            "(SELECT document_key FROM documents WHERE document_id = ?)",
            (VECTORS_TO_COME, document_id),
        )
        return frozenset(number for (number,) in rows)

    def ocr_engines(self, document_id: str) -> dict[int, str]:
        """What has read each page of a document that OCR has read."""
        rows = self._rows(
            f"SELECT page_number, {self._ocr_engine} AS engine FROM pages "
            "WHERE engine != '' AND document_key = "
            "(SELECT document_key FROM documents WHERE document_id = ?)",
            (document_id,),
        )
        return dict(rows)

    def n_pages_by_ocr_engine(self) -> dict[str, int]:
        """How many pages each engine has read, of documents with a path."""
        rows = self._rows(
            f"SELECT {self._ocr_engine} AS engine, count(*) FROM pages WHERE engine != '' "
            "AND document_key IN (SELECT document_key FROM files) GROUP BY engine"
        )
        return dict(rows)

    def live_sizes(self) -> tuple[int, int]:
        """Patches that all pages have in the segments, and bytes of their previews."""
        patches, preview_bytes = self._rows(
            "SELECT sum(max(n_patches, 0)), sum(preview_length) FROM pages"
        )[0]
        return patches or 0, preview_bytes or 0

    def page_text(self, page_key: int) -> str:
        """A page's words as text, without their boxes."""
        return text_from_bytes(self._words(page_key))

    def words(self, page_key: int) -> PageWords:
        """A page's words."""
        return words_from_bytes(self._words(page_key))

    def _words(self, page_key: int) -> bytes:
        rows = self._rows("SELECT words FROM page_words WHERE page_key = ?", (page_key,))
        if not rows:
            raise DamagedIndexError(f"{self._path} holds no words for page row {page_key}.")
        words: bytes = rows[0][0]
        return words

    def patch_map(self, page_key: int) -> PatchMap:
        """A page's patch map."""
        rows = self._rows(
            "SELECT data FROM patch_maps JOIN pages USING(patch_map_key) WHERE page_key = ?",
            (page_key,),
        )
        if not rows:
            raise DamagedIndexError(f"{self._path} holds no patch map for page row {page_key}.")
        return patch_map_from_bytes(rows[0][0])

    def pages_in_language(self, language: str) -> NDArray[np.int64]:
        """Keys of the pages in a language, int64 (n,)."""
        return self._db.integers("page_key", "FROM pages WHERE language = ?", (language,))

    def pages_by_language(self) -> dict[str, NDArray[np.int64]]:
        """Keys of the pages in each language, int64 (n,)."""
        rows = self._rows("SELECT language, group_concat(page_key) FROM pages GROUP BY language")
        return {language: integers_of(keys) for language, keys in rows}

    # -- upkeep

    def problems(self) -> list[str]:
        """What SQLite itself finds wrong with the file, one line each."""
        found = [str(row[0]) for row in self._rows("PRAGMA integrity_check")]
        found = [] if found == ["ok"] else found
        found += [
            f"row of {row[0]} points nowhere" for row in self._rows("PRAGMA foreign_key_check")
        ]
        (missing,) = self._rows(
            "SELECT count(*) FROM pages WHERE page_key NOT IN (SELECT page_key FROM page_words)"
        )[0]
        found += [f"{missing} pages have no words record"] if missing else []
        return [*found, *self.page_table.problems()]

    def count(self, table: str) -> int:
        """Rows in one of the catalog's tables."""
        return int(self._rows(f"SELECT count(*) FROM {table}")[0][0])

    def _run(self, sql: str, parameters: Parameters = ()) -> None:
        self._db.run(sql, parameters)

    def _rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        return self._db.rows(sql, parameters)
