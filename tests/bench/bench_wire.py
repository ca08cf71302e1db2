"""Time the JSON of a put: `python -m tests.bench.bench_wire`.

Pages have 832 random patches (a ColSmol A4 page), 200 words and a preview of 80 KB. Timed are, one
after the other on one core: a page's fields, the same and their JSON, and the way back from the
JSON a get with hex tensors gives. Medians over the rounds, pages in turn. Then a whole export: the
pages are read from an embedded index, and their feed operations written as lines to a file; its
rate is the median over the rounds, the bytes are the file's.

The floor is what must be written: 544 hex digits a patch are 450 KB of such a page's 590 KB, and
memory takes them in well under a millisecond. The last line is JSON.
"""

import json
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from encoders.layouts.tiles import TileLayout
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import Page, PageVectors, PageWords, PatchMap
from index.whole_file import whole_file
from tests.bench.machine import describe_machine, print_machine
from tests.random_pages import FINGERPRINT, document, unit_vectors
from tests.random_pages import page as random_page
from vespa_app.feed import write_feed
from vespa_app.wire import page_fields, page_from_fields

LAYOUT = TileLayout(2048, 512, 8)
A4_PT = (595.0, 842.0)
N_WORDS, PREVIEW_BYTES = 200, 80_000
N_PAGES, ROUNDS, EXPORT_ROUNDS = 16, 160, 10
DOCUMENT = document(1, "/home/someone/reports/annual-report.pdf", title="Annual report")


def main() -> None:
    machine = describe_machine()
    print_machine(machine)
    rng = np.random.default_rng(7)
    pages = [make_page(rng, number) for number in range(1, N_PAGES + 1)]
    puts = [put_json(page) for page in pages]
    fields = json.loads(puts[0])["fields"]
    result = {
        "patches_per_page": len(pages[0].vectors.vectors),
        "fields_ms": median_ms(lambda n: page_fields(pages[n], DOCUMENT, FINGERPRINT)),
        "put_json_ms": median_ms(lambda n: put_json(pages[n])),
        "read_ms": median_ms(lambda n: page_from_fields(json.loads(puts[n])["fields"])),
        "bytes_per_page": round(sum(map(len, puts)) / N_PAGES),
        "bytes_of_field": {name: len(json.dumps(value)) for name, value in fields.items()},
    }
    result["pages_per_s"] = round(1000 / result["put_json_ms"])
    result |= time_export(pages)
    for name, value in result.items():
        print(f"{name:22} {value}")
    print()
    print(json.dumps({"machine": machine} | result))


def make_page(rng: np.random.Generator, number: int) -> Page:
    """An A4 page as ColSmol sees it; its preview does not compress, as WebP does not."""
    boxes = LAYOUT.cell_boxes(*A4_PT)
    cells = PatchMap(boxes, np.arange(len(boxes), dtype=np.int32))
    vectors = PageVectors(unit_vectors(rng, len(boxes)), cells)
    texts = tuple(f"word{rank}" for rank in rng.integers(0, 20_000, N_WORDS))
    words = PageWords(texts, rng.random((N_WORDS, 4), np.float32))
    bare = random_page(1, number, unit_vectors(rng, 1))
    return Page(bare.document_id, number, *A4_PT, "en", words, vectors, rng.bytes(PREVIEW_BYTES))


def put_json(page: Page) -> bytes:
    """The body of a put."""
    return json.dumps({"fields": page_fields(page, DOCUMENT, FINGERPRINT)}).encode()


def time_export(pages: list[Page]) -> dict[str, int]:
    """Pages a second and bytes a page of `pagelens export`."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        index_folder, file = Path(folder) / "index", Path(folder) / "feed.jsonl"
        with closing(EmbeddedIndex.open_for_writing(index_folder, FINGERPRINT)) as index:
            index.put_document(replace(DOCUMENT, page_count=len(pages)))
            index.put(pages)
            for _ in range(1 + EXPORT_ROUNDS):
                start = time.perf_counter()
                with whole_file(file) as whole:
                    written = write_feed(whole, index, lambda: None)
                times.append(time.perf_counter() - start)
    return {
        "export_pages_per_s": round(len(pages) / median(times[1:])),
        "export_bytes_per_page": round(written.size_bytes / len(pages)),
    }


def median_ms(work: Callable[[int], object]) -> float:
    """Median milliseconds of one call; the first round through the pages only warms up."""
    times = []
    for n in range(N_PAGES + ROUNDS):
        start = time.perf_counter()
        work(n % N_PAGES)
        times.append(1000 * (time.perf_counter() - start))
    return round(median(times[N_PAGES:]), 3)


if __name__ == "__main__":
    main()
