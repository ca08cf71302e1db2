"""The words of a page as text over its picture: to be selected, copied and looked for.

A line of text for each line of the page, a space between its words: what is copied reads as it
stands there. Places are attributes of SVG, for the content policy refuses styles in the page.
"""

from dataclasses import dataclass

from index.broken_words import without_spaces_in_cjk
from index.pages import Page
from query.page_lines import lines

MAX_WORDS = 20_000
"""Of one page: 2 MB of HTML. A page of a newspaper has 5,000."""

_LETTERS = 0.87  # of a box's height: poppler's box reaches from the highest to the lowest letters
_BASELINE = 0.8  # of a box's height, from its top


@dataclass(frozen=True)
class LayerWord:
    """A word in pixels of the preview: where its baseline begins, its height and length.

    Attributes:
        space: what parts it from the next word of its line, "" in Chinese and Japanese.
    """

    text: str
    x: float
    y: float
    size: float
    length: float
    space: str


@dataclass(frozen=True)
class LayerLine:
    """A line; `turn` is how SVG turns it: about a point, by a quarter to the left, or ""."""

    words: tuple[LayerWord, ...]
    turn: str = ""


def text_layer(page: Page, width_px: int, height_px: int) -> tuple[LayerLine, ...]:
    """Lay a page's words out over its picture.

    Args:
        page: with its words.
        width_px: of the picture.
        height_px: of the picture.

    Returns:
        Its lines in reading order, MAX_WORDS at most.
    """
    laid: list[LayerLine] = []
    for line in lines(page):
        if line.first >= MAX_WORDS:
            break
        boxes = page.words.boxes[line.first : line.first + len(line.texts)].tolist()
        placed = [
            (x0 * width_px, y0 * height_px, (x1 - x0) * width_px, (y1 - y0) * height_px)
            for x0, y0, x1, y1 in boxes
        ]
        if line.height_pt:
            spaces = [*map(_space_between, line.texts, line.texts[1:]), ""]
            parts = zip(line.texts, placed, spaces, strict=True)
            laid.append(LayerLine(tuple(_word(text, *box, space) for text, box, space in parts)))
        else:  # a turned word is a line of its own
            laid.append(_turned(line.texts[0], *placed[0]))
    return tuple(laid)


def _space_between(word: str, following: str) -> str:
    return without_spaces_in_cjk(f"{word[-1]} {following[0]}")[1:-1]


def _word(text: str, left: float, top: float, width: float, height: float, space: str) -> LayerWord:
    return LayerWord(
        text,
        round(left, 1),
        round(top + _BASELINE * height, 1),
        max(0.1, round(_LETTERS * height, 1)),
        max(0.1, round(width, 1)),
        space,
    )


def _turned(text: str, left: float, top: float, width: float, height: float) -> LayerLine:
    """A word that is read upwards: laid out beside the foot of its box, then turned."""
    foot = round(top + height, 1)
    word = _word(text, left, foot, height, width, "")
    return LayerLine((word,), f"rotate(-90 {round(left, 1)} {foot})")
