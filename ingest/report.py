"""What a run of an ingest did, in numbers and names."""

from dataclasses import dataclass, field

from index.pages import Failure
from ingest.files import LeftOut
from ingest.lost_roots import LostRoot


@dataclass
class Counts:
    """Documents and pages of one kind of change."""

    documents: int = 0
    pages: int = 0


@dataclass
class Report:
    """What a run did.

    Attributes:
        read_again: documents that were looked through for OCR though they are in the index; their
            pages are those of which words were read.
        pages_without_vectors: pages of this run in which the encoder saw nothing; only their words,
            title and file name find them.
        pages_waiting: pages that are found by their words and lack their vectors, where the run was
            stopped before these came.
        pages_with_unreadable_text: pages of this run whose text layer cannot be decoded, or for
            the most part not: a font does not tell which letters it draws.
        pages_read_by_ocr: pages of this run of which OCR has read words.
        failed: path and reason of everything that is not in the index for being unreadable, from
            earlier runs too.
        not_searched: path, and what the file holds beside its pages, such as attachments.
        lost_roots: folders that have lost everything at once, of which nothing was removed.
        left_out: what was passed over while the folders were looked through.
        is_interrupted: whether the run was stopped before its plan was carried out.
    """

    added: Counts = field(default_factory=Counts)
    replaced: Counts = field(default_factory=Counts)
    moved: Counts = field(default_factory=Counts)
    removed: Counts = field(default_factory=Counts)
    skipped: Counts = field(default_factory=Counts)
    read_again: Counts = field(default_factory=Counts)
    pages_without_vectors: int = 0
    pages_waiting: int = 0
    pages_with_unreadable_text: int = 0
    pages_read_by_ocr: int = 0
    failed: list[tuple[str, Failure]] = field(default_factory=list)
    not_searched: list[tuple[str, str]] = field(default_factory=list)
    lost_roots: tuple[LostRoot, ...] = ()
    left_out: LeftOut = field(default_factory=LeftOut)
    is_interrupted: bool = False
