"""`pagelens serve` as a process that follows folders: how it ends, and what then is left."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
START = "from pagelens.main import main; main()"
TOKEN = "0123456789abcdef"
WAIT_S = 60.0  # for what takes a few seconds unless it never comes

Start = Callable[[], "tuple[str, subprocess.Popen[str]]"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """With a folder "pdfs" of some pages, and nothing else."""
    (tmp_path / "pdfs").mkdir()
    for name in ("si-units", "earth-report", "light-slides", "chemical-elements"):
        shutil.copy(SAMPLES / f"{name}.pdf", tmp_path / "pdfs")
    return tmp_path


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Starts servers that follow "pdfs", and ends them."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "tuple[str, subprocess.Popen[str]]":
        process = subprocess.Popen(
            [*command(place, "serve"), "--port=0", "--watch", "pdfs", "--access-token", TOKEN],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=place,
        )
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().split()[3].partition("?")[0], process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def command(place: Path, name: str) -> list[str]:
    at_root = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {START}"
    return [sys.executable, "-c", at_root, name, "--index", str(place / "index")]


def wait_for(is_so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def is_being_written(place: Path) -> bool:
    holder = place / "index" / "writer.json"
    return holder.exists() and '"command"' in holder.read_text()


def children_of(process: "subprocess.Popen[str]") -> list[str]:
    asked = ["pgrep", "-P", str(process.pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()


def is_running(pid: str) -> bool:
    found = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True)
    return found.stdout.strip() not in ("", "Z")


def assert_goes_on(place: Path) -> None:
    ingested = subprocess.run(
        [*command(place, "ingest"), "pdfs"], capture_output=True, text=True, cwd=place
    )
    assert ingested.returncode == 0, ingested.stderr
    assert subprocess.run(command(place, "check"), cwd=place).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_midst_it_leaves_no_process_and_a_whole_index(
    place: Path, start: Start, number: signal.Signals
) -> None:
    _, process = start()
    wait_for(lambda: is_being_written(place), "no sync")
    assert TOKEN not in (place / "index" / "writer.json").read_text()
    children = children_of(process)
    assert children
    process.send_signal(number)
    process.communicate(timeout=WAIT_S)
    assert process.returncode == (0 if number == signal.SIGINT else -number)
    wait_for(lambda: not any(map(is_running, children)), f"still there: {children}")
    assert_goes_on(place)


def test_searches_go_on_and_see_the_pages_come(place: Path, start: Start) -> None:
    address, process = start()
    known = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=address, headers=known, timeout=WAIT_S) as client:

        def names() -> set[str]:
            found = client.get("/api/search", params={"q": "kilogram", "ranking": "bm25"}).json()
            return {Path(path).name for hit in found["hits"] for path in hit["paths"]}

        wait_for(lambda: "si-units.pdf" in names(), "not found")
        (place / "pdfs" / "si-units.pdf").rename(place / "pdfs" / "moved.pdf")
        wait_for(lambda: "moved.pdf" in names(), "not followed")
        (place / "pdfs" / "moved.pdf").unlink()
        wait_for(lambda: "moved.pdf" not in names(), "not removed")


def test_a_follower_that_dies_is_said_and_starts_again_while_searches_go_on(
    place: Path, start: Start
) -> None:
    address, process = start()
    known = {"Authorization": f"Bearer {TOKEN}"}
    wait_for(lambda: is_being_written(place), "no sync")
    for child in children_of(process):
        subprocess.run(["kill", "-KILL", child], check=True)
    with httpx.Client(base_url=address, headers=known, timeout=WAIT_S) as client:

        def ingest() -> dict[str, str]:
            said: dict[str, str] = client.get("/api/status").json()["ingest"]
            return said

        wait_for(lambda: ingest()["phase"] == "ended", "not noticed")
        assert client.get("/", params={"q": "kilogram"}).status_code == 200
        wait_for(lambda: ingest()["phase"] == "idle", "not started again")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=WAIT_S)
    assert (
        "New files are not looked for at the moment: the process that did so has ended (exit code "
        "-9). Searches go on, and it is started again in 10 s.\n"
    ) in said
    assert_goes_on(place)
