"""Time a whole embedded index as it grows: `python -m tests.bench.bench_index [--pages 1000 ...]`.

One index grows through the sizes. Pages have 832 random patches (a ColSmol A4 page) and 200 words;
queries have 14 and 32 tokens. At each size, in this process and warm: opening, following a commit
of a writer, the stages of `hamming-then-float` and `bm25`, and searches from several threads at
once. Then whole new processes, as a user's command line is one, and the memory of one that has
searched: its own, and what it has mapped of files, which the system takes back as it likes. 100,000
pages take about 23 GB in the folder of --folder; sizes the disk has no room for are left out. With
--sparse only the first 1,000 pages' vectors are written, and the rest of their file is a hole, read
as zeros through the same maps and kernels: 2 GB, and no disk to wait for in phase 2.

Phase 1 reads 16 bytes a patch, so a size's floor is one pass over its bits; phase 2 works on a
fixed number of pages. The last line is JSON.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from statistics import median

import numpy as np

from encoders.lexical import LexicalEncoder
from index.embedded import embedded_index
from index.embedded.catalog import BITS_SIZE, VECTOR_SIZE
from index.embedded.embedded_index import EmbeddedIndex
from index.embedded.segments import SegmentWriter
from index.interface import BM25, HAMMING_THEN_FLOAT
from index.pages import QueryVectors
from tests.bench.machine import describe_machine, print_machine
from tests.random_pages import document, page, query, unit_vectors

N_PATCHES = 832
N_WORDS, VOCABULARY = 200, 20_000
PAGES_PER_DOCUMENT = 50
DISTINCT_PAGES = 400  # vectors are drawn from these; all bytes are written and read all the same
ROUNDS = 9
QUERY = (sys.executable, "-m", "pagelens", "query")
N_THREADS, THREADS_S = (1, 2, 8), 5
SPACE_FACTOR = 1.2
WHOLE_PAGES = 1_000  # whose vectors --sparse writes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--folder", type=Path, help="where to put the index [default: a temporary]")
    parser.add_argument("--sparse", action="store_true", help="vectors of 1,000 pages alone")
    arguments = parser.parse_args()
    if arguments.sparse:
        leave_vectors_out()
    machine = describe_machine()
    print_machine(machine)
    sizes = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        index_folder = Path(folder) / "index"
        rng = np.random.default_rng(7)
        pool = [unit_vectors(rng, N_PATCHES) for _ in range(DISTINCT_PAGES)]
        n_pages = 0
        for size in sorted(arguments.pages):
            vector_size = 0 if arguments.sparse else VECTOR_SIZE
            needed = (size - n_pages) * N_PATCHES * (BITS_SIZE + vector_size) * SPACE_FACTOR
            if shutil.disk_usage(folder).free < needed:
                print(f"{size:,} pages left out: {needed / 1e9:.0f} GB needed in {folder}")
                continue
            put_s = grow(index_folder, pool, rng, n_pages, size)
            result = measure(index_folder, size, rng)
            result["put_pages_per_s"] = round((size - n_pages) / put_s, 1)
            n_pages = size
            report(result)
            sizes.append(result)
    print(json.dumps({"machine": machine, "patches_per_page": N_PATCHES, "sizes": sizes}))


def grow(
    folder: Path, pool: list[np.ndarray], rng: np.random.Generator, first: int, last: int
) -> float:
    """Put pages until there are `last`; seconds it took, the making of pages left out."""
    seconds = 0.0
    fingerprint = LexicalEncoder().fingerprint
    with closing(EmbeddedIndex.open_for_writing(folder, fingerprint)) as index:
        for n in range(first // PAGES_PER_DOCUMENT, last // PAGES_PER_DOCUMENT):
            pages = [
                page(n, number, pool[int(rng.integers(len(pool)))], text=random_text(rng))
                for number in range(1, PAGES_PER_DOCUMENT + 1)
            ]
            start = time.perf_counter()
            index.put_document(document(n, f"/{n}.pdf", page_count=PAGES_PER_DOCUMENT))
            index.put(pages)
            seconds += time.perf_counter() - start
    return seconds


def leave_vectors_out() -> None:
    """Let every index that is written from now on have a hole in place of most vectors."""
    embedded_index.SegmentWriter = SparseSegments


class SparseSegments(SegmentWriter):
    """Writes no vectors past those of WHOLE_PAGES: the rest of their file becomes a hole."""

    def append(self, kind: str, data: bytes | memoryview) -> int:
        start = self._lengths[kind]
        if kind != "vectors" or start < WHOLE_PAGES * N_PATCHES * VECTOR_SIZE:
            return super().append(kind, data)
        self._lengths[kind] += len(data)
        self._files[kind].truncate(self._lengths[kind])
        self._files[kind].seek(self._lengths[kind])
        return start


def random_text(rng: np.random.Generator) -> str:
    """Words whose frequencies fall off as those of a language do (Zipf)."""
    ranks = rng.zipf(1.3, N_WORDS) % VOCABULARY
    return " ".join(word(int(rank)) for rank in ranks)


def word(rank: int) -> str:
    """One word and one query token: with digits it would be a code, and count its parts too."""
    return "word" + "".join("abcdefghij"[int(digit)] for digit in str(rank))


def measure(folder: Path, n_pages: int, rng: np.random.Generator) -> dict[str, object]:
    def opened() -> float:
        start = time.perf_counter()
        EmbeddedIndex.open(folder).close()
        return 1000 * (time.perf_counter() - start)

    result: dict[str, object] = {
        "pages": n_pages,
        "open_ms": round(median(opened() for _ in range(ROUNDS)), 2),
        "refresh_ms": round(refresh_ms(folder), 2),
        "first_query_of_a_process_ms": round(median(first_query_ms(folder) for _ in range(3)), 1),
    }
    with closing(EmbeddedIndex.open(folder)) as index:
        for n_tokens in (14, 32):
            asked = [query(unit_vectors(rng, n_tokens)) for _ in range(ROUNDS + 2)]
            result[f"float_{n_tokens}_tokens_ms"] = stages(index, asked, HAMMING_THEN_FLOAT)
        texts = [
            QueryVectors.text_only(" ".join(map(word, ranks)))
            for ranks in rng.integers(10, VOCABULARY, (ROUNDS + 2, 3)).tolist()
        ]
        result["bm25_ms"] = stages(index, texts, BM25)
        result["threads"] = [at_once(index, n_threads) for n_threads in N_THREADS]
        sizes = index.stats().size_bytes
    result["bytes_per_page"] = {kind: round(size / n_pages) for kind, size in sizes.items()}
    result["memory_mb"] = memory_mb(folder)
    return result


def refresh_ms(folder: Path) -> float:
    """Median milliseconds in which a reader follows a commit, of a document of 50 pages."""
    times_ms = []
    with (
        closing(EmbeddedIndex.open(folder)) as reader,
        closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as writer,
    ):
        for _ in range(ROUNDS):
            writer.put_document(document(0, "/0.pdf", page_count=PAGES_PER_DOCUMENT))
            start = time.perf_counter()
            reader.refresh()
            times_ms.append(1000 * (time.perf_counter() - start))
    return median(times_ms)


def at_once(index: EmbeddedIndex, n_threads: int) -> dict[str, float]:
    """Let threads search on end, each for itself; times of a search, and of the processor."""
    times_ms: list[float] = []
    stop_at = 0.0
    started = threading.Barrier(n_threads + 1)

    def ask_on(number: int) -> None:
        rng = np.random.default_rng([n_threads, number])
        started.wait()
        while time.perf_counter() < stop_at:
            one = query(unit_vectors(rng, 14))
            start = time.perf_counter()
            index.search(one, HAMMING_THEN_FLOAT, 10)
            times_ms.append(1000 * (time.perf_counter() - start))

    threads = [threading.Thread(target=ask_on, args=(n,)) for n in range(n_threads)]
    for thread in threads:
        thread.start()
    start, processor_s = time.perf_counter(), time.process_time()
    stop_at = start + THREADS_S
    started.wait()
    for thread in threads:
        thread.join()
    return {
        "threads": n_threads,
        "searches_per_s": round(len(times_ms) / (time.perf_counter() - start), 1),
        "median_ms": round(median(times_ms), 1),
        "p95_ms": round(float(np.percentile(times_ms, 95)), 1),
        "processor_ms": round(1000 * (time.process_time() - processor_s) / len(times_ms), 1),
    }


def stages(index: EmbeddedIndex, queries: list[QueryVectors], ranking: str) -> dict[str, float]:
    """Median milliseconds by stage and in all; the first two queries only warm up."""
    runs = []
    for one in queries:
        start = time.perf_counter()
        timings = dict(index.search(one, ranking, 10).timings_ms)
        runs.append(timings | {"total": 1000 * (time.perf_counter() - start)})
    return {stage: round(median(run.get(stage, 0.0) for run in runs[2:]), 2) for stage in runs[-1]}


def first_query_ms(folder: Path) -> float:
    """Wall-clock milliseconds of a new `pagelens query`, interpreter and imports included."""
    start = time.perf_counter()
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pagelens",
            "query",
            f"{word(17)} {word(4711)}",
            "--index",
            str(folder),
        ],
        check=True,
        capture_output=True,
    )
    return 1000 * (time.perf_counter() - start)


SEARCH_ONCE = """
import sys
from pathlib import Path
import numpy as np
from index.embedded.embedded_index import EmbeddedIndex
from tests.random_pages import query, unit_vectors
index = EmbeddedIndex.open(Path(sys.argv[1]))
index.search(query(unit_vectors(np.random.default_rng(1), 14)), "hamming-then-float", 10)
for line in Path("/proc/self/status").read_text().splitlines():
    if line.startswith(("RssAnon", "RssFile")):
        print(line.split()[1])
"""


def memory_mb(folder: Path) -> dict[str, int]:
    """Megabytes of a process that has searched once; Linux alone tells them apart."""
    done = subprocess.run(
        [sys.executable, "-c", SEARCH_ONCE, str(folder)], check=True, capture_output=True, text=True
    )
    own, mapped = (round(int(kb) / 1000) for kb in done.stdout.split())
    return {"own": own, "mapped": mapped}


def report(result: dict[str, object]) -> None:
    print(f"\n{result['pages']:,} pages")
    for name, value in result.items():
        if name != "pages":
            print(f"  {name:28} {value}")


if __name__ == "__main__":
    main()
