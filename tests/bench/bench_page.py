"""Time of a page of results in a browser: `python -m tests.bench.bench_page [--index INDEX]`.

Chromium opens the hits of queries from a server of a process of its own: until the page is loaded
with all pictures in sight (`loadEventEnd`), until its HTML is there (`responseEnd`), and the
server's own processor time. First in a new window with an empty cache, for which Chromium also
starts a process; then another search in that window, whose pictures it does not have; then the
first one again. Without --index the samples are ingested by the lexical encoder. The last line is
JSON.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.bench_serve import SAMPLES, SERVE
from tests.bench.machine import describe_machine, print_machine
from tests.browser.conftest import ARGUMENTS, BROWSERS

QUERIES = (
    "carbon dioxide in the air",
    "melting point of tungsten",
    "brightness of a candle",
    "binary codes and hamming distance",
    "keeling curve",
    "quarterly revenue by region",
    "planets and their moons",
    "chemical elements discovered",
)
VIEWPORT = {"width": 1280, "height": 800}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", help="measure this one: a folder or a URL")
    parser.add_argument("--rounds", type=int, default=3, help="times all queries are asked")
    arguments = parser.parse_args()
    machine = describe_machine()
    print_machine(machine)
    with tempfile.TemporaryDirectory() as folder:
        index = arguments.index or ingested(Path(folder) / "index")
        results = measure(index, arguments.rounds)
    for name, result in results.items():
        print(f"{name:12}", "  ".join(f"{key} {value:g}" for key, value in result.items()))
    print(json.dumps({"machine": machine, "results": results}))


def ingested(index: Path) -> str:
    """An index of the samples."""
    command = ["-m", "pagelens", "ingest", str(SAMPLES), "--index", str(index)]
    subprocess.run(
        [sys.executable, *command, "--encoder", "lexical"], check=True, capture_output=True
    )
    return str(index)


def measure(index: str, rounds: int) -> dict[str, dict[str, float]]:
    """Times of a first search, the next, and the first again."""
    program = next(filter(None, map(shutil.which, BROWSERS)))
    command = [sys.executable, *SERVE, "--index", index, "--port", "0"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        sync_playwright() as playwright,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        url = next(word for word in line.split() if word.startswith("http"))
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            server = psutil.Process(process.pid)
            opened(browser, server, url, ("warm", "up"), rounds=1)
            return opened(browser, server, url, QUERIES, rounds)
        finally:
            browser.close()
            process.terminate()


def opened(
    browser: Browser, server: psutil.Process, url: str, queries: tuple[str, ...], rounds: int
) -> dict[str, dict[str, float]]:
    """Open the hits of each query in a new window, then of the one after it, then its own again."""
    times: dict[str, list[dict[str, float]]] = {"first": [], "next": [], "again": []}
    for _ in range(rounds):
        for first, other in zip(queries, [*queries[1:], queries[0]], strict=True):
            context = browser.new_context(viewport=VIEWPORT)
            page = context.new_page()
            for name, query in zip(times, (first, other, first), strict=True):
                times[name].append(timed(page, server, f"{url}?q={query.replace(' ', '+')}"))
            context.close()
    return {
        name: {
            f"{key}_{what}": round(of([one[key] for one in all_of_them]), 1)
            for key in all_of_them[0]
            for what, of in (("median", median), ("most", max))
        }
        for name, all_of_them in times.items()
    }


def timed(page: Page, server: psutil.Process, address: str) -> dict[str, float]:
    """Milliseconds that one address took, and how many bytes came."""
    before = server.cpu_times()
    page.goto(address, wait_until="load")
    after = server.cpu_times()
    seen = page.evaluate(
        """() => {
            const page = performance.getEntriesByType("navigation")[0];
            const pictures = performance.getEntriesByType("resource");
            return {
                html_ms: page.responseEnd,
                loaded_ms: page.loadEventEnd,
                kilobytes: pictures.reduce((sum, one) => sum + one.transferSize, page.transferSize)
                    / 1000,
            };
        }"""
    )
    cpu_s = after.user + after.system - before.user - before.system
    return {**seen, "server_cpu_ms": 1000 * cpu_s}


if __name__ == "__main__":
    main()
