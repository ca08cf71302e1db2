"""A hit's page as a picture in the terminal, where that shows pictures."""

import io
import sys

from rich.console import Console

from index.interface import PageIndex
from index.pages import Hit
from pagelens.terminal import say

_INSTEAD = "--save-pages DIR writes the page as a file, --open opens the document."


def show_hit(hit: Hit, index: PageIndex) -> None:
    """Show a page by sixels or kitty's protocol; elsewhere say what to do instead.

    Nothing is sent to what is not a terminal. A terminal is asked what it can do, and answers on
    standard input.
    """
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        say(f"Note: a picture is shown in a terminal only. {_INSTEAD}")
        return
    from textual_image.renderable import Image, SixelImage, TGPImage  # asks the terminal

    if Image not in (SixelImage, TGPImage):
        say(
            "Note: this terminal shows no pictures; kitty, iTerm2 and those that know sixels do. "
            f"{_INSTEAD}"
        )
        return
    Console().print(Image(io.BytesIO(index.image(hit.page_id)), width="auto", height="auto"))
