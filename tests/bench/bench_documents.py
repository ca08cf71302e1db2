"""Time what lists documents where there are many: `python -m tests.bench.bench_documents`.

An index of --documents documents of one page each, with little text and few vectors, in a folder.
What `pagelens serve` answers to the start page, the overview, the map and /api/documents is asked
for in the same process, without a network, after a first time: wall and processor time, median and
most of the rounds. Last, a page is looked up by its file's name, as agents name it. --index
measures an index that is there: a folder, or the URL of a Vespa server. The last line is JSON.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

from fastapi.testclient import TestClient

from encoders.choose import load_encoder
from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.location import Location
from index.pages import Document, FileRecord
from pagelens.open_index import open_index
from query.page_name import find_page
from query.service.service import SearchService
from query.web.app import create_app
from tests.bench.machine import describe_machine, print_machine
from tests.library import make_page

ADDRESSES = (
    "/",
    "/overview",
    "/overview?start=5001",
    "/overview?find=report-77",
    "/api/documents",
    "/api/documents?offset=5000&limit=100",
    "/api/facets",
    "/api/map",
    "/?q=harbour+report",
    "/?q=harbour+report&offset=120",
)
PAGES_PER_COMMIT = 500
ROUNDS = 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--index", help="measure this one, and make none")
    parser.add_argument("--keep", type=Path, help="where to make the index, and leave it")
    arguments = parser.parse_args()
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory() as folder:
        made = arguments.keep or Path(folder) / "index"
        if not arguments.index:
            make(made, arguments.documents)
        results = measure(arguments.index or str(made))
    for address, result in results.items():
        print(f"{address:40}", "  ".join(f"{name} {value:g}" for name, value in result.items()))
    print(json.dumps({"machine": machine, "results": results}))


def make(folder: Path, n: int) -> None:
    """Put n documents of one page."""
    with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as index:
        for first in range(0, n, PAGES_PER_COMMIT):
            numbers = range(first, min(n, first + PAGES_PER_COMMIT))
            for i in numbers:
                files = (FileRecord(f"/library/{i % 97}/report-{i}.pdf", 1000, 1),)
                index.put_document(Document(id_of(i), files, f"Report {i}", 1, is_complete=True))
            index.put([make_page(id_of(i), 1, f"harbour report number {i}") for i in numbers])


def id_of(i: int) -> str:
    """An id as far from its neighbours as a hash is."""
    return f"{i * 0x9E3779B97F4A7C15 % 2**64:016x}{i:016x}"


def measure(index: str) -> dict[str, dict[str, float]]:
    """Milliseconds by address."""
    location = Location(index)
    service = SearchService(lambda: open_index(location, "auto"), load_encoder)
    with TestClient(create_app(service, token=None), base_url="http://localhost") as client:
        while client.get("/api/map").status_code == 202:
            time.sleep(0.5)
        results = {
            address: timed(lambda a=address: client.get(a).raise_for_status())
            for address in ADDRESSES
        }
        name = f"{service.documents(0, 1)[0].name}:1"
        with service.reading() as index:
            return results | {"page by name": timed(lambda: find_page(index, name))}


def timed(ask: Callable[[], object]) -> dict[str, float]:
    """Of a request, after one that is not counted."""
    begun = time.perf_counter()
    ask()
    first_ms = 1000 * (time.perf_counter() - begun)
    wall, cpu = [], []
    for _ in range(ROUNDS):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        ask()
        wall.append(1000 * (time.perf_counter() - begun))
        cpu.append(1000 * (time.process_time() - begun_cpu))
    times = {"first_ms": first_ms, "median_ms": median(wall), "most_ms": max(wall)}
    return {name: round(ms, 1) for name, ms in (times | {"cpu_ms": median(cpu)}).items()}


if __name__ == "__main__":
    main()
