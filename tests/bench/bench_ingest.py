"""Time `pagelens ingest` of the sample documents: `python -m tests.bench.bench_ingest`.

Whole processes, lexical encoder, a new index each time, four copies of the samples that differ in
one byte, without the scans, which OCR takes seconds to read. Beside it, in the same rounds and as
many at once as there are cores, nothing kept:

- poppler by documents: pdftoppm and pdftotext over each file at the same size. The least there is.
- poppler by pages: a process of each for every page; ingest takes one for four.

Then a second run, which finds nothing to do. Median of five rounds; the last line is JSON.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from encoders.lexical import PAGE_LONG_EDGE_PX
from ingest.render import read_facts
from pagelens.ingest_command import N_WORKERS
from tests.bench.machine import describe_machine, print_machine

SAMPLES = Path(__file__).parents[2] / "samples"
COPIES = 4
ROUNDS = 5


def main() -> None:
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pdfs"
        paths = copy_samples(folder)
        pages = [(path, n) for path in paths for n in range(1, read_facts(path).page_count + 1)]
        index = Path(name) / "index"
        rounds = [
            (
                seconds(lambda: ingest(folder, index, new=True)),
                seconds(lambda: in_parallel(poppler, [(path, None) for path in paths])),
                seconds(lambda: in_parallel(poppler, pages)),
            )
            for _ in range(ROUNDS)
        ]
        nothing_s = median(seconds(lambda: ingest(folder, index, new=False)) for _ in range(ROUNDS))
    result = {
        "machine": machine,
        "pages": len(pages),
        "pages_per_s": round(len(pages) / median(ours for ours, _, _ in rounds), 1),
        "ratio_to_poppler_by_pages": round(median(ours / p for ours, _, p in rounds), 2),
        "ratio_to_poppler_by_documents": round(median(ours / d for ours, d, _ in rounds), 2),
        "nothing_to_do_s": round(nothing_s, 2),
    }
    print()
    for what, figure in result.items():
        if what != "machine":
            print(f"{what:30} {figure}")
    print()
    print(json.dumps(result))


def copy_samples(folder: Path) -> list[Path]:
    """Copies with bytes of their own: the same bytes twice would be one document."""
    folder.mkdir()
    paths = []
    for original in sorted(set(SAMPLES.glob("*.pdf")) - {SAMPLES / "scanned-notes.pdf"}):
        for n in range(COPIES):
            path = folder / f"{original.stem}-{n}.pdf"
            path.write_bytes(original.read_bytes() + f"%{n}\n".encode())
            paths.append(path)
    return paths


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def ingest(folder: Path, index: Path, *, new: bool) -> None:
    if new:
        shutil.rmtree(index, ignore_errors=True)
    command = ["ingest", str(folder), "--index", str(index), "--encoder", "lexical"]
    subprocess.run(
        [sys.executable, "-m", "pagelens", *command], check=True, stdout=subprocess.DEVNULL
    )


def in_parallel(
    call: Callable[[tuple[Path, int | None]], None], items: list[tuple[Path, int | None]]
) -> None:
    with ThreadPoolExecutor(N_WORKERS) as pool:
        list(pool.map(call, items))


def poppler(page: tuple[Path, int | None]) -> None:
    """Render a page, or with None the document, and read its words."""
    path, number = page
    which = [] if number is None else ["-f", str(number), "-l", str(number)]
    render = ["pdftoppm", "-cropbox", "-scale-to", str(PAGE_LONG_EDGE_PX), *which, str(path)]
    words = ["pdftotext", "-bbox-layout", "-cropbox", *which, str(path), "-"]
    for command in (render, words):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
