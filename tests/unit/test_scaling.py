"""The figures in the tables of docs/scaling.md follow from the code, the package and the bench."""

import json
import re
from collections.abc import Callable
from itertools import product
from math import ceil, floor
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.layouts.tiles import TileLayout
from index.codec import patch_map_to_bytes, words_to_bytes
from index.filters import Filters
from index.interface import HAMMING_THEN_FLOAT, VESPA_RERANK_COUNT
from index.pages import VECTOR_DIM, PageWords, PatchMap, QueryVectors
from query.fusion import FUSION_DEPTH, WEIGHTS
from tests.bench import bench_wire
from tests.random_pages import FINGERPRINT
from vespa_app.regions import REGIONS_PER_SIDE
from vespa_app.search_request import search_body
from vespa_app.wire import page_fields

ROOT = Path(__file__).parents[2]
APPLICATION = ROOT / "vespa_app/application"
TEXT = (ROOT / "docs/scaling.md").read_text(encoding="utf-8")

BITS_BYTES, VECTOR_BYTES = VECTOR_DIM // 8, VECTOR_DIM * 2
EDGE_PX, TILE_PX, TILE_CELLS = 2048, 512, 8
N_REGIONS = REGIONS_PER_SIDE**2
SIZES = (10_000, 1_000_000, 100_000_000)
PRICED_SIZES = (100_000, 1_000_000, 10_000_000, 100_000_000)

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
NODE_HOUR, HOURS_A_MONTH = 0.50, 730
N_COPIES = 2


def a4_boxes(edge_px: int = EDGE_PX) -> NDArray[np.float32]:
    """The cells of an A4 page, of which each has a patch."""
    return TileLayout(edge_px, TILE_PX, TILE_CELLS).cell_boxes(*bench_wire.A4_PT)


N_PATCHES = len(a4_boxes())


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


def text_bytes() -> int:
    """Of 200 words in the document store: to be read, to be looked for, and where they stand."""
    page = bench_wire.make_page(np.random.default_rng(7), 1)
    fields = page_fields(page, bench_wire.DOCUMENT, FINGERPRINT)
    texts = ("text", "text_words", "text_forms", "text_codes", "place_forms")
    return sum(len(str(fields[name]).encode()) for name in texts) + len(words_to_bytes(page.words))


def confidence_bytes() -> int:
    """What the same words take more where OCR has read them."""
    rng = np.random.default_rng(7)
    words = bench_wire.make_page(rng, 1).words
    confidences = rng.uniform(0.6, 1, len(words.texts)).astype(np.float32)
    read = PageWords(words.texts, words.boxes, confidences)
    return len(words_to_bytes(read)) - len(words_to_bytes(words))


def page_parts(n_patches: int, edge_px: int = EDGE_PX) -> list[tuple[int, int, int]]:
    """Bytes in memory, in attribute files and in the document store, before any compression."""
    boxes = a4_boxes(edge_px)
    cells = PatchMap(boxes, (np.arange(len(boxes)) % n_patches).astype(np.int32))
    texts = text_bytes() + len(patch_map_to_bytes(cells))
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


def page_bytes(n_patches: int = N_PATCHES, edge_px: int = EDGE_PX) -> tuple[int, int, int]:
    parts = page_parts(n_patches, edge_px)
    memory, files, store = (sum(column) for column in zip(*parts, strict=True))
    return memory, files, store


def memory_bytes(n_patches: int = N_PATCHES) -> float:
    return page_bytes(n_patches)[0] * RESIZE_OVERHEAD


def disk_bytes(n_patches: int = N_PATCHES, edge_px: int = EDGE_PX) -> int:
    _, files, store = page_bytes(n_patches, edge_px)
    return files + store


def wire_bytes() -> int:
    return len(bench_wire.put_json(bench_wire.make_page(np.random.default_rng(7), 1)))


def pages_on_disk(n_patches: int = N_PATCHES, edge_px: int = EDGE_PX) -> float:
    flushed = serialized_bytes(n_patches, VECTOR_BYTES)
    room = DISK_BYTES * DISK_LIMIT - TRANSACTION_LOG_BYTES
    return room / (disk_bytes(n_patches, edge_px) + flushed)


def pages_per_node(n_patches: int = N_PATCHES, edge_px: int = EDGE_PX) -> float:
    """What memory or disk of the example node holds, whichever is less."""
    return min(ATTRIBUTE_BYTES / memory_bytes(n_patches), pages_on_disk(n_patches, edge_px))


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


def sizes_and_cost() -> list[list[str]]:
    rows = []
    for n_pages in PRICED_SIZES:
        for factor in (1, 3):
            n = ceil(N_PATCHES / factor)
            holding = max(N_COPIES, ceil(N_COPIES * n_pages / pages_per_node(n)))
            scan_s = n_pages * PHASE_1_US[1] * n / N_PATCHES / CORES / 1e6
            bytes_ = [size(n_pages * memory_bytes(n)), size(n_pages * disk_bytes(n))]
            cells = [
                cell
                for nodes in (holding, max(holding, ceil(scan_s)))
                for cell in (f"{nodes:,}", f"{nodes * NODE_HOUR * HOURS_A_MONTH:,.0f}")
            ]
            rows.append([said(n_pages), str(factor), *bytes_, *cells])
    return rows


