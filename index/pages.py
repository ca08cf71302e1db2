"""What crosses the borders between rendering, encoding, storing and searching.

Frozen dataclasses; every shape, dtype, unit and order is stated here, once. Boxes are fractions of
the page as a person sees it (after rotation and crop box): x0, y0, x1, y1 with the origin at the
top left. Scores: higher is better.
"""

import itertools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from index.broken_words import with_columns_joined
from index.errors import IndexMismatchError, VectorShapeError, WrongUseError
from index.facets import kind_of, year_of

VECTOR_DIM = 128
"""Dimensions of every stored and query vector: what the ColVision models put out."""

LEAST_CONFIDENCE = 0.6
"""A word that OCR is less sure of is as often wrong as right (docs/ocr.md): it is shown as doubtful
and text search finds it, but it gets no vector, by which a wrong word would resemble many."""

VECTORS_TO_COME = -1
"""What both indexes store as the number of patches of a page that waits for its vectors."""

_PAGE_ID = re.compile(r"([0-9a-f]{32})-([1-9][0-9]{0,8})")  # digits enough for any PDF


def page_id(document_id: str, page_number: int) -> str:
    """Name a page: `<document_id>-<page_number>`, the number counted from 1.

    >>> page_id("0" * 32, 7)
    '00000000000000000000000000000000-7'
    """
    return f"{document_id}-{page_number}"


def split_page_id(text: str) -> tuple[str, int]:
    """Take a page id apart into document id and page number.

    Raises:
        WrongUseError: the text is not a page id.
    """
    match = _PAGE_ID.fullmatch(text)
    if match is None:
        raise WrongUseError(
            f"{text!r} is not a page id. A page id is 32 hex digits, a dash and the page number, "
            'as "pagelens query --json" prints it.'
        )
    return match[1], int(match[2])


def check_array(name: str, array: NDArray[np.generic], dtype: type, *shape: int | None) -> None:
    """Refuse an array whose dtype or shape differs; None stands for any length."""
    agrees = len(array.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if array.dtype != dtype or not agrees:
        wanted = ", ".join("n" if want is None else str(want) for want in shape)
        raise VectorShapeError(
            f"{name} must be {np.dtype(dtype).name} ({wanted}), got {array.dtype} {array.shape}."
        )


def _check_unit_vectors(name: str, vectors: NDArray[np.float32]) -> None:
    """Refuse NaN, infinite and zero-length rows: their sign bits would look like any other's."""
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))  # (n_vectors,)
    wrong = np.flatnonzero(~(np.abs(length - 1) < 1e-2))  # NaN compares false, so it is caught here
    if wrong.size:
        raise VectorShapeError(
            f"{name} must have unit length, row {wrong[0]} of {len(vectors)} has length "
            f"{length[wrong[0]]:.4g} ({wrong.size} such rows). The model gave NaN, infinite or "
            "zero vectors; try --device cpu."
        )


def text_of_words(texts: Iterable[str]) -> str:
    """The words of a page separated by spaces.

    Characters of vertical writing, a word each to poppler, are not separated.
    """
    return with_columns_joined(" ".join(texts))


_OF_TEXT_LAYER = np.zeros(0, np.float32)
"""Stands for as many NaN as there are words."""


def _of_text_layer() -> NDArray[np.float32]:
    return _OF_TEXT_LAYER


@dataclass(frozen=True, eq=False)
class PageWords:
    """The words of a page, of its text layer or read by OCR, in reading order.

    Attributes:
        texts: the words, without control characters, none of them empty.
        boxes: float32 (n_words, 4), fractions of the page.
        confidences: float32 (n_words,), how sure OCR is of each word it read, above 0 and up to 1;
            NaN for a word of the text layer. Without it, all are.
    """

    texts: tuple[str, ...]
    boxes: NDArray[np.float32]
    confidences: NDArray[np.float32] = field(default_factory=_of_text_layer)

    def __post_init__(self) -> None:
        check_array("Word boxes", self.boxes, np.float32, len(self.texts), 4)
        if self.confidences is _OF_TEXT_LAYER:
            object.__setattr__(self, "confidences", np.full(len(self.texts), np.nan, np.float32))
        check_array("Word confidences", self.confidences, np.float32, len(self.texts))

    def only(self, wanted: NDArray[np.bool_]) -> "PageWords":
        """Some of the words: those that bool (n_words,) names."""
        texts = tuple(itertools.compress(self.texts, wanted))
        return PageWords(texts, self.boxes[wanted], self.confidences[wanted])

    @property
    def is_ocr(self) -> NDArray[np.bool_]:
        """Which words OCR has read, bool (n_words,)."""
        return ~np.isnan(self.confidences)

    @classmethod
    def none(cls) -> "PageWords":
        """The words of a page without any."""
        return cls((), np.zeros((0, 4), np.float32))

    @property
    def text(self) -> str:
        """What text search and snippets read."""
        return text_of_words(self.texts)


