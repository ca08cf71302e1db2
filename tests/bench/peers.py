"""The systems of `bench_peers`, and the process in which one of them is built or answers.

`python -m tests.bench.peers build|answer SYSTEM VECTORS FOLDER QUERIES`: `build` makes what the
system searches of the vectors; `answer` opens that, takes "set number" lines, and answers each with
the pages found and the time that took. Every line of output is JSON; what libraries print goes to
standard error. Each system is used as its documentation shows, with the threads it starts itself.
"""

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import psutil
from numpy.typing import NDArray

TOP = 10
PAGES_PER_DOCUMENT = 50
PUT_PAGES = 50  # at a time, into a store that takes pages in batches

Vectors = NDArray[np.float32]


class System:
    """Answers queries over planted pages."""

    needs: ClassVar[tuple[str, ...]] = ()  # modules, imported before anything is timed
    form: ClassVar[str] = ""  # the folder of what it searches; the vectors themselves where empty
    copies: ClassVar[float] = 0.0  # of the vectors, that it holds in memory when open
    largest: ClassVar[int | None] = None  # number of pages it is tried with, and why
    why_largest: ClassVar[str] = ""

    @staticmethod
    def build(vectors: Vectors, folder: Path) -> None:
        """Make what is searched; only where `form` is not empty."""

    def __init__(self, file: Path, folder: Path) -> None:
        """Open it."""

    def search(self, query: Vectors) -> list[int]:
        """The TOP best pages for float32 (n_tokens, 128), best first."""
        raise NotImplementedError


class Ours(System):
    needs = ("index.embedded.embedded_index",)
    form = "pagelens"
    ranking = "hamming-then-float"

    @staticmethod
    def build(vectors: Vectors, folder: Path) -> None:
        from index.embedded.embedded_index import EmbeddedIndex
        from tests.random_pages import FINGERPRINT, document, page

        with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as index:
            for first, batch in batches(vectors, PAGES_PER_DOCUMENT):
                n = first // PAGES_PER_DOCUMENT
                index.put_document(document(n, f"/{n}.pdf", page_count=len(batch)))
                index.put([page(n, number, one) for number, one in enumerate(batch, 1)])

    def __init__(self, file: Path, folder: Path) -> None:
        from index.embedded.embedded_index import EmbeddedIndex

        self.index = EmbeddedIndex.open(folder)

    def search(self, query: Vectors) -> list[int]:
        from tests.random_pages import query as query_vectors

        hits = self.index.search(query_vectors(query), self.ranking, TOP).hits
        return [int(hit.document_id, 16) * PAGES_PER_DOCUMENT + hit.page_number - 1 for hit in hits]


class OursExact(Ours):
    ranking = "float"


class Torch(System):
    """Matrix products of 32 pages: on idle cores within a tenth of the fastest plain way tried."""

    needs = ("torch",)
    copies = 1.0

    def __init__(self, file: Path, folder: Path) -> None:
        self.pages = torch_vectors(file)

    def search(self, query: Vectors) -> list[int]:
        import torch

        tokens = torch.from_numpy(query)
        scores = [
            (tokens @ batch.flatten(0, 1).T).view(len(query), *batch.shape[:2]).amax(2).sum(0)
            for batch in self.pages.split(32)
        ]
        return torch.cat(scores).topk(TOP).indices.tolist()


class Colpali(System):
    """colpali-engine's own scoring of a query and a list of pages."""

    needs = ("torch", "colpali_engine.utils.processing_utils")
    copies = 1.0
    dtype = "float32"

    def __init__(self, file: Path, folder: Path) -> None:
        import torch

        self.dtype_ = getattr(torch, self.dtype)
        self.pages = list(torch_vectors(file).to(self.dtype_).unbind())

    def search(self, query: Vectors) -> list[int]:
        import torch
        from colpali_engine.utils.processing_utils import BaseVisualRetrieverProcessor

        tokens = torch.from_numpy(query).to(self.dtype_)
        score = BaseVisualRetrieverProcessor.score_multi_vector
        return score([tokens], self.pages, device="cpu")[0].topk(TOP).indices.tolist()


class ColpaliHalf(Colpali):
    copies = 0.5
    dtype = "bfloat16"


