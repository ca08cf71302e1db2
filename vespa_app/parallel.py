"""Requests side by side, and none that keeps Ctrl-C waiting.

A request holds its thread until the answer is there, deaf to signals. So it runs in a thread of
its own, which does not hold up the end of the process, while the main thread waits where Ctrl-C is
heard.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

from index.errors import ServerError

N_THREADS = 8
"""Requests in flight at once: enough to cover the way to the server and back (a put of a page's
0.6 MB takes some milliseconds there), few enough that 5 MB of JSON is all that waits in memory, and
that a server pushing back (429) is not asked by a crowd."""

_A = TypeVar("_A")
_B = TypeVar("_B")


@dataclass(frozen=True)
class Outcome(Generic[_A, _B]):
    """What became of one item.

    Attributes:
        result: what the work returned; None where it failed.
        failure: why the server did not do it.
    """

    item: _A
    result: _B | None
    failure: ServerError | None


def run_parallel(work: Callable[[_A], _B], items: Sequence[_A]) -> list[Outcome[_A, _B]]:
    """Do the work for every item, N_THREADS at a time.

    A ServerError is the item's own outcome, and the others go on. Anything else, Ctrl-C too, ends
    it: no item is begun after it.

    Returns:
        An outcome for each item, in order of the items.
    """
    todo = iter(enumerate(items))
    one_takes = threading.Lock()
    stop = threading.Event()
    done: SimpleQueue[tuple[int, Outcome[_A, _B] | BaseException]] = SimpleQueue()

    def take_and_work() -> None:
        while not stop.is_set():
            with one_takes:
                taken = next(todo, None)
            if taken is None:
                return
            number, item = taken
            try:
                done.put((number, Outcome(item, work(item), None)))
            except ServerError as e:
                done.put((number, Outcome(item, None, e)))
            except BaseException as e:  # raised again where the caller waits
                done.put((number, e))
                return

    outcomes: dict[int, Outcome[_A, _B]] = {}
    try:
        for _ in range(min(N_THREADS, len(items))):
            threading.Thread(target=take_and_work, daemon=True).start()
        while len(outcomes) < len(items):
            number, outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            outcomes[number] = outcome
    finally:
        stop.set()
    return [outcomes[number] for number in range(len(items))]


def call_interruptibly(call: Callable[[], _B]) -> _B:
    """Make a call that Ctrl-C ends at once; it comes to the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        return call()
    future: Future[_B] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as e:  # raised again where the caller waits
            future.set_exception(e)

    threading.Thread(target=work, daemon=True).start()
    return future.result()
