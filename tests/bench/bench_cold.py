"""Plain scores or kernels, cold and warm: `python -m tests.bench.bench_cold`.

A whole new process, as a user's command line is one, and a search in a process that has all it
needs, over indexes that grow. Pages have 100 random patches (a page of words) or 832 (a ColSmol A4
page); the query has 14 tokens, the ranking is `hamming-then-float`; the kernels' compiled code is
in numba's cache. Times are those of the processor, user and system, all threads added up, so that
other work on the machine counts little. Both limits of index/embedded/ranking.py are chosen
from this table. The last line is JSON.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

import numpy as np

from encoders.lexical import LexicalEncoder
from index.embedded import ranking
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import HAMMING_THEN_FLOAT
from tests.bench.bench_index import DISTINCT_PAGES, grow
from tests.bench.machine import describe_machine, print_machine
from tests.random_pages import unit_vectors

PAGES = {100: (50, 700, 4_000, 16_000, 32_000), 832: (50, 100, 1_000, 4_000)}
TEXT = " ".join(f"{letter}{letter}word" for letter in "abcdefghijklmn")
ROUNDS = 9
WAYS = {"plain": sys.maxsize, "kernels": -1}
"""Each with the limit that chooses it."""

COLD = """
import sys
from index.embedded import ranking
from pagelens.main import main
ranking.PLAIN_COMPARISONS_OF_ONE_SEARCH = int(sys.argv[1])
main(sys.argv[2:])
"""


def main() -> None:
    machine = describe_machine()
    print_machine(machine)
    query = LexicalEncoder().encode_query(TEXT)
    print(f"{len(query.tokens)} tokens; milliseconds of processor time, medians of {ROUNDS}\n")
    print("patches/page  pages  comparisons   new process: plain  kernels   warm: plain  kernels")
    results = []
    for n_patches, sizes in PAGES.items():
        rng = np.random.default_rng(7)
        pool = [unit_vectors(rng, n_patches) for _ in range(DISTINCT_PAGES)]
        with tempfile.TemporaryDirectory() as parent:
            folder, n_pages = Path(parent) / "index", 0
            for size in sizes:
                grow(folder, pool, rng, n_pages, size)
                n_pages = size
                result = {"patches_per_page": n_patches, "pages": size}
                result["comparisons"] = n_patches * size * len(query.tokens)
                result |= {f"new_process_{way}_ms": ms for way, ms in cold_ms(folder).items()}
                with closing(EmbeddedIndex.open(folder)) as index:
                    for way, limit in WAYS.items():
                        ranking.PLAIN_COMPARISONS = limit
                        result[f"warm_{way}_ms"] = median_ms(
                            lambda: index.search(query, HAMMING_THEN_FLOAT, 5)
                        )
                print(
                    "{:12} {:6,} {:12,} {:20.0f} {:8.0f} {:13.1f} {:8.1f}".format(*result.values())
                )
                results.append(result)
    print(json.dumps({"machine": machine, "tokens": len(query.tokens), "sizes": results}))


def cold_ms(folder: Path) -> dict[str, float]:
    """Median processor milliseconds of a whole `pagelens query`, each way in turn."""
    runs: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS + 1):  # the first fills numba's cache, and the system's
        for way, limit in WAYS.items():
            command = [
                sys.executable,
                "-c",
                COLD,
                str(limit),
                "query",
                TEXT,
                "--index",
                str(folder),
            ]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            user_s, system_s = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
            runs[way].append(1000 * (user_s + system_s))
    return {way: round(median(times[1:]), 1) for way, times in runs.items()}


def median_ms(run: Callable[[], object]) -> float:
    """Median processor milliseconds of a call, the first left out."""
    times = []
    for _ in range(ROUNDS + 1):
        start = time.process_time()
        run()
        times.append(1000 * (time.process_time() - start))
    return round(median(times[1:]), 2)


if __name__ == "__main__":
    main()
