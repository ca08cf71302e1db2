"""Documents' records in Vespa, and the order of writes that keeps pages true to them.

Vespa writes one document at a time, so a change of several is a row of writes that may end
anywhere. Pages are written before the records that speak of them: where a row was cut, the record
still says what it said, the same call does all of it again, and no write of it is wrong twice.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from index.errors import ServerError
from index.pages import Document, DocumentPart, page_id
from vespa_app.answers import document_ids, record_fields, require_complete, total_count
from vespa_app.client import VespaClient
from vespa_app.parallel import run_parallel
from vespa_app.search_request import (
    MAX_HITS,
    MAX_PATHS_AT_ONCE,
    count_failed_body,
    count_found_body,
    documents_at_body,
    documents_body,
    documents_by_path_body,
    owners_body,
)
from vespa_app.wire import (
    MANIFEST_ID,
    document_fields,
    document_from_fields,
    from_wire_text,
    place_fields,
)

RECORD = "pdf"
PAGE = "page"
"""The two schemas."""


class Records:
    """Reads and writes documents' records, and in their pages what those say of their document."""

    def __init__(self, client: VespaClient) -> None:
        self._client = client
        # Records this process put and that wait for pages: read once for each batch of pages.
        self._unfinished: dict[str, Document] = {}

    def get(self, document_id: str) -> Document | None:
        """A document's record as it is stored now; None where there is none."""
        fields = self._client.get(
            f"read the record of document {document_id}", RECORD, document_id, "[document]"
        )
        return None if fields is None else document_from_fields(fields)

    def for_pages(self, document_id: str) -> Document | None:
        """The same for the pages about to be put, without asking where this process put it."""
        return self._unfinished.get(document_id) or self.get(document_id)

    def all(self) -> Iterator[Document]:
        """Every document, in order of id."""
        found = [
            document_from_fields(fields)
            for fields in self._client.visit("read the documents' records", RECORD)
            if fields.get("document_id") != MANIFEST_ID
        ]
        return iter(sorted(found, key=lambda document: document.document_id))

    def part(self, offset: int, limit: int) -> Iterator[Document]:
        """Documents in order of id, at most `limit` of them behind the first `offset`."""
        operation = "read a part of the documents' records"
        for first in range(offset, offset + limit, MAX_HITS):
            n = min(MAX_HITS, offset + limit - first)
            found, _ = self._found(operation, documents_body(first, n))
            yield from found
            if len(found) < n:
                return

    def by_path(self, offset: int, limit: int, find: str, *, only_failed: bool) -> DocumentPart:
        """See PageIndex.documents_by_path."""
        documents: list[Document] = []
        n = 0
        for first in range(offset, offset + limit, MAX_HITS):
            wanted = min(MAX_HITS, offset + limit - first)
            body = documents_by_path_body(first, wanted, find, only_failed=only_failed)
            found, n = self._found("list documents", body)
            documents += found
            if len(found) < wanted:
                break
        return DocumentPart(tuple(documents), n)

    def at(self, name: str) -> list[Document]:
        """See PageIndex.documents_at."""
        return self._found("look for a file's name", documents_at_body(name))[0]

    def count(self) -> int:
        """How many documents have a record."""
        return self._found("count the documents' records", documents_body(0, 0))[1]

    def count_found(self) -> int:
        """Of how many documents a page can be found."""
        return self._found("count the documents found", count_found_body())[1]

    def count_failed(self) -> int:
        """Of how many documents something could not be read."""
        return self._found("count the documents that failed", count_failed_body())[1]

    def _found(self, operation: str, body: dict[str, object]) -> tuple[list[Document], int]:
        """The documents of an answer, and how many there are in all."""
        root = self._client.search(operation, body)
        require_complete(root, f"{operation} at {self._client.url}")
        return [document_from_fields(fields) for fields in record_fields(root)], total_count(root)

    def put(self, document: Document) -> None:
        """Store a record, and give its pages its paths and title.

        In this order: (1) the document's own pages learn their place, so that they are found under
        a new path before the page they replace is not; (2) pages of other documents lose the paths
        taken, (3) then those documents' records; (4) the record itself, which ends it.

        Raises:
            ServerError: a write failed; those after it were not tried.
        """
        stored = self.get(document.document_id)
        if stored is not None and place_fields(stored) != place_fields(document):
            self._place_pages(document, max(stored.page_count, document.page_count))
        # A path the stored record has was taken from all others before that record was put.
        had = {file.path for file in stored.files} if stored is not None else set()
        taken = [file.path for file in document.files if file.path not in had]
        for owner in self._owners(taken, document.document_id):
            left = tuple(file for file in owner.files if file.path not in set(taken))
            bereft = replace(owner, files=left)
            self._place_pages(bereft, bereft.page_count)
            self._put_record(bereft)
        self._put_record(document)

    def delete(self, document_ids: Collection[str]) -> None:
        """Remove documents: their pages first, so that no page is left without a record.

        Before them the record learns that it is not complete: where the removal is cut off and the
        file is met again, an ingest puts back the pages that are gone.

        Raises:
            ServerError: a removal failed; the record of that document is still there, and says
                which pages to remove when it is tried again.
        """
        wanted = list(dict.fromkeys(document_ids))
        found = run_parallel(self.get, wanted)
        _require_all("read the records of documents", [o.failure for o in found])
        stored = [outcome.result for outcome in found if outcome.result is not None]
        begun = run_parallel(self._begin_removal, [d for d in stored if d.is_complete])
        _require_all("update the records of documents", [outcome.failure for outcome in begun])
        pages = [
            page_id(document.document_id, number)
            for document in stored
            for number in range(1, document.page_count + 1)
        ]
        removed = run_parallel(lambda id_: self._remove(PAGE, id_), pages)
        _require_all("remove pages", [outcome.failure for outcome in removed])
        known = [outcome.item for outcome in found if outcome.result is not None]
        removed = run_parallel(lambda id_: self._remove(RECORD, id_), known)
        for document_id in known:
            self._unfinished.pop(document_id, None)
        _require_all("remove the records of documents", [outcome.failure for outcome in removed])

    def _owners(self, paths: Sequence[str], but: str) -> list[Document]:
        """The other documents whose records hold any of these paths."""
        ids: set[str] = set()
        for start in range(0, len(paths), MAX_PATHS_AT_ONCE):
            operation = "find the documents that had these paths"
            root = self._client.search(
                operation, owners_body(paths[start : start + MAX_PATHS_AT_ONCE])
            )
            # an owner overlooked would keep the path, and be found under it for ever
            require_complete(root, f"{operation} at {self._client.url}")
            ids.update(from_wire_text(document_id) for document_id in document_ids(root))
        owners = (self.get(document_id) for document_id in sorted(ids - {but}))
        return [owner for owner in owners if owner is not None]

    def _place_pages(self, document: Document, page_count: int) -> None:
        """Write a document's paths and title into those of its pages that are there."""
        fields = place_fields(document)
        ids = [page_id(document.document_id, number) for number in range(1, page_count + 1)]
        outcomes = run_parallel(
            lambda id_: self._client.update(f"update page {id_}", PAGE, id_, fields), ids
        )
        _require_all("update pages", [outcome.failure for outcome in outcomes])

    def _put_record(self, document: Document) -> None:
        document_id = document.document_id
        self._client.put(
            f"put the record of document {document_id}",
            RECORD,
            document_id,
            document_fields(document),
        )
        if document.is_complete:
            self._unfinished.pop(document_id, None)
        else:
            self._unfinished[document_id] = document

    def _begin_removal(self, document: Document) -> None:
        id_ = document.document_id
        operation = f"update the record of document {id_}"
        self._client.update(operation, RECORD, id_, {"is_complete": False})

    def _remove(self, schema: str, id_: str) -> None:
        self._client.remove(f"remove {schema} {id_}", schema, id_)


def _require_all(operation: str, failures: Sequence[ServerError | None]) -> None:
    """Tell of failures among many writes: the first one's line, and how many there were."""
    failed = [failure for failure in failures if failure is not None]
    if len(failed) == 1:
        raise failed[0]
    if failed:
        raise ServerError(
            f"{len(failed)} of {len(failures)} writes failed ({operation}). First: {failed[0]}"
        )
