"""ConcurrencyLimit: how many may do a thing at once, how many may wait, and for how long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from query.service.refusals import BusyError


class ConcurrencyLimit:
    """Let a few threads work at once and the others wait; refuse whom waiting would not help.

    Args:
        what: who waits, in the plural, for the message.
        n_at_once: threads that may work at the same time.
        n_waiting: threads that may wait; a further one is refused at once.
        wait_s: how long each waits at most, in seconds.
    """

    def __init__(self, what: str, n_at_once: int, n_waiting: int, wait_s: float) -> None:
        self._what = what
        self._free = threading.Semaphore(n_at_once)
        self._room = threading.Semaphore(n_at_once + n_waiting)
        self._wait_s = wait_s

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a slot and have it while the block runs.

        Raises:
            BusyError: too many wait already, or the wait was too long.
        """
        if not self._room.acquire(blocking=False):
            raise BusyError(
                f"Too many {self._what} are waiting. Try again in a moment.", retry_after_s=1
            )
        try:
            if not self._free.acquire(timeout=self._wait_s):
                raise BusyError(
                    f"Other {self._what} took longer than {self._wait_s:g} s. Try again in a "
                    "moment.",
                    retry_after_s=5,
                )
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._room.release()
