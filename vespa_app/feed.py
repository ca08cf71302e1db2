"""Feed operations: what Vespa is told to put, one JSON object each.

The form is that of Vespa's feed files, as `vespa feed` reads them; the fields are `wire.py`'s.
"""

from collections.abc import Iterator

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


def _put(schema: str, own_id: str, fields: dict[str, object]) -> Operation:
    return {"put": f"id:{NAMESPACE}:{schema}::{own_id}", "fields": fields}
