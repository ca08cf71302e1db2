"""Time `pagelens ingest` of the sample documents: `python -m tests.bench.bench_ingest`.

Whole processes, lexical encoder, a new index each time. The floor is poppler itself: pdftoppm and
pdftotext over the same files at the same size, as many at once as there are cores, nothing kept.
Then a second run, which finds nothing to do. Median of five; the last line is JSON.
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
from ingest.cli import N_WORKERS
from tests.bench.machine import describe_machine, print_machine

SAMPLES = Path(__file__).parents[2] / "samples"
ROUNDS = 5


def main() -> None:
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        runs = [(seconds(lambda: ingest(index, new=True)), seconds(poppler)) for _ in range(ROUNDS)]
        nothing_s = median(seconds(lambda: ingest(index, new=False)) for _ in range(ROUNDS))
        n_pages = pages_in(index)
    result = {
        "machine": machine,
        "pages": n_pages,
        "pages_per_s": round(n_pages / median(run for run, _ in runs), 2),
        "ratio_to_poppler_alone": round(median(run / floor for run, floor in runs), 2),
        "nothing_to_do_s": round(nothing_s, 2),
    }
    print(
        f"\n{n_pages} pages, {result['pages_per_s']} pages/s, {result['ratio_to_poppler_alone']} "
        f"times poppler alone; with nothing to do {nothing_s:.2f} s\n"
    )
    print(json.dumps(result))


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def ingest(index: Path, *, new: bool) -> None:
    if new:
        shutil.rmtree(index, ignore_errors=True)
    pagelens("ingest", str(SAMPLES), "--index", str(index), "--encoder", "lexical")


def poppler() -> None:
    with ThreadPoolExecutor(N_WORKERS) as pool:
        list(pool.map(render_all_pages, sorted(SAMPLES.glob("*.pdf"))))


def render_all_pages(path: Path) -> None:
    scale = ["-scale-to", str(PAGE_LONG_EDGE_PX)]
    subprocess.run(["pdftoppm", *scale, str(path)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["pdftotext", "-bbox", str(path), "-"], check=True, stdout=subprocess.DEVNULL)


def pages_in(index: Path) -> int:
    status = json.loads(pagelens("status", "--index", str(index), "--json"))
    return int(status["n_pages"])


def pagelens(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pagelens", *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
