"""Requests side by side: every item's own outcome, and nothing begun after what ends it all."""

import threading

import pytest

from index.errors import ServerError, WrongUseError
from vespa_app.parallel import N_THREADS, call_interruptibly, run_parallel


def test_outcomes_are_in_order_of_the_items_and_failures_are_theirs() -> None:
    first_is_last = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert first_is_last.wait(30)
        if number == 99:
            first_is_last.set()
        if number % 10 == 3:
            raise ServerError(f"no {number}")
        return number * number

    outcomes = run_parallel(work, range(100))
    assert [o.item for o in outcomes] == list(range(100))
    assert [o.result for o in outcomes if o.failure is None] == [
        n * n for n in range(100) if n % 10 != 3
    ]
    assert [str(o.failure) for o in outcomes if o.failure is not None][:2] == ["no 3", "no 13"]


def test_nothing_to_do_starts_no_thread() -> None:
    before = threading.active_count()
    assert run_parallel(str, []) == []
    assert threading.active_count() <= before


def test_what_is_no_failure_of_the_server_ends_it_all() -> None:
    begun = []
    all_wait = threading.Barrier(N_THREADS)

    def work(number: int) -> None:
        begun.append(number)
        if len(begun) <= N_THREADS:
            all_wait.wait(30)
        raise WrongUseError("no such thing")

    with pytest.raises(WrongUseError, match="no such thing"):
        run_parallel(work, range(1000))
    assert len(begun) == N_THREADS


@pytest.mark.parametrize("in_main_thread", [True, False])
def test_a_call_gives_its_result_or_its_error(in_main_thread: bool) -> None:
    def fail() -> None:
        raise ServerError("no")

    in_main = []

    def calls() -> None:
        in_main.append(
            call_interruptibly(lambda: threading.current_thread() is threading.main_thread())
        )
        with pytest.raises(ServerError, match="no"):
            call_interruptibly(fail)

    if in_main_thread:
        calls()
    else:
        thread = threading.Thread(target=calls)
        thread.start()
        thread.join(30)
    assert in_main == [False]
