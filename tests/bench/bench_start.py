"""How long a command takes to start and answer: `python -m tests.bench.bench_start`.

Whole processes over a lexical index of samples/, each in turn: `pagelens --help`, a query,
`pagelens mcp` until it has answered `initialize` and until it has named its tools; and the same
query by the compiled kernels, with numba's cache filled and empty, as after an install. Wall-clock
seconds, and processor seconds where the process is seen to end; medians. Python's own compiled
files (`__pycache__`) are there, as after an install. The last line is JSON.
"""

import compileall
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from tests.bench.machine import describe_machine, print_machine

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 7
TEXT = "hamming distance"

PAGELENS = ["-m", "pagelens"]
BY_KERNELS = [
    "-c",
    "import sys; from index.embedded import ranking; from pagelens.main import main; "
    "ranking.PLAIN_COMPARISONS_OF_ONE_SEARCH = -1; main(sys.argv[1:])",
]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "bench", "version": "1"},
    },
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def main() -> None:
    machine = describe_machine()
    print_machine(machine)
    for package in ("pagelens", "query", "encoders", "index", "ingest", "vespa_app"):
        compileall.compile_dir(ROOT / package, quiet=1)
    runs: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as parent:
        index, filled = ["--index", str(Path(parent) / "index")], Path(parent) / "filled"
        run([*PAGELENS, "ingest", "samples", "--encoder", "lexical", "--ocr", "never", *index])
        query = ["query", TEXT, *index]
        for _ in range(ROUNDS + 1):
            for name, command, cache in (
                ("python -c pass", ["-c", "pass"], filled),
                ("pagelens --help", [*PAGELENS, "--help"], filled),
                ("pagelens query", [*PAGELENS, *query], filled),
                ("pagelens query, by kernels", [*BY_KERNELS, *query], filled),
            ):
                wall_s, processor_s = run(command, cache)
                runs[name].append(wall_s)
                runs[f"{name}: processor"].append(processor_s)
            with tempfile.TemporaryDirectory() as empty:
                wall_s, _ = run([*BY_KERNELS, *query], Path(empty))
                runs["pagelens query, by kernels not yet compiled"].append(wall_s)
            answered_s, named_s = ready(index)
            runs["pagelens mcp: first answer"].append(answered_s)
            runs["pagelens mcp: tools named"].append(named_s)
    print(f"\nseconds, medians of {ROUNDS}; the first round is left out")
    medians = {name: round(median(times[1:]), 3) for name, times in runs.items()}
    for name, seconds in medians.items():
        print(f"{name:45} {seconds:6.3f}")
    print(json.dumps({"machine": machine, "seconds": medians}))


def run(arguments: list[str], numba_cache: Path | None = None) -> tuple[float, float]:
    """Wall-clock and processor seconds of a process of this Python."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": str(numba_cache)} if numba_cache else None,
    )
    wall_s, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ready(index: list[str]) -> tuple[float, float]:
    """Seconds until an agent has its first answer, and until it knows the tools."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *PAGELENS, "mcp", *index],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        times = []
        for said in ([INITIALIZE], [INITIALIZED, LIST_TOOLS]):
            process.stdin.write("".join(f"{json.dumps(message)}\n" for message in said))
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert "result" in answer, answer
            times.append(time.perf_counter() - start)
        process.stdin.close()
    return times[0], times[1]


if __name__ == "__main__":
    main()
