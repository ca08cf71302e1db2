"""VespaIndex: a PageIndex in a Vespa server, over HTTP.

What a server of many nodes cannot promise, and a folder can: answers from one snapshot (each answer
is of the moment it is given, and a search may see a change half done), a put of several pages that
is there as a whole or not at all, and a lock against a second writer.
"""

import base64
import binascii
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from index.errors import ServerError, WrongUseError
from index.facets import Facets
from index.filters import Filters
from index.interface import BM25, VESPA_RERANK_COUNT, check_search_arguments
from index.location import Location
from index.pages import (
    VECTORS_TO_COME,
    Document,
    DocumentPart,
    Fingerprint,
    IndexStats,
    Page,
    PageTexts,
    PageVectors,
    QueryVectors,
    SearchResult,
    mismatch_error,
    split_page_id,
)
from index.words.cut import Token
from vespa_app.answers import (
    facets,
    ocr_engines,
    page_counts,
    page_stats,
    page_texts,
    require_complete,
    search_result,
    total_count,
)
from vespa_app.client import NONE_YET, VespaClient
from vespa_app.endpoint import endpoint_of
from vespa_app.parallel import run_parallel
from vespa_app.patience import READING_S, WRITING_S, Patience
from vespa_app.records import PAGE, Records
from vespa_app.revisions import RECORD
from vespa_app.search_request import (
    MAX_HITS,
    MAX_TEXTS_AT_ONCE,
    count_body,
    count_unfinished_body,
    count_waiting_body,
    count_with_word_body,
    facets_body,
    ocr_engines_body,
    page_stats_body,
    search_body,
    texts_body,
)
from vespa_app.wire import (
    MANIFEST_ID,
    manifest_fields,
    manifest_from_fields,
    page_fields,
    page_from_fields,
    vector_fields,
)

MOST_PAGES_SCANNED = 100_000
"""Pages up to which "auto" scans: 40 us a page and core at 14 query tokens (docs/vespa.md), so a
second on the 4 threads that services.xml gives a search. Beyond, regions and text nominate."""

_BITS_SIZE, _VECTOR_SIZE = 16, 256  # bytes of a patch in embedding_bits and in embedding


STATE_S = 10
"""How long something worked out from all documents may be behind them."""


