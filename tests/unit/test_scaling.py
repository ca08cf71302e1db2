"""The figures in the tables of docs/scaling.md follow from the code, the package and the bench."""

import json
import re
from collections.abc import Callable
from math import ceil, floor
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from encoders.layouts.tiles import TileLayout
from index.codec import patch_map_to_bytes, words_to_bytes
from index.filters import Filters
from index.interface import HAMMING_THEN_FLOAT, VESPA_RERANK_COUNT
from index.pages import VECTOR_DIM, QueryVectors
from tests.bench import bench_wire
from vespa_app.regions import REGIONS_PER_SIDE
from vespa_app.search_request import search_body

ROOT = Path(__file__).parents[2]
APPLICATION = ROOT / "vespa_app/application"
TEXT = (ROOT / "docs/scaling.md").read_text(encoding="utf-8")

BITS_BYTES, VECTOR_BYTES = VECTOR_DIM // 8, VECTOR_DIM * 2
N_PATCHES = len(TileLayout(2048, 512, 8).cell_boxes(*bench_wire.A4_PT))
N_REGIONS = REGIONS_PER_SIDE**2
SIZES = (10_000, 1_000_000, 100_000_000)

# Measured on Vespa's evaluator: microseconds per page of 832 patches, one core, 14 and 32 tokens.
TOKENS = (14, 32)
PHASE_1_US, PHASE_2_US = (37.6, 85.6), (118, 243)

# Vespa's source and documentation, named in the text.
RESIZE_OVERHEAD = 6 / 5
TRANSACTION_LOG_BYTES = 21_474_836_480
DISK_LIMIT = 0.8
SMALL_ATTRIBUTES_BYTES = 150
LINK_BYTES = NODE_ID_BYTES = LEVEL_REFERENCE_BYTES = 4
NODE_BYTES = 12
DISK_PAGE_BYTES = 4096

# The example node and the example machines of the text.
CORES, ATTRIBUTE_BYTES, DISK_BYTES = 16, 32e9, 2e12
COLSMOL_ON_CPU_S = 19


def stored_bytes(n: int, vector_bytes: int) -> int:
    """One value of a mixed tensor in Vespa's memory: count, labels, cells, each padded to 16."""
    return ceil((4 + 4 * n) / 16) * 16 + ceil(n * vector_bytes / 16) * 16


def allocated_bytes(n: int, vector_bytes: int) -> int:
    """The same in its buffer: buffers are made for certain numbers of patches, 3 % apart."""
    n_class = 0
    while n_class < n:
        n_class = max(n_class + 1, floor(n_class * 1.03))
    return stored_bytes(n_class, vector_bytes)


def serialized_bytes(n: int, vector_bytes: int) -> int:
    """The same in a file: each label as its length in one byte and its digits."""
    return n * vector_bytes + sum(1 + len(str(label)) for label in range(n))


def max_links() -> int:
    schema = (APPLICATION / "schemas/page.sd").read_text(encoding="utf-8")
    (found,) = re.findall(r"max-links-per-node: (\d+)", schema)
    return int(found)


def graph_bytes() -> int:
    """Of a page's regions at most: twice the links on the lowest level, 1 in M nodes one higher."""
    m = max_links()
    higher = (LEVEL_REFERENCE_BYTES + m * LINK_BYTES) / (m - 1)
    node = NODE_BYTES + NODE_ID_BYTES + LEVEL_REFERENCE_BYTES + 2 * m * LINK_BYTES
    return ceil(N_REGIONS * (node + higher))


def page_parts(n_patches: int) -> list[tuple[int, int, int]]:
    """Bytes in memory, in attribute files and in the document store, before any compression."""
    page = bench_wire.make_page(np.random.default_rng(7), 1)
    texts = (
        len(page.words.text.encode())
        + len(words_to_bytes(page.words))
        + len(patch_map_to_bytes(page.vectors.patch_map))
    )
    bits = serialized_bytes(n_patches, BITS_BYTES)
    vectors = serialized_bytes(n_patches, VECTOR_BYTES)
    regions = serialized_bytes(N_REGIONS, BITS_BYTES)
    return [
        (allocated_bytes(n_patches, BITS_BYTES), bits, bits),
        (0, allocated_bytes(n_patches, VECTOR_BYTES) + vectors, vectors),
        (allocated_bytes(N_REGIONS, BITS_BYTES), regions, regions),
        (graph_bytes(), graph_bytes(), 0),
        (SMALL_ATTRIBUTES_BYTES, SMALL_ATTRIBUTES_BYTES, SMALL_ATTRIBUTES_BYTES),
        (0, 0, bench_wire.PREVIEW_BYTES),
        (0, 0, texts),
    ]


