"""How every command speaks to a person: where messages go, results, Ctrl-C."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click
from rich.console import (
    Console,
    ConsoleOptions,
    ConsoleRenderable,
    RenderableType,
    RenderHook,
    RenderResult,
)
from rich.markup import escape

from index.errors import INTERRUPTED
from index.harmless import harmless
from index.wording import printable

_WIDE = 10_000  # columns where nothing wraps: a file or a pipe is not a screen
_LAST_RESORT_S = 0.5  # after a second Ctrl-C


def terminal(*, stderr: bool = False) -> Console:
    """Where messages go: wrapped at words on a terminal, one line each in a pipe or file."""
    console = Console(stderr=stderr, highlight=False)
    console.soft_wrap = not console.is_terminal
    console.push_render_hook(_Harmless())
    return console


def plain(text: str) -> str:
    """A name or reason from outside as it stands in one line of what is printed: no markup."""
    return escape(printable(text))


class _Harmless(RenderHook):
    """Names, titles and words come from outside: none of them may steer the terminal."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Each with its text made harmless; what rich itself says to the terminal stays."""
        return [_HarmlessText(renderable) for renderable in renderables]


class _HarmlessText:
    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._renderable, options):
            text = segment.text if segment.control else harmless(segment.text)
            yield segment._replace(text=text)


def say(message: str) -> None:
    """A line for a person beside the results: a note, an error."""
    click.echo(harmless(message), err=True)


def print_results(*shown: RenderableType) -> None:
    """Print as wide as a terminal is; into a file or a pipe plain whole lines."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(*shown)
        return
    console.width = _WIDE
    with console.capture() as plain:
        console.print(*shown)
    for line in plain.get().splitlines():
        console.out(line.rstrip(), highlight=False)


@contextmanager
def stop_on_signal(
    messages: Console, before_exit: Callable[[], None] = lambda: None
) -> Iterator[threading.Event]:
    """The first Ctrl-C (or SIGTERM) asks for a stop at the next batch, the second stops at once.

    Args:
        messages: where a person is told.
        before_exit: called where "at once" is in the midst of things, to end what would outlive
            the process.
    """
    stop = threading.Event()

    def ask() -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        messages.print("Stopping after this batch of pages. Ctrl-C again stops at once.")

    with _on_signal(ask, messages, before_exit):
        yield stop


@contextmanager
def end_on_signal(
    messages: Console, before_exit: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Ctrl-C (or SIGTERM) ends at once: for as long as nothing is changed. As `stop_on_signal`."""

    def end() -> None:
        raise KeyboardInterrupt

    with _on_signal(end, messages, before_exit):
        yield


@contextmanager
def _on_signal(
    act: Callable[[], None], messages: Console, before_exit: Callable[[], None]
) -> Iterator[None]:
    """Act on Ctrl-C or SIGTERM; where that raises KeyboardInterrupt, the end is soon.

    A thread that reads from a drive which does not answer cannot be interrupted, and Python would
    wait for it. So if the end takes longer than a moment, the process ends where it stands, which
    no index minds.
    """
    last_resort = threading.Timer(_LAST_RESORT_S, _exit_where_it_stands, (messages, before_exit))
    last_resort.daemon = True

    def on_signal(number: int, frame: FrameType | None) -> None:
        try:
            act()
        except KeyboardInterrupt:
            if not last_resort.is_alive():
                last_resort.start()
            raise

    before = {n: signal.signal(n, on_signal) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        last_resort.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit_where_it_stands(messages: Console, before_exit: Callable[[], None]) -> None:
    before_exit()
    if messages.is_terminal:
        os.write(messages.file.fileno(), b"\x1b[?25h\n")  # the bar has hidden the cursor
    os._exit(INTERRUPTED)
