"""SharedIndex: one index that many threads read, and that moves on between their requests."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from index.errors import WrongUseError
from index.interface import PageIndex
from query.service.refusals import UnavailableError

REFRESH_S = 1.0
"""How long an answer may be behind an ingest that goes on; finding that nothing changed takes well
under a millisecond."""

PATIENCE_S = 5.0
"""How long a refresh that is due lets requests overlap before it holds new ones back: under a
steady load there is never a moment without any. And how long new ones are held back at most."""


class SharedIndex:
    """An index opened when it is first needed, and again when opening failed.

    Args:
        open_index: opens it for reading.
    """

    def __init__(self, open_index: Callable[[], PageIndex]) -> None:
        self._open_index = open_index
        self._index: PageIndex | None = None
        self._changed = threading.Condition()
        self._n_reading = 0
        self._due_at = 0.0  # time.monotonic() of the next refresh

    @contextmanager
    def reading(self) -> Iterator[PageIndex]:
        """The index, on one state for as long as the block runs. Blocks must not be nested.

        Raises:
            UnavailableError: there is no index.
            PagelensError: it cannot be opened, or not be refreshed.
        """
        with self._changed:
            index = self._current()
            self._n_reading += 1
        try:
            yield index
        finally:
            with self._changed:
                self._n_reading -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Wait for those who read, and give the index back."""
        with self._changed:
            self._changed.wait_for(lambda: self._n_reading == 0)
            if self._index is not None:
                self._index.close()
            self._index = None

    def _current(self) -> PageIndex:
        """The index, refreshed where that is due and nobody is disturbed; the lock is held."""
        if self._index is None:
            try:
                self._index = self._open_index()
            except WrongUseError as e:  # it is the server's command line that was wrong
                raise UnavailableError(str(e)) from e
            self._due_at = time.monotonic() + REFRESH_S
        if self._is_long_due():  # until nobody reads, or another who waits has refreshed it
            self._changed.wait_for(
                lambda: self._n_reading == 0 or not self._is_long_due(), PATIENCE_S
            )
        if time.monotonic() >= self._due_at and self._n_reading == 0:
            self._index.refresh()
            self._due_at = time.monotonic() + REFRESH_S
            self._changed.notify_all()
        return self._index

    def _is_long_due(self) -> bool:
        return time.monotonic() >= self._due_at + PATIENCE_S