def page_bytes(n_patches: int = N_PATCHES) -> tuple[int, int, int]:
    memory, files, store = (sum(column) for column in zip(*page_parts(n_patches), strict=True))
    return memory, files, store


def memory_bytes(n_patches: int = N_PATCHES) -> float:
    return page_bytes(n_patches)[0] * RESIZE_OVERHEAD


def disk_bytes(n_patches: int = N_PATCHES) -> int:
    _, files, store = page_bytes(n_patches)
    return files + store


def wire_bytes() -> int:
    return len(bench_wire.put_json(bench_wire.make_page(np.random.default_rng(7), 1)))


def pages_per_node() -> float:
    """What memory or disk of the example node holds, whichever is less."""
    flushed = serialized_bytes(N_PATCHES, VECTOR_BYTES)
    on_disk = (DISK_BYTES * DISK_LIMIT - TRANSACTION_LOG_BYTES) / (disk_bytes() + flushed)
    return min(ATTRIBUTE_BYTES / memory_bytes(), on_disk)


def bench() -> dict[str, dict[str, object]]:
    (path,) = set(re.findall(r"`(tests/bench/results/[\d-]+\.json)`", TEXT))
    found: dict[str, dict[str, object]] = json.loads((ROOT / path).read_text(encoding="utf-8"))
    return found


def setting(path: str, name: str) -> str:
    tree = ElementTree.parse(APPLICATION / path)
    (text,) = [e.text for e in tree.iter() if name in (e.tag, e.get("name")) and e.text]
    return text


def size(n_bytes: float) -> str:
    """Three digits: 7.76 GB, 776 GB, 77.6 TB."""
    exponent = next((e for e in (12, 9, 6) if n_bytes >= 10**e), 3)
    unit = {12: "TB", 9: "GB", 6: "MB", 3: "kB"}[exponent]
    return f"{digits(n_bytes / 10**exponent)} {unit}"


