"""Time everything that goes by words as an index grows: `python -m tests.bench.bench_words`.

Text is made of that of the PDFs in --pdfs (samples/ unless told otherwise; tests/bench/made_text.py
says how), ten pages a document, until there are --pages; at each size, warm and in one process:
opening, text search, filters, what is asked with every search, `status`, a list of all documents.
Pages have few vectors, for this is about words. --index measures an index that is there instead;
it is not written to.

Queries are words drawn from the text: frequent ones (each on one page in ten or more), middling
ones (one in a hundred to one in ten), rare ones, and questions with function words around. Each
figure is the median of the rounds and the worst of them. The last line is JSON.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from encoders.lexical import LexicalEncoder
from encoders.term_vectors import term_vector
from index.embedded.embedded_index import EmbeddedIndex
from index.filters import Filters
from index.interface import BM25
from index.pages import Document, FileRecord, Page, PageVectors, PatchMap, page_id
from index.words.cut import cut_query
from index.words.stop_words import is_stop_word
from query.fusion import HYBRID
from query.request import BY_DOCUMENT, SearchRequest
from query.search import find
from query.words_nowhere import words_nowhere
from tests.bench.machine import describe_machine, print_machine
from tests.bench.made_text import MadePage, TextMaker

SAMPLES = Path(__file__).parents[2] / "samples"
PAGES_PER_DOCUMENT = 10
PAGES_PER_COMMIT = 50
VECTORS_PER_PAGE = 8
N_HITS = 10
ROUNDS = 15
STATUS_ROUNDS = 5
SAMPLE_PAGES = 500  # of which queries are drawn
FREQUENT, MIDDLING = 0.1, 0.01  # least share of the pages
QUESTIONS = (
    "what is the {} of the {} and how does it {}",
    "how many {} are there in the {} that was {}",
    "is it true that {} and {} do not have the same {}",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--pdfs", type=Path, default=SAMPLES, help="whose text is taken")
    parser.add_argument("--folder", type=Path, help="where to put the index [default: a temporary]")
    parser.add_argument("--index", type=Path, help="measure this one, and make none")
    arguments = parser.parse_args()
    machine = describe_machine()
    print_machine(machine)
    sizes = []
    if arguments.index:
        sizes.append(measure(arguments.index))
        report(sizes[-1])
    else:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            maker = TextMaker(real_pages(arguments.pdfs, Path(folder) / "real"))
            print(f"text like that of {arguments.pdfs}: {maker.growth}")
            index_folder = Path(folder) / "index"
            n_pages = 0
            for size in sorted(arguments.pages):
                put_s = grow(index_folder, maker, n_pages, size)
                result = {"put_ms_per_page": round(1000 * put_s / (size - n_pages), 2)}
                n_pages = size
                sizes.append(measure(index_folder) | result)
                report(sizes[-1])
    print(json.dumps({"machine": machine, "sizes": sizes}))


def real_pages(pdfs: Path, index_folder: Path) -> list[Page]:
    """The pages of some PDFs, as an ingest reads them."""
    ingest = [sys.executable, "-m", "pagelens", "ingest", str(pdfs), "--index", str(index_folder)]
    options = ["--encoder", "lexical", "--ocr", "never"]
    done = subprocess.run([*ingest, *options], capture_output=True, text=True)
    if done.returncode not in (0, 3):  # 3: some of the files could not be read
        raise SystemExit(done.stderr)
    return list(stored_pages(index_folder))


def stored_pages(index_folder: Path) -> Iterator[Page]:
    """Every page of an index."""
    with closing(EmbeddedIndex.open(index_folder)) as index:
        for document in index.documents():
            for number in sorted(index.page_numbers(document.document_id)):
                yield index.page(page_id(document.document_id, number))


def grow(folder: Path, maker: TextMaker, first: int, last: int) -> float:
    """Put pages until there are `last`; seconds of processor time that putting them took."""
    seconds = 0.0
    with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as index:
        made = maker.pages(last - first)
        for start in range(first, last, PAGES_PER_COMMIT):
            texts = list(islice(made, min(PAGES_PER_COMMIT, last - start)))
            n_documents = range(0, len(texts), PAGES_PER_DOCUMENT)
            documents = [
                document(start + i, texts[i : i + PAGES_PER_DOCUMENT]) for i in n_documents
            ]
            pages = [page(start + i, text) for i, text in enumerate(texts)]
            begun = time.process_time()
            for one in documents:
                index.put_document(one)
            index.put(pages)
            seconds += time.process_time() - begun
    return seconds


def document_id(n: int) -> str:
    """Of the document of the n-th page."""
    return f"{n // PAGES_PER_DOCUMENT * 2_654_435_761 % (1 << 128):032x}"


def document(n: int, texts: Sequence[MadePage]) -> Document:
    """The document that begins with the n-th page, named by its first words."""
    words = texts[0].words.texts
    name = "-".join(word for word in words[:3] if word.isalnum())
    path = f"/library/{n % 40:02}/{n % 700:03}/{name}-{n}.pdf"
    files = (FileRecord(path, 100_000 + n, 1_700_000_000_000_000_000 + n),)
    return Document(document_id(n), files, " ".join(words[3:9]), len(texts), True)


def page(n: int, made: MadePage) -> Page:
    """The n-th page, with the vectors of some of its words."""
    texts = made.words.texts
    some = texts[:: len(texts) // VECTORS_PER_PAGE][:VECTORS_PER_PAGE]
    vectors = np.stack([term_vector(text.lower()) for text in some])  # (n_patches, 128)
    boxes = np.resize(made.words.boxes, (len(some), 4))
    return Page(
        document_id=document_id(n),
        page_number=n % PAGES_PER_DOCUMENT + 1,
        width_pt=595.0,
        height_pt=842.0,
        language=made.language,
        words=made.words,
        vectors=PageVectors(vectors, PatchMap(boxes, np.arange(len(some), dtype=np.int32))),
        preview=b"",
    )


def measure(folder: Path) -> dict[str, object]:
    """Everything at one size."""

    def opened() -> None:
        EmbeddedIndex.open(folder).close()

    times: dict[str, list[float]] = {"open": rounds([opened] * STATUS_ROUNDS)}
    with closing(EmbeddedIndex.open(folder)) as index:
        asked = Asked(index)
        times |= {name: rounds(calls) for name, calls in searches(index, asked).items()}
        times |= {name: rounds(calls) for name, calls in looks(index, asked).items()}
        stats = index.stats()
    times[f"{BM25}, question, first of all"] = first_questions(folder, asked.texts["question"])
    n_pages = stats.n_pages
    return {
        "pages": n_pages,
        "documents": stats.n_documents,
        "words_per_page": asked.words_per_page,
        "catalog_bytes_per_page": round(stats.size_bytes["catalog"] / n_pages),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
        "median_and_worst_ms": {
            name: (round(median(ms), 1), round(max(ms), 1)) for name, ms in times.items()
        },
    }


def first_questions(folder: Path, texts: Sequence[str]) -> list[float]:
    """Milliseconds of processor time of each, asked of an index that has just been opened."""
    times = []
    for text in texts:
        with closing(EmbeddedIndex.open(folder)) as index:
            begun = time.process_time()
            find(index, LexicalEncoder, SearchRequest(text, N_HITS, BM25))
            times.append(1000 * (time.process_time() - begun))
    return times


class Asked:
    """What is looked for: words of the pages of an index."""

    def __init__(self, index: EmbeddedIndex) -> None:
        rng = random.Random(11)
        self.documents = rng.sample(
            documents := list(index.documents()), min(ROUNDS, len(documents))
        )
        chosen = rng.choices(documents, k=SAMPLE_PAGES)
        ids = [page_id(d.document_id, rng.randint(1, max(1, d.page_count))) for d in chosen]
        pages = [index.page(id_) for id_ in dict.fromkeys(ids)]
        self.words_per_page = round(sum(len(p.words.texts) for p in pages) / len(pages))
        self.languages = [
            language for language, _ in Counter(p.language for p in pages).most_common()
        ]
        n_pages_of = Counter(w.lower() for p in pages for w in set(p.words.texts) if w.isalpha())
        content = {w: n / len(pages) for w, n in n_pages_of.items() if not is_stop_word(w)}
        kinds = {
            "frequent": [w for w, share in content.items() if share >= FREQUENT],
            "middling": [w for w, share in content.items() if FREQUENT > share >= MIDDLING],
            "rare": [w for w, share in content.items() if share < MIDDLING],
        }
        self.words = {
            kind: [rng.choice(words) for _ in range(3 * ROUNDS)] for kind, words in kinds.items()
        }
        self.texts = {
            kind: [" ".join(words[3 * n : 3 * n + 3]) for n in range(ROUNDS)]
            for kind, words in self.words.items()
        }
        middling = self.words["middling"]
        self.texts["question"] = [
            QUESTIONS[n % len(QUESTIONS)].format(*middling[3 * n : 3 * n + 3])
            for n in range(ROUNDS)
        ]
        runs = [p.words.texts for p in rng.sample(pages, min(len(pages), ROUNDS))]
        self.phrases = [" ".join(run[len(run) // 2 : len(run) // 2 + 3]) for run in runs]


def searches(index: EmbeddedIndex, asked: Asked) -> dict[str, list[Callable[[], object]]]:
    """Searches by name, a call for each round."""

    def search(text: str, ranking: str, **asked_too: Any) -> Callable[[], object]:
        request = SearchRequest(text, N_HITS, ranking, **asked_too)
        return lambda: find(index, LexicalEncoder, request)

    calls = {
        f"{ranking}, {kind}": [search(text, ranking) for text in texts]
        for ranking in (BM25, HYBRID)
        for kind, texts in asked.texts.items()
    }
    one, words = asked.documents[0], asked.words["frequent"]
    filters: dict[str, list[dict[str, Any]]] = {
        "language": [{"language": asked.languages[0]}] * ROUNDS,
        "not language": [{"not_language": asked.languages[0]}] * ROUNDS,
        "year": [{"first_year": 2000}] * ROUNDS,
        "path": [{"path_glob": f"{n % 40:02}/*.pdf"} for n in range(ROUNDS)],
        "not path": [{"not_path_glob": f"{n % 40:02}/*.pdf"} for n in range(ROUNDS)],
        "document": [{"document_id": one.document_id}] * ROUNDS,
        "pages": [{"first_page": 2, "last_page": 5}] * ROUNDS,
        "phrase": [{"phrases": (phrase,)} for phrase in asked.phrases],
        "without": [{"without": (word,)} for word in words[:ROUNDS]],
    }
    middling = asked.texts["middling"]
    for name, values in filters.items():
        calls[f"{BM25}, filter {name}"] = [
            search(text, BM25, filters=Filters(**value))
            for text, value in zip(middling, values, strict=False)
        ]
    grouped: list[dict[str, Any]] = [{"group_by": BY_DOCUMENT}, {"collapse": True}]
    for asked_too in grouped:
        calls[f"{HYBRID}, {next(iter(asked_too))}"] = [
            search(text, HYBRID, **asked_too) for text in middling
        ]
    return calls


def looks(index: EmbeddedIndex, asked: Asked) -> dict[str, list[Callable[[], object]]]:
    """What else is asked of an index."""
    tokens = [cut_query(word)[0] for word in [*asked.words["middling"][:ROUNDS], "xqzwv", "vwzqx"]]
    nowhere = [f"{text} xqzwv" for text in asked.texts["question"]]
    return {
        "holds": [lambda token=token: index.holds(token) for token in tokens],  # type: ignore[misc]
        "words_nowhere": [
            lambda text=text: words_nowhere(index, text, ())  # type: ignore[misc]
            for text in nowhere
        ],
        "n_unfinished": [index.n_unfinished] * ROUNDS,
        "n_waiting": [index.n_waiting] * ROUNDS,
        "stats": [index.stats] * STATUS_ROUNDS,
        "facets": [index.facets] * ROUNDS,
        "facets, one language": [lambda: index.facets(Filters(language=asked.languages[0]))]
        * ROUNDS,
        "documents": [lambda: list(index.documents())] * STATUS_ROUNDS,
        "document": [lambda d=d: index.document(d.document_id) for d in asked.documents],  # type: ignore[misc]
    }


def rounds(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Milliseconds of processor time of each call; the first is made once more before."""
    calls[0]()
    times = []
    for call in calls:
        begun = time.process_time()
        call()
        times.append(1000 * (time.process_time() - begun))
    return times


def report(result: dict[str, object]) -> None:
    times = result["median_and_worst_ms"]
    assert isinstance(times, dict)
    print(f"\n{result['pages']:,} pages")
    for name, value in result.items():
        if name not in ("pages", "median_and_worst_ms"):
            print(f"  {name:28} {value}")
    for name, (middle, worst) in times.items():
        print(f"  {name:28} {middle:9.1f} ms, worst {worst:9.1f}")


if __name__ == "__main__":
    main()
