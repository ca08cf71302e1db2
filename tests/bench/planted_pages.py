"""The pages and queries that `bench_peers` asks every system for: made once, read by all.

Pages come in families of five, as the pages of one document do: a family has 60 of 1,000 cluster
centres, and each of its pages draws its patches around these (cosine .8). A query's tokens are
noisy copies of one page's patches, at the cosine that names the query set, and for a quarter of
them vectors that belong nowhere. So of the exact ten best pages one is meant, four are its
relatives and five share clusters with it by chance, as every page does with many: the last are the
ones that a coarse comparison loses. Real embeddings may be easier or harder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.pages import VECTOR_DIM
from tests.bench.bench_rerank import noisy_copies, unit
from tests.bench.peers import TOP, Vectors

N_CLUSTERS, CLUSTERS_PER_FAMILY, PAGES_PER_FAMILY = 1000, 60, 5
PATCH_TO_CENTRE = 0.8  # cosine
STRAY_PART = 0.25  # of a query's tokens
BLOCK_PAGES = 8  # whose similarities with all queries are held at once


@dataclass(frozen=True)
class QuerySet:
    n_tokens: int
    cosine: float  # of a token and the patch it asks for
    queries: Vectors  # (n_queries, n_tokens, 128)
    exact: NDArray[np.int64]  # (n_queries, TOP): the pages that score highest in float32


def plant_pages(file: Path, seed: int, n_pages: int, n_patches: int) -> None:
    """Write unit vectors, float32 (n_pages, n_patches, 128), as an .npy file."""
    rng = np.random.default_rng(seed)
    pages = np.lib.format.open_memmap(file, "w+", np.float32, (n_pages, n_patches, VECTOR_DIM))
    centres = unit(rng.standard_normal((N_CLUSTERS, VECTOR_DIM), np.float32))
    for n in range(n_pages):
        if n % PAGES_PER_FAMILY == 0:
            family = rng.choice(N_CLUSTERS, CLUSTERS_PER_FAMILY, replace=False)
        pages[n] = noisy_copies(rng, centres[rng.choice(family, n_patches)], PATCH_TO_CENTRE)
    pages.flush()


def plant_queries(
    pages: Vectors, seed: int, tokens: Sequence[int], cosines: Sequence[float], n_queries: int
) -> list[QuerySet]:
    """A query set for each number of tokens and each cosine, with its exact ten best pages."""
    rng = np.random.default_rng([seed, 1])
    kinds = [(n_tokens, cosine) for n_tokens in tokens for cosine in cosines]
    asked = [
        np.stack([plant_query(rng, pages, n_tokens, cosine) for _ in range(n_queries)])
        for n_tokens, cosine in kinds
    ]
    scores = exact_scores(pages, asked)
    return [
        QuerySet(n_tokens, cosine, queries, np.argsort(-found, axis=1, kind="stable")[:, :TOP])
        for (n_tokens, cosine), queries, found in zip(kinds, asked, scores, strict=True)
    ]


def plant_query(rng: np.random.Generator, pages: Vectors, n_tokens: int, cosine: float) -> Vectors:
    n_stray = round(STRAY_PART * n_tokens)
    page = pages[rng.integers(len(pages))]
    true = page[rng.choice(len(page), n_tokens - n_stray, replace=False)]
    stray = unit(rng.standard_normal((n_stray, VECTOR_DIM), np.float32))
    return np.concatenate([noisy_copies(rng, true, cosine), stray])  # (n_tokens, 128)


def exact_scores(pages: Vectors, asked: list[Vectors]) -> list[Vectors]:
    """Float32 MaxSim of every query with every page: (n_queries, n_pages) for each query set."""
    columns = np.concatenate([queries.reshape(-1, VECTOR_DIM) for queries in asked]).T
    best = np.empty((len(pages), columns.shape[1]), np.float32)  # of each token, on each page
    for first in range(0, len(pages), BLOCK_PAGES):
        block = pages[first : first + BLOCK_PAGES]
        similarities = block.reshape(-1, VECTOR_DIM) @ columns
        best[first : first + len(block)] = similarities.reshape(*block.shape[:2], -1).max(axis=1)
    ends = np.cumsum([len(queries) * queries.shape[1] for queries in asked])[:-1]
    return [
        part.reshape(len(pages), *queries.shape[:2]).sum(axis=2).T
        for part, queries in zip(np.split(best, ends, axis=1), asked, strict=True)
    ]