def digits(value: float) -> str:
    """Three digits, never an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def duration(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{digits(seconds / length)} {unit}"
    return f"{digits(seconds)} s"


def one_page() -> list[list[str]]:
    parts = [*page_parts(N_PATCHES), page_bytes()]
    return [[f"{n:,}" for n in part] for part in parts]


def three_sizes() -> list[list[str]]:
    nodes = [ceil(n / pages_per_node()) for n in SIZES]
    doubled = [max(2, ceil(2 * n / pages_per_node())) for n in SIZES]
    scanning = [[f"{ceil(n * us / CORES / 1e6):,}" for n in SIZES] for us in PHASE_1_US]
    return [
        [size(n * memory_bytes()) for n in SIZES],
        [size(n * disk_bytes()) for n in SIZES],
        [size(n * wire_bytes()) for n in SIZES],
        [f"{n:,}" for n in nodes],
        [f"{n:,}" for n in doubled],
        *scanning,
    ]


def scan() -> list[list[str]]:
    rows = []
    for tokens, us in zip(TOKENS, PHASE_1_US, strict=True):
        for n_pages in (10_000, 100_000, 1_000_000):
            core_s = n_pages * us / 1e6
            shipped_s = core_s / int(setting("services.xml", "persearch"))
            times = [duration(s) for s in (core_s, shipped_s, core_s / CORES)]
            rows.append([f"{n_pages:,}", str(tokens), *times, digits(CORES / core_s)])
    return rows


def phase_2() -> list[list[str]]:
    page = stored_bytes(N_PATCHES, VECTOR_BYTES)
    n_reads = VESPA_RERANK_COUNT * ceil(page / DISK_PAGE_BYTES)
    times_ms = [VESPA_RERANK_COUNT * us / 1000 for us in PHASE_2_US]
    rows = [[f"{ms:.1f} ms", f"{ms / CORES:.1f} ms"] for ms in times_ms]
    n_bytes = VESPA_RERANK_COUNT * page
    waiting = [[duration(n_reads * s), duration(n_reads * s / CORES)] for s in (1e-4, 1e-3)]
    reading = [[size(n_bytes), size(n_bytes / CORES)], [f"{n_reads:,}", f"{ceil(n_reads / CORES)}"]]
    return [*rows, *reading, *waiting]


def target_hits() -> int:
    """Pages each query token asks of the graph, by default."""
    word = QueryVectors(
        "word", np.eye(1, VECTOR_DIM, dtype=np.float32), ("word",), np.array([True])
    )
    body = search_body(
        word, HAMMING_THEN_FLOAT, 10, VESPA_RERANK_COUNT, Filters(), candidates="ann"
    )
    (found,) = re.findall(r"totalTargetHits: (\d+)\}nearestNeighbor", str(body["yql"]))
    return int(found)


def candidates() -> list[list[str]]:
    return [
        [
            f"{tokens * target_hits():,}",
            f"{tokens * target_hits() * us / 1000:.0f} ms",
            f"{SIZES[1] * us / 1e6:.1f} s",
        ]
        for tokens, us in zip(TOKENS, PHASE_1_US, strict=True)
    ]


def pooling() -> list[list[str]]:
    rows = []
    for factor in (1, 2, 3, 6):
        n = ceil(N_PATCHES / factor)
        node = ATTRIBUTE_BYTES / memory_bytes(n)
        scan_us = [f"{us * n / N_PATCHES:.1f} us" for us in PHASE_1_US]
        rows.append(
            [f"{n:,}", size(memory_bytes(n)), size(disk_bytes(n)), f"{node / 1e6:.2f} million"]
            + scan_us
        )
    return rows


def feeding() -> list[list[str]]:
    _, files, store = page_bytes()
    written = files + 2 * store  # the transaction log holds what the document store holds
    return [
        [f"{rate:,}", f"{size(rate * wire_bytes())}/s", f"{size(rate * written)}/s"]
        + [duration(n / rate) for n in SIZES]
        for rate in (10, 100, 1000)
    ]


def ingest_machines() -> list[list[str]]:
    rows = []
    for n_pages, days in zip(SIZES, (1, 7, 30), strict=True):
        wanted = n_pages / days / 86_400
        machines = [f"{ceil(wanted / rate):,}" for rate in (1 / COLSMOL_ON_CPU_S, 1, 10)]
        rows.append([f"{wanted:.2f}", *machines])
    return rows


def embedded() -> list[list[str]]:
    sizes = bench()["bench_index"]["sizes"]
    assert isinstance(sizes, list)
    return [
        [f"{s['pages']:,}"]
        + [f"{s[key]['total']:.0f} ms" for key in ("float_14_tokens_ms", "float_32_tokens_ms")]
        + [f"{s['put_pages_per_s']:.0f}"]
        for s in sizes
    ]


def table(heading: str) -> list[list[str]]:
    """The cells of the one table below a heading, without its header."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(
    ("heading", "recompute"),
    [
        ("One page", one_page),
        ("Three sizes", three_sizes),
        ("Scan", scan),
        ("Candidates", candidates),
        ("Phase 2 and the disk", phase_2),
        ("Pooling", pooling),
        ("Feeding", feeding),
        ("Ingest machines", ingest_machines),
        ("Where one machine ends", embedded),
    ],
)
def test_the_figures_of_a_table_are_what_the_code_gives(
    heading: str, recompute: Callable[[], list[list[str]]]
) -> None:
    rows, expected = table(heading), recompute()
    labels = 0 if heading in ("Scan", "Feeding", "Where one machine ends") else 1
    width = len(expected[0])
    assert [row[labels : labels + width] for row in rows] == expected


def test_the_table_to_choose_by_has_the_limits_that_follow() -> None:
    most_scanned = CORES * 1e6 / PHASE_1_US[1]  # pages that 32 tokens pass in a second
    places = [row[0] for row in table("How to choose")]
    assert places[1] == f"up to {floor(most_scanned / 1000) * 1000:,}"
    assert places[2] == f"up to {pages_per_node() / 1e6:.1f} million"


def test_the_limit_of_the_package_as_it_is_shipped_is_named() -> None:
    timeout_s = float(setting("search/query-profiles/default.xml", "timeout").removesuffix("s"))
    factor = float(setting("search/query-profiles/default.xml", "ranking.softtimeout.factor"))
    persearch = int(setting("services.xml", "persearch"))
    most = factor * timeout_s * persearch * 1e6 / PHASE_1_US[1]
    text = " ".join(TEXT.split())
    assert f"Phase 1 ends at {factor:.0%}".replace("%", " %") in text
    assert f"`persearch` {persearch} and `timeout` {timeout_s:.0f} s" in text
    assert f"32 tokens pass {floor(most / 1000) * 1000:,} pages" in text
