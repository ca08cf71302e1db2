"""An index as feed operations, one JSON object each, and as a file of them, one a line.

The form is that of Vespa's feed files, as `vespa feed` reads them; the fields are `wire.py`'s.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from index.interface import PageIndex
from index.pages import Document, Fingerprint, Page, page_id
from vespa_app.wire import (
    MANIFEST_ID,
    NAMESPACE,
    document_fields,
    manifest_fields,
    page_fields,
)

Operation = dict[str, object]
"""{"put": "id:pagelens:page::<page id>", "fields": {..}}, ready for JSON."""


def put_page(page: Page, document: Document, fingerprint: Fingerprint) -> Operation:
    """Store or replace a page; see `page_fields`."""
    return _put("page", page.page_id, page_fields(page, document, fingerprint))


def put_record(document: Document) -> Operation:
    """Store or replace a document's record: the commit point of its pages."""
    return _put("pdf", document.document_id, document_fields(document))


def put_manifest(fingerprint: Fingerprint) -> Operation:
    """Declare what Vespa holds an index."""
    return _put("pdf", MANIFEST_ID, manifest_fields(fingerprint))


def export_operations(index: PageIndex) -> Iterator[Operation]:
    """Everything in an index as puts, one page in memory at a time.

    Pages come before their document's record, as always, and the manifest comes last: what a feed
    cut short leaves in Vespa is no index yet.
    """
    for document in index.documents():
        for number in sorted(index.page_numbers(document.document_id)):
            page = index.page(page_id(document.document_id, number))
            yield put_page(page, document, index.fingerprint)
        yield put_record(document)
    yield put_manifest(index.fingerprint)


@dataclass(frozen=True)
class Written:
    """What was written: documents, pages, and the bytes of all lines."""

    n_documents: int
    n_pages: int
    size_bytes: int


def write_feed(file: BinaryIO, index: PageIndex, on_operation: Callable[[], None]) -> Written:
    """Write all of an index as `vespa feed` reads it: JSON in UTF-8, one operation a line.

    Args:
        file: open for writing.
        index: what to write.
        on_operation: called after each: one for a page, one for a document, one for the manifest.
    """
    counts: Counter[str] = Counter()
    size_bytes = 0
    for operation in export_operations(index):
        line = json.dumps(operation, ensure_ascii=False).encode() + b"\n"
        file.write(line)
        size_bytes += len(line)
        schema = str(operation["put"]).split(":")[2]  # id:pagelens:page::...
        counts[schema] += 1
        on_operation()
    n_documents = counts["pdf"] - 1  # the manifest lies in the same schema
    return Written(n_documents, counts["page"], size_bytes)


def _put(schema: str, own_id: str, fields: dict[str, object]) -> Operation:
    return {"put": f"id:{NAMESPACE}:{schema}::{own_id}", "fields": fields}
