"""Time ColSmol on this machine: `python -m tests.bench.bench_colsmol [--pages 4] [--runs 3]`.

A model of the published shape with random weights, which take as long as trained ones, or the one
that `--model` names. On a GPU a few hundred `--pages`. In the same process, by turns, on the same
pages:

- colpali-engine's plain loop: pdf2image at 200 dpi, process_images, model, at batch 1 and 4, on a
  GPU also 8;
- the bare model: our tiles in memory already, equal ones computed once;
- the whole ingest into a folder: render, cut, model, write, nothing remembered from before;
- what a page takes of drawing and of cutting, each on one thread.

Then queries through `pagelens serve` over that folder, in CPU seconds of the server's process. Of
everything the median of the runs, with the least and the most; memory is the largest of the whole
process while each was at work, of which the model is the same part for all. Of a GPU the largest
memory by batch, weights included. The last line is JSON.
"""

import argparse
import itertools
import json
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import pdf2image
import psutil
import torch
from colpali_engine.models import ColIdefics3, ColIdefics3Processor

from encoders.colsmol import ColSmolEncoder
from encoders.interface import PageInput
from index.embedded.embedded_index import EmbeddedIndex
from ingest.files import find_files, scope_of
from ingest.pipeline import carry_out
from ingest.plan import make_plan
from ingest.render import read_facts, render_page
from pagelens.sync import N_WORKERS
from tests.bench.bench_serve import served
from tests.bench.machine import describe_machine, print_machine
from tests.tiny_colsmol import PUBLISHED_256M, build_published_layout

SAMPLES = Path(__file__).parents[2] / "samples"
ENGINE_DPI = 200
GPU_BATCHES = (1, 2, 4, 8)

QUERIES = 20
"""Through the server, each of ten words, after a few that warm it up."""
WARM_UP = 3
LOADING = 503
MEMORY_INTERVAL_S = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=4, help="at least; whole documents are taken")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--model", help="a ColIdefics3 by hub id or folder; else random weights")
    arguments = parser.parse_args()
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory() as name:
        model = arguments.model or str(build_published_layout(Path(name), PUBLISHED_256M))
        encoder = ColSmolEncoder(model, arguments.device)
        folder, pages = some_pages(Path(name) / "pdfs", arguments.pages)
        warm_up(encoder, pages[0])
        runs = [
            one_run(model, encoder, folder, pages, Path(name) / f"index-{n}")
            for n in range(arguments.runs)
        ]
        gpu_memory = gpu_memory_gb(encoder, pages) if encoder._device.type == "cuda" else {}
        queries = query_seconds(Path(name) / "index-0")
    page_s = {what: spread([run[what][0] / len(pages) for run in runs]) for what in runs[0]}
    result: dict[str, Any] = {
        "machine": machine,
        "device": str(encoder._device),
        "dtype": str(encoder._model.dtype),
        "pages": len(pages),
        "runs": len(runs),
        "s_a_page": page_s,
        "peak_memory_gb": {what: max(run[what][1] for run in runs) / 1e9 for what in runs[0]},
        "ingest_of_bare_model": spread([run["bare model"][0] / run["ingest"][0] for run in runs]),
        "engine_batch_4_to_ingest": spread(
            [run["engine, batch 4"][0] / run["ingest"][0] for run in runs]
        ),
        "query_through_serve_cpu_s": spread(queries),
    }
    if gpu_memory:
        result["gpu"] = torch.cuda.get_device_name(encoder._device)
        result["gpu_memory_gb"] = gpu_memory
    for what in runs[0]:
        middle, least, most = page_s[what]
        print(
            f"{what:16} {middle:8.3f} s a page ({least:.3f} to {most:.3f})"
            f" {result['peak_memory_gb'][what]:6.2f} GB"
        )
    for what in ("ingest_of_bare_model", "engine_batch_4_to_ingest", "query_through_serve_cpu_s"):
        print(f"{what:30} {result[what]}")
    for batch_size, gb in gpu_memory.items():
        print(f"GPU memory, batch {batch_size:<12} {gb} GB")
    print()
    print(json.dumps(result))


def spread(figures: list[float]) -> tuple[float, float, float]:
    """Median, least and most."""
    return round(median(figures), 3), round(min(figures), 3), round(max(figures), 3)


def one_run(
    model: str, encoder: ColSmolEncoder, folder: Path, pages: list[tuple[Path, int]], target: Path
) -> dict[str, tuple[float, int]]:
    """Seconds for all pages, and the process's largest memory meanwhile in bytes, of each."""
    inputs = [drawn(encoder, page) for page in pages]
    cut = [encoder.prepare(page) for page in inputs]
    calls: dict[str, Callable[[], object]] = {
        "drawing": lambda: [drawn(encoder, page) for page in pages],
        "cutting": lambda: [encoder.prepare(page) for page in inputs],
        **{
            f"engine, batch {size}": engine_loop(model, encoder, pages, size)
            for size in ((1, 4, 8) if encoder._device.type == "cuda" else (1, 4))
        },
        "bare model": lambda: bare_model(encoder, cut),
        "ingest": lambda: ingest(encoder, folder, target),
    }
    measured = {}
    for what, call in calls.items():
        forget(encoder)
        measured[what] = measure(call, encoder._device)
    return measured


