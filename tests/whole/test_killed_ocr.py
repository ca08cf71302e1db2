"""`pagelens ingest` as a process that is killed while OCR reads: no page is lost or done twice."""

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import page_id
from tests.scanned_pdfs import write_scans

WORDS = ("copper", "silver", "marble", "paper", "wooden", "golden")
N_SCANS = 30  # in batches of eight, each some seconds


def ingest(*options: str) -> list[str]:
    return [sys.executable, "-m", "pagelens", "ingest", "pdfs", "--encoder", "lexical", *options]


def n_stored(index: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{index}/catalog.sqlite?mode=ro", uri=True)) as catalog:
            return int(catalog.execute("SELECT count(*) FROM pages").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_killed_twice_while_it_reads_it_goes_on(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pdfs").mkdir()
    scans = [f"{WORDS[n % 6]} {WORDS[n // 6]}" for n in range(N_SCANS)]
    write_scans(Path("pdfs/a.pdf"), ["typed bell", *scans[:15]])
    write_scans(Path("pdfs/b.pdf"), ["typed bell", *scans[15:]])
    index, done = Path("pagelens-index"), 0
    for _ in range(2):
        with subprocess.Popen(ingest(), stderr=subprocess.DEVNULL) as process:
            while n_stored(index) <= max(2, done) and process.poll() is None:
                time.sleep(0.02)
            assert process.poll() is None, "ended before it could be killed"
            process.kill()
        assert max(2, done) < (done := n_stored(index)) < N_SCANS + 2
        assert not check_index(index).problems
    rest = json.loads(subprocess.run(ingest("--json"), check=True, stdout=subprocess.PIPE).stdout)
    assert rest["pages_read_by_ocr"] == N_SCANS + 2 - done
    assert not check_index(index).problems
    with closing(EmbeddedIndex.open(index)) as reader:
        texts = sorted(
            reader.page(page_id(document.document_id, number)).words.text
            for document in reader.documents()
            for number in reader.page_numbers(document.document_id)
        )
        assert texts == sorted([*scans, "bell", "bell"])
        assert all(document.is_complete for document in reader.documents())
