"""Documents' records in Vespa, and the order of writes that keeps pages true to them.

Vespa writes one document at a time, so a change of several is a row of writes that may end
anywhere. Pages are written before the records that speak of them: where a row was cut, the record
still says what it said, the same call does all of it again, and no write of it is wrong twice.

Several runs may write at once. What a run wants of a record it worked out from what it saw before;
where another has written the record since, both changes are kept (`revisions.py`), and it counts as
complete if its pages are there. A row of writes that meets a record another run has just written
begins anew. One hole is left, as long as a write takes: a run that is killed in the midst of pages,
just after another run has given their document a path, may leave them without it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from index.errors import ServerError
from index.pages import VECTORS_TO_COME, Document, DocumentPart, page_id
from vespa_app.answers import document_ids, record_fields, require_complete, total_count
from vespa_app.client import VespaClient
from vespa_app.parallel import run_parallel
from vespa_app.revisions import Revisions, Stored, with_others_changes
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
from vespa_app.wire import document_from_fields, from_wire_text, place_fields

PAGE = "page"
"""The schema of pages."""

ABANDONED_S = 86_400
"""After so long without a write of its record, a document that was to replace another, and is not
whole, is what a killed run has left. Before, another run may be at work on it."""


class Records:
    """Reads and writes documents' records, and in their pages what those say of their document."""

    def __init__(self, client: VespaClient, *, is_writer: bool) -> None:
        """A writer keeps in mind what it has seen of all documents."""
        self._client = client
        self._revisions = Revisions(client)
        self._is_writer = is_writer
        # Each record as this process has seen or wanted it last, once it has seen all: what it
        # wants next is made of that.
        self._seen: dict[str, Stored] | None = None
        self._shared: set[str] = set()  # documents that another run has been met at
        # Records this process put and that wait for pages, as it put them: so their pages say.
        self._unfinished: dict[str, Document] = {}

    def get(self, document_id: str) -> Document | None:
        """A document's record as it is stored now; None where there is none."""
        stored = self._revisions.read(document_id)
        return None if stored is None else stored.document

    def is_done_by_another(self, stored: Document) -> bool:
        """Whether another run has put all of a document that this one has begun."""
        return stored.is_complete and stored.document_id in self._unfinished

    def all(self) -> Iterator[Document]:
        """Every document, in order of id."""
        found = {stored.document.document_id: stored for stored in self._revisions.all()}
        if self._is_writer:
            self._seen = found
        return iter([found[document_id].document for document_id in sorted(found)])

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

    def n_patches(self, document: Document) -> dict[int, object]:
        """What each of a document's pages that is there says of the number of its patches."""

        def look(number: int) -> dict[str, object] | None:
            id_ = page_id(document.document_id, number)
            # one attribute: it is in memory, and nothing of the page is read from disk
            return self._client.get(f"look for page {id_}", PAGE, id_, "n_patches")

        outcomes = run_parallel(look, range(1, document.page_count + 1))
        for outcome in outcomes:
            if outcome.failure is not None:
                raise outcome.failure
        return {o.item: o.result.get("n_patches") for o in outcomes if o.result is not None}

    def put(self, document: Document) -> None:
        """Store a record, and give its pages its paths and title.

        In this order: (1) the document's own pages learn their place, so that they are found under
        a new path before the page they replace is not; (2) pages of other documents lose the paths
        taken, (3) then those documents' records; (4) the record itself, which ends it.

        Raises:
            ServerError: a write failed; those after it were not tried.
        """
        document_id = document.document_id
        has_placed, written = False, None
        while written is None:
            stored = self._revisions.read(document_id)
            wanted = self._beside_others(document, stored)
            had = stored.document if stored is not None else None
            if has_placed or (had is not None and self._is_elsewhere(wanted, had)):
                n_pages = had.page_count if had is not None else 0
                self._place_pages(wanted, max(n_pages, wanted.page_count))
                has_placed = True
            # A path the stored record has was taken from all others before that record was put.
            paths = {file.path for file in had.files} if had is not None else set()
            taken = [file.path for file in wanted.files if file.path not in paths]
            for owner_id in self._owners(taken, document_id):
                self._take(owner_id, set(taken))
            written = self._revisions.write(wanted, stored)
        self._remember(document, written)

    def delete(self, document_ids: Collection[str]) -> None:
        """Remove documents: their pages first, so that no page is left without a record.

        Before them the record learns that it is not complete: where the removal is cut off and the
        file is met again, an ingest puts back the pages that are gone. A document to which another
        run has given a path since this one looked stays, under that path.

        Raises:
            ServerError: a removal failed; the record of that document is still there, and says
                which pages to remove when it is tried again.
        """
        outcomes = run_parallel(self._begin_removal, list(dict.fromkeys(document_ids)))
        _require_all("begin to remove documents", [outcome.failure for outcome in outcomes])
        begun = [outcome.result for outcome in outcomes if outcome.result is not None]
        pages = [
            page_id(stored.document.document_id, number)
            for stored in begun
            for number in range(1, stored.document.page_count + 1)
        ]
        removed = run_parallel(
            lambda id_: self._client.remove(f"remove {PAGE} {id_}", PAGE, id_), pages
        )
        _require_all("remove pages", [outcome.failure for outcome in removed])
        ended = run_parallel(self._end_removal, begun)
        _require_all("remove the records of documents", [outcome.failure for outcome in ended])

    def _beside_others(self, document: Document, stored: Stored | None) -> Document:
        """A document as it is to be stored, beside what other runs have made of it meanwhile."""
        seen = self._last_seen(document.document_id, stored)
        if stored != seen:
            self._shared.add(document.document_id)
            document = with_others_changes(document, seen, stored)
        if document.document_id not in self._shared or not document.is_complete:
            return document
        found = self.n_patches(document)
        is_whole = all(
            found.get(n, VECTORS_TO_COME) != VECTORS_TO_COME for n in document.readable_pages
        )
        return replace(document, is_complete=is_whole)

    def _last_seen(self, document_id: str, stored: Stored | None) -> Stored | None:
        """What this run took a record for; what it is, where it has not looked at all of them."""
        return stored if self._seen is None else self._seen.get(document_id)

    def _is_elsewhere(self, wanted: Document, had: Document) -> bool:
        """Whether pages say another place of a document than they are to."""
        begun = self._unfinished.get(wanted.document_id, had)
        place = place_fields(wanted)
        return place_fields(had) != place or place_fields(begun) != place

    def _take(self, owner_id: str, taken: set[str]) -> None:
        """Take paths from a document that has them."""
        has_placed, written = False, None
        while written is None:
            owner = self._revisions.read(owner_id)
            if owner is None:
                return
            bereft = _without(owner.document, taken)
            if bereft == owner.document and not has_placed:
                return
            self._place_pages(bereft, bereft.page_count)
            has_placed = True
            written = self._revisions.write(bereft, owner)
        seen = (self._seen or {}).get(owner_id)
        if seen is not None:
            self._remember(_without(seen.document, taken), written)

    def _begin_removal(self, document_id: str) -> Stored | None:
        """The record that is to go; None where there is none, or another run needs it."""
        while (stored := self._revisions.read(document_id)) is not None:
            bereft = replace(stored.document, files=())
            seen = self._last_seen(document_id, stored)
            if with_others_changes(bereft, seen, stored).files:
                self.put(bereft)
                return None
            if self._is_being_put_by_another(stored):
                return None
            partial = replace(stored.document, is_complete=False)
            begun = self._revisions.write(partial, stored, is_to_go=True)
            if begun is not None:
                return begun
        return None

    def _is_being_put_by_another(self, stored: Stored) -> bool:
        """Whether a document waits out of sight for its pages, to replace another one."""
        document = stored.document
        is_hidden = not (document.files or document.is_complete)
        is_own = document.document_id in self._unfinished or self._seen is None
        return is_hidden and not is_own and stored.age_s < ABANDONED_S

    def _end_removal(self, begun: Stored) -> None:
        document_id = begun.document.document_id
        self._forget(document_id)
        if self._revisions.remove(begun):
            return
        # another run has just given it a path; its pages are gone, and the next run puts them back
        while (now := self._revisions.read(document_id)) is not None:
            if self._revisions.write(replace(now.document, is_complete=False), now) is not None:
                return

    def _owners(self, paths: Sequence[str], but: str) -> list[str]:
        """Ids of the other documents whose records hold any of these paths."""
        ids: set[str] = set()
        for start in range(0, len(paths), MAX_PATHS_AT_ONCE):
            operation = "find the documents that had these paths"
            root = self._client.search(
                operation, owners_body(paths[start : start + MAX_PATHS_AT_ONCE])
            )
            # an owner overlooked would keep the path, and be found under it for ever
            require_complete(root, f"{operation} at {self._client.url}")
            ids.update(from_wire_text(document_id) for document_id in document_ids(root))
        return sorted(ids - {but})

    def _place_pages(self, document: Document, page_count: int) -> None:
        """Write a document's paths and title into those of its pages that are there."""
        fields = place_fields(document)
        ids = [page_id(document.document_id, number) for number in range(1, page_count + 1)]
        outcomes = run_parallel(
            lambda id_: self._client.update(f"update page {id_}", PAGE, id_, fields), ids
        )
        _require_all("update pages", [outcome.failure for outcome in outcomes])

    def _remember(self, wanted: Document, written: Stored) -> None:
        """Keep in mind what this run wanted of a record, and what it became."""
        document_id = wanted.document_id
        if self._seen is not None:
            self._seen[document_id] = replace(written, document=wanted)
        if written.document.is_complete:
            self._unfinished.pop(document_id, None)
        else:
            self._unfinished[document_id] = written.document

    def _forget(self, document_id: str) -> None:
        if self._seen is not None:
            self._seen.pop(document_id, None)
        self._unfinished.pop(document_id, None)


def _without(document: Document, paths: set[str]) -> Document:
    return replace(document, files=tuple(f for f in document.files if f.path not in paths))


def _require_all(operation: str, failures: Sequence[ServerError | None]) -> None:
    """Tell of failures among many writes: the first one's line, and how many there were."""
    failed = [failure for failure in failures if failure is not None]
    if len(failed) == 1:
        raise failed[0]
    if failed:
        raise ServerError(
            f"{len(failed)} of {len(failures)} writes failed ({operation}). First: {failed[0]}"
        )
