"""`pagelens eval`: how well questions are answered; its first word `make` drafts some."""

from collections.abc import MutableMapping

import click

from pagelens.eval_make_command import make
from pagelens.eval_run_command import run

MAKE = "make"


class _Evaluate(click.Group):
    """Two commands of one name: what stands in the place of a folder's or file's name decides."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """For anything but `make`, and for --help, that of the command that measures."""
        if args[:1] != [MAKE]:
            return run.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


_COMMANDS: MutableMapping[str, click.Command] = {MAKE: make, "run": run}

evaluate = _Evaluate("eval", commands=_COMMANDS, help=run.help)
