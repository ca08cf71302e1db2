"""Time the kernels: `python -m tests.bench.bench_kernels [--pages 10000 100000] [--quick]`.

Hamming MaxSim reads 16 bytes a patch and, with AVX-512, takes six instructions for a query token
and eight patches. Its floor is the time to read the same bytes once, here the sum over them by one
thread. Beside it:

- numpy: the definition as one array expression per page, on a sample of the pages.
- faiss.hammings: all token-patch distances of ten pages (which is its best block here: smaller
  ones cost calls, larger ones leave the cache), then numpy's minimum over each page's patches.

Candidates take turns in rounds, so that a busy machine slows all of them; ratios are medians of the
rounds' own ratios. All must agree on the distances before anything is timed.

Then all kernels score the same 1,000 pages, beside reading their vectors once. Times are
microseconds per page of 832 patches. The last line is JSON.
"""

import argparse
import json
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from index.kernels import bits_scores, float_scores, hamming_scores, sign_table_scores
from index.quantize import pack_sign_bits, to_bfloat16
from tests.bench.machine import describe_machine, print_machine

N_PATCHES = 832
QUERY_TOKENS = (14, 32)
FAISS_BLOCK_PAGES = 10
NAIVE_PAGES = 20
SUM_BLOCK_WORDS = 1 << 16

Timings = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--quick", action="store_true", help="1,000 pages, three rounds")
    arguments = parser.parse_args()
    sizes = [1_000] if arguments.quick else arguments.pages
    rounds = 3 if arguments.quick else 7

    machine = describe_machine()
    print_machine(machine)
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2**64, 2 * N_PATCHES * max(sizes), dtype=np.uint64)
    results = {
        "machine": machine,
        "patches_per_page": N_PATCHES,
        "rounds": rounds,
        "phase_1": [phase_1(bits, size, t, rounds) for size in sizes for t in QUERY_TOKENS],
        "growth": growth(bits, [1_000, *sizes], rounds),
        "all_kernels": [all_kernels(bits, t, rounds) for t in QUERY_TOKENS],
    }
    print(json.dumps(results))


def phase_1(
    bits: NDArray[np.uint64], n_pages: int, n_tokens: int, rounds: int
) -> dict[str, object]:
    """Hamming MaxSim over all pages, beside the other ways to get it."""
    import faiss  # its bindings warn on import, which pytest's collection would take for an error

    faiss.omp_set_num_threads(1)
    query_bits = np.random.default_rng(2).integers(0, 256, (n_tokens, 16), dtype=np.uint8)
    words = bits[: 2 * N_PATCHES * n_pages]
    pages = words.view(np.uint8).reshape(n_pages, N_PATCHES, 16)
    place = evenly_placed(n_pages)

    def by_numpy() -> NDArray[np.float64]:
        return naive_scores(query_bits, pages[:NAIVE_PAGES])

    def by_faiss() -> NDArray[np.float64]:
        return faiss_scores(faiss, query_bits, pages)

    def by_kernel(n_threads: int) -> NDArray[np.float64]:
        return hamming_scores(query_bits, words, *place, n_threads=n_threads)

    ours = by_kernel(1)
    np.testing.assert_allclose(by_faiss(), ours, rtol=1e-12)
    np.testing.assert_allclose(by_numpy(), ours[:NAIVE_PAGES], rtol=1e-12)

    candidates: dict[str, tuple[Callable[[], object], int]] = {
        "kernel, 1 thread": (lambda: by_kernel(1), n_pages),
        "kernel, 2 threads": (lambda: by_kernel(2), n_pages),
        "read the bytes": (lambda: read_all(words), n_pages),
        "faiss.hammings": (by_faiss, n_pages),
        "numpy": (by_numpy, NAIVE_PAGES),
    }
    timings = time_in_turns(candidates, rounds)
    return report(f"phase 1: {n_pages:,} pages, {n_tokens} tokens", timings)


def growth(bits: NDArray[np.uint64], sizes: list[int], rounds: int) -> dict[str, object]:
    """Phase 1 over more and more pages: the time per page should not change."""
    query_bits = np.random.default_rng(2).integers(0, 256, (14, 16), dtype=np.uint8)
    candidates: dict[str, tuple[Callable[[], object], int]] = {}
    for n_pages in sorted(set(sizes)):
        words, place = bits[: 2 * N_PATCHES * n_pages], evenly_placed(n_pages)
        candidates[f"{n_pages:,} pages"] = (
            lambda words=words, place=place: hamming_scores(query_bits, words, *place, n_threads=1),
            n_pages,
        )
    return report("growth: 14 tokens, 1 thread", time_in_turns(candidates, rounds))