@dataclass(frozen=True, eq=False)
class PatchMap:
    """Where on the page each vector comes from.

    A cell is one area of the page. Without pooling every vector stands for one cell, or, for a
    word that occurs several times, for several.

    Attributes:
        boxes: float32 (n_cells, 4), fractions of the page.
        vector_index: int32 (n_cells,), the row of `PageVectors.vectors` that stands for the cell.
    """

    boxes: NDArray[np.float32]
    vector_index: NDArray[np.int32]

    def __post_init__(self) -> None:
        check_array("Cell boxes", self.boxes, np.float32, None, 4)
        check_array("Cell vector_index", self.vector_index, np.int32, len(self.boxes))


@dataclass(frozen=True, eq=False)
class PageVectors:
    """A page as its encoder sees it.

    Attributes:
        vectors: float32 (n_patches, 128), unit length; (0, 128) where the encoder sees nothing.
        patch_map: the areas of the page these vectors stand for.
    """

    vectors: NDArray[np.float32]
    patch_map: PatchMap

    @classmethod
    def none(cls) -> "PageVectors":
        """Of a page in which the encoder sees nothing."""
        nowhere = PatchMap(np.zeros((0, 4), np.float32), np.zeros(0, np.int32))
        return cls(np.zeros((0, VECTOR_DIM), np.float32), nowhere)

    def __post_init__(self) -> None:
        check_array("Page vectors", self.vectors, np.float32, None, VECTOR_DIM)
        _check_unit_vectors("Page vectors", self.vectors)
        index = self.patch_map.vector_index
        if index.size and (index.min() < 0 or index.max() >= len(self.vectors)):
            raise VectorShapeError(
                f"The patch map names vectors {index.min()} to {index.max()}, "
                f"the page has {len(self.vectors)}."
            )


@dataclass(frozen=True, eq=False)
class QueryVectors:
    """A query as its encoder sees it.

    Attributes:
        text: what the user typed.
        vectors: float32 (n_tokens, 128), unit length; (0, 128) where only the text is needed.
        tokens: text of each query token, as shown in explanations.
        is_content: bool (n_tokens,), False for instruction, augmentation and stop-word tokens. All
            tokens count in the score; explanations and heatmaps show the content tokens.
    """

    text: str
    vectors: NDArray[np.float32]
    tokens: tuple[str, ...]
    is_content: NDArray[np.bool_]

    def __post_init__(self) -> None:
        check_array("Query vectors", self.vectors, np.float32, len(self.tokens), VECTOR_DIM)
        check_array("Query is_content", self.is_content, np.bool_, len(self.tokens))
        _check_unit_vectors("Query vectors", self.vectors)

    @classmethod
    def text_only(cls, text: str) -> "QueryVectors":
        """A query for a ranking that reads text alone."""
        return cls(text, np.zeros((0, VECTOR_DIM), np.float32), (), np.zeros(0, np.bool_))


