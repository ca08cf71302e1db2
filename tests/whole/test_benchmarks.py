"""Every benchmark can still be started: nothing is measured here, but all its imports exist."""

import importlib
from pathlib import Path

import pytest

BENCHMARKS = sorted((Path(__file__).parents[1] / "bench").glob("bench_*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_can_be_imported(path: Path) -> None:
    module = importlib.import_module(f"tests.bench.{path.stem}")
    assert callable(module.main)
