"""Benchmarks: run by hand as `python -m tests.bench.<name>`; they measure and never assert time."""
