"""How good Vespa's candidates are: `python -m tests.bench.bench_candidates [--pages 5000]`.

With `--candidates ann` Vespa scores the pages that nominate themselves: for each query token the N
pages of whose few vectors in `region_bits` one is nearest (Hamming), and those that share words
with the query. Simulated is the rest of the path too: Hamming MaxSim over the candidates, float
MaxSim on the best 200. Recall is of the exact float ranking's ten best pages, and of its best one.

Nearest is exact here, and HNSW is a little less than that. `scan` has every page as a candidate:
what it loses, phase 1 loses.

The planted pages are ColSmol's A4 geometry, 832 patches. A patch is the sum of a block it lies in
(21 a page: a chart, a paragraph), a line (8 patches), a word (its own) and noise, an equal part
each; each block, line and word occurs on 3.5 to 4 % of the pages. A query asks for three blocks,
three lines or three words of a page, four noisy tokens each, and has four tokens that belong
nowhere. What differs is only how large the thing is that is asked for. Words of the query are
known for lines (two of each) and words; blocks have none. Real vectors were not at hand: the order
of the rows should carry over, the numbers will not.

The samples are this repository's, with the lexical encoder: 41 pages, so only the smallest N means
anything. 5,000 planted pages take three minutes and 2 GB. The last line is JSON.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from numpy.typing import NDArray

from encoders.layouts.tiles import TileLayout
from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import VESPA_RERANK_COUNT
from index.kernels import float_scores, hamming_scores
from index.pages import PageVectors, PatchMap, page_id
from index.quantize import pack_sign_bits, to_bfloat16
from pagelens.ingest_command import ingest
from tests.bench.bench_rerank import noisy_copies, unit
from tests.bench.machine import describe_machine, print_machine
from vespa_app.regions import region_means

BOXES = TileLayout(2048, 512, 8).cell_boxes(595.0, 842.0)  # (832, 4): A4
BLOCK_COLUMNS, BLOCK_ROWS, PATCHES_PER_LINE = 3, 7, 8
N_BLOCKS, N_LINES, N_WORDS = 600, 3000, 20_000
PART = 0.5  # of a patch's length that a block, a line, a word and the noise have each
COSINES = (0.45, 0.35)  # of a token and a patch that shows what it asks for
THINGS, TOKENS_PER_THING, STRAY_TOKENS = 3, 4, 4
QUERIES = 20
TOP = 10
HITS_PER_TOKEN = (10, 30, 100, VESPA_RERANK_COUNT, 500, 1000)
SAMPLE_HITS_PER_TOKEN = (1, 2, 3, 5)
TEXT_HITS = VESPA_RERANK_COUNT  # so asks search_request.py, of the words together and of each token
OR_TEXT = ", or text"  # ends the name of a row
SAMPLES = Path(__file__).parents[2] / "samples"

Vectors = NDArray[np.float32]


def grid_means(vectors: Vectors, boxes: Vectors, side: int) -> Vectors:
    """The mean over each of side x side regions: region_means with another number of them."""
    steps = ((boxes[:, :2] + boxes[:, 2:]) / 2 * side).astype(np.intp).clip(0, side - 1)
    region_of = steps[:, 1] * side + steps[:, 0]
    return np.array([vectors[region_of == r].mean(axis=0) for r in np.unique(region_of)])


def k_means(vectors: Vectors, k: int) -> Vectors:
    """Centres of k clusters of a page's vectors after five rounds; all of them, where fewer."""
    centres = vectors[np.unique(np.linspace(0, len(vectors) - 1, k).astype(np.intp))]
    for _ in range(5):
        nearest = (vectors @ centres.T).argmax(axis=1)
        members = np.zeros((len(centres), len(vectors)), np.float32)
        members[nearest, np.arange(len(vectors))] = 1
        sums = members @ vectors
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 0, sums / np.maximum(length, 1e-6), centres)
    return centres


NOMINATIONS: dict[str, Callable[[Vectors, Vectors], Vectors]] = {
    "means of 4x4": lambda vectors, boxes: region_means(page_vectors(vectors, boxes))[1],
    "means of 8x8": lambda vectors, boxes: grid_means(vectors, boxes, 8),
    "k-means, 16": lambda vectors, boxes: k_means(vectors, 16),
    "k-means, 64": lambda vectors, boxes: k_means(vectors, 64),
}
"""Ways to nominate a page: its vectors and their boxes -> a few vectors. The first is in use."""


def page_vectors(vectors: Vectors, boxes: Vectors) -> PageVectors:
    return PageVectors(vectors, PatchMap(boxes, np.arange(len(boxes), dtype=np.int32)))


