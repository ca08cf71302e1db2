"""Time ColSmol on this machine: `python -m tests.bench.bench_colsmol [PAGES] [DEVICE]`.

A model of the published shape with random weights, which take as long as trained ones. In the same
process, one after the other, on the same pages:

- colpali-engine's plain loop: pdf2image at 200 dpi, process_images, model, at batch 1 and 4;
- the bare model: our tiles in memory already, equal ones computed once;
- the whole ingest into a folder: render, cut, model, write, nothing remembered from before.

Seconds a page, the share of each stage, memory; the last line is JSON.
"""

import itertools
import json
import resource
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pdf2image
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
from tests.bench.machine import describe_machine, print_machine
from tests.tiny_colsmol import PUBLISHED_256M, build_published_layout

SAMPLES = Path(__file__).parents[2] / "samples"
PAGES = 6
ENGINE_DPI = 200


def main() -> None:
    n_pages = int(sys.argv[1]) if len(sys.argv) > 1 else PAGES
    device = sys.argv[2] if len(sys.argv) > 2 else "auto"
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory() as name:
        model = build_published_layout(Path(name), PUBLISHED_256M)
        encoder = ColSmolEncoder(str(model), device)
        folder, pages = some_pages(Path(name) / "pdfs", n_pages)
        n_pages = len(pages)
        warm_up(encoder, pages[0])
        engine = {
            f"engine_batch_{size}_s": engine_seconds(model, encoder, pages, size) / n_pages
            for size in (1, 4)
        }
        stages = {stage: s / n_pages for stage, s in stage_seconds(encoder, pages).items()}
        bare_s = bare_seconds(encoder, pages) / n_pages
        forget(encoder)
        ingest_s = ingest_seconds(encoder, folder, Path(name) / "index") / n_pages
    result: dict[str, Any] = {
        "machine": machine,
        "device": str(encoder._device),
        "dtype": str(encoder._model.dtype),
        "pages": n_pages,
        **{what: round(s, 3) for what, s in {**engine, **stages}.items()},
        "bare_model_s": round(bare_s, 3),
        "ingest_s": round(ingest_s, 3),
        "ingest_of_bare_model": round(bare_s / ingest_s, 3),
        "engine_batch_4_to_ingest": round(engine["engine_batch_4_s"] / ingest_s, 2),
        "peak_memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
    }
    for what, figure in result.items():
        if what != "machine":
            print(f"{what:30} {figure}")
    print()
    print(json.dumps(result))


def some_pages(folder: Path, n_pages: int) -> tuple[Path, list[tuple[Path, int]]]:
    """A folder of whole sample documents with at least so many pages, short ones first."""
    folder.mkdir()
    originals = sorted(SAMPLES.glob("*.pdf"), key=lambda path: read_facts(path).page_count)
    pages: list[tuple[Path, int]] = []
    for n in itertools.count():
        for original in originals:
            path = folder / f"{original.stem}-{n}.pdf"
            path.write_bytes(original.read_bytes() + f"%{n}\n".encode())
            pages += [(path, number + 1) for number in range(read_facts(path).page_count)]
            if len(pages) >= n_pages:
                return folder, pages
    raise AssertionError


def seconds(call: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


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


def engine_seconds(
    model: Path, encoder: ColSmolEncoder, pages: list[tuple[Path, int]], batch_size: int
) -> float:
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

    return seconds(loop, device)


def stage_seconds(encoder: ColSmolEncoder, pages: list[tuple[Path, int]]) -> dict[str, float]:
    """Of each stage alone, on one thread but for the model."""
    start = time.perf_counter()
    inputs = [drawn(encoder, page) for page in pages]
    rendered = time.perf_counter()
    for page in inputs:
        encoder.prepare(page)
    return {"render_s": rendered - start, "cut_s": time.perf_counter() - rendered}


def bare_seconds(encoder: ColSmolEncoder, pages: list[tuple[Path, int]]) -> float:
    """The model alone: batch after batch of pages that are cut already."""
    inputs = [encoder.prepare(drawn(encoder, page)) for page in pages]

    def loop() -> None:
        for start in range(0, len(inputs), encoder.batch_size):
            encoder.encode_pages(inputs[start : start + encoder.batch_size])

    return seconds(loop, encoder._device)


def ingest_seconds(encoder: ColSmolEncoder, folder: Path, target: Path) -> float:
    scope = scope_of([folder])
    with closing(EmbeddedIndex.open_for_writing(target, encoder.fingerprint)) as index:
        plan = make_plan(
            find_files(scope, leave_out=None),
            scope,
            (),
            lambda _: frozenset(),
            keep_missing=False,
            retry_failed=False,
            n_workers=N_WORKERS,
            on_file=lambda: None,
        )
        return seconds(
            lambda: carry_out(
                plan,
                index,
                lambda: encoder,
                n_workers=N_WORKERS,
                stop=threading.Event(),
                on_page=lambda _: None,
            ),
            encoder._device,
        )


if __name__ == "__main__":
    main()
