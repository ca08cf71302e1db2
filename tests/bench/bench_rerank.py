"""How many pages phase 2 must see: `python -m tests.bench.bench_rerank [--pages 6000]`.

Recall of the exact float ranking's ten best pages (and of its best one), for two first phases over
all pages, Hamming MaxSim as in Vespa and sign tables as in a folder, and float MaxSim on the best
K of each.

Float scores are exact, so what counts is whether a page reaches them: recall is the share of the
exact best among the pages scored last. The data are planted: patches scatter around cluster
centres, pages of a family share their clusters (as the pages of one document do), and a query is
made of noisy copies of one page's patches and of tokens that belong nowhere. The
cosines below say how much a token resembles its patch: the lower, the harder. The order of the
paths should carry over to real embeddings, the numbers will not.

Milliseconds are medians over the queries, all cores, both phases. The last line is JSON.
"""

import argparse
import json
import time
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from index.kernels import float_scores, hamming_scores, sign_table_scores
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from tests.bench.machine import describe_machine, print_machine

N_PATCHES = 320
N_CLUSTERS, CLUSTERS_PER_FAMILY, PAGES_PER_FAMILY = 3000, 60, 20
PATCH_TO_CENTRE = 0.8  # cosine
TRUE_TOKENS, STRAY_TOKENS = 12, 4
COSINES = (0.50, 0.41, 0.32)
QUERIES = 30
TOP = 10
DEPTHS = (10, 20, 50, 100, 200, 300, 500, 1000, 2000)


@dataclass(frozen=True)
class Pages:
    bits: NDArray[np.uint64]  # (2 * n_vectors,)
    halves: NDArray[np.uint16]  # (n_vectors, 128)
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]

    def at(self, order: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return self.starts[order], self.counts[order]


def by_hamming(query: NDArray[np.float32], pages: Pages) -> NDArray[np.float64]:
    return hamming_scores(pack_sign_bits(query), pages.bits, pages.starts, pages.counts)


def by_sign_tables(query: NDArray[np.float32], pages: Pages) -> NDArray[np.float64]:
    return sign_table_scores(query, pages.bits, pages.starts, pages.counts)


FIRST_PHASES = {"hamming": by_hamming, "sign tables": by_sign_tables}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=6000)
    n_pages = parser.parse_args().pages
    machine = describe_machine()
    print_machine(machine)
    pages = plant_pages(np.random.default_rng(1), n_pages)
    results = [sweep(pages, cosine) for cosine in COSINES]
    print(
        json.dumps(
            {
                "machine": machine,
                "pages": n_pages,
                "patches_per_page": N_PATCHES,
                "tokens": TRUE_TOKENS + STRAY_TOKENS,
                "queries": QUERIES,
                "sweeps": results,
            }
        )
    )


def plant_pages(rng: np.random.Generator, n_pages: int) -> Pages:
    """Families of pages over shared clusters of patches."""
    centres = unit(rng.standard_normal((N_CLUSTERS, 128), np.float32))
    halves = np.empty((n_pages * N_PATCHES, 128), np.uint16)
    bits = np.empty((n_pages * N_PATCHES, 16), np.uint8)
    for page in range(n_pages):
        if page % PAGES_PER_FAMILY == 0:
            family = rng.choice(N_CLUSTERS, CLUSTERS_PER_FAMILY, replace=False)
        own = centres[rng.choice(family, N_PATCHES)]  # (N_PATCHES, 128)
        rows = slice(page * N_PATCHES, (page + 1) * N_PATCHES)
        vectors = noisy_copies(rng, own, PATCH_TO_CENTRE)
        halves[rows], bits[rows] = to_bfloat16(vectors), pack_sign_bits(vectors)
    starts = np.arange(n_pages) * N_PATCHES
    return Pages(bits.reshape(-1).view(np.uint64), halves, starts, np.full(n_pages, N_PATCHES))


def plant_query(rng: np.random.Generator, pages: Pages, cosine: float) -> NDArray[np.float32]:
    """Noisy copies of a random page's patches, and tokens that belong to no page."""
    target = rng.integers(len(pages.starts))
    rows = pages.starts[target] + rng.choice(N_PATCHES, TRUE_TOKENS, replace=False)
    true = noisy_copies(rng, unit(from_bfloat16(pages.halves[rows])), cosine)
    stray = unit(rng.standard_normal((STRAY_TOKENS, 128), np.float32))
    return np.concatenate([true, stray])  # (n_tokens, 128)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def noisy_copies(
    rng: np.random.Generator, vectors: NDArray[np.float32], cosine: float
) -> NDArray[np.float32]:
    """Unit vectors at exactly this cosine from the given unit vectors, in random directions."""
    noise = rng.standard_normal(vectors.shape, np.float32)
    across = unit(noise - (noise * vectors).sum(axis=1, keepdims=True) * vectors)
    return unit(np.float32(cosine) * vectors + np.float32((1 - cosine**2) ** 0.5) * across)


def sweep(pages: Pages, cosine: float) -> dict[str, object]:
    """Recall and time of every depth, over the same queries."""
    rng = np.random.default_rng(2)
    found: dict[str, list[tuple[float, float, float]]] = {}  # recall of ten, of one, milliseconds
    for _ in range(QUERIES):
        query = plant_query(rng, pages, cosine)
        everything = float_scores(query, pages.halves, pages.starts, pages.counts)
        exact = np.argsort(-everything, kind="stable")[:TOP]
        for name, first_phase in FIRST_PHASES.items():
            started = time.perf_counter()
            coarse = first_phase(query, pages)
            order = np.argsort(-coarse, kind="stable")
            first_ms = (time.perf_counter() - started) * 1e3
            for depth in (d for d in DEPTHS if d <= len(order)):
                started = time.perf_counter()
                float_scores(query, pages.halves, *pages.at(order[:depth]))
                elapsed_ms = first_ms + (time.perf_counter() - started) * 1e3
                note(found, f"{name}, float on {depth}", exact, order[:depth], elapsed_ms)
    return report(cosine, found)


def note(
    found: dict[str, list[tuple[float, float, float]]],
    path: str,
    exact: NDArray[np.int64],
    reached: NDArray[np.int64],
    elapsed_ms: float,
) -> None:
    """Add one query's outcome."""
    recall = float(np.isin(exact, reached).mean())
    found.setdefault(path, []).append((recall, float(exact[0] in reached), elapsed_ms))


def report(cosine: float, found: dict[str, list[tuple[float, float, float]]]) -> dict[str, object]:
    """Print a table; return it."""
    print(f"token to patch cosine {cosine}\n{'path':34}{'recall@10':>10}{'recall@1':>10}{'ms':>8}")
    rows = {}
    for path, outcomes in found.items():
        of_ten, of_one, elapsed_ms = zip(*outcomes, strict=True)
        row = [float(np.mean(of_ten)), float(np.mean(of_one)), median(elapsed_ms)]
        print(f"{path:34}{row[0]:10.3f}{row[1]:10.3f}{row[2]:8.2f}")
        keys = ("recall_at_10", "recall_at_1", "ms")
        rows[path] = {key: round(number, 4) for key, number in zip(keys, row, strict=True)}
    print()
    return {"cosine": cosine, "rows": rows}


if __name__ == "__main__":
    main()
