"""An ingest that puts words first, killed at any moment, ends in the index of one left alone.

The run that is killed adds, replaces, moves and removes documents, with a model of ColSmol's kind.
"""

import random
import shutil
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import pagelens
from encoders.colsmol import ColSmolEncoder
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import PagelensError
from index.interface import BM25, INDEX_RANKINGS
from index.pages import Hit, QueryVectors, page_id
from tests.documents import write_pdf
from tests.finding import shown

ROOT = Path(__file__).parents[2]
N_PAGES = 12  # of which the second state adds or changes all but one
QUERIES = ("birch", "new maple", "page 3")


def write_first_state(folder: Path) -> None:
    folder.mkdir()
    for name, n_pages in (("ash", 2), ("birch", 1), ("cedar", 2)):
        write_pdf(folder / f"{name}.pdf", [f"{name} page {n}" for n in range(n_pages)])


def write_second_state(folder: Path) -> None:
    write_pdf(folder / "ash.pdf", [f"new ash page {n}" for n in range(3)])
    (folder / "birch.pdf").rename(folder / "renamed.pdf")
    (folder / "cedar.pdf").unlink()
    for name, n_pages in (("maple", 6), ("oak", 2)):
        write_pdf(folder / f"{name}.pdf", [f"new {name} page {n}" for n in range(n_pages)])


def progress(index_folder: Path) -> int:
    """Pages with words and pages with vectors, both counted."""
    try:
        with closing(EmbeddedIndex.open(index_folder)) as index:
            documents = list(index.documents())
            n_stored = sum(len(index.page_numbers(d.document_id)) for d in documents)
            return 2 * n_stored - sum(len(index.waiting_pages(d.document_id)) for d in documents)
    except PagelensError:  # not yet an index, or just being written
        return 0


def all_hits(index: EmbeddedIndex, encoder: ColSmolEncoder) -> list[tuple[Hit, ...]]:
    return [
        shown(index, index.search(encoder.encode_query(text), ranking, 1000, rerank=1000).hits)
        for text in QUERIES
        for ranking in INDEX_RANKINGS
    ]


def stored_bytes(index: EmbeddedIndex) -> dict[str, bytes]:
    """What is stored of every page: vectors, boxes, words and picture."""
    stored = {}
    for document in index.documents():
        for number in index.page_numbers(document.document_id):
            page = index.page(page_id(document.document_id, number))
            seen = page.vectors
            parts = (seen.vectors, seen.patch_map.boxes, seen.patch_map.vector_index)
            vectors = b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
            stored[page.page_id] = vectors + page.words.text.encode() + page.preview
    return stored


@pytest.mark.filterwarnings("ignore:The model .* looks untrained")  # and so it is
def test_killed_at_any_moment_it_goes_on_to_the_same_index(
    tmp_path: Path, tiny_colsmol_folder: Path
) -> None:
    folder, before, calm = tmp_path / "pdfs", tmp_path / "before", tmp_path / "calm"
    encoder = ColSmolEncoder(str(tiny_colsmol_folder), "cpu")

    def ingest(index_folder: Path, *, text_first: bool) -> None:
        report = pagelens.ingest(
            folder,
            index=index_folder,
            model=str(tiny_colsmol_folder),
            device="cpu",
            text_first=text_first,
        )
        assert not report.failed
        assert not report.is_interrupted

    write_first_state(folder)
    ingest(before, text_first=False)
    write_second_state(folder)
    shutil.copytree(before, calm)
    ingest(calm, text_first=False)
    with closing(EmbeddedIndex.open(calm)) as index:
        expected = all_hits(index, encoder), stored_bytes(index)
    assert len(expected[1]) == N_PAGES
    moments = random.Random(14)
    start, end = progress(before), 2 * N_PAGES
    n_waiting = []

    # within the words, between the passes, and within the vectors
    for at_least in (start + 2, start + 10, end - 8, end - 5, end - 3):
        index_folder = shutil.copytree(before, tmp_path / f"killed-{at_least}")
        command = ["ingest", folder, "--index", index_folder, "--model", tiny_colsmol_folder]
        with subprocess.Popen(
            [sys.executable, "-m", "pagelens", *map(str, command), "--device", "cpu"],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while process.poll() is None and progress(index_folder) < at_least:
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 0.1))
            process.kill()
        assert check_index(index_folder).problems == ()
        with closing(EmbeddedIndex.open(index_folder)) as index:
            all_hits(index, encoder)
            n_waiting.append(index.n_waiting())
            if n_waiting[-1] and at_least > start + 10:  # all words are there
                words = index.search(QueryVectors.text_only("new oak"), BM25, 5).hits
                assert shown(index, words)[0].text.startswith("new oak")
        # words first or not: it goes on from what is there
        ingest(index_folder, text_first=at_least % 2 == 0)
        assert check_index(index_folder).problems == ()
        with closing(EmbeddedIndex.open(index_folder)) as index:
            assert (all_hits(index, encoder), stored_bytes(index)) == expected, at_least
            assert (index.n_waiting(), index.n_unfinished()) == (0, 0)
            assert len(list(index.documents())) == 4

    assert len(set(n_waiting)) > 2, n_waiting
