"""What storing vectors in fewer bits does to scores: `python -m tests.bench.bench_noise`.

For each query the scores of a ranking are set against those of float32 vectors by a straight line,
over the 30 pages with the highest; the standard deviation of what is left, times the square root of
2, is by how much the scores of two pages are apart without meaning it. Times the square root of the
number of tokens, it is what query/close_calls.py has as NOISE_OF_ONE_TOKEN. The median over the
queries is shown, and what it is in mean cosine.

Random are unit vectors without any order. Planted are 21 patches each around 40 of 600 centres that
lie in one direction rather than all around, and queries that are noisy copies of a page's patches.
The samples are this repository's, with the lexical encoder, and so are their queries: the bits of a
word that is not there tell nothing, so no line fits `hamming` there. With a folder of weights as
argument, the samples as ColSmol sees them too. The last line is JSON.
"""

import argparse
import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from encoders.colsmol import ColSmolEncoder
from encoders.interface import Encoder, PageInput
from encoders.lexical import LexicalEncoder
from index.interface import HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT
from index.maxsim import hamming_similarities
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from ingest.render import read_facts, render_page
from query.close_calls import NOISE_OF_ONE_TOKEN
from tests.bench.bench_rerank import noisy_copies, unit
from tests.bench.machine import describe_machine, print_machine

Vectors = NDArray[np.float32]

RANKINGS = (HAMMING_THEN_FLOAT, HAMMING_THEN_BITS, HAMMING)
TOKENS = (4, 8, 14, 20)
QUERIES = 20
TOP = 30
SAMPLES = Path(__file__).parents[2] / "samples"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", help="folder of a model's weights")
    model = parser.parse_args().model
    machine = describe_machine()
    print_machine(machine)
    rng = np.random.default_rng(1)
    rows = {
        f"{name}, {n_tokens} tokens": noise_of([query(n_tokens) for _ in range(QUERIES)], pages)
        for name, query, pages in (random_vectors(rng), planted_vectors(rng))
        for n_tokens in TOKENS
    }
    encoders: list[Encoder] = [LexicalEncoder()]
    if model is not None:
        encoders.append(ColSmolEncoder(model, "cpu"))
    for encoder in encoders:
        rows[f"samples, {encoder.fingerprint.encoder}"] = noise_of(*sample_vectors(encoder))
    print(f"{'':24}" + "".join(f"{ranking:>26}" for ranking in RANKINGS))
    for name, row in rows.items():
        cells = (f"{row[r]['of_one_token']:.2g} ({row[r]['as_cosine']:.1g})" for r in RANKINGS)
        print(f"{name:24}" + "".join(f"{cell:>26}" for cell in cells))
    print(f"{'NOISE_OF_ONE_TOKEN':24}" + "".join(f"{NOISE_OF_ONE_TOKEN[r]:>26}" for r in RANKINGS))
    print(json.dumps({"machine": machine, "queries": QUERIES, "top": TOP, "noise": rows}))


@dataclass(frozen=True)
class Stored:
    """A page's vectors as they are, and as each ranking reads them."""

    exact: Vectors  # (n_patches, 128)
    rounded: Vectors  # (n_patches, 128), of bfloat16
    bits: NDArray[np.uint8]  # (n_patches, 16)
    ones: Vectors  # (n_patches, 128), the bits as numbers

    @classmethod
    def of(cls, vectors: Vectors) -> "Stored":
        bits = pack_sign_bits(vectors)
        ones = np.unpackbits(bits, axis=1).astype(np.float32)
        return cls(vectors, from_bfloat16(to_bfloat16(vectors)), bits, ones)

    def scores(self, query: Vectors) -> list[float]:
        """Mean MaxSim by float32 vectors, and by each of RANKINGS."""
        similarities = (
            query @ self.exact.T,
            query @ self.rounded.T,
            query @ self.ones.T,
            hamming_similarities(pack_sign_bits(query), self.bits),
        )
        return [float(each.max(axis=1).mean()) for each in similarities]


def noise_of(queries: Sequence[Vectors], pages: Sequence[Stored]) -> dict[str, dict[str, float]]:
    """By ranking, the noise of one token, and that of the whole query as a mean cosine."""
    found: dict[str, list[tuple[float, float]]] = {ranking: [] for ranking in RANKINGS}
    for query in queries:
        by_float, *others = np.array([page.scores(query) for page in pages]).T
        best = np.argsort(-by_float)[:TOP]
        for ranking, by_ranking in zip(RANKINGS, others, strict=True):
            slope, start = np.polyfit(by_float[best], by_ranking[best], 1)
            off = by_ranking[best] - slope * by_float[best] - start
            gap = sqrt(2) * float(off.std())
            found[ranking].append((gap * sqrt(len(query)), gap / abs(float(slope))))
    return {
        ranking: {"of_one_token": median(of_one), "as_cosine": median(as_cosine)}
        for ranking, noises in found.items()
        for of_one, as_cosine in [zip(*noises, strict=True)]
    }


Planted = tuple[str, Callable[[int], Vectors], list[Stored]]
"""A name, what makes a query of so many tokens, and the pages."""


def random_vectors(rng: np.random.Generator) -> Planted:
    def query(n: int) -> Vectors:
        return unit(rng.standard_normal((n, 128), np.float32))

    return "random", query, [Stored.of(query(832)) for _ in range(60)]


def planted_vectors(rng: np.random.Generator) -> Planted:
    way = np.float32(0.7) * rng.standard_normal(128, np.float32)
    centres = unit(rng.standard_normal((600, 128), np.float32) + way)
    own = [centres[rng.integers(0, len(centres), 40)].repeat(21, axis=0) for _ in range(100)]
    pages = [Stored.of(noisy_copies(rng, patches, 0.6)) for patches in own]

    def query(n: int) -> Vectors:
        page = pages[rng.integers(len(pages))].exact
        return noisy_copies(rng, page[rng.integers(0, len(page), n)], 0.7)

    return "planted", query, pages


def sample_vectors(encoder: Encoder) -> tuple[list[Vectors], list[Stored]]:
    """The queries and the pages of the samples, those without vectors left out."""
    with (SAMPLES / "queries.tsv").open(encoding="utf-8") as file:
        queries = [row["query"] for row in csv.DictReader(file, delimiter="\t")]
    pages = (encoder.encode_pages([page])[0].vectors for page in sample_pages(encoder))
    stored = [Stored.of(vectors) for vectors in pages if len(vectors)]
    return [encoder.encode_query(text).vectors for text in queries], stored


def sample_pages(encoder: Encoder) -> Iterator[PageInput]:
    for path in sorted(SAMPLES.glob("*.pdf")):
        facts = read_facts(path)
        for number in range(1, facts.page_count + 1):
            page = render_page(path, facts, number, encoder.page_size_px)
            yield PageInput(page.image, page.words)


if __name__ == "__main__":
    main()
