"""What phase 1 makes of bits: `python -m tests.bench.bench_first_phase [--index --queries]`.

Recall of the exact float ranking's ten best pages among the best K of phase 1, for three estimates
of a token's similarity to its nearest patch, from the number h of differing bits of 128:

- reciprocal: 1 / (1 + h), as index/maxsim.py and Vespa's compiled loop have it;
- linear: 128 - 2 h, the dot product of the signs;
- angular: cos(pi h / 128), the cosine that such a distance is expected of (Charikar, Similarity
  Estimation Techniques from Rounding Algorithms, STOC 2002).

All fall as h grows, so a token's nearest patch is the same; they differ in how far one near token
outweighs several that are a little off. Each is looked at with the signs as they are stored, and
with those after one random rotation of pages and queries, which takes the same bytes and leaves
float scores as they are.

Three kinds of vectors: words (the lexical encoder on samples/, or on the index and queries named),
planted pages of 832 patches (as in bench_rerank, also with a few dimensions that hold most of the
variance and a part that all vectors have in common), and a ColSmol of random weights on the pages
of samples/. How much vectors have in common is said: the length of their mean. The last line is
JSON.
"""

import argparse
import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import pagelens
from encoders.choose import load_encoder
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import VECTOR_DIM, page_id
from tests.bench.bench_rerank import noisy_copies, unit
from tests.bench.machine import describe_machine, print_machine

SAMPLES = Path(__file__).parents[2] / "samples"

N_PAGES, N_PATCHES = 2000, 832
N_CLUSTERS, CLUSTERS_PER_FAMILY, PAGES_PER_FAMILY = 3000, 60, 10
PATCH_TO_CENTRE = 0.8  # cosine
TRUE_TOKENS, STRAY_TOKENS = 12, 4
N_QUERIES = 60
COSINES = (0.45, 0.37)
TOP = 10
DEPTHS = (10, 20, 50, 100, 200, 500)

ESTIMATES: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "reciprocal": lambda distance: 1 / (1 + distance),
    "linear": lambda distance: VECTOR_DIM - 2 * distance,
    "angular": lambda distance: np.cos(np.pi * distance / VECTOR_DIM),
}


@dataclass(frozen=True)
class Nearest:
    """Each page's best match with each token: cosine, and differing bits without and with rotation.

    Each float32 (n_pages, n_tokens), the tokens of all queries side by side.

    Attributes:
        common: length of the mean of all pages' vectors: 0 where they point everywhere, 1 where
            they are one.
    """

    cosines: NDArray[np.float32]
    distances: NDArray[np.float32]
    rotated_distances: NDArray[np.float32]
    common: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, help="this one alone, of any encoder")
    parser.add_argument("--queries", type=Path, default=SAMPLES / "queries.tsv")
    asked = parser.parse_args()
    machine = describe_machine()
    print_machine(machine)
    results = of_index(asked.index, asked.queries) if asked.index else of_own_data(asked.queries)
    print(json.dumps({"machine": machine, "recall_at_10": results}))


