"""What OCR reads of pages whose words are known, and how fast: `python -m tests.bench.bench_ocr`.

PAGES of samples/ are drawn at 100, 150, 200 and 300 dpi and read, clean and worse: with Gaussian
noise (standard deviation 25 of 255), skewed by 2 degrees, saved as JPEG of quality 30; at `DPI`
also turned by quarters, and as a phone picture. What the text layer says is the truth, in lower
case; words, and of Chinese and Japanese each character; a minus is a hyphen. PAGES have no text
that runs upwards, of which poppler makes words of two letters.

Lost: the part of the words that was not read, wherever. In order: edits per word of the whole page,
against poppler's order. Boxes:
intersection over union with the text layer's boxes of the same words, and how far the middles are
apart, in heights of the text layer's box; of pictures that have the page's shape.

Speed: PAGES at `DPI`, by workers (threads of one process) and onnxruntime's threads of each; median
of `--runs`, after one page that warms up; with processor time, and the process's peak of memory.
With `--only-speed` nothing else. The last line is JSON.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rapidfuzz.distance import Levenshtein

from index.cjk import CJK_CHARACTERS
from index.pages import PageWords
from ingest.ocr.engine import DPI, Ocr, engine_name
from ingest.render import RenderedPage, read_facts, render_page
from tests.bench.machine import describe_machine, print_machine
from tests.scans import noisy, phone_picture, saved_as_jpeg, skewed

SAMPLES = Path(__file__).parents[2] / "samples"
PAGES = (
    ("earth-report.pdf", 2),
    ("wasserstrassen.pdf", 1),
    ("light-slides.pdf", 3),
    ("nihon.pdf", 1),
    ("zhongguo.pdf", 1),
)
RESOLUTIONS = (100, 150, 200, 300)
WORSE: dict[str, Callable[[Image.Image], Image.Image]] = {
    "clean": lambda image: image,
    "noise": lambda image: noisy(image, 25),
    "2 degrees": lambda image: skewed(image, 2),
    "JPEG 30": lambda image: saved_as_jpeg(image, 30),
}
AT_DPI: dict[str, Callable[[Image.Image], Image.Image]] = {
    "90 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "180 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "270 degrees": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "5 degrees": lambda image: skewed(image, 5),
    "phone": phone_picture,
}
KEEP_THE_PLACE = ("clean", "noise", "JPEG 30")
SPEEDS = ((1, 1), (1, 2), (2, 1))  # workers, threads of each

_UNIT = re.compile(rf"[{CJK_CHARACTERS}]|[^\s{CJK_CHARACTERS}]+")
_FARTHEST = 3.0  # heights: a word farther away is another one


class Reading(NamedTuple):
    """How a page was read, against its text layer."""

    n_words: int
    n_lost: int
    n_edits: int
    overlaps: list[float]
    distances: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="of each speed (default: 3)")
    parser.add_argument("--only-speed", action="store_true", help="no errors")
    parser.add_argument("--speed", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.speed:
        print(json.dumps(speed(*options.speed, options.runs)))
        return
    machine = describe_machine()
    print_machine(machine)
    print(engine_name(), "\n")
    errors = {} if options.only_speed else all_errors()
    print(f"\n{'workers x threads':20}{'pages/s':>10}{'CPU s/page':>12}{'peak MB':>10}")
    speeds = {}
    for workers, threads in SPEEDS:
        command = [sys.executable, "-m", "tests.bench.bench_ocr", "--runs", str(options.runs)]
        command += ["--speed", str(workers), str(threads)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        row = json.loads(done.stdout)
        speeds[f"{workers} x {threads}"] = row
        print(
            f"{f'{workers} x {threads}':20}{row['pages_per_s']:10.2f}"
            f"{row['cpu_s_per_page']:12.2f}{row['peak_mb']:10.0f}"
        )
    print(json.dumps({"machine": machine, "engine": engine_name(), "errors": errors} | speeds))


def all_errors() -> dict[str, dict[str, float]]:
    ocr = Ocr(1)
    kinds = [(dpi, name) for name in WORSE for dpi in RESOLUTIONS]
    kinds += [(DPI, name) for name in AT_DPI]
    print(f"{'':18}{'lost %':>9}{'in order %':>12}{'IoU':>7}{'apart':>7}{'CPU s/page':>12}")
    rows = {}
    for dpi, name in kinds:
        began = time.process_time()
        readings = []
        for page in PAGES:
            drawn = draw(*page, dpi)
            words = ocr.read((WORSE | AT_DPI)[name](drawn.image))
            readings.append(compared(drawn, words, has_places=name in KEEP_THE_PLACE))
        row = summed(readings)
        row["cpu_s_per_page"] = (time.process_time() - began) / len(PAGES)
        rows[f"{dpi} dpi, {name}"] = row
        boxes = "".join(
            f"{row[key]:7.2f}" if key in row else f"{'':7}" for key in ("overlap", "distance")
        )
        print(
            f"{f'{dpi} dpi, {name}':18}{row['lost']:9.1%}{row['in_order']:12.1%}{boxes}"
            f"{row['cpu_s_per_page']:12.1f}",
            flush=True,
        )
    return rows


def draw(name: str, page_number: int, dpi: int) -> RenderedPage:
    path = SAMPLES / name

    def size_px(width_pt: float, height_pt: float) -> tuple[int, int]:
        return round(width_pt * dpi / 72), round(height_pt * dpi / 72)

    return render_page(path, read_facts(path), page_number, size_px)


def compared(page: RenderedPage, read: PageWords, *, has_places: bool) -> Reading:
    truth, units = units_of(page.words.texts), units_of(read.texts)
    n_lost = sum((Counter(truth) - Counter(units)).values())
    n_edits = Levenshtein.distance(truth, units)
    overlaps, distances = compared_boxes(page, read) if has_places else ([], [])
    return Reading(len(truth), n_lost, n_edits, overlaps, distances)


def units_of(texts: Sequence[str]) -> list[str]:
    """Words, and Chinese and Japanese characters one by one, in lower case."""
    text = " ".join(texts).lower().replace("\u2212", "-")
    return [match[0] for match in _UNIT.finditer(text)]


def compared_boxes(page: RenderedPage, read: PageWords) -> tuple[list[float], list[float]]:
    """Of each word that was read alike and about there: IoU, and distance of the middles."""
    size = np.array([page.width_pt, page.height_pt] * 2)
    true_boxes, boxes = page.words.boxes * size, read.boxes * size
    places: dict[str, list[int]] = {}
    for i, text in enumerate(read.texts):
        places.setdefault(text, []).append(i)
    overlaps, distances = [], []
    for text, true_box in zip(page.words.texts, true_boxes, strict=True):
        alike = places.get(text, [])
        if not alike:
            continue
        apart = [float(np.hypot(*(middle(boxes[i]) - middle(true_box)))) for i in alike]
        nearest = int(np.argmin(apart))
        distance = apart[nearest] / float(true_box[3] - true_box[1])
        if distance < _FARTHEST:
            overlaps.append(overlap(boxes[alike.pop(nearest)], true_box))
            distances.append(distance)
    return overlaps, distances


def middle(box: NDArray[np.float64]) -> NDArray[np.float64]:
    return (box[:2] + box[2:]) / 2


def overlap(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    low, high = np.maximum(first, second)[:2], np.minimum(first, second)[2:]
    both = float(np.prod(np.maximum(high - low, 0)))
    return both / float(sum(np.prod(box[2:] - box[:2]) for box in (first, second)) - both)


def summed(readings: Sequence[Reading]) -> dict[str, float]:
    n_words = sum(reading.n_words for reading in readings)
    row = {
        "lost": sum(reading.n_lost for reading in readings) / n_words,
        "in_order": sum(reading.n_edits for reading in readings) / n_words,
    }
    if readings[0].overlaps:
        row["overlap"] = median(o for reading in readings for o in reading.overlaps)
        row["distance"] = median(d for reading in readings for d in reading.distances)
    return row


def speed(n_workers: int, n_threads: int, n_runs: int) -> dict[str, float]:
    """Pages a second of `n_workers` threads that share PAGES, and what they take."""
    images = [draw(*page, DPI).image for page in PAGES]
    engines = [Ocr(n_threads) for _ in range(n_workers)]
    for ocr in engines:
        ocr.read(images[-1])

    def work(worker: int) -> None:
        for image in images[worker::n_workers]:
            engines[worker].read(image)

    times, cpu_times = [], []
    for _ in range(n_runs):
        began, cpu_began = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(n_workers) as pool:
            list(pool.map(work, range(n_workers)))
        times.append(time.perf_counter() - began)
        cpu_times.append(time.process_time() - cpu_began)
    unit = 1 << 10 if sys.platform == "linux" else 1 << 20
    return {
        "pages_per_s": len(images) / median(times),
        "cpu_s_per_page": median(cpu_times) / len(images),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
    }


if __name__ == "__main__":
    main()
