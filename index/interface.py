"""PageIndex: what every index of pages can do, wherever it lives."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import Protocol

from index.errors import WrongUseError
from index.facets import Facets
from index.filters import Filters
from index.pages import (
    Document,
    DocumentPart,
    Fingerprint,
    IndexStats,
    Page,
    PageTexts,
    PageVectors,
    QueryVectors,
    SearchResult,
)
from index.words.cut import Token

HAMMING = "hamming"
HAMMING_THEN_BITS = "hamming-then-bits"
HAMMING_THEN_FLOAT = "hamming-then-float"
FLOAT = "float"
BM25 = "bm25"
INDEX_RANKINGS = (HAMMING_THEN_FLOAT, HAMMING_THEN_BITS, HAMMING, FLOAT, BM25)
"""Rankings every index runs itself; `hybrid` is fused from two of them in query/fusion.py."""

FOLDER_RERANK_COUNT, MANY_PAGES, RERANK_COUNT_OF_MANY = 3000, 20_000, 1000
VESPA_RERANK_COUNT = 200
"""Pages phase 2 scores unless told otherwise; from recall sweeps, see docs/decisions.md. A folder
of no more pages is ranked exactly. The vectors of many pages do not stay in memory, so fewer are
read of a folder of more than MANY_PAGES. Vespa's phase 2 is dearer, and may read from disk too."""

RERANK_SAID = (
    f"{FOLDER_RERANK_COUNT:,} in a folder ({RERANK_COUNT_OF_MANY:,} of more than {MANY_PAGES:,} "
    f"pages), {VESPA_RERANK_COUNT} in Vespa"
)


class PageIndex(Protocol):
    """An index of pages: one writer, any number of readers, each on a consistent snapshot."""

    @property
    def fingerprint(self) -> Fingerprint:
        """What made the vectors of this index."""

    @property
    def rerank_count(self) -> int:
        """How many pages phase 2 scores unless told otherwise."""

    def put(self, pages: Sequence[Page]) -> None:
        """Store pages, all or none; killing the process afterwards does not lose them.

        A page put again replaces the first. One that `is_waiting` is found by its words until
        `put_vectors` completes it.

        Each page's document must have been put before. Pages become searchable with their
        document: at once where it has a path, else when `put_document` gives it one.
        """

    def put_vectors(self, vectors: Mapping[str, PageVectors]) -> None:
        """Give stored pages their vectors, all or none; whatever else they have stays.

        Args:
            vectors: by page id. None of these pages waits any more, also where the encoder saw
                nothing on it.
        """

    def put_document(self, document: Document) -> None:
        """Store or replace a document's record, in one step with its paths.

        A path belongs to one document: whichever document had it before loses it. This is how a
        changed file replaces its predecessor without a moment in which neither is found.
        """

    def delete(self, document_ids: Collection[str]) -> None:
        """Remove documents with all their pages; unknown ids are ignored."""

    def documents(self, offset: int = 0, limit: int | None = None) -> Iterator[Document]:
        """Every document, in order of id, those without a path included.

        Args:
            offset: how many are passed over.
            limit: how many are given at most; None gives all.
        """

    def document_count(self) -> int:
        """How many `documents` gives in all."""

    def documents_by_path(
        self, offset: int, limit: int, *, find: str = "", only_failed: bool = False
    ) -> DocumentPart:
        """Documents that have a path, in order of their first one; others are not read.

        Args:
            offset: how many are passed over.
            limit: how many are given at most.
            find: those alone that have this in their title or in one of their paths; case is
                ignored.
            only_failed: those alone of which something could not be read.
        """

    def documents_at(self, name: str) -> Sequence[Document]:
        """Documents that lie at a file's name or at any longer end of its path, in order of id.

        Args:
            name: `report.pdf`, `2023/report.pdf` or a whole path; see `index.paths.lies_at`.
        """

    def document(self, document_id: str) -> Document | None:
        """One document, as `documents` gives it; None where there is none of this id."""

    def page_numbers(self, document_id: str) -> frozenset[int]:
        """Which pages of a document are stored: where an interrupted ingest goes on from."""

    def waiting_pages(self, document_id: str) -> frozenset[int]:
        """Which of them wait for their vectors."""

    def ocr_engines(self, document_id: str) -> Mapping[int, str]:
        """Of those that OCR has read, by page number what has read them: see `Page.ocr_engine`."""

    def search(
        self,
        query: QueryVectors,
        ranking: str,
        k: int,
        *,
        rerank: int | None = None,
        filters: Filters | None = None,
    ) -> SearchResult:
        """The best k pages: which they are, and their scores. `texts` reads what is shown of them.

        Args:
            query: vectors for the MaxSim rankings, text for `bm25`.
            ranking: one of INDEX_RANKINGS.
            k: how many hits, at least 1.
            rerank: how many pages phase 2 scores; None takes the index's default. At least k.
            filters: applied before ranking.

        Raises:
            WrongUseError: an unknown ranking, or k or rerank below 1.
        """

    def texts(self, page_ids: Collection[str]) -> Mapping[str, PageTexts]:
        """What hits show of pages, by page id; pages that are not there any more are left out."""

    def page(self, page_id: str) -> Page:
        """A page as it was put, its vectors rounded to bfloat16.

        Raises:
            WrongUseError: no such page.
        """

    def image(self, page_id: str) -> bytes:
        """A page's preview, WebP.

        Raises:
            WrongUseError: no such page.
        """

    def holds(self, token: Token) -> bool:
        """Whether any page that can be found has a word of a query, in any form.

        The page's text counts, and the title and the file names of its document.
        """

    def facets(self, filters: Filters | None = None) -> Facets:
        """How many pages that can be found pass the filters, by language, year, kind and folder.

        Args:
            filters: which pages are counted; None counts all.
        """

    def n_unfinished(self) -> int:
        """Documents whose pages are not all there yet: more is to come, or an ingest was stopped.

        Cheap enough to be asked with every search.
        """

    def n_waiting(self) -> int:
        """Pages that can be found and wait for their vectors; none where no document is unfinished.

        As cheap as `n_unfinished`.
        """

    def stats(self) -> IndexStats:
        """What the index holds now."""

    def state(self) -> Hashable:
        """What a reader stands on: differs where anything may. For what is dear to work out again.

        A server does not say when it was written to; to it, every 10 s is a state of its own.
        """

    def refresh(self) -> None:
        """Go on to the state committed last; until then all answers are from the same state."""

    def close(self) -> None:
        """Give back files, connections and the writer's lock."""


def check_search_arguments(
    ranking: str, k: int, rerank: int | None, rankings: Sequence[str] = INDEX_RANKINGS
) -> None:
    """Refuse a search that cannot be run.

    Args:
        ranking: as asked for.
        k: as asked for.
        rerank: as asked for; None for the index's own.
        rankings: those there are.

    Raises:
        WrongUseError: an unknown ranking, or k or rerank below 1.
    """
    if ranking not in rankings:
        raise WrongUseError(f"No ranking {ranking!r}. There are: {', '.join(rankings)}.")
    for name, number in (("-k", k), ("--rerank", rerank)):
        if number is not None and number < 1:
            raise WrongUseError(f"{name} {number} must be at least 1.")
