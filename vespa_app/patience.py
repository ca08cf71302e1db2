"""How long to go on asking a server that fails, and how long to wait in between."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    wait_random_exponential,
)

from vespa_app.failures import RequestFailure

READING_S = 5.0
"""For who waits for an answer: a blip passes, an outage is told soon."""

WRITING_S = 60.0
"""For who feeds: longer than a container's restart, and back-pressure (429) is no reason to end."""

FIRST_CONTACT_S = 2.0
"""For a server that was never reached: the address is wrong, or nothing runs there."""

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0

_T = TypeVar("_T")


class Patience:
    """Retries, shared by all requests to one server.

    What limits them is how long the server has been failing as a whole: where nothing succeeds, a
    thousand pages give up together after a minute, not one after the other.
    """

    def __init__(
        self,
        limit_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        """Start with a server not reached yet.

        Args:
            limit_s: seconds of failure after which a request is given up.
            clock: seconds now.
            sleep: waits so many seconds; None waits, and `stop` ends it.
        """
        self._limit_s = limit_s
        self._clock = clock
        self._given_up = threading.Event()
        self._sleep = sleep or self._wait
        self._was_reached = False
        # threads may race for these two: whoever comes last sets nearly the same
        self._failing_since: float | None = None
        self._failed_last = 0.0

    def ask(self, attempt: Callable[[], _T]) -> _T:
        """Repeat an attempt while its failure may pass.

        Raises:
            RequestFailure: it does not pass, or not in time.
        """
        start_s = self._clock()

        def is_enough(state: RetryCallState) -> bool:
            failing_since = start_s if self._failing_since is None else self._failing_since
            spent_s = self._clock() - min(start_s, failing_since)
            return spent_s + state.upcoming_sleep > self._limit_now_s(state)

        asking = Retrying(
            retry=retry_if_exception(lambda e: isinstance(e, RequestFailure) and e.is_passing),
            # a random part of 0.2, 0.4, .. 5 s: threads that were refused together come apart
            wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
            stop=is_enough,
            sleep=self._sleep,
            reraise=True,
        )
        answer: _T = asking(self._observed, attempt)
        return answer

    def stop(self) -> None:
        """End every waiting; no request is repeated any more."""
        self._given_up.set()

    def _observed(self, attempt: Callable[[], _T]) -> _T:
        try:
            result = attempt()
        except RequestFailure as e:
            self._was_reached |= not e.is_unreachable
            if e.is_passing:
                self._note_failure(self._clock())
            raise
        self._was_reached = True
        self._failing_since = None
        return result

    def _wait(self, seconds: float) -> None:
        if self._given_up.wait(seconds):
            raise RequestFailure("it was stopped before it succeeded", "Run the same command again")

    def _note_failure(self, now_s: float) -> None:
        # a failure of an hour ago, with no request since, is another one
        if self._failing_since is None or now_s - self._failed_last > self._limit_s:
            self._failing_since = now_s
        self._failed_last = now_s

    def _limit_now_s(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome is not None else None
        is_unreachable = isinstance(failure, RequestFailure) and failure.is_unreachable
        if is_unreachable and not self._was_reached:
            return min(FIRST_CONTACT_S, self._limit_s)
        return self._limit_s