@dataclass(frozen=True, eq=False)
class Page:
    """One page as it goes into an index, and as it comes back out.

    Attributes:
        document_id: first 32 hex digits of the SHA-256 of the file.
        page_number: counted from 1.
        width_pt, height_pt: size as a person sees the page, in points (1/72 inch); pixels for an
            image file.
        language: ISO 639-1 code of the text, "" where unknown.
        words: of its text layer, or read by OCR.
        vectors: float32 on the way in; on the way out the same rounded to bfloat16.
        preview: the page as a WebP image.
        is_waiting: it is there with its words, and found by them; its vectors are still to come, by
            `PageIndex.put_vectors`, and it has none.
        ocr_engine: what read the words, engine, model and version; "" where OCR read none of them.
    """

    document_id: str
    page_number: int
    width_pt: float
    height_pt: float
    language: str
    words: PageWords
    vectors: PageVectors
    preview: bytes
    is_waiting: bool = False
    ocr_engine: str = ""

    @property
    def page_id(self) -> str:
        """`<document_id>-<page_number>`."""
        return page_id(self.document_id, self.page_number)


@dataclass(frozen=True)
class Failure:
    """Why a file, or pages of it, could not be read.

    Attributes:
        page_number: the first of the pages, counted from 1; None where it is the whole file.
        reason: one line, as shown to the user.
        last_page: the last of several pages in a row with the same reason; None for one alone.
        is_passing: the cause lies outside the file, so that the next run tries again.
        has_words: the page could not be drawn, but is in the index with its words.
        is_of_ocr: OCR failed on the page, which is in the index without the words it would have
            read.
    """

    page_number: int | None
    reason: str
    last_page: int | None = None
    is_passing: bool = False
    has_words: bool = False
    is_of_ocr: bool = False

    @property
    def page_numbers(self) -> range:
        """Every page it is about; empty where it is the whole file."""
        first = self.page_number
        return range(0) if first is None else range(first, (self.last_page or first) + 1)

    @property
    def where(self) -> str:
        """The pages as a person reads them, "" for the whole file.

        >>> Failure(2, "page is missing", 20_000).where
        'pages 2 to 20,000'
        """
        if self.page_number is None:
            return ""
        if self.last_page is None:
            return f"page {self.page_number:,}"
        return f"pages {self.page_number:,} to {self.last_page:,}"


