"""An ingest that puts words first, killed at any moment, ends in the index of one left alone."""

import json
import random
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from encoders.colsmol import ColSmolEncoder
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import BM25, INDEX_RANKINGS
from index.pages import Hit, QueryVectors, page_id
from tests.changing_folder import N_DOCUMENTS_AFTER, QUERIES, write_first_state, write_second_state

ROOT = Path(__file__).parents[2]
N_KILLS = 8
N_PAGES_AFTER = 46


class Ingest:
    """`pagelens ingest` with a tiny model, as a process."""

    def __init__(self, folder: Path, model: Path) -> None:
        self._folder, self._model = folder, model

    def started(self, index: Path, *options: str) -> "subprocess.Popen[str]":
        arguments = ["ingest", self._folder, "--index", index, "--model", self._model]
        return subprocess.Popen(
            [sys.executable, "-m", "pagelens", *map(str, arguments), "--device", "cpu", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def whole(self, index: Path, *options: str) -> dict[str, Any]:
        with self.started(index, *options, "--json") as process:
            out, _ = process.communicate()
        assert process.returncode == 0
        report: dict[str, Any] = json.loads(out)
        return report


def all_hits(index: EmbeddedIndex, encoder: ColSmolEncoder) -> list[tuple[Hit, ...]]:
    return [
        index.search(encoder.encode_query(text), ranking, 1000, rerank=1000).hits
        for text in QUERIES
        for ranking in INDEX_RANKINGS
    ]


def vectors(index: EmbeddedIndex) -> dict[str, bytes]:
    """What is stored of every page: vectors, boxes, words and picture."""
    stored = {}
    for document in index.documents():
        for number in index.page_numbers(document.document_id):
            page = index.page(page_id(document.document_id, number))
            seen = page.vectors
            parts = (seen.vectors, seen.patch_map.boxes, seen.patch_map.vector_index)
            digest = b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
            stored[page.page_id] = digest + page.words.text.encode() + page.preview
    return stored


def test_killed_at_any_moment_it_goes_on_to_the_same_index(
    tmp_path: Path, tiny_colsmol_folder: Path
) -> None:
    folder, before, calm = tmp_path / "pdfs", tmp_path / "before", tmp_path / "calm"
    ingest = Ingest(folder, tiny_colsmol_folder)
    encoder = ColSmolEncoder(str(tiny_colsmol_folder), "cpu")
    write_first_state(folder)
    ingest.whole(before, "--no-text-first")
    write_second_state(folder)
    shutil.copytree(before, calm)
    start = time.monotonic()
    ingest.whole(calm, "--no-text-first")
    duration_s = time.monotonic() - start
    with closing(EmbeddedIndex.open(calm)) as index:
        expected = all_hits(index, encoder), vectors(index)
    assert len(expected[1]) == N_PAGES_AFTER
    moments = random.Random(14)
    n_killed, n_waiting = 0, []

    for n in range(4 * N_KILLS):  # some runs are done before their moment comes
        if n_killed == N_KILLS:
            break
        index_folder = shutil.copytree(before, tmp_path / f"killed-{n}")
        with ingest.started(index_folder, "--text-first") as process:
            time.sleep(moments.uniform(0.3, 1.1) * duration_s)
            if process.poll() is None:
                process.kill()
                n_killed += 1
        assert check_index(index_folder).problems == ()
        with closing(EmbeddedIndex.open(index_folder)) as index:
            all_hits(index, encoder)
            n_waiting.append(index.stats().n_pages_waiting)
            assert index.n_waiting() == n_waiting[-1]
            if n_waiting[-1] > 30:  # all words are there
                words = index.search(QueryVectors.text_only("new oak"), BM25, 5).hits
                assert words[0].text.startswith("new oak")
        # with the words of all pages first, or without: it goes on from what is there
        options = ("--text-first",) if n % 2 else ("--no-text-first",)
        assert not ingest.whole(index_folder, *options)["failed"]
        assert check_index(index_folder).problems == ()
        with closing(EmbeddedIndex.open(index_folder)) as index:
            assert (all_hits(index, encoder), vectors(index)) == expected, f"kill {n}"
            assert (index.n_waiting(), index.n_unfinished()) == (0, 0)
            assert len(list(index.documents())) == N_DOCUMENTS_AFTER
        shutil.rmtree(index_folder)

    seen = f"{n_killed} runs were killed; pages that waited then: {n_waiting}"
    assert n_killed == N_KILLS, seen
    assert len(set(n_waiting)) > 3, seen
