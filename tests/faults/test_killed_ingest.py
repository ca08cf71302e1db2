"""An ingest killed at any moment loses nothing and does nothing twice.

The run that is killed adds, replaces, moves and removes documents. After each kill the index must
open, answer and check out as it is; after the next run it must equal one never disturbed.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from encoders.lexical import LexicalEncoder
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import INDEX_RANKINGS
from index.pages import Hit
from tests.changing_folder import (
    CHANGES,
    N_DOCUMENTS_AFTER,
    QUERIES,
    write_first_state,
    write_second_state,
)
from tests.documents import write_pdf
from tests.finding import shown

ROOT = Path(__file__).parents[2]
N_KILLS = 30


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pagelens", *map(str, arguments)]


def ingest(folder: Path, index: Path) -> dict[str, Any]:
    done = subprocess.run(
        command("ingest", folder, "--index", index, "--encoder", "lexical", "--json"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def all_hits(index_folder: Path) -> list[tuple[Hit, ...]]:
    encoder = LexicalEncoder()
    with closing(EmbeddedIndex.open(index_folder)) as index:
        return [
            shown(index, index.search(encoder.encode_query(text), ranking, 1000, rerank=1000).hits)
            for text in QUERIES
            for ranking in INDEX_RANKINGS
        ]


def test_a_killed_ingest_goes_on_to_the_same_index(tmp_path: Path) -> None:
    folder, before = tmp_path / "pdfs", tmp_path / "before"
    write_first_state(folder)
    ingest(folder, before)
    write_second_state(folder)
    undisturbed = shutil.copytree(before, tmp_path / "undisturbed")
    start = time.monotonic()
    report = ingest(folder, undisturbed)
    duration_s = time.monotonic() - start
    assert {kind: report[kind]["documents"] for kind in CHANGES} == CHANGES
    expected = all_hits(undisturbed)
    moments = random.Random(20)
    n_killed, n_pages_left = 0, []

    for n in range(3 * N_KILLS):  # some runs are done before their moment comes
        if n_killed == N_KILLS:
            break
        index = shutil.copytree(before, tmp_path / f"killed-{n}")
        with subprocess.Popen(
            command("ingest", folder, "--index", index),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                process.wait(moments.uniform(0.2, 0.9) * duration_s)
            except subprocess.TimeoutExpired:
                process.kill()
                n_killed += 1
        assert check_index(index).problems == ()
        all_hits(index)
        resumed = ingest(folder, index)
        n_pages_left.append(resumed["added"]["pages"] + resumed["replaced"]["pages"])
        assert not resumed["failed"]
        assert all_hits(index) == expected, f"kill {n} left another index"
        assert check_index(index).problems == ()
        assert ingest(folder, index)["skipped"]["documents"] == N_DOCUMENTS_AFTER
        shutil.rmtree(index)

    seen = f"{n_killed} runs were killed; pages left to resume: {n_pages_left}"
    assert n_killed == N_KILLS, seen
    assert len(set(n_pages_left)) > 2, seen


def test_readers_see_a_consistent_state_during_an_ingest(tmp_path: Path) -> None:
    """A document being replaced is found in its old form or its new one: never both, never none."""
    folder, index = tmp_path / "pdfs", tmp_path / "index"
    write_first_state(folder)
    ingest(folder, index)
    write_second_state(folder)
    query = LexicalEncoder().encode_query("ash")
    states, n_pages = set(), []
    with subprocess.Popen(
        command("ingest", folder, "--index", index), cwd=ROOT, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            with closing(EmbeddedIndex.open(index)) as reader:
                hits = shown(reader, reader.search(query, "float", 1000).hits)
                stats = reader.stats()
            states.add(tuple(sorted(hit.text for hit in hits if "ash" in hit.text)))
            n_pages.append(len(hits))
            assert stats.n_pages == len(hits)
    assert process.returncode == 0
    assert states <= {
        ("ash page 0",),
        ("new ash page 0", "new ash page 1", "new ash page 2"),
    }
    assert len(set(n_pages)) > 1, "no reader opened while the ingest was under way"


def test_a_second_ingest_says_who_holds_the_lock(tmp_path: Path) -> None:
    folder, index = tmp_path / "pdfs", tmp_path / "index"
    folder.mkdir()
    write_pdf(folder / "long.pdf", [f"page {n}" for n in range(200)])
    with subprocess.Popen(
        command("ingest", folder, "--index", index, "--encoder", "lexical"),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as first:
        while not (index / "manifest.json").exists():
            assert first.poll() is None
            time.sleep(0.01)
        second = subprocess.run(
            command("ingest", folder, "--index", index), cwd=ROOT, capture_output=True, text=True
        )
        first.kill()
    assert second.returncode == 2
    assert f"is being written by process {first.pid} on" in second.stderr
    assert "ingest" in second.stderr
    assert len(second.stderr.splitlines()) == 1


@pytest.mark.parametrize("n_interrupts", [1, 2])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path, n_interrupts: int) -> None:
    folder, index = tmp_path / "pdfs", tmp_path / "index"
    folder.mkdir()
    write_pdf(folder / "long.pdf", [f"page {n}" for n in range(200)])
    with subprocess.Popen(
        command("ingest", folder, "--index", index, "--encoder", "lexical"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not (index / "manifest.json").exists():
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(1)
        for _ in range(n_interrupts):
            process.send_signal(2)
            time.sleep(0.05)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopping after this batch" in err
    assert "Traceback" not in err
    if n_interrupts == 1:
        assert "Run the same command again to go on" in out
    assert check_index(index).problems == ()
    report = ingest(folder, index)
    assert report["added"]["pages"] <= 200
    with closing(EmbeddedIndex.open(index)) as reader:
        assert reader.stats().n_pages == 200
