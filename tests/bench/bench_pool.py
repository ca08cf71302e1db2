"""What `--pool` and `--max-edge` save, and what pooling loses.

`python -m tests.bench.bench_pool [--pages 2000]`. Planted pages of 832 patches with ColSmol's cells
(A4, as in bench_first_phase: patches scatter around the clusters of a family of pages), pooled by
1, 2, 3 and 6, and pages of the 640 and 320 patches of smaller edges, each in an embedded index of
its own. Queries of 16 tokens are noisy copies of one page's patches, and four tokens that belong
nowhere; the cosine says how much a token resembles its patch.

Counted: vectors, bytes a page. Measured: processor time of pooling a page on one thread, and the
stages of `hamming-then-float` (200 pages reach phase 2), median over the queries after two that
warm up; and the processor time of whole searches, all threads, which says the same on a busy
machine: `hamming` is phase 1. Recall is that of the exact ranking's ten best pages
without pooling, among the ten best of `float` and of `hamming-then-float`: of the same edge, so it
says nothing of what a smaller edge loses. That vectors scatter so
was assumed, so recall here compares poolings and promises nothing; times and bytes do not depend on
it. The last line is JSON.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from encoders.layouts.tiles import TileLayout
from encoders.pooling import pool
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import FLOAT, HAMMING, HAMMING_THEN_FLOAT
from index.pages import VECTOR_DIM, PageVectors, PatchMap
from tests.bench.bench_rerank import noisy_copies, unit
from tests.bench.machine import describe_machine, print_machine
from tests.random_pages import FINGERPRINT, document, page, query

SETTINGS = ((2048, 1), (2048, 2), (2048, 3), (2048, 6), (1536, 1), (1536, 3), (1024, 1), (1024, 3))
"""Longest edge and pooling."""
PAGES_PER_DOCUMENT = 50
N_CLUSTERS, CLUSTERS_PER_FAMILY, PAGES_PER_FAMILY = 3000, 60, 10
PATCH_TO_CENTRE = 0.8  # cosine
TRUE_TOKENS, STRAY_TOKENS = 12, 4
COSINES = (0.45, 0.37)
N_QUERIES, N_WARM_UP = 40, 2
TOP = 10
BOXES = {edge: TileLayout(edge, 512, 8).cell_boxes(595, 842) for edge, _ in SETTINGS}
N_MOST = len(BOXES[2048])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000)
    n_pages = parser.parse_args().pages
    machine = describe_machine()
    print_machine(machine)
    rng = np.random.default_rng(1)
    centres = unit(rng.standard_normal((N_CLUSTERS, VECTOR_DIM), np.float32))
    families = [
        rng.choice(N_CLUSTERS, CLUSTERS_PER_FAMILY, replace=False)
        for _ in range(-(-n_pages // PAGES_PER_FAMILY))
    ]

    def vectors_of(number: int) -> NDArray[np.float32]:
        own = np.random.default_rng([2, number])  # the same whenever it is asked for
        rows = own.choice(families[number // PAGES_PER_FAMILY], N_MOST)
        return noisy_copies(own, centres[rows], PATCH_TO_CENTRE)

    asked = {}
    for cosine in COSINES:
        tokens = []
        for target in rng.integers(n_pages, size=N_QUERIES).tolist():
            rows = rng.choice(N_MOST, TRUE_TOKENS, replace=False)
            true = noisy_copies(rng, vectors_of(target)[rows], cosine)
            stray = unit(rng.standard_normal((STRAY_TOKENS, VECTOR_DIM), np.float32))
            tokens.append(np.concatenate([true, stray]))
        asked[cosine] = tokens

    results = []
    exact: dict[tuple[int, float], list[set[str]]] = {}
    for edge, factor in SETTINGS:
        with tempfile.TemporaryDirectory() as folder:
            result: dict[str, object] = {"max_edge": edge, "pool": factor}
            with closing(EmbeddedIndex.open_for_writing(Path(folder), FINGERPRINT)) as index:
                pooling_s, cosines = fill(index, BOXES[edge], factor, n_pages, vectors_of)
            result["pooling_ms_a_page"] = round(1000 * median(pooling_s), 2)
            result["mean_cosine_to_patch"] = round(float(np.mean(cosines)), 4)
            with closing(EmbeddedIndex.open(Path(folder))) as index:
                stats = index.stats()
                result["vectors_a_page"] = stats.n_vectors // n_pages
                result["bytes_a_page"] = {
                    kind: round(size / n_pages) for kind, size in stats.size_bytes.items()
                }
                for cosine, tokens in asked.items():
                    result[f"cosine {cosine}"] = searched(
                        index, tokens, exact.setdefault((edge, cosine), [])
                    )
        results.append(result)
        report(result)
    print(json.dumps({"machine": machine, "pages": n_pages, "pools": results}))


def fill(
    index: EmbeddedIndex,
    boxes: NDArray[np.float32],
    factor: int,
    n_pages: int,
    vectors_of: Callable[[int], NDArray[np.float32]],
) -> tuple[list[float], list[float]]:
    """Put the pages; of each the seconds of pooling, and how near patches are to their vector."""
    seconds, cosines = [], []
    n_patches = len(boxes)
    cells = PatchMap(boxes, np.arange(n_patches, dtype=np.int32))
    pool(PageVectors(vectors_of(0)[:n_patches], cells), 2)  # compiles
    for first in range(0, n_pages, PAGES_PER_DOCUMENT):
        n, pages = first // PAGES_PER_DOCUMENT, []
        for number in range(first, min(first + PAGES_PER_DOCUMENT, n_pages)):
            plain = PageVectors(vectors_of(number)[:n_patches], cells)
            start = time.thread_time()
            pooled = pool(plain, factor)
            seconds.append(time.thread_time() - start)
            stand_in = pooled.vectors[pooled.patch_map.vector_index]
            cosines.append(float((plain.vectors * stand_in).sum(axis=1).mean()))
            empty = page(n, number - first + 1, plain.vectors[:0])
            pages.append(replace(empty, vectors=pooled, preview=b""))
        index.put_document(document(n, f"/{n}.pdf", page_count=len(pages)))
        index.put(pages)
    return seconds, cosines


def searched(
    index: EmbeddedIndex, tokens: list[NDArray[np.float32]], exact: list[set[str]]
) -> dict[str, object]:
    """Times and recall; `exact` is filled by the first index, which is not pooled."""
    is_first = not exact
    runs, of_float, of_two_phases = [], [], []
    processor_s: dict[str, list[float]] = {}
    for n, one in enumerate(tokens):
        found = {}
        for ranking in (FLOAT, HAMMING, HAMMING_THEN_FLOAT):
            start = time.process_time()
            found[ranking] = index.search(query(one), ranking, TOP)
            processor_s.setdefault(ranking, []).append(time.process_time() - start)
        ids = {name: {hit.page_id for hit in result.hits} for name, result in found.items()}
        if is_first:
            exact.append(ids[FLOAT])
        of_float.append(len(ids[FLOAT] & exact[n]) / TOP)
        of_two_phases.append(len(ids[HAMMING_THEN_FLOAT] & exact[n]) / TOP)
        runs.append(found[HAMMING_THEN_FLOAT].timings_ms)
    return {
        "recall_at_10_float": round(float(np.mean(of_float)), 3),
        "recall_at_10_hamming_then_float": round(float(np.mean(of_two_phases)), 3),
        "ms": {
            stage: round(median(run.get(stage, 0.0) for run in runs[N_WARM_UP:]), 2)
            for stage in runs[-1]
        },
        "processor_ms": {
            name: round(1000 * median(seconds[N_WARM_UP:]), 2)
            for name, seconds in processor_s.items()
        },
    }


def report(result: dict[str, object]) -> None:
    print(f"\nmax edge {result['max_edge']}, pool {result['pool']}")
    for name, value in result.items():
        if name not in ("max_edge", "pool"):
            print(f"  {name:22} {value}", flush=True)


if __name__ == "__main__":
    main()
