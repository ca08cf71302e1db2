"""Scans against text layers: `python -m tests.bench.bench_scans [FOLDER QUERIES]`.

The PDFs of a folder are drawn at 200 dpi and saved as PDFs of pictures (JPEG, quality 85). Both are
ingested with the lexical encoder, the pictures by OCR, and asked the same questions: nDCG@5 of each
ranking over text layers and over what OCR has read, with the paired difference and its interval.
Without arguments samples/ and its queries. What is ingested is kept in --keep, so that a run that
was stopped goes on. The last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from index.interface import BM25, HAMMING_THEN_FLOAT
from ingest.render import draw_page, read_facts
from query.fusion import HYBRID
from tests.bench.machine import describe_machine, print_machine

SAMPLES = Path(__file__).parents[2] / "samples"
DPI = 200
JPEG_QUALITY = 85
RANKINGS = (HYBRID, BM25, HAMMING_THEN_FLOAT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("queries", nargs="?", type=Path, default=SAMPLES / "queries.tsv")
    parser.add_argument("--keep", type=Path, help="where pictures and indexes are kept")
    arguments = parser.parse_args()
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory() as passing:
        keep = arguments.keep or Path(passing)
        pictures = keep / "pictures"
        for path in sorted(arguments.folder.rglob("*.pdf")):
            target = pictures / path.relative_to(arguments.folder)
            if not target.exists():
                save_as_pictures(path, target)
        report = {
            "machine": machine,
            "text": measured(arguments.folder, arguments.queries, keep, "text", "never"),
            "scans": measured(pictures, arguments.queries, keep, "scans", "auto"),
        }
    print(f"{'ranking':20}{'text layers':>12}{'scans':>8}")
    for ranking in RANKINGS:
        text, scanned = (report[kind]["ndcg_at_5"][ranking] for kind in ("text", "scans"))
        print(f"{ranking:20}{text:12.3f}{scanned:8.3f}")
    print(json.dumps(report))


def save_as_pictures(path: Path, target: Path) -> None:
    """Make a PDF of pictures of another's pages."""
    facts = read_facts(path)
    pages = [
        draw_page(path, facts, n, lambda *size: tuple(round(side * DPI / 72) for side in size))
        for n in range(1, facts.page_count + 1)
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".new")
    pages[0].save(
        unfinished,
        "PDF",
        save_all=True,
        append_images=pages[1:],
        resolution=DPI,
        quality=JPEG_QUALITY,
    )
    unfinished.rename(target)


def measured(folder: Path, queries: Path, keep: Path, name: str, ocr: str) -> dict[str, Any]:
    """Ingest a folder and ask it."""
    index = keep / name
    start = time.perf_counter()
    ingest = ("ingest", folder, "--index", index, "--encoder", "lexical", "--ocr", ocr)
    done = pagelens(*ingest, "--json", expect=(0, 3))
    seconds = time.perf_counter() - start
    rankings = [option for ranking in RANKINGS for option in ("--ranking", ranking)]
    runs = keep / f"{name}.runs.jsonl"
    found = pagelens("eval", queries, "--index", index, *rankings, "--runs", runs, "--json")
    return {
        "pages": found["n_pages"],
        "read_by_ocr": done["pages_read_by_ocr"],
        "ingest_s": round(seconds, 1),
        "ndcg_at_5": {s["ranking"]: s["ndcg_at_5"]["mean"] for s in found["settings"]},
    }


def pagelens(*arguments: object, expect: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """What a command says as JSON."""
    command = [sys.executable, "-m", "pagelens", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode not in expect:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    main()
