"""Ingests as processes of their own, at once into one Vespa; one is killed, and run again.

Whatever moment it dies in, the others do what they were to do, and once the killed one has run
again the index is the one that a single run would have made.
"""

import random
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from index.interface import BM25, HAMMING
from index.location import Location
from index.pages import Hit
from tests.documents import write_pdf
from tests.finding import shown
from tests.syncing import sync
from tests.vespa_java.stand_in import StandIn
from vespa_app.vespa_index import VespaIndex

ROOT = Path(__file__).parents[2]
N_KILLS = 1  # of each kind; more by hand


@dataclass(frozen=True)
class State:
    """What an index holds, and what it says.

    Attributes:
        documents: of each its id, paths and number of pages.
    """

    documents: list[tuple[str, tuple[str, ...], int]]
    hits: list[tuple[Hit, ...]]


def state(url: str) -> State:
    encoder = LexicalEncoder()
    with closing(VespaIndex.open(Location(url))) as index:
        assert (index.n_unfinished(), index.n_waiting()) == (0, 0)
        hits = [
            shown(index, index.search(encoder.encode_query(text), ranking, 1000, rerank=1000).hits)
            for text in ("page", "new oak", "moved elm")
            for ranking in (BM25, HAMMING)
        ]
        documents = [(d.document_id, d.paths, len(d.readable_pages)) for d in index.documents()]
        return State(documents, hits)


def fill(url: str, *folders: Path) -> None:
    """Make an index equal to folders, by one run that nobody disturbs."""
    fingerprint = LexicalEncoder().fingerprint
    with closing(VespaIndex.open_for_writing(Location(url), fingerprint)) as index:
        sync(index, *folders)


def pages(word: str, n: int = 2) -> list[str]:
    return [f"{word} page {i}" for i in range(n)]


def write_before(one: Path, other: Path) -> None:
    for folder in (one, other):
        folder.mkdir(exist_ok=True)
        write_pdf(folder / "changes.pdf", pages(f"fir {folder.name}"))
        write_pdf(folder / "goes.pdf", pages(f"hazel {folder.name}"))
        write_pdf(folder / "is-renamed.pdf", pages(f"elm {folder.name}"))
    write_pdf(one / "moves.pdf", pages("moved elm"))
    write_pdf(other / "moves-back.pdf", pages("moved ash"))


def write_after(one: Path, other: Path) -> None:
    """Changes of every kind in both folders, and between them."""
    for folder in (one, other):
        write_pdf(folder / "long.pdf", pages(f"oak {folder.name}", 12))
        write_pdf(folder / "in-both.pdf", pages("new oak in both", 4))
        (folder / "goes.pdf").unlink()
        (folder / "is-renamed.pdf").rename(folder / "renamed.pdf")
        write_pdf(folder / "is-renamed.pdf", pages(f"new elm {folder.name}"))
        write_pdf(folder / "changes.pdf", pages(f"new fir {folder.name}", 4))
    (one / "moves.pdf").rename(other / "moved.pdf")
    (other / "moves-back.pdf").rename(one / "moved-back.pdf")


def ingest(url: str, *arguments: str | Path) -> "subprocess.Popen[str]":
    command = ["-m", "pagelens", "ingest", *map(str, arguments), "--index", url]
    return subprocess.Popen(
        [sys.executable, *command, "--encoder", "lexical", "--ocr", "never"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(process: "subprocess.Popen[str]") -> None:
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out


def run_at_once(url: str, runs: Sequence[Sequence[str | Path]]) -> float:
    """Seconds until all were done."""
    start = time.monotonic()
    for process in [ingest(url, *run) for run in runs]:
        end(process)
    return time.monotonic() - start


@pytest.mark.parametrize("share", ["folders", "shards"])
def test_one_of_two_is_killed_and_runs_again(stand_in: StandIn, tmp_path: Path, share: str) -> None:
    url, one, other = stand_in.url, tmp_path / "one", tmp_path / "other"
    shards = [[one, other, "--shard", f"{k}/2"] for k in (1, 2)]
    runs = [[one], [other]] if share == "folders" else shards

    def begin_anew() -> None:
        for path in [*one.glob("*"), *other.glob("*")]:
            path.unlink()
        stand_in.clear()
        write_before(one, other)
        fill(url, one, other)
        write_after(one, other)

    begin_anew()
    takes_s = run_at_once(url, runs)
    run_at_once(url, runs)  # what one had removed before another met it where it is now
    undisturbed = state(url)
    stand_in.clear()
    fill(url, one, other)
    assert state(url) == undisturbed

    moments = random.Random(7)
    n_killed = 0
    while n_killed < N_KILLS:  # some runs are done before their moment comes
        begin_anew()
        killed, beside = [ingest(url, *run) for run in runs]
        try:
            killed.wait(moments.uniform(0.4, 0.95) * takes_s)
        except subprocess.TimeoutExpired:
            killed.kill()
            n_killed += 1
        killed.communicate()
        end(beside)
        run_at_once(url, runs)
        assert state(url) == undisturbed, f"after kill {n_killed}"