class VespaIndex:
    """An index of pages in Vespa. Make one with `open` or `open_for_writing`.

    Every method raises ServerError where the server does not do what it is asked.
    """

    def __init__(
        self,
        client: VespaClient,
        fingerprint: Fingerprint,
        candidates: str = "auto",
        *,
        is_writer: bool = True,
    ) -> None:
        """Used by `open` and `open_for_writing`."""
        self._client = client
        self._fingerprint = fingerprint
        self._candidates = candidates
        self._chosen: str | None = None  # what "auto" came to
        self._records = Records(client, is_writer=is_writer)

    @classmethod
    def stored_fingerprint(cls, location: Location) -> Fingerprint | None:
        """What made the vectors of the index there; None where nothing was put yet.

        Raises:
            WrongUseError: the address or the credentials cannot be used.
            IndexMismatchError: an index of another format version.
            ServerError: no Vespa answers there, or it refuses.
        """
        client = _connect(location, READING_S)
        try:
            return _read_manifest(client)
        finally:
            client.close()

    @classmethod
    def open(cls, location: Location, candidates: str = "auto") -> "VespaIndex":
        """Open for reading.

        Args:
            location: a server's URL and credentials.
            candidates: what a search by vectors ranks: "scan" every page, "ann" the pages that
                regions and text nominate, "auto" the first up to MOST_PAGES_SCANNED pages.

        Raises:
            WrongUseError: there is no index, or the address or credentials cannot be used.
            IndexMismatchError: an index of another format version.
            ServerError: no Vespa answers there, or it refuses.
        """
        client = _connect(location, READING_S)
        try:
            stored = _read_manifest(client)
            if stored is None:
                raise WrongUseError(
                    f"The Vespa at {client.url} holds no index yet. Fill it with "
                    f'"pagelens ingest FOLDER --index {client.url}", or with "pagelens copy".'
                )
            return cls(client, stored, candidates, is_writer=False)
        except BaseException:
            client.close()
            raise

    @classmethod
    def open_for_writing(cls, location: Location, fingerprint: Fingerprint) -> "VespaIndex":
        """Open for writing; makes the index where there is none.

        Nothing keeps a second writer out, and none undoes what another does: see `Records`. Two at
        work on the same documents put the same pages in vain, and may leave a path with two
        documents where both take it in the same moment, until the next ingest.

        Raises:
            WrongUseError: the address or the credentials cannot be used.
            IndexMismatchError: it holds vectors of another fingerprint, or has another format.
            ServerError: no Vespa answers there, or it refuses.
        """
        client = _connect(location, WRITING_S)
        try:
            stored = _read_manifest(client)
            if stored is None:
                operation, fields = "write the index's manifest", manifest_fields(fingerprint)
                is_first = client.put(operation, RECORD, MANIFEST_ID, fields, condition=NONE_YET)
                stored = fingerprint if is_first else _read_manifest(client) or fingerprint
            if not stored.is_compatible(fingerprint):
                raise mismatch_error(f"Index {client.url}", stored, fingerprint)
            return cls(client, stored)
        except BaseException:
            client.close()
            raise

    @property
    def fingerprint(self) -> Fingerprint:
        """What made the vectors of this index."""
        return self._fingerprint

    def put(self, pages: Sequence[Page]) -> None:
        """Store pages; returns when the server has acknowledged every one.

        Not all or none: of a put that failed, the pages the error does not name are there. To put
        them again does no harm.

        Raises:
            WrongUseError: a page was put before its document.
            ServerError: names every page that is not there.
        """
        documents: dict[str, Document] = {}
        for page in pages:
            if page.document_id not in documents:
                # as it is now: another run may have given it a path, or put all of it
                document = self._records.get(page.document_id)
                if document is None:
                    raise WrongUseError(f"Page {page.page_id} was put before its document.")
                documents[page.document_id] = document

        def send(page: Page) -> None:
            # the JSON of a page is made where it is sent, so a few of them exist at a time
            fields = page_fields(page, documents[page.document_id], self._fingerprint)
            self._client.put(f"put page {page.page_id}", PAGE, page.page_id, fields)

        wanted = {page.page_id: page for page in pages}
        for page in pages:
            is_done = self._records.is_done_by_another(documents[page.document_id])
            if page.is_waiting and is_done:
                wanted.pop(
                    page.page_id, None
                )  # there with its vectors, which a put would take away
        outcomes = run_parallel(send, list(wanted.values()))
        _require_all_put([(outcome.item.page_id, outcome.failure) for outcome in outcomes])

    def put_vectors(self, vectors: Mapping[str, PageVectors]) -> None:
        """Give stored pages their vectors, by an update; as `put`, not all or none.

        Where a page is not there, nothing happens.

        Raises:
            ServerError: names every page whose vectors are not there.
        """

        def send(page_id: str) -> None:
            fields = vector_fields(vectors[page_id])
            self._client.update(f"put the vectors of page {page_id}", PAGE, page_id, fields)

        outcomes = run_parallel(send, list(vectors))
        _require_all_put([(outcome.item, outcome.failure) for outcome in outcomes])

    def put_document(self, document: Document) -> None:
        """Store or replace a document's record, and move its paths from who had them.

        Several writes, ordered so that a document is never without a path on the way and that the
        same call makes good what an interrupted one left: see `Records.put`.
        """
        self._records.put(document)

    def delete(self, document_ids: Collection[str]) -> None:
        """Remove documents with all their pages; unknown ids are ignored."""
        self._records.delete(document_ids)

    def documents(self, offset: int = 0, limit: int | None = None) -> Iterator[Document]:
        """Every document, in order of id, those without a path included.

        Where a part is asked for Vespa searches for it, and sees documents as they are found; all
        are visited.
        """
        if limit is None:
            return islice(self._records.all(), offset, None)
        return self._records.part(offset, limit)

    def documents_by_path(
        self, offset: int, limit: int, *, find: str = "", only_failed: bool = False
    ) -> DocumentPart:
        """Documents in order of their first path: one search, which reads those it gives."""
        return self._records.by_path(offset, limit, find, only_failed=only_failed)

    def documents_at(self, name: str) -> list[Document]:
        """Documents that lie at a name or at a longer end of their path: one search."""
        return self._records.at(name)

    def document_count(self) -> int:
        """How many `documents` gives in all."""
        return self._records.count()

    def document(self, document_id: str) -> Document | None:
        """One document; None where there is none of this id."""
        return self._records.get(document_id)

    def page_numbers(self, document_id: str) -> frozenset[int]:
        """Which pages of a document are stored, those acknowledged a moment ago included."""
        return frozenset(self._n_patches(document_id))

    def waiting_pages(self, document_id: str) -> frozenset[int]:
        """Which of them wait for their vectors."""
        found = self._n_patches(document_id)
        return frozenset(n for n, n_patches in found.items() if n_patches == VECTORS_TO_COME)

    def ocr_engines(self, document_id: str) -> dict[int, str]:
        """What has read each page of a document that OCR has read: a search, not a read a page.

        Raises:
            ServerError: among others, Vespa did not see all documents.
        """
        document = self._records.get(document_id)
        engines: dict[int, str] = {}
        for first in range(1, document.page_count + 1 if document else 1, MAX_HITS):
            operation = f"look which pages of document {document_id} OCR has read"
            root = self._client.search(operation, ocr_engines_body(document_id, first))
            require_complete(root, f"{operation} at {self._client.url}")
            engines |= ocr_engines(root)
        return engines

    def _n_patches(self, document_id: str) -> dict[int, object]:
        """What each stored page of a document says of the number of its patches."""
        document = self._records.get(document_id)
        return {} if document is None else self._records.n_patches(document)

    def search(
        self,
        query: QueryVectors,
        ranking: str,
        k: int,
        *,
        rerank: int | None = None,
        filters: Filters | None = None,
    ) -> SearchResult:
        """The best k pages; see PageIndex.search. What Vespa did not see is in the notices.

        Raises:
            WrongUseError: an unknown ranking, k or rerank below 1, k above what Vespa gives, or
                a query without vectors for a ranking by vectors.
        """
        rerank = self.rerank_count if rerank is None else rerank
        check_search_arguments(ranking, k, rerank)
        if ranking == BM25 and not query.text.strip():
            return SearchResult((), 0)
        if ranking != BM25 and not len(query.vectors):
            raise WrongUseError(
                f"Ranking {ranking} compares vectors, and the query has none. "
                f"Use --ranking {BM25} for a text alone."
            )
        candidates = "scan" if ranking == BM25 else self._candidates_now()
        body = search_body(query, ranking, k, rerank, filters or Filters(), candidates=candidates)
        start = time.perf_counter()
        root = self._client.search("search", body)
        elapsed_ms = 1000 * (time.perf_counter() - start)
        found = search_result(root, 1 if ranking == BM25 else len(query.vectors), elapsed_ms)
        if found.hits:
            return found
        # Vespa counts what matched; whoever finds nothing wants to know what the filters left
        n_passing, _ = page_counts(self._counted(count_body(filters)))
        return replace(found, n_candidates=n_passing)

    def texts(self, page_ids: Collection[str]) -> dict[str, PageTexts]:
        """What hits show of pages, read from disk; those that are not there are left out."""
        ids = list(page_ids)
        found: dict[str, PageTexts] = {}
        for first in range(0, len(ids), MAX_TEXTS_AT_ONCE):
            body = texts_body(ids[first : first + MAX_TEXTS_AT_ONCE])
            found |= page_texts(self._client.search("read the pages found", body))
        return found

    def page(self, page_id: str) -> Page:
        """A page as it was put, its vectors rounded to bfloat16."""
        return page_from_fields(self._page_fields(page_id, "[document]"))

    def image(self, page_id: str) -> bytes:
        """A page's preview, WebP."""
        preview = self._page_fields(page_id, "preview").get("preview", "")
        try:
            return base64.b64decode(str(preview), validate=True)
        except binascii.Error as e:
            raise ServerError(
                f"The preview of page {page_id} as Vespa gave it cannot be used: {e}. Deploy the "
                'application of this version with "pagelens deploy", and try again.'
            ) from e

    def holds(self, token: Token) -> bool:
        """Whether any page that can be found has a word of a query."""
        return total_count(self._client.search("look for a word", count_with_word_body(token))) > 0

    def facets(self, filters: Filters | None = None) -> Facets:
        """How many pages pass the filters, by language, year, kind and folder: one request."""
        return facets(self._counted(facets_body(filters or Filters())))

    def n_unfinished(self) -> int:
        """Documents whose pages are not all there yet, as far as the server saw them in time."""
        return total_count(self._client.search("look for more to come", count_unfinished_body()))

    def n_waiting(self) -> int:
        """Pages that can be found and wait for their vectors, as far as the server saw in time."""
        return total_count(self._client.search("look for more to come", count_waiting_body()))

    def stats(self) -> IndexStats:
        """What the index holds now.

        Bytes are those of the vectors, as counted from patches; what Vespa takes for text, graphs
        and copies on other nodes, it alone knows.
        """
        pages = page_stats(self._counted(page_stats_body()))
        n_vectors = pages.n_vectors
        return IndexStats(
            n_documents=self._records.count_found(),
            n_pages=pages.n_pages,
            n_pages_without_vectors=pages.n_without_vectors,
            n_pages_waiting=pages.n_waiting,
            n_vectors=n_vectors,
            n_failed_documents=self._records.count_failed(),
            size_bytes={"bits": _BITS_SIZE * n_vectors, "vectors": _VECTOR_SIZE * n_vectors},
            reclaimable_bytes=0,
            n_pages_by_ocr_engine=pages.by_ocr_engine,
        )

    @property
    def rerank_count(self) -> int:
        """How many pages phase 2 scores unless told otherwise."""
        return VESPA_RERANK_COUNT

    def state(self) -> int:
        """Another one every STATE_S: what was written since, Vespa does not say."""
        return int(time.monotonic() // STATE_S)

    def refresh(self) -> None:
        """Answers are always of the state committed last; "auto" counts the pages anew."""
        self._chosen = None

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def _candidates_now(self) -> str:
        """What "auto" stands for; one count of the pages decides it for all searches to come."""
        if self._candidates != "auto":
            return self._candidates
        if self._chosen is None:
            n_pages, _ = page_counts(self._counted(count_body()))
            self._chosen = "scan" if n_pages <= MOST_PAGES_SCANNED else "ann"
        return self._chosen

    def _counted(self, body: dict[str, object]) -> dict[str, object]:
        operation = "count the index's pages"
        root = self._client.search(operation, body)
        require_complete(root, f"{operation} at {self._client.url}")
        return root

    def _page_fields(self, page_id: str, field_set: str) -> dict[str, object]:
        split_page_id(page_id)
        fields = self._client.get(f"read page {page_id}", PAGE, page_id, field_set)
        if fields is None:
            raise WrongUseError(f"Index {self._client.url} holds no page {page_id}.")
        return fields


def _require_all_put(outcomes: Sequence[tuple[str, ServerError | None]]) -> None:
    """Name the pages, by their ids, of which something was not put."""
    failed = [(id_, failure) for id_, failure in outcomes if failure is not None]
    if len(failed) == 1:
        raise failed[0][1]
    if failed:
        names = ", ".join(id_ for id_, _ in failed)
        raise ServerError(
            f"{len(failed)} of {len(outcomes)} pages were not put: {names}. "
            f"The first: {failed[0][1]}"
        )


def _connect(location: Location, patience_s: float) -> VespaClient:
    return VespaClient(endpoint_of(location), Patience(patience_s))


def _read_manifest(client: VespaClient) -> Fingerprint | None:
    fields = client.get("read the index's manifest", RECORD, MANIFEST_ID, "[document]")
    return None if fields is None else manifest_from_fields(fields)
