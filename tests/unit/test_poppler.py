"""ingest/poppler.py: programs that take too much, wait too long, or are to be ended."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from index.errors import PageFailure, PassingFailure
from ingest import poppler
from ingest.poppler import kill_running, run, run_as_far_as_it_comes
from tests.fakes import FakePrograms


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    return FakePrograms(tmp_path, monkeypatch)


def failure(program: str = "pdftoppm") -> PageFailure:
    with pytest.raises(PageFailure) as caught:
        run(program)
    return caught.value


def test_a_program_that_takes_too_much_memory(
    fake: FakePrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poppler, "MEMORY_LIMIT_BYTES", 200_000_000)
    fake.hoard("pdftoppm")
    caught = failure()
    assert str(caught) == "takes more than 200 MB of memory (pdftoppm)"
    assert not isinstance(caught, PassingFailure), "it lies in the file"


def test_one_program_at_a_time_is_large(
    fake: FakePrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poppler, "LARGE_BYTES", 200_000_000)
    monkeypatch.setattr(poppler, "CPU_LIMIT_S", 0.5)
    fake.hoard("pdftoppm")
    with poppler._ONE_LARGE, ThreadPoolExecutor() as pool:
        waiting = pool.submit(failure)
        while not any(is_stopped(process.pid) for process in list(poppler._running)):
            assert not waiting.done()
        poppler._ONE_LARGE.release()
        assert str(waiting.result(30)).startswith("takes more than 0.5 s of processor time")
        assert poppler._ONE_LARGE.acquire(timeout=5), "the turn was given back"


def is_stopped(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def test_a_program_that_takes_too_much_processor_time(
    fake: FakePrograms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poppler, "CPU_LIMIT_S", 0.2)
    fake.spin("pdftoppm")
    caught = failure()
    assert str(caught) == "takes more than 0.2 s of processor time (pdftoppm)"
    assert not isinstance(caught, PassingFailure), "it lies in the file"


def test_waiting_is_no_processor_time(fake: FakePrograms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poppler, "CPU_LIMIT_S", 0.2)
    fake.be_late("pdftoppm", 0.5)
    assert run("pdftoppm").output == b"late\n"


def test_a_program_that_waits_for_ever(fake: FakePrograms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poppler, "WALL_LIMIT_S", 0.3)
    fake.hang("pdftoppm")
    caught = failure()
    assert str(caught) == "pdftoppm had to wait for more than 0.3 s; is the drive there?"
    assert isinstance(caught, PassingFailure)


def test_a_program_ended_by_the_system(fake: FakePrograms) -> None:
    fake.be_killed("pdftoppm")
    caught = failure()
    assert str(caught) == "pdftoppm was ended by the system, which may have lacked memory"
    assert isinstance(caught, PassingFailure)


def test_output_without_end(fake: FakePrograms) -> None:
    fake.write_endlessly("pdftotext")
    ended = run_as_far_as_it_comes("pdftotext", max_output_bytes=1000)
    assert (len(ended.output), str(ended.cut_short)) == (1000, "pdftotext writes more than 1.0 kB")


def test_messages_without_end_are_kept_by_their_end(fake: FakePrograms) -> None:
    fake.complain_much("pdftoppm")
    messages = run("pdftoppm").messages
    assert messages.endswith(b"\n300000\n") and len(messages) < 100_000


def test_a_running_program_can_be_ended(fake: FakePrograms) -> None:
    fake.hang("pdftoppm")
    ended: list[PageFailure] = []
    thread = threading.Thread(target=lambda: ended.append(failure()))
    thread.start()
    while not poppler._running:
        time.sleep(0.01)
    kill_running()
    thread.join(5)
    assert len(ended) == 1 and not poppler._running
