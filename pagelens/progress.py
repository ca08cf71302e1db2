"""The bar that shows how far a command is, how fast, and how long it will take.

In a file of its own, as what draws it takes time to import that a query has no use for.
"""

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

_SPEED_WINDOW_S = 60.0  # a model's batches come in bursts; the ETA looks back this far


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