@dataclass(frozen=True)
class Ragged:
    """Sign bits of several vectors a page."""

    bits: NDArray[np.uint64]  # (n_vectors, 2)
    starts: NDArray[np.int64]  # (n_pages,)

    @classmethod
    def of(cls, pages: Sequence[Vectors]) -> "Ragged":
        bits = np.concatenate([pack_sign_bits(vectors) for vectors in pages])
        counts = [len(vectors) for vectors in pages]
        return cls(bits.view(np.uint64), np.cumsum([0, *counts[:-1]]))

    def nearest(self, token: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Pages by their vector nearest to a token (2,), nearest first."""
        distances = np.bitwise_count(self.bits ^ token).sum(axis=1)
        return np.argsort(np.minimum.reduceat(distances, self.starts), kind="stable")


@dataclass(frozen=True)
class Corpus:
    """Pages as phase 1 and 2 read them, and as they nominate themselves."""

    halves: NDArray[np.uint16]  # (n_vectors, 128)
    bits: NDArray[np.uint64]  # (2 * n_vectors,)
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]
    nominees: Mapping[str, Ragged]

    @classmethod
    def of(cls, pages: Iterator[tuple[Vectors, Vectors]], n_vectors: int) -> "Corpus":
        """Of pages' vectors and boxes, n_vectors in all; only what is kept of them is in memory."""
        halves, bits = np.empty((n_vectors, 128), np.uint16), np.empty((n_vectors, 16), np.uint8)
        counts: list[int] = []
        nominees: dict[str, list[Vectors]] = {name: [] for name in NOMINATIONS}
        for vectors, boxes in pages:
            rows = slice(sum(counts), sum(counts) + len(vectors))
            halves[rows], bits[rows] = to_bfloat16(vectors), pack_sign_bits(vectors)
            counts.append(len(vectors))
            for name, nominate in NOMINATIONS.items():
                nominees[name].append(nominate(vectors, boxes))
        ragged = {name: Ragged.of(few) for name, few in nominees.items()}
        starts = np.cumsum([0, *counts[:-1]])
        return cls(halves, bits.reshape(-1).view(np.uint64), starts, np.array(counts), ragged)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=5000)
    n_pages = parser.parse_args().pages
    machine = describe_machine()
    print_machine(machine)
    planted = Planted(np.random.default_rng(1), n_pages)
    per_page = {name: len(few.bits) / n_pages for name, few in planted.corpus.nominees.items()}
    print("vectors a page:", ", ".join(f"{name} {n:.1f}" for name, n in per_page.items()), "\n")
    sweeps = [sweep_planted(planted, kind, c) for c in COSINES for kind in Planted.KINDS]
    sweeps.append(sweep_samples())
    result = {"pages": n_pages, "queries": QUERIES, "vectors_per_page": per_page}
    print(json.dumps({"machine": machine} | result | {"sweeps": sweeps}))


class Planted:
    """Pages made of blocks, lines and words, and queries for some of these."""

    KINDS = ("blocks", "lines", "words")

    def __init__(self, rng: np.random.Generator, n_pages: int) -> None:
        sizes = dict(zip(self.KINDS, (N_BLOCKS, N_LINES, N_WORDS), strict=True))
        self.directions = {
            kind: unit(rng.standard_normal((n, 128), np.float32)) for kind, n in sizes.items()
        }
        centres = (BOXES[:, :2] + BOXES[:, 2:]) / 2
        columns, rows = (centres * (BLOCK_COLUMNS, BLOCK_ROWS)).astype(np.intp).T
        block_of = rows * BLOCK_COLUMNS + columns  # (832,)
        line_of = np.arange(len(BOXES)) // PATCHES_PER_LINE
        self.places = {"blocks": block_of, "lines": line_of, "words": np.arange(len(BOXES))}
        self.shown = {  # which block, line and word each patch of each page shows
            kind: np.stack(
                [rng.choice(sizes[kind], place.max() + 1, replace=False) for _ in range(n_pages)]
            )[:, place]
            for kind, place in self.places.items()
        }
        pages = ((self.page(rng, n), BOXES) for n in range(n_pages))
        self.corpus = Corpus.of(pages, n_pages * len(BOXES))

    def page(self, rng: np.random.Generator, n: int) -> Vectors:
        noise = unit(rng.standard_normal((len(BOXES), 128), np.float32))
        parts = (self.directions[kind][self.shown[kind][n]] for kind in self.KINDS)
        return unit(np.float32(PART) * (sum(parts) + noise))

    def query(
        self, rng: np.random.Generator, kind: str, cosine: float
    ) -> tuple[Vectors, NDArray[np.intp]]:
        """Tokens (16, 128) for things of a random page, and the words that name them."""
        page = rng.integers(len(self.corpus.starts))
        places = rng.choice(self.places[kind].max() + 1, THINGS, replace=False)
        patches = [rng.choice(np.flatnonzero(self.places[kind] == place), 2) for place in places]
        things = self.directions[kind][self.shown[kind][page][[few[0] for few in patches]]]
        true = noisy_copies(rng, things.repeat(TOKENS_PER_THING, axis=0), cosine / PART)
        stray = unit(rng.standard_normal((STRAY_TOKENS, 128), np.float32))
        words = np.unique(self.shown["words"][page][np.concatenate(patches)])
        return np.concatenate([true, stray]), words if kind != "blocks" else words[:0]

    def found_by_words(self, words: NDArray[np.intp]) -> NDArray[np.intp]:
        """Pages with the most of these words; all words are equally rare, so this is bm25."""
        has_word = [(self.shown["words"] == word).any(axis=1) for word in words]
        n_words: NDArray[np.intp] = np.stack(has_word).sum(axis=0)  # (n_pages,)
        best = np.argsort(-n_words, kind="stable")[:TEXT_HITS]
        return best[n_words[best] > 0]


