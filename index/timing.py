"""Milliseconds by stage, for people who ask where the time of a search goes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

COMPILED_S: dict[str, float] = {}
"""Seconds this process has spent on each kernel it had to compile; what an earlier one has left
beside the code or in the user's cache folder is only loaded."""


class StageTimer:
    """Adds up wall-clock milliseconds under names, in the order the stages first ran."""

    def __init__(self) -> None:
        """Start with no stages."""
        self.timings_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time inside under this name."""
        start = time.perf_counter()
        try:
            yield
        finally:
            elapsed_ms = 1000 * (time.perf_counter() - start)
            self.timings_ms[name] = self.timings_ms.get(name, 0.0) + elapsed_ms
