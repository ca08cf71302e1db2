"""What is printed on a page as its number, read in its file when a person or an agent looks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from index.pages import Document
from query.service.cached_function import CachedFunction
from query.service.concurrency_limit import ConcurrencyLimit
from query.service.original import Originals

ReadPrintedNumber = Callable[[Path, int], str]
"""What the file calls a page, by its number from 1; "" where that is no other."""

N_KNOWN = 10_000
_N_AT_ONCE, _N_WAITING, _WAIT_S = 2, 16, 20.0


@dataclass(frozen=True)
class _Asked:
    """A page, named by content."""

    document_id: str
    page_number: int
    document: Document = field(compare=False)


class PrintedNumbers:
    """Reads printed numbers for many threads, a few at once, and keeps them."""

    def __init__(self, originals: Originals, read: ReadPrintedNumber | None) -> None:
        self._originals = originals
        self._read = read
        self._limit = ConcurrencyLimit("printed numbers", _N_AT_ONCE, _N_WAITING, _WAIT_S)
        self._known = CachedFunction(self._found, N_KNOWN)

    def of(self, document: Document, page_number: int) -> str:
        """What the file calls a page, "" where it calls it by its number or nothing can read it.

        Raises:
            NoOriginalError: the file has not its bytes any more.
            BusyError: too many are read at once.
        """
        if self._read is None:
            return ""
        return self._known(_Asked(document.document_id, page_number, document))

    def _found(self, asked: _Asked) -> str:
        assert self._read is not None
        original = self._originals.open(asked.document)
        with original.file, self._limit.slot():
            number = self._read(original.path, asked.page_number)
        return number if original.is_still_there() else ""
