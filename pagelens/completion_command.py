"""`pagelens completion`: what makes a shell complete the others."""

import click
from click.shell_completion import get_completion_class

VARIABLE = "_PAGELENS_COMPLETE"
"""By which a shell asks: click makes it of the program's name."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes bash, zsh or fish complete commands.

    Also options, files, rankings, filters, and pages for --why-not.

    For bash, in ~/.bashrc: eval "$(pagelens completion bash)"

    For zsh, in ~/.zshrc after compinit: eval "$(pagelens completion zsh)"

    For fish: pagelens completion fish > ~/.config/fish/completions/pagelens.fish
    """
    from pagelens.main import cli

    kind = get_completion_class(shell)
    assert kind is not None  # click knows all three
    click.echo(kind(cli, {}, "pagelens", VARIABLE).source())
