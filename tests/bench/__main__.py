"""Run every benchmark of `make bench` and end with one JSON line that holds all their results."""

import json
import subprocess
import sys

BENCHMARKS = (
    "bench_kernels",
    "bench_index",
    "bench_start",
    "bench_cold",
    "bench_ingest",
    "bench_wire",
    "bench_candidates",
    "bench_serve",
)


def main() -> None:
    results = {}
    for name in BENCHMARKS:
        print(f"\n== {name}\n", flush=True)
        results[name] = run(name)
    print()
    print(json.dumps(results))


def run(name: str) -> object:
    """Run one in a process of its own, show its tables, and take its last line."""
    with subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{name}"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = ""
        for line in process.stdout:
            if not line.startswith("{"):
                print(line, end="", flush=True)
    if process.returncode:
        raise SystemExit(f"{name} failed with exit code {process.returncode}.")
    return json.loads(line)


if __name__ == "__main__":
    main()
