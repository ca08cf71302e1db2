"""Load on `pagelens serve`: `python -m tests.bench.bench_serve [--pages 10000] [--seconds 10]`.

An embedded index of random pages (832 patches each, as a ColSmol A4 page has, and 200 words) is
served by a process of its own. Clients, each a thread with a connection that stays open, ask one
query after another, no two alike, of 14 words: 14 query tokens, encoded by the lexical encoder, so
that the index is measured and not a model. What is counted is a whole request: HTTP, encoding, both
phases, ten hits with their snippets.

A search spreads its phases over all cores. So one client alone uses most of the machine, more of
them fill what is left, and from then on requests wait in line: the time of a request grows with the
number of clients while the number answered per second stays. The clients themselves take a share
of the same cores. At the end one client asks while an ingest runs that writes to the same index:
the samples again and again, each time as other documents. The last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
import numpy as np

from index.interface import BM25, HAMMING_THEN_FLOAT
from tests.bench.bench_index import (
    DISTINCT_PAGES,
    N_PATCHES,
    VOCABULARY,
    grow,
    leave_vectors_out,
    word,
)
from tests.bench.machine import describe_machine, print_machine
from tests.random_pages import unit_vectors

SERVE = ("-m", "pagelens", "serve")
INGEST = ("-m", "pagelens", "ingest")
SAMPLES = Path(__file__).parents[2] / "samples"
N_COPIES = 40  # of the samples: some 1,600 pages
INGEST_STARTS_S = 4  # imports, and the plan
N_CLIENTS = (1, 8, 32)
N_WORDS = 14
N_HITS = 10
WARM_UP = 5  # requests that are not counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--folder", type=Path, help="where to put the index [default: a temporary]")
    parser.add_argument("--sparse", action="store_true", help="as of bench_index")
    arguments = parser.parse_args()
    if arguments.sparse:
        leave_vectors_out()
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        index_folder = Path(folder) / "index"
        rng = np.random.default_rng(7)
        pool = [unit_vectors(rng, N_PATCHES) for _ in range(DISTINCT_PAGES)]
        grow(index_folder, pool, rng, 0, arguments.pages)
        with served(index_folder) as url:
            loads = [
                load(url, ranking, n_clients, arguments.seconds)
                for ranking in (HAMMING_THEN_FLOAT, BM25)
                for n_clients in N_CLIENTS
            ]
            with ingesting(Path(folder) / "pdfs", index_folder):
                beside = load(url, HAMMING_THEN_FLOAT, 1, arguments.seconds)
            loads.append(beside | {"ranking": "beside an ingest"})
    report(loads)
    print(json.dumps({"machine": machine, "pages": arguments.pages, "loads": loads}))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of its own, ended afterwards."""
    with subprocess.Popen(
        [sys.executable, *SERVE, "--index", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{' '.join(SERVE)} ended with exit code {process.wait()}.")
            yield next(word for word in line.split() if word.startswith("http"))
        finally:
            process.terminate()


@contextmanager
def ingesting(folder: Path, index_folder: Path) -> Iterator[None]:
    """An ingest that has more to do than the block takes, and is ended with it."""
    folder.mkdir()
    for n in range(N_COPIES):
        for path in SAMPLES.glob("*.pdf"):  # what follows the end of a PDF is not read
            (folder / f"{n}-{path.name}").write_bytes(path.read_bytes() + f"\n%{n}\n".encode())
    command = (*INGEST, str(folder), "--index", str(index_folder), "--encoder", "lexical")
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        time.sleep(INGEST_STARTS_S)
        try:
            yield
            if process.poll() is not None:
                raise SystemExit(f"The ingest ended too early, with exit code {process.poll()}.")
        finally:
            process.terminate()


def load(url: str, ranking: str, n_clients: int, seconds: float) -> dict[str, object]:
    """Let clients ask for a while; requests per second and how long they took."""
    times_ms: list[float] = []
    statuses: list[int] = []
    stop_at = 0.0
    started = threading.Barrier(n_clients + 1)

    def ask_on(client_number: int) -> None:
        rng = np.random.default_rng([n_clients, client_number])
        with httpx.Client(base_url=url, timeout=120) as client:
            for _ in range(WARM_UP):
                ask(client, ranking, rng)
            started.wait()
            while time.perf_counter() < stop_at:
                start = time.perf_counter()
                statuses.append(ask(client, ranking, rng))
                times_ms.append(1000 * (time.perf_counter() - start))

    threads = [threading.Thread(target=ask_on, args=(n,)) for n in range(n_clients)]
    for thread in threads:
        thread.start()
    stop_at = time.perf_counter() + 3600  # while the clients warm up
    started.wait()
    start = time.perf_counter()
    stop_at = start + seconds
    for thread in threads:
        thread.join()
    elapsed_s = time.perf_counter() - start  # the last answers included
    return {
        "ranking": ranking,
        "clients": n_clients,
        "requests": len(times_ms),
        "refused": sum(status != 200 for status in statuses),
        "requests_per_s": round(len(times_ms) / elapsed_s, 1),
        "median_ms": round(median(times_ms), 1),
        "p95_ms": round(float(np.percentile(times_ms, 95)), 1),
        "longest_ms": round(max(times_ms), 1),
    }


def ask(client: httpx.Client, ranking: str, rng: np.random.Generator) -> int:
    """One search by words that no search had before; the answer's status."""
    text = " ".join(word(int(n)) for n in rng.integers(10, VOCABULARY, N_WORDS))
    answer = client.get("/api/search", params={"q": text, "ranking": ranking, "k": N_HITS})
    return answer.status_code


def report(loads: list[dict[str, object]]) -> None:
    print("  ".join(f"{name:>18}" for name in loads[0]))
    for one in loads:
        print("  ".join(f"{value:>18}" for value in one.values()))


if __name__ == "__main__":
    main()