def sweep_planted(planted: Planted, kind: str, cosine: float) -> dict[str, object]:
    rng = np.random.default_rng(2)
    found: dict[str, list[tuple[float, float, int]]] = {}
    for _ in range(QUERIES):
        tokens, words = planted.query(rng, kind, cosine)
        texts = planted.found_by_words(words) if len(words) else None
        note_query(found, planted.corpus, tokens, HITS_PER_TOKEN, texts)
    return report(f"three {kind}, token to patch cosine {cosine}", found)


def sweep_samples() -> dict[str, object]:
    """The sample documents, asked their own queries; words are all the lexical encoder sees."""
    with tempfile.TemporaryDirectory() as folder:
        done = CliRunner().invoke(ingest, [str(SAMPLES), "--index", folder, "--encoder", "lexical"])
        assert done.exit_code == 0, done.output
        with closing(EmbeddedIndex.open(Path(folder))) as index:
            ids = [
                page_id(document.document_id, number)
                for document in index.documents()
                for number in sorted(index.page_numbers(document.document_id))
            ]
            found_pages = [index.page(each).vectors for each in ids]
    pages = [page for page in found_pages if len(page.vectors)]  # a scan has none
    corpus = Corpus.of(map(cells, pages), sum(len(cells(page)[0]) for page in pages))
    encoder = LexicalEncoder()
    found: dict[str, list[tuple[float, float, int]]] = {}
    for line in (SAMPLES / "queries.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        tokens = encoder.encode_query(line.partition("\t")[0]).vectors
        if len(tokens):
            note_query(found, corpus, tokens, SAMPLE_HITS_PER_TOKEN, None)
    return report(f"samples, {len(pages)} pages", found)


def cells(page: PageVectors) -> tuple[Vectors, Vectors]:
    """A vector for each box: a word that stands in several places has several."""
    return page.vectors[page.patch_map.vector_index], page.patch_map.boxes


def note_query(
    found: dict[str, list[tuple[float, float, int]]],
    corpus: Corpus,
    tokens: Vectors,
    hits_per_token: Sequence[int],
    texts: NDArray[np.intp] | None,
) -> None:
    """Add one query's outcome to each row: recall of ten and of one, and number of candidates."""
    exact = np.argsort(
        -float_scores(tokens, corpus.halves, corpus.starts, corpus.counts), kind="stable"
    )[:TOP]
    token_bits = pack_sign_bits(tokens)
    coarse = hamming_scores(token_bits, corpus.bits, corpus.starts, corpus.counts)

    def note(row: str, candidates: NDArray[np.intp]) -> None:
        best = candidates[np.argsort(-coarse[candidates], kind="stable")[:VESPA_RERANK_COUNT]]
        outcome = (float(np.isin(exact, best).mean()), float(exact[0] in best), len(candidates))
        found.setdefault(row, []).append(outcome)

    note("scan", np.arange(len(corpus.starts)))
    if texts is not None:
        note("text alone", texts)
    for name, nominees in corpus.nominees.items():
        orders = [nominees.nearest(token) for token in token_bits.view(np.uint64)]
        for n in hits_per_token:
            near = np.unique(np.concatenate([order[:n] for order in orders]))
            note(f"{name}, N {n}", near)
            if texts is not None:
                note(f"{name}, N {n}{OR_TEXT}", np.union1d(near, texts))


def report(title: str, found: dict[str, list[tuple[float, float, int]]]) -> dict[str, object]:
    """Print a table, a row with text candidates beside the same without; return it."""
    keys = ("recall_at_10", "recall_at_1", "candidates")
    rows = {
        row: [float(np.mean(column)) for column in zip(*outcomes, strict=True)]
        for row, outcomes in found.items()
    }
    head = f"{'recall@10':>10}{'recall@1':>10}{'pages':>8}"
    with_text = any(row.endswith(OR_TEXT) for row in rows)
    print(f"{title}\n{'candidates':24}{head}{'   or text:' + head if with_text else ''}")
    for row, means in rows.items():
        if not row.endswith(OR_TEXT):
            beside = rows.get(row + OR_TEXT)
            print(f"{row:24}{shown(means)}{' ' * 11 + shown(beside) if beside else ''}")
    print(flush=True)
    table = {
        row: {key: round(mean, 4) for key, mean in zip(keys, means, strict=True)}
        for row, means in rows.items()
    }
    return {"title": title, "rows": table}


def shown(means: Sequence[float]) -> str:
    """The figures of a row."""
    of_ten, of_one, candidates = means
    return f"{of_ten:10.3f}{of_one:10.3f}{candidates:8.0f}"


if __name__ == "__main__":
    main()