def all_kernels(bits: NDArray[np.uint64], n_tokens: int, rounds: int) -> dict[str, object]:
    """All kernels over 1,000 pages, beside reading their vectors once."""
    n_pages = 1_000
    rng = np.random.default_rng(3)
    query = rng.standard_normal((n_tokens, 128), np.float32)
    query /= np.linalg.norm(query, axis=1, keepdims=True)
    vectors = to_bfloat16(rng.standard_normal((n_pages * N_PATCHES, 128), np.float32))
    words, place = bits[: 2 * N_PATCHES * n_pages], evenly_placed(n_pages)
    query_bits = pack_sign_bits(query)
    candidates: dict[str, tuple[Callable[[], object], int]] = {}
    for n_threads in (1, 2):
        suffix, threads = f", {n_threads} thread(s)", {"n_threads": n_threads}
        calls: dict[str, Callable[[], object]] = {
            "hamming": lambda t=threads: hamming_scores(query_bits, words, *place, **t),
            "sign tables": lambda t=threads: sign_table_scores(query, words, *place, **t),
            "bits, exact": lambda t=threads: bits_scores(query, words, *place, **t),
            "float": lambda t=threads: float_scores(query, vectors, *place, **t),
        }
        candidates |= {name + suffix: (call, n_pages) for name, call in calls.items()}
    candidates["read the bytes"] = (lambda: read_all(vectors.reshape(-1).view(np.uint64)), n_pages)
    return report(f"all kernels: 1,000 pages, {n_tokens} tokens", time_in_turns(candidates, rounds))


def evenly_placed(n_pages: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.arange(n_pages) * N_PATCHES, np.full(n_pages, N_PATCHES)


def naive_scores(query_bits: NDArray[np.uint8], pages: NDArray[np.uint8]) -> NDArray[np.float64]:
    """One array expression per page, as one would first write it."""
    scores = np.empty(len(pages))
    for i, page in enumerate(pages):
        distances = np.bitwise_count(query_bits[:, None] ^ page[None]).sum(axis=2)  # (tokens, n)
        scores[i] = (1 / (1 + distances.min(axis=1))).sum()
    return scores


def faiss_scores(
    faiss: object, query_bits: NDArray[np.uint8], pages: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """MaxSim from faiss's distances, which it gives for all pairs."""
    n_tokens, scores = len(query_bits), np.empty(len(pages))
    buffer = np.empty(n_tokens * FAISS_BLOCK_PAGES * N_PATCHES, np.int32)
    query_pointer, buffer_pointer = faiss.swig_ptr(query_bits), faiss.swig_ptr(buffer)
    for first in range(0, len(pages), FAISS_BLOCK_PAGES):
        block = pages[first : first + FAISS_BLOCK_PAGES]
        n_patches = len(block) * N_PATCHES
        faiss.hammings(
            query_pointer, faiss.swig_ptr(block), n_tokens, n_patches, 16, buffer_pointer
        )
        distances = buffer[: n_tokens * n_patches].reshape(n_tokens, len(block), N_PATCHES)
        nearest = distances.min(axis=2)  # (n_tokens, n_block)
        scores[first : first + len(block)] = (1 / (1 + nearest)).sum(axis=0)
    return scores


def read_all(words: NDArray[np.uint64]) -> int:
    """Sum in blocks, so that nothing but reading is left; returned so that nobody skips it."""
    return sum(
        int(words[first : first + SUM_BLOCK_WORDS].sum())
        for first in range(0, len(words), SUM_BLOCK_WORDS)
    )


def time_in_turns(candidates: dict[str, tuple[Callable[[], object], int]], rounds: int) -> Timings:
    """Microseconds per page of each candidate, in each round; one round before is not counted."""
    timings: Timings = {name: [] for name in candidates}
    for n_round in range(rounds + 1):
        for name, (call, n_pages) in candidates.items():
            started = time.perf_counter()
            call()
            if n_round:
                timings[name].append((time.perf_counter() - started) / n_pages * 1e6)
    return timings


def report(title: str, timings: Timings) -> dict[str, object]:
    """Print a table; return it. The ratio is to the first candidate, round by round."""
    print(f"{title}\n{'us/page':24}{'min':>9}{'median':>9}{'max':>9}{'ratio':>9}")
    first = next(iter(timings.values()))
    rows = {}
    for name, values in timings.items():
        ratio = median(value / base for value, base in zip(values, first, strict=True))
        row = [min(values), median(values), max(values), ratio]
        print(f"{name:24}" + "".join(f"{number:9.2f}" for number in row))
        keys = ("min_us", "median_us", "max_us", "ratio")
        rows[name] = {key: round(number, 3) for key, number in zip(keys, row, strict=True)}
    print()
    return {"title": title, "rows": rows}


if __name__ == "__main__":
    main()
