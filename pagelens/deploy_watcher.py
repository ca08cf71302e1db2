"""What `pagelens deploy` says meanwhile, and asks before an application loses something."""

import sys

import click
from rich.console import Console
from rich.markup import escape

from index.errors import WrongUseError
from vespa_app.deploy.change import Change


class DeployWatcher:
    """Who is told what a deployment does and means, and asked whether it may take something away.

    Attributes:
        told: every line about what it means.
    """

    def __init__(self, console: Console, yes: bool) -> None:
        """Watch a deployment that has not begun.

        Args:
            console: where it is told.
            yes: whether it may take something away.
        """
        self.told: list[str] = []
        self._status = console.status("Connecting")
        self._console = console
        self._yes = yes

    def __enter__(self) -> "DeployWatcher":
        """Show a line that says what goes on."""
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self._status.stop()

    def report(self, text: str) -> None:
        """Show what goes on; nowhere where the console is not a terminal."""
        self._status.update(escape(text))

    def confirm(self, change: Change) -> None:
        """Tell what a change means.

        Raises:
            WrongUseError: it takes something away, and that was not agreed to.
        """
        lines = (*change.messages, *change.losses) if self._yes else change.messages
        for line in lines:
            self.told.append(line)
            self._console.print(escape(line))
        if self._yes or not change.losses:
            return
        lost = " ".join(change.losses)
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise WrongUseError(f"{lost} To go on all the same: --yes")
        self._status.stop()
        self._console.print(escape(lost))
        if not click.confirm("Go on all the same?", err=True):
            raise WrongUseError("Nothing was deployed.")
        self._status.start()