def said(n_pages: int) -> str:
    """As a person says it: 100,000, 10 million."""
    return f"{n_pages / 1e6:.0f} million" if n_pages >= 1e6 else f"{n_pages:,}"


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


def fewer_vectors() -> list[list[str]]:
    rows = []
    for edge_px, factor in (*((EDGE_PX, f) for f in (1, 2, 3, 6)), *product((1536, 1024), (1, 3))):
        n_cells = len(a4_boxes(edge_px))
        n, n_tiles = ceil(n_cells / factor), n_cells // TILE_CELLS**2
        model_s = COLSMOL_ON_CPU_S * n_tiles * TILE_CELLS**2 / N_PATCHES
        rows.append(
            [str(edge_px), str(factor), str(n_tiles), f"{n:,}"]
            + [size(memory_bytes(n)), size(disk_bytes(n, edge_px))]
            + [f"{pages_per_node(n, edge_px) / 1e6:.2f} million"]
            + [f"{us * n / N_PATCHES:.1f} us" for us in PHASE_1_US]
            + [f"{model_s:.1f}"]
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


WITHOUT_LABELS = ("Sizes and cost", "Scan", "Fewer vectors", "Feeding", "Where one machine ends")


def table(heading: str) -> list[list[str]]:
    """The cells of the one table below a heading, without its header."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(
    ("heading", "recompute"),
    [
        ("One page", one_page),
        ("Sizes and cost", sizes_and_cost),
        ("Scan", scan),
        ("Candidates", candidates),
        ("What a query reads from disk", phase_2),
        ("Fewer vectors", fewer_vectors),
        ("Feeding", feeding),
        ("Ingest machines", ingest_machines),
        ("Where one machine ends", embedded),
    ],
)
def test_the_figures_of_a_table_are_what_the_code_gives(
    heading: str, recompute: Callable[[], list[list[str]]]
) -> None:
    rows, expected = table(heading), recompute()
    labels = 0 if heading in WITHOUT_LABELS else 1
    width = len(expected[0])
    assert [row[labels : labels + width] for row in rows] == expected


def test_the_table_to_choose_by_has_the_limits_that_follow() -> None:
    most_scanned = CORES * 1e6 / PHASE_1_US[1]  # pages that 32 tokens pass in a second
    places = [row[0] for row in table("How to choose")]
    assert places[1] == f"up to {floor(most_scanned / 1000) * 1000:,}"
    assert places[2] == f"up to {pages_per_node() / 1e6:.1f} million"


def test_what_a_page_takes_is_the_same_in_every_sentence() -> None:
    text, store = " ".join(TEXT.split()), page_bytes()[2]
    memory, disk = size(memory_bytes()), size(disk_bytes())
    by_memory = f"{ATTRIBUTE_BYTES / memory_bytes() / 1e6:.2f}"
    assert f"memory is 6/5 of this, **{memory}**" in text
    assert f"Disk is the last two columns, **{disk}**" in text
    assert f"32 GB / {memory} = {by_memory} million" in text
    assert f"/ ({disk} + 216 kB) = {pages_on_disk() / 1e6:.2f} million" in text
    assert f"the whole stored page, {size(store)} each, so {size(10 * store)} for ten" in text
    n_fused = len(WEIGHTS) * FUSION_DEPTH
    assert f"all {n_fused} pages that `hybrid` fuses would be {size(n_fused * store)}" in text
    assert text.count(size(store)) == 4
    of_ocr = size(text_bytes() + confidence_bytes())
    assert f"{confidence_bytes()} bytes more for how sure OCR is" in text
    assert f"{of_ocr} in all" in text


def test_the_price_is_an_assumption_and_the_rest_follows() -> None:
    text = " ".join(TEXT.split())
    month = NODE_HOUR * HOURS_A_MONTH
    assert f"at {NODE_HOUR:.2f} is an **assumption**: a month of {HOURS_A_MONTH} hours" in text
    assert f"is then {month:.0f} a node" in text
    most = floor(N_COPIES * CORES * 1e6 / PHASE_1_US[1] / 1e4) * 10_000
    assert f"with `scan` time does, beyond {most:,} pages" in text


def test_the_limit_of_the_package_as_it_is_shipped_is_named() -> None:
    timeout_s = float(setting("search/query-profiles/default.xml", "timeout").removesuffix("s"))
    factor = float(setting("search/query-profiles/default.xml", "ranking.softtimeout.factor"))
    persearch = int(setting("services.xml", "persearch"))
    most = factor * timeout_s * persearch * 1e6 / PHASE_1_US[1]
    text = " ".join(TEXT.split())
    assert f"Phase 1 ends at {factor:.0%}".replace("%", " %") in text
    assert f"`persearch` {persearch} and `timeout` {timeout_s:.0f} s" in text
    assert f"32 tokens pass {floor(most / 1000) * 1000:,} pages" in text
