"""Ctrl-C in a run that commits batch by batch: first politely, then at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console


@contextmanager
def stop_on_signal(messages: Console) -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) asks for a stop at the next batch, the second stops at once."""
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        messages.print("Stopping after this batch of pages. Ctrl-C again stops at once.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