class MaxsimCpu(System):
    needs = ("maxsim_cpu",)
    copies = 1.0

    def __init__(self, file: Path, folder: Path) -> None:
        self.pages = np.load(file)

    def search(self, query: Vectors) -> list[int]:
        import maxsim_cpu

        return best(maxsim_cpu.maxsim_scores(query, self.pages))


class Faiss(System):
    """faiss.hammings for all pages, fifty at a time, then exact floats for the best 200."""

    needs = ("faiss",)
    form = "bits"
    block_pages, rerank = 50, 200

    @staticmethod
    def build(vectors: Vectors, folder: Path) -> None:
        folder.mkdir()
        bits = [np.packbits(batch > 0, axis=2) for _, batch in batches(vectors, PUT_PAGES)]
        np.save(folder / "bits.npy", np.concatenate(bits))

    def __init__(self, file: Path, folder: Path) -> None:
        self.bits = np.load(folder / "bits.npy")  # (n_pages, n_patches, 16)
        self.vectors = open_vectors(file)  # of which only the best 200 pages are read

    def search(self, query: Vectors) -> list[int]:
        coarse = self.hamming_scores(np.packbits(query > 0, axis=1))
        rows = np.sort(np.argsort(-coarse)[: self.rerank])
        fine = []
        for _, some in batches(rows, 32):
            pages = self.vectors[some]
            similarities = pages.reshape(-1, pages.shape[2]) @ query.T
            fine.append(similarities.reshape(*pages.shape[:2], -1).max(axis=1).sum(axis=1))
        return rows[best(np.concatenate(fine))].tolist()

    def hamming_scores(self, query_bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        import faiss

        n_tokens, n_patches = len(query_bits), self.bits.shape[1]
        distances = np.empty(n_tokens * self.block_pages * n_patches, np.int32)
        scores = []
        for _, block in batches(self.bits, self.block_pages):
            n = len(block) * n_patches
            pointers = [faiss.swig_ptr(array) for array in (query_bits, block, distances)]
            faiss.hammings(pointers[0], pointers[1], n_tokens, n, 16, pointers[2])
            nearest = distances[: n_tokens * n].reshape(n_tokens, len(block), n_patches).min(axis=2)
            scores.append((1 / (1 + nearest)).sum(axis=0))
        return np.concatenate(scores)


class Lancedb(System):
    """A multivector column with the index it makes unless told otherwise (IVF_PQ)."""

    needs = ("pyarrow", "lancedb")
    form = "lancedb"
    refine_factor: int | None = None

    @staticmethod
    def build(vectors: Vectors, folder: Path) -> None:
        import lancedb
        import pyarrow as pa

        n_patches, dim = vectors.shape[1:]
        column = pa.list_(pa.list_(pa.float32(), dim))
        schema = pa.schema([("page", pa.int64()), ("vectors", column)])
        table = lancedb.connect(folder).create_table("pages", schema=schema)
        for first, batch in batches(vectors, PUT_PAGES):
            patches = pa.FixedSizeListArray.from_arrays(pa.array(batch.reshape(-1)), dim)
            ends = np.arange(len(batch) + 1, dtype=np.int32) * n_patches
            pages = [np.arange(first, first + len(batch)), pa.ListArray.from_arrays(ends, patches)]
            table.add(pa.table(pages, schema=schema))
        table.create_index(metric="cosine", vector_column_name="vectors")

    def __init__(self, file: Path, folder: Path) -> None:
        import lancedb

        self.table = lancedb.connect(folder).open_table("pages")

    def search(self, query: Vectors) -> list[int]:
        asked = self.table.search(query, vector_column_name="vectors").limit(TOP)
        if self.refine_factor:
            asked = asked.refine_factor(self.refine_factor)
        return asked.select(["page", "_distance"]).to_arrow()["page"].to_pylist()


class LancedbRefined(Lancedb):
    refine_factor = 5


class Qdrant(System):
    """qdrant-client's local mode: no server, every vector in memory."""

    needs = ("qdrant_client",)
    form = "qdrant"
    copies = 12.0
    largest = 500
    why_largest = "its local mode holds some 5 MB a page in memory"

    @staticmethod
    def build(vectors: Vectors, folder: Path) -> None:
        from qdrant_client import QdrantClient, models

        with closing(QdrantClient(path=str(folder))) as client:
            client.create_collection(
                "pages",
                vectors_config=models.VectorParams(
                    size=vectors.shape[2],
                    distance=models.Distance.DOT,
                    multivector_config=models.MultiVectorConfig(
                        comparator=models.MultiVectorComparator.MAX_SIM
                    ),
                ),
            )
            for first, batch in batches(vectors, PUT_PAGES):
                points = [
                    models.PointStruct(id=first + n, vector=one.tolist())
                    for n, one in enumerate(batch)
                ]
                client.upsert("pages", points)

    def __init__(self, file: Path, folder: Path) -> None:
        from qdrant_client import QdrantClient

        self.client = QdrantClient(path=str(folder))

    def search(self, query: Vectors) -> list[int]:
        answer = self.client.query_points("pages", query=query.tolist(), limit=TOP)
        return [int(point.id) for point in answer.points]


class FastPlaid(System):
    needs = ("torch", "fast_plaid.search")
    form = "fast-plaid"
    copies = 2.5
    largest = 500
    why_largest = "the build of 500 pages takes minutes"

    @staticmethod
    def build(vectors: Vectors, folder: Path) -> None:
        import torch
        from fast_plaid.search import FastPlaid as Index

        Index(str(folder), device="cpu").create(list(torch.from_numpy(np.array(vectors)).unbind()))

    def __init__(self, file: Path, folder: Path) -> None:
        from fast_plaid.search import FastPlaid as Index

        self.index = Index(str(folder), device="cpu")

    def search(self, query: Vectors) -> list[int]:
        import torch

        asked = torch.from_numpy(query)[None]
        (found,) = self.index.search(asked, top_k=TOP, show_progress=False)
        return [page for page, _ in found]


SYSTEMS: dict[str, type[System]] = {
    "ours": Ours,
    "ours-exact": OursExact,
    "torch": Torch,
    "colpali": Colpali,
    "colpali-bf16": ColpaliHalf,
    "maxsim-cpu": MaxsimCpu,
    "faiss": Faiss,
    "lancedb": Lancedb,
    "lancedb-refined": LancedbRefined,
    "qdrant-local": Qdrant,
    "fast-plaid": FastPlaid,
}


def open_vectors(file: Path) -> Vectors:
    """Vectors, mapped; what is written to the array stays out of the file."""
    vectors: Vectors = np.load(file, mmap_mode="c")
    return vectors


def batches(pages: NDArray[Any], size: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """Parts of so many pages, each with the number of its first."""
    for first in range(0, len(pages), size):
        yield first, pages[first : first + size]


def torch_vectors(file: Path) -> Any:
    """The vectors in memory of the process's own, which is a tenth faster than a mapped file."""
    import torch

    return torch.from_numpy(np.load(file))


def best(scores: NDArray[np.floating[Any]]) -> list[int]:
    return np.argsort(-scores, kind="stable")[:TOP].tolist()


def main() -> None:
    what, name, file, folder, queries = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # libraries print
    system = SYSTEMS[name]
    started = time.perf_counter()
    for module in system.needs:
        importlib.import_module(module)
    import_s = time.perf_counter() - started
    started = time.perf_counter()
    if what == "build":
        system.build(open_vectors(Path(file)), Path(folder))
        say(answers, build_s=time.perf_counter() - started, build_peak_mb=peak_mb())
        return
    opened = system(Path(file), Path(folder))
    say(answers, import_s=import_s, open_s=time.perf_counter() - started)
    asked = np.load(queries)
    for line in sys.stdin:
        query_set, number = line.split()
        query = np.ascontiguousarray(asked[query_set][int(number)])
        started, worked = time.perf_counter(), time.process_time()
        pages = opened.search(query)
        ms, processor_ms = (
            1e3 * (time.perf_counter() - started),
            1e3 * (time.process_time() - worked),
        )
        say(answers, ms=ms, processor_ms=processor_ms, pages=pages)
    rss_mb = psutil.Process().memory_info().rss / 1e6
    say(answers, rss_mb=rss_mb, peak_mb=peak_mb())
    answers.flush()
    os._exit(0)  # some libraries' threads end with a complaint


def say(answers: Any, **facts: object) -> None:
    answers.write(json.dumps(facts) + "\n")


def peak_mb() -> float:
    """The most memory this process had; what getrusage tells on Linux begins with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS counts in bytes


if __name__ == "__main__":
    main()