def some_pages(folder: Path, n_pages: int) -> tuple[Path, list[tuple[Path, int]]]:
    """A folder of whole sample documents with at least so many pages, short ones first.

    Copies of a document lie far apart: side by side, their tiles would be remembered.
    """
    folder.mkdir()
    originals = sorted(SAMPLES.glob("*.pdf"), key=lambda path: read_facts(path).page_count)
    pages: list[tuple[Path, int]] = []
    for n in itertools.count():
        for original in originals:
            path = folder / f"{n:03}-{original.stem}.pdf"
            path.write_bytes(original.read_bytes() + f"%{n}\n".encode())
            pages += [(path, number + 1) for number in range(read_facts(path).page_count)]
            if len(pages) >= n_pages:
                return folder, pages
    raise AssertionError


def measure(call: Callable[[], object], device: torch.device) -> tuple[float, int]:
    """Seconds, and the largest memory of this process meanwhile in bytes."""
    peak, is_done, process = 0, threading.Event(), psutil.Process()

    def watch() -> None:
        nonlocal peak
        while not is_done.wait(MEMORY_INTERVAL_S):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    seconds = time.perf_counter() - start
    is_done.set()
    watcher.join()
    return seconds, peak


def gpu_memory_gb(encoder: ColSmolEncoder, pages: list[tuple[Path, int]]) -> dict[int, float]:
    """The most that torch had given out at once for each batch of pages of one size."""
    prepared = [encoder.prepare(drawn(encoder, page)) for page in pages[: 4 * GPU_BATCHES[-1]]]
    by_size: dict[tuple[int, int], list[PageInput]] = {}
    for page in prepared:
        by_size.setdefault(page.prepared.size_px, []).append(page)
    alike = max(by_size.values(), key=len)
    peaks, usual = {}, encoder.batch_size
    for encoder._batch_size in [size for size in GPU_BATCHES if size <= len(alike)]:
        forget(encoder)
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(encoder._device)
        encoder.encode_pages(alike[: encoder.batch_size])
        peak_bytes = torch.cuda.max_memory_allocated(encoder._device)
        peaks[encoder.batch_size] = round(peak_bytes / 1e9, 2)
    encoder._batch_size = usual
    return peaks


def forget(encoder: ColSmolEncoder) -> None:
    encoder._features = OrderedDict()


def drawn(encoder: ColSmolEncoder, page: tuple[Path, int]) -> PageInput:
    path, number = page
    rendered = render_page(path, read_facts(path), number, encoder.page_size_px)
    return PageInput(rendered.image, rendered.words)


def warm_up(encoder: ColSmolEncoder, page: tuple[Path, int]) -> None:
    """Kernels are chosen, threads started, prompts spelled."""
    encoder.encode_pages([drawn(encoder, page)])
    forget(encoder)


def engine_loop(
    model: str, encoder: ColSmolEncoder, pages: list[tuple[Path, int]], batch_size: int
) -> Callable[[], None]:
    """The plain loop of colpali-engine's README over the same weights, number format and device."""
    device, engine = encoder._device, encoder._model
    assert isinstance(engine, ColIdefics3)
    processor = ColIdefics3Processor.from_pretrained(model)

    def loop() -> None:
        for start in range(0, len(pages), batch_size):
            images = [
                pdf2image.convert_from_path(p, dpi=ENGINE_DPI, first_page=n, last_page=n)[0]
                for p, n in pages[start : start + batch_size]
            ]
            batch = processor.process_images(images).to(device)
            with torch.inference_mode():
                engine(**batch).float().cpu()

    return loop


def bare_model(encoder: ColSmolEncoder, inputs: list[PageInput]) -> None:
    """The model alone: batch after batch of pages that are cut already."""
    for start in range(0, len(inputs), encoder.batch_size):
        encoder.encode_pages(inputs[start : start + encoder.batch_size])


def ingest(encoder: ColSmolEncoder, folder: Path, target: Path) -> None:
    scope = scope_of([folder])
    with closing(EmbeddedIndex.open_for_writing(target, encoder.fingerprint)) as index:
        plan = make_plan(
            find_files(scope, leave_out=None),
            scope,
            (),
            lambda _: frozenset(),
            lambda _: frozenset(),
            keep_missing=False,
            retry_failed=False,
            n_workers=N_WORKERS,
            on_file=lambda: None,
        )
        carry_out(
            plan,
            index,
            lambda: encoder,
            n_workers=N_WORKERS,
            stop=threading.Event(),
        )


def query_seconds(folder: Path) -> list[float]:
    """CPU seconds of the server for each of some queries, one after the other, once it is warm."""
    figures = []
    with served(folder) as url, httpx.Client(base_url=url, timeout=120) as client:
        port = httpx.URL(url).port
        server = next(
            process
            for process in psutil.Process().children(recursive=True)
            if any(c.laddr.port == port for c in process.net_connections())
        )
        while client.get("/api/search", params={"q": "loaded?"}).status_code == LOADING:
            time.sleep(1)
        for n in range(WARM_UP + QUERIES):
            text = f"number {n} of the words that stand in a page here"
            before = sum(server.cpu_times()[:2])
            client.get("/api/search", params={"q": text}).raise_for_status()
            figures.append(sum(server.cpu_times()[:2]) - before)
    return figures[WARM_UP:]


if __name__ == "__main__":
    main()
