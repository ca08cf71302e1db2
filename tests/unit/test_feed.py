"""Feed operations and the file they make: complete, in order, and never half-written."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from index.pages import Document, Failure
from tests.library import JAPANESE, NEW_REPORT, OLD_REPORT, SCAN, TEXTS, fill
from tests.memory_index import MemoryIndex
from tests.random_pages import FINGERPRINT
from vespa_app.feed import export_operations, put_manifest, write_feed
from vespa_app.wire import document_from_fields, manifest_from_fields, page_from_fields

UNREADABLE = Document("5" * 32, (), "", 0, True, (Failure(None, "not a PDF"),))


@pytest.fixture
def index() -> MemoryIndex:
    """The small library, and a document of which there is no page."""
    index = MemoryIndex(FINGERPRINT)
    fill(index)
    index.put_document(UNREADABLE)
    return index


def test_an_export_puts_pages_then_their_record_and_the_manifest_last(index: MemoryIndex) -> None:
    expected = [
        *(f"page::{OLD_REPORT}-{n}" for n in (1, 2, 3)),
        f"pdf::{OLD_REPORT}",
        *(f"page::{NEW_REPORT}-{n}" for n in (1, 2)),
        f"pdf::{NEW_REPORT}",
        *(f"page::{SCAN}-{n}" for n in (1, 2)),
        f"pdf::{SCAN}",
        f"page::{JAPANESE}-1",
        f"pdf::{JAPANESE}",
        f"pdf::{UNREADABLE.document_id}",
        "pdf::manifest",
    ]
    operations = list(export_operations(index))
    assert [operation["put"] for operation in operations] == [f"id:pagelens:{e}" for e in expected]
    assert operations[-1] == put_manifest(FINGERPRINT)


def test_an_export_reads_a_page_when_its_turn_comes(index: MemoryIndex) -> None:
    read: list[str] = []
    page_of: Callable[[str], Any] = index.page

    def noting(page_id: str) -> Any:
        read.append(page_id)
        return page_of(page_id)

    index.page = noting
    operations = export_operations(index)
    for n_read in (1, 2, 3):
        next(operations)
        assert len(read) == n_read


def test_a_feed_file_is_an_operation_a_line_and_holds_the_whole_index(index: MemoryIndex) -> None:
    file, seen = io.BytesIO(), []
    written = write_feed(file, index, lambda: seen.append(None))
    lines = file.getvalue().decode().splitlines()
    operations = [json.loads(line) for line in lines]
    assert operations == list(export_operations(index))
    assert len(seen) == len(lines)
    n_pages = sum(map(len, TEXTS.values()))
    assert (written.n_documents, written.n_pages) == (len(TEXTS) + 1, n_pages)
    assert written.size_bytes == len(file.getvalue())

    fields = {operation["put"]: operation["fields"] for operation in operations}
    records = [f for key, f in fields.items() if ":pdf::" in key and "manifest" not in key]
    assert [document_from_fields(record) for record in records] == list(index.documents())
    assert manifest_from_fields(fields["id:pagelens:pdf::manifest"]) == FINGERPRINT
    for document_id, texts in TEXTS.items():
        for number, text in enumerate(texts, 1):
            page = page_from_fields(fields[f"id:pagelens:page::{document_id}-{number}"])
            stored = index.page(page.page_id)
            assert page.words.text == text
            assert page.preview == stored.preview
            assert page.vectors.vectors.tobytes() == stored.vectors.vectors.tobytes()
