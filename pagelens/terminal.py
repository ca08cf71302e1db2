"""How every command speaks to a person: where messages go, progress, Ctrl-C."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from index.errors import INTERRUPTED

_SPEED_WINDOW_S = 60.0  # a model's batches come in bursts; the ETA looks back this far
_LAST_RESORT_S = 0.5  # after a second Ctrl-C


def terminal(*, stderr: bool = False) -> Console:
    """Where messages go: wrapped at words on a terminal, one line each in a pipe or file."""
    console = Console(stderr=stderr, highlight=False)
    console.soft_wrap = not console.is_terminal
    return console


def progress_bar(console: Console) -> Progress:
    """A bar that shows nothing where the console is not a terminal, and leaves nothing behind."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _SpeedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
        speed_estimate_period=_SPEED_WINDOW_S,
    )


class _SpeedColumn(ProgressColumn):
    """Pages (or files) per second."""

    def render(self, task: Task) -> Text:
        """The speed so far; empty before there is one."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def stop_on_signal(
    messages: Console, before_exit: Callable[[], None] = lambda: None
) -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) asks for a stop at the next batch, the second stops at once.

    At once is by a KeyboardInterrupt; but a thread that reads from a drive which does not answer
    cannot be interrupted, and Python would wait for it. So if that takes longer than a moment, the
    process ends where it stands, which no index minds.

    Args:
        messages: where a person is told.
        before_exit: called in that case, to end what would outlive the process.
    """
    stop = threading.Event()
    last_resort = threading.Timer(_LAST_RESORT_S, _exit_where_it_stands, (messages, before_exit))
    last_resort.daemon = True

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            if not last_resort.is_alive():
                last_resort.start()
            raise KeyboardInterrupt
        stop.set()
        messages.print("Stopping after this batch of pages. Ctrl-C again stops at once.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        last_resort.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit_where_it_stands(messages: Console, before_exit: Callable[[], None]) -> None:
    before_exit()
    if messages.is_terminal:
        os.write(messages.file.fileno(), b"\x1b[?25h\n")  # the bar has hidden the cursor
    os._exit(INTERRUPTED)