def of_own_data(queries: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Recall on the three kinds of vectors."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for encoder in ("lexical", "colsmol"):
            results |= of_index(ingested(Path(folder) / encoder, encoder), queries)
    for name, scale, mean in (
        ("planted", np.ones(VECTOR_DIM, np.float32), 0.0),
        ("planted, uneven", 1 / np.sqrt(1 + np.arange(VECTOR_DIM, dtype=np.float32)), 0.7),
    ):
        for cosine in COSINES:
            results[f"{name}, cosine {cosine}"] = of_planted(scale, mean, cosine)
    return results


def ingested(folder: Path, encoder: str) -> Path:
    """An index of samples/."""
    model = None
    if encoder == "colsmol":
        from tests.tiny_colsmol import build_tiny_colsmol

        model = str(build_tiny_colsmol(folder.with_name("model")))
    pagelens.ingest(SAMPLES, index=folder, encoder=encoder, model=model)
    return folder


def of_index(folder: Path, queries: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Recall on the pages of an index, for the texts of a table of queries."""
    lines = queries.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line[:1] != "#"), delimiter="\t")
    with closing(EmbeddedIndex.open(folder)) as index:
        encoder = load_encoder(index.fingerprint, None, "cpu")
        texts = dict.fromkeys(row["query"] for row in rows)
        encoded = [encoder.encode_query(text).vectors for text in texts]
        ids = [
            page_id(document.document_id, number)
            for document in index.documents()
            for number in sorted(index.page_numbers(document.document_id))
        ]
        pages = (index.page(id_).vectors.vectors for id_ in ids)
        found = nearest(encoded, (vectors for vectors in pages if len(vectors)))
    name = index.fingerprint.encoder
    return {name: report(name, encoded, found)}


def of_planted(
    scale: NDArray[np.float32], mean: float, cosine: float
) -> dict[str, dict[str, float]]:
    """Recall on planted pages.

    Args:
        scale: float32 (128,), the spread of each dimension.
        mean: length of what all vectors have in common, beside a part of their own of length 1.
        cosine: between a query's token and the patch it is a noisy copy of.
    """
    rng = np.random.default_rng(1)
    common = mean * unit(rng.standard_normal((1, VECTOR_DIM)).astype(np.float32))

    def draw(n: int) -> NDArray[np.float32]:
        return unit(common + unit(scale * rng.standard_normal((n, VECTOR_DIM), np.float32)))

    centres = draw(N_CLUSTERS)
    families = [
        rng.choice(N_CLUSTERS, CLUSTERS_PER_FAMILY, replace=False)
        for _ in range(N_PAGES // PAGES_PER_FAMILY)
    ]

    def page(number: int) -> NDArray[np.float32]:
        own = np.random.default_rng([2, number])  # the same whenever it is asked for
        rows = own.choice(families[number // PAGES_PER_FAMILY], N_PATCHES)
        return noisy_copies(own, centres[rows], PATCH_TO_CENTRE)

    encoded = []
    for target in rng.integers(N_PAGES, size=N_QUERIES).tolist():
        rows = rng.choice(N_PATCHES, TRUE_TOKENS, replace=False)
        true = noisy_copies(rng, page(target)[rows], cosine)
        encoded.append(np.concatenate([true, draw(STRAY_TOKENS)]))
    found = nearest(encoded, map(page, range(N_PAGES)))
    return report(f"planted, cosine {cosine}", encoded, found)


def nearest(
    encoded: Sequence[NDArray[np.float32]], pages: Iterator[NDArray[np.float32]]
) -> Nearest:
    """Compare every token with every page, a page at a time."""
    tokens = np.concatenate(encoded)  # (n_tokens, 128)
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((VECTOR_DIM, VECTOR_DIM)))[0]
    turned = rotation.astype(np.float32)
    rows: tuple[list[NDArray[np.float32]], ...] = ([], [], [])
    total, n_vectors = np.zeros(VECTOR_DIM), 0
    for page in pages:
        total += page.sum(axis=0)
        n_vectors += len(page)
        rows[0].append((page @ tokens.T).max(axis=0))
        for into, a, b in ((1, page, tokens), (2, page @ turned, tokens @ turned)):
            same = (signs(a) @ signs(b).T).max(axis=0)  # (n_tokens,), agreeing less differing bits
            rows[into].append((VECTOR_DIM - same) / 2)
    cosines, distances, rotated = (np.stack(of_pages) for of_pages in rows)
    return Nearest(cosines, distances, rotated, float(np.linalg.norm(total / n_vectors)))


def signs(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 where `pack_sign_bits` has a one, else -1."""
    return np.where(vectors > 0, np.float32(1), np.float32(-1))


def report(
    title: str, encoded: Sequence[NDArray[np.float32]], found: Nearest
) -> dict[str, dict[str, float]]:
    """Print a table; return it."""
    n_pages = len(found.cosines)
    depths = [depth for depth in DEPTHS if depth < n_pages]
    print(f"{title}: {n_pages} pages, {len(encoded)} queries, common part {found.common:.2f}")
    print(f"{'recall@10 within':24}" + "".join(f"{depth:>8}" for depth in depths))
    table = {}
    for turned, distances in (("", found.distances), (" rotated", found.rotated_distances)):
        for name, estimate in ESTIMATES.items():
            recall = np.zeros(len(depths))
            start = 0
            for vectors in encoded:
                own = slice(start, start + len(vectors))
                start += len(vectors)
                exact = best(found.cosines[:, own].sum(axis=1))[:TOP]
                ranked = best(estimate(distances[:, own]).sum(axis=1))
                recall += [np.isin(exact, ranked[:depth]).mean() for depth in depths]
            recall /= len(encoded)
            print(f"{name + turned:24}" + "".join(f"{each:8.3f}" for each in recall))
            table[name + turned] = {
                str(depth): round(each, 4)
                for depth, each in zip(depths, recall.tolist(), strict=True)
            }
    print(flush=True)
    return table


def best(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Pages, best first; ties in their order."""
    return np.argsort(-scores, kind="stable")


if __name__ == "__main__":
    main()
