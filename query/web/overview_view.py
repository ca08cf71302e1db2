"""What the overview of an index shows, as text and addresses; the template only sets it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlencode

from index.pages import Document, DocumentPart, Failure, Fingerprint, IndexStats, page_id
from index.wording import count, file_name, plural, printable, size
from query.web.addresses import page_href
from query.web.fact import Fact

ROWS = 50
"""Documents, and failures, listed at once: a few screens; the rest is behind links and the search
box."""

N_COLOURS, N_SHAPES = 6, 4
N_MARKS = N_COLOURS * N_SHAPES
"""Marks that tell documents apart on the map, by colour and shape; then they begin again."""


_NOT_DONE = {
    "read": "",
    "drawn": "found by its words only",
    "read by OCR": "found without the words that OCR would have read",
}
"""What could not be done with a page, and how it is found all the same, if it is."""


@dataclass(frozen=True)
class Mark:
    """How the pages of a document are drawn on the map: a colour and a shape, counted from 0."""

    colour: int
    shape: int


@dataclass(frozen=True)
class DocumentRow:
    """A document in the list.

    Attributes:
        href: of its first page that could be read; "" where there is none.
        where: the folder it lies in, and how many other paths it has.
        pages: pages it has.
        failed: what could not be read, in a word or two; "" where all could.
    """

    document_id: str
    file: str
    href: str
    where: str
    title: str
    pages: str
    failed: str


@dataclass(frozen=True)
class DocumentList:
    """A part of the documents, in order of path.

    Attributes:
        find: what the list was narrowed by, as typed.
        n_found: documents that agree with it.
        first, last: which of them are shown, counted from 1; 0 where none is.
        previous, following: addresses of the neighbouring parts; "" at an end.
    """

    find: str
    n_found: int
    rows: tuple[DocumentRow, ...]
    first: int
    last: int
    previous: str
    following: str


@dataclass(frozen=True)
class FailureRow:
    """What could not be read, and why.

    Attributes:
        pages: "" where it is the whole file.
        still: how it is found all the same; "" where it is not.
    """

    file: str
    where: str
    pages: str
    reason: str
    still: str


@dataclass(frozen=True)
class StorageRow:
    """Bytes of one kind, and their part of all, 0 to 1."""

    kind: str
    size: str
    part: float


@dataclass(frozen=True)
class Overview:
    """The overview of an index.

    Attributes:
        headline: the numbers that are asked for first.
        made_with: the encoder and what else the vectors depend on.
        storage: by kind, the largest first.
        reclaimable: bytes of deleted pages, as text; "" for none.
        failures: the first ROWS, in order of path and page.
        n_failed: documents of which something could not be read.
        is_cut: whether there are more failures.
    """

    headline: tuple[Fact, ...]
    n_pages: int
    n_without_vectors: int
    n_waiting: int
    n_unfinished: int
    encoder: str
    made_with: tuple[Fact, ...]
    storage: tuple[StorageRow, ...]
    reclaimable: str
    documents: DocumentList
    failures: tuple[FailureRow, ...]
    n_failed: int
    is_cut: bool


def overview(
    stats: IndexStats,
    n_unfinished: int,
    listed: DocumentPart,
    failed: DocumentPart,
    made_with: Fingerprint,
    find: str,
    start: int,
) -> Overview:
    """Lay out an index's overview.

    Args:
        stats: of the index.
        n_unfinished: documents of which pages are still to come.
        listed: the documents to list.
        failed: of those of which something could not be read the first ROWS.
        made_with: the index's fingerprint.
        find: what `listed` was narrowed by, as typed.
        start: place of its first document, counted from 1.
    """
    stored = sum(stats.size_bytes.values())
    headline = [
        _counted(stats.n_documents, "document"),
        _counted(stats.n_pages, "page"),
        _counted(stats.n_vectors, "vector"),
        Fact("stored", size(stored)),
    ]
    if stats.n_pages_by_ocr_engine:
        n_read = sum(stats.n_pages_by_ocr_engine.values())
        headline.append(Fact("read by OCR", f"{n_read:,}"))
    if stats.n_failed_documents:
        headline.append(Fact("with failures", f"{stats.n_failed_documents:,}"))
    failures = tuple(_failure(*one) for d in failed.documents for one in d.named_failures)
    if stats.n_pages:
        headline.append(Fact("per page", size(stored / stats.n_pages)))
    return Overview(
        headline=tuple(headline),
        n_pages=stats.n_pages,
        n_without_vectors=stats.n_pages_without_vectors,
        n_waiting=stats.n_pages_waiting,
        n_unfinished=n_unfinished,
        encoder=made_with.encoder,
        made_with=(*_made_with(made_with), *_read_by(stats)),
        storage=_storage(stats),
        reclaimable=size(stats.reclaimable_bytes) if stats.reclaimable_bytes else "",
        documents=_list(listed, find, start),
        failures=failures[:ROWS],
        n_failed=failed.n_documents,
        is_cut=len(failures) > ROWS or failed.n_documents > len(failed.documents),
    )


def _counted(n: int, noun: str) -> Fact:
    return Fact(noun if n == 1 else plural(noun), f"{n:,}")


def marks(documents: Iterable[Document]) -> dict[str, Mark]:
    """The mark of each document on the map, by id: in order of path, so that neighbours differ."""
    in_order = sorted(documents, key=lambda document: document.name)
    return {
        document.document_id: Mark(place % N_COLOURS, place // N_COLOURS % N_SHAPES)
        for place, document in enumerate(in_order)
    }


def folder_of(path: str) -> str:
    """The folder a path lies in, as it may be shown."""
    return printable(str(PurePosixPath(path).parent))


def _list(listed: DocumentPart, find: str, start: int) -> DocumentList:
    rows = tuple(_row(document) for document in listed.documents)
    last = start - 1 + len(rows)
    return DocumentList(
        find=find,
        n_found=listed.n_documents,
        rows=rows,
        first=start if rows else 0,
        last=last,
        previous=_address(find, start - ROWS) if start > ROWS else "",
        following=_address(find, last + 1) if last < listed.n_documents else "",
    )


def _address(find: str, start: int) -> str:
    parameters = {"find": find} if find else {}
    return f"/overview?{urlencode(parameters | {'start': str(start)})}#documents"


def _row(document: Document) -> DocumentRow:
    number = next(iter(document.readable_pages), None)
    others = len(document.files) - 1
    return DocumentRow(
        document_id=document.document_id,
        file=file_name(document.name),
        href=page_href(page_id(document.document_id, number)) if number else "",
        where=folder_of(document.name) + (f" and {others} more" if others else ""),
        title=printable(document.title),
        pages=f"{document.page_count:,}",
        failed=_failed(document),
    )


def _failed(document: Document) -> str:
    if any(failure.page_number is None for failure in document.failures):
        return "could not be read"
    n_pages = Counter[str]()
    for failure in document.failures:
        n_pages[_not_done(failure)] += len(failure.page_numbers)
    parts = [(n_pages[what], what) for what in _NOT_DONE]
    if document.failures:
        return ", ".join(f"{count(n, 'page')} could not be {done}" for n, done in parts if n)
    return "" if document.is_complete else "not finished"


def _not_done(failure: Failure) -> str:
    """What could not be done with the pages: one of _NOT_DONE."""
    return "drawn" if failure.has_words else "read by OCR" if failure.is_of_ocr else "read"


def _failure(path: str, failure: Failure) -> FailureRow:
    return FailureRow(
        file=file_name(path),
        where=folder_of(path),
        pages=failure.where.removeprefix("pages ").removeprefix("page "),
        reason=printable(failure.reason),
        still=_NOT_DONE[_not_done(failure)],
    )


def _made_with(made_with: Fingerprint) -> tuple[Fact, ...]:
    facts = {
        "Encoder": made_with.encoder,
        "Model": made_with.model,
        "Revision": made_with.revision,
        "Pooling": made_with.pooling,
        "Rendering": made_with.rendering,
    }
    return tuple(Fact(name, printable(value)) for name, value in facts.items() if value)


def _read_by(stats: IndexStats) -> tuple[Fact, ...]:
    """What has read the words of scans, and of how many; nothing where there are none."""
    by_engine = sorted(stats.n_pages_by_ocr_engine.items(), key=lambda of: (-of[1], of[0]))
    return tuple(Fact("OCR", f"{printable(name)} ({count(n, 'page')})") for name, n in by_engine)


def _storage(stats: IndexStats) -> tuple[StorageRow, ...]:
    total = max(1, sum(stats.size_bytes.values()))
    by_size = sorted(stats.size_bytes.items(), key=lambda item: -item[1])
    return tuple(StorageRow(kind, size(n), n / total) for kind, n in by_size)