def merge_failures(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """In order of page, those of neighbouring pages that say the same as one.

    >>> [f.where for f in merge_failures(Failure(n, "no size") for n in (3, 1, 2, 7))]
    ['pages 1 to 3', 'page 7']
    """
    merged: list[Failure] = []
    for failure in sorted(failures, key=lambda failure: failure.page_number or 0):
        before = merged[-1].page_numbers if merged else range(0)
        if before and failure.page_number == before[-1] + 1:
            whole = replace(failure, page_number=before[0], last_page=failure.page_numbers[-1])
            if whole == replace(merged[-1], last_page=whole.last_page):
                merged[-1] = whole
                continue
        merged.append(failure)
    return tuple(merged)


@dataclass(frozen=True)
class FileRecord:
    """One path at which a document's bytes were seen.

    Attributes:
        path: absolute, with forward slashes.
        size_bytes, mtime_ns: as the file system gave them; while both stay the same the bytes
            are not read again. UNREAD_SIZE and 0 where the bytes could not be had.
        drive: where the drive it lies on was mounted; what vanished with its drive is not deleted.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    drive: str = "/"

    def has_bytes_of(self, other: "FileRecord") -> bool:
        """Whether nobody has written to the file between the two records of it."""
        mine = (self.path, self.size_bytes, self.mtime_ns)
        return mine == (other.path, other.size_bytes, other.mtime_ns)


UNREAD_SIZE = -1
"""Size of a file that could not be read: unlike any other, so that it is looked at every time."""


def existing_first(paths: Sequence[str]) -> tuple[str, ...]:
    """Paths of the same bytes, those first that this machine has; else in their order.

    One path alone is not looked at: there is no choice.
    """
    if len(paths) < 2:
        return tuple(paths)
    return tuple(sorted(paths, key=lambda path: not os.path.lexists(path)))


@dataclass(frozen=True)
class Document:
    """What an index knows of one file's bytes; the commit record of its pages.

    Attributes:
        document_id: first 32 hex digits of the SHA-256 of the file; where `is_unread`, of a text
            with its path.
        files: every path with these bytes, in path order. Without any, the document is not yet (or
            no longer) searchable: its pages are being put, to replace another document later.
        title: from the PDF's metadata, "" where it has none.
        page_count: pages the file has, 0 where it could not be opened.
        is_complete: every page was put or has failed.
        failures: pages that could not be read, in order, or the one reason for the whole file.
        not_searched: what the file holds beside its pages, such as "2 attachments", "" if nothing.
    """

    document_id: str
    files: tuple[FileRecord, ...]
    title: str
    page_count: int
    is_complete: bool
    failures: tuple[Failure, ...] = ()
    not_searched: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Where its bytes lie, those first that are there now."""
        return existing_first([file.path for file in self.files])

    @property
    def name(self) -> str:
        """Its first path; its id where it has none."""
        return self.paths[0] if self.files else self.document_id

    @property
    def year(self) -> int:
        """In which its bytes were last changed, UTC; it has a path."""
        return year_of(file.mtime_ns for file in self.files)

    @property
    def kind(self) -> str:
        """How the name of its first file ends; it has a path."""
        return kind_of(self.files[0].path)

    @property
    def is_unread(self) -> bool:
        """Whether it stands for a path of which not a byte could be read, so that this is known."""
        return any(file.size_bytes == UNREAD_SIZE for file in self.files)

    @property
    def named_failures(self) -> tuple[tuple[str, Failure], ...]:
        """Every failure with every path it is met at."""
        return tuple((path, failure) for path in self.paths for failure in self.failures)

    @property
    def readable_pages(self) -> tuple[int, ...]:
        """Numbers of the pages that are, or will be, in the index; none where the file failed."""
        lacking = self._lacking
        if any(failure.page_number is None for failure in lacking):
            return ()
        # a file may claim any number of pages that are not there
        failed = {n for failure in lacking for n in failure.page_numbers[: self.page_count]}
        return tuple(n for n in range(1, self.page_count + 1) if n not in failed)

    @property
    def has_readable_pages(self) -> bool:
        """Whether there are any: told at once, however many pages a file claims."""
        lacking = self._lacking
        if any(failure.page_number is None for failure in lacking):
            return False
        number = 1
        for failed in sorted((f.page_numbers for f in lacking), key=lambda numbers: numbers.start):
            if failed.start > number:
                break
            number = max(number, failed.stop)
        return number <= self.page_count

    @property
    def _lacking(self) -> list[Failure]:
        """Failures of which no page came."""
        return [f for f in self.failures if not (f.has_words or f.is_of_ocr)]

    def why_not_drawn(self, page_number: int) -> str:
        """The reason why a page shows no picture, "" where it does."""
        failures = (f for f in self.failures if f.has_words and page_number in f.page_numbers)
        return next((failure.reason for failure in failures), "")

    def why_not_read(self, page_number: int) -> str:
        """The reason why OCR has read no words of a page that it was to read, "" for others."""
        failures = (f for f in self.failures if f.is_of_ocr and page_number in f.page_numbers)
        return next((failure.reason for failure in failures), "")

    @property
    def has_passing_failures(self) -> bool:
        """Whether something of it failed for a cause outside the file."""
        return any(failure.is_passing for failure in self.failures)


@dataclass(frozen=True)
class DocumentPart:
    """Some of an index's documents, in order of their first paths.

    Attributes:
        n_documents: of how many they are a part.
    """

    documents: tuple[Document, ...]
    n_documents: int


@dataclass(frozen=True)
class Fingerprint:
    """What made an index's vectors. Vectors of two fingerprints cannot be compared.

    Attributes:
        encoder: "lexical" or "colsmol".
        model: hub id or folder the weights were loaded from.
        revision: what pins the weights or the algorithm; a moved model folder keeps it.
        pooling: "none", or how vectors were merged.
        rendering: how pages became pixels or words.
        prompts: what pins the strings the model was given with pages and queries; "" without one.
    """

    encoder: str
    model: str
    revision: str
    pooling: str
    rendering: str
    prompts: str = ""

    def is_compatible(self, other: "Fingerprint") -> bool:
        """Whether vectors of both can be compared: all but the place of the model agree."""
        return self == replace(other, model=self.model)


def mismatch_error(
    index: str,
    stored: Fingerprint,
    wanted: Fingerprint,
    way_out: str = "Leave out --encoder and --model to go on with the index's own, or ingest into "
    "a new index with --index.",
) -> IndexMismatchError:
    """Refuse an index whose vectors cannot be compared, with what differs.

    Args:
        index: what the sentence is about: the index as the user named it.
        stored: what made it.
        wanted: what it was to be used with.
        way_out: what to do, as a sentence; unless given, for who adds to an index.

    >>> old, new = (Fingerprint("lexical", "lexical", n, "none", "words") for n in "12")
    >>> str(mismatch_error("Index a", old, new)).partition(". ")[0]
    'Index a was made with revision 1, not 2'
    """
    parts = [
        f"{name} {getattr(stored, name) or 'none'}, not {getattr(wanted, name) or 'none'}"
        for name in ("encoder", "model", "revision", "pooling", "rendering", "prompts")
        if getattr(stored, name) != getattr(wanted, name)
    ]
    return IndexMismatchError(
        f"{index} was made with {'; '.join(parts)}. "
        f"Vectors of the two cannot be compared. {way_out}"
    )


@dataclass(frozen=True)
class RankedPage:
    """One page found, without what is read of a page only where it is shown.

    Attributes:
        score: MaxSim divided by the number of query tokens (a mean cosine for `float` rankings);
            for `bm25` and `hybrid` the same as score_sum.
        score_sum: the ranking's own sum.
        halves: for `hybrid` the `score` of each of its rankings that found the page; empty for
            others.
        is_waiting: the page's vectors are still to come; it was found by its words.
    """

    page_id: str
    document_id: str
    page_number: int
    score: float
    score_sum: float
    halves: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    is_waiting: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class PageTexts:
    """What a hit shows of its page.

    Attributes:
        paths: where the document lies, in path order.
        title: of the document.
        text: the page's words, for snippets.
        language: of the page, by which its words are cut; "" where unknown.
        ocr_engine: what read the page's words; "" where OCR read none of them.
    """

    paths: tuple[str, ...]
    title: str
    text: str
    language: str = ""
    ocr_engine: str = ""


@dataclass(frozen=True)
class Hit(RankedPage):
    """One page found, and what is shown of it: see PageTexts.

    Attributes:
        paths: those first that are there now.
    """

    paths: tuple[str, ...]
    title: str
    text: str
    language: str = field(default="", kw_only=True)
    ocr_engine: str = field(default="", kw_only=True)

    @classmethod
    def of(cls, page: RankedPage, texts: PageTexts) -> "Hit":
        """A page as it is shown."""
        return cls(
            page.page_id,
            page.document_id,
            page.page_number,
            page.score,
            page.score_sum,
            existing_first(texts.paths),
            texts.title,
            texts.text,
            halves=page.halves,
            is_waiting=page.is_waiting,
            language=texts.language,
            ocr_engine=texts.ocr_engine,
        )

    @property
    def name(self) -> str:
        """The document's first path; its id where it has none."""
        return self.paths[0] if self.paths else self.document_id


@dataclass(frozen=True)
class SearchResult:
    """Pages found, best first; ties in order of document id and page number.

    Attributes:
        n_candidates: pages that passed the filters and were ranked in phase 1.
        timings_ms: milliseconds by stage, in the order they ran.
        notices: what the user must know of this answer, a line each: a server did not see every
            page in time, some of its nodes did not answer, or why this one search took long.
    """

    hits: tuple[RankedPage, ...]
    n_candidates: int
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class IndexStats:
    """What an index holds.

    Attributes:
        n_documents: documents of which a page can be found.
        n_pages_without_vectors: pages that no MaxSim ranking finds: the encoder saw nothing there.
        n_pages_waiting: pages that none finds yet: their vectors are still to come.
        n_vectors: patches over all searchable pages.
        n_failed_documents: documents that could not be read, or not every page of them.
        size_bytes: bytes on disk by kind: "bits", "vectors", "previews", "catalog".
        reclaimable_bytes: bytes of deleted pages that `pagelens compact` gives back.
        n_pages_by_ocr_engine: searchable pages of which OCR has read words, by engine.
    """

    n_documents: int
    n_pages: int
    n_pages_without_vectors: int
    n_pages_waiting: int
    n_vectors: int
    n_failed_documents: int
    size_bytes: Mapping[str, int]
    reclaimable_bytes: int
    n_pages_by_ocr_engine: Mapping[str, int] = field(default_factory=dict)
