"""One picture of all hits: the query on top, then each page with rank, file, number and score."""

import functools
import io
import math
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from index.pages import Hit
from index.wording import score_text
from query.found import Found

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

PAGE_WIDTH_PX, PAGE_HEIGHT_PX = 300, 390  # the largest a page is shown; A4 just fits
MIN_COLUMNS, MAX_COLUMNS = 3, 5  # a single page still leaves room for the query
_GAP_PX, _MARGIN_PX = 36, 48
_TITLE_PX, _NAME_PX, _DETAIL_PX = 34, 20, 17  # font sizes

_PAPER, _INK, _QUIET, _ACCENT, _EDGE = "#f6f5f1", "#1d1f23", "#6d6f76", "#b3401f", "#d4d2cb"

_FONT_FILES = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "Helvetica.ttc",
)
"""Tried in this order: Debian with poppler, CJK on Linux, and macOS twice."""


class _Cell(NamedTuple):
    """A hit, ready to be drawn."""

    page: Image.Image
    rank: str
    name: str
    detail: str


def contact_sheet(found: Found, previews: Sequence[bytes]) -> bytes:
    """Draw the hits side by side.

    Args:
        found: with at least one hit.
        previews: the page image of each hit, in any format Pillow reads.

    Returns:
        A PNG.
    """
    cells = [
        _cell(rank, hit, found.request.ranking, preview)
        for rank, (hit, preview) in enumerate(zip(found.shown, previews, strict=True), 1)
    ]
    n_rows = math.ceil(len(cells) / MAX_COLUMNS)
    n_columns = math.ceil(len(cells) / n_rows)  # six hits are three and three, not five and one
    rows = [cells[i : i + n_columns] for i in range(0, len(cells), n_columns)]
    page_heights = [max(cell.page.height for cell in row) for row in rows]
    caption_height = _NAME_PX + _DETAIL_PX + 30
    top = _MARGIN_PX + _TITLE_PX + _GAP_PX
    width = 2 * _MARGIN_PX + max(MIN_COLUMNS, n_columns) * (PAGE_WIDTH_PX + _GAP_PX) - _GAP_PX
    height = top + sum(page_heights) + len(rows) * (caption_height + _GAP_PX)

    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(
        draw,
        (_MARGIN_PX, _MARGIN_PX),
        f"“{found.query.text}”",
        _TITLE_PX,
        _INK,
        width - 2 * _MARGIN_PX,
    )
    for row, page_height in zip(rows, page_heights, strict=True):
        for column, cell in enumerate(row):
            x = _MARGIN_PX + column * (PAGE_WIDTH_PX + _GAP_PX)
            y = top + page_height - cell.page.height  # pages of a row stand on one line
            _paste_with_shadow(sheet, cell.page, x, y)
            _write_caption(draw, cell, x, top + page_height + 14)
        top += page_height + caption_height + _GAP_PX
    png = io.BytesIO()
    sheet.save(png, "PNG", optimize=True)
    return png.getvalue()


def _cell(rank: int, hit: Hit, ranking: str, preview: bytes) -> _Cell:
    with Image.open(io.BytesIO(preview)) as image:
        page = image.convert("RGB")
    page.thumbnail((PAGE_WIDTH_PX, PAGE_HEIGHT_PX), Image.Resampling.LANCZOS)
    detail = f"page {hit.page_number}  ·  {score_text(hit.score, ranking)}"
    return _Cell(page, str(rank), PurePosixPath(hit.name).name, detail)


def _paste_with_shadow(sheet: Image.Image, page: Image.Image, x: int, y: int) -> None:
    blur, drop = 8, 4
    mask = Image.new("L", (page.width + 4 * blur, page.height + 4 * blur))
    mask.paste(70, (2 * blur, 2 * blur, 2 * blur + page.width, 2 * blur + page.height))
    mask = mask.filter(ImageFilter.GaussianBlur(blur))
    sheet.paste(_INK, (x - 2 * blur, y - 2 * blur + drop), mask)
    sheet.paste(page, (x, y))
    edge = (x - 1, y - 1, x + page.width, y + page.height)
    ImageDraw.Draw(sheet).rectangle(edge, outline=_EDGE)


def _write_caption(draw: ImageDraw.ImageDraw, cell: _Cell, x: int, y: int) -> None:
    indent = 14 + int(draw.textlength(cell.rank, _font(cell.rank, _NAME_PX)))
    _write(draw, (x, y), cell.rank, _NAME_PX, _ACCENT, indent)
    room = PAGE_WIDTH_PX - indent
    _write(draw, (x + indent, y), cell.name, _NAME_PX, _INK, room)
    _write(draw, (x + indent, y + _NAME_PX + 8), cell.detail, _DETAIL_PX, _QUIET, room)


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, color: str, room: int
) -> None:
    """Write one line; what does not fit is cut from the middle, as file names end in what tells."""
    text = "".join(c if c.isprintable() else " " for c in text).strip()
    font = _font(text, size)
    shown, keep = text, len(text)
    while keep > 2 and draw.textlength(shown, font) > room:
        keep -= 1
        shown = text[: (keep + 1) // 2].rstrip() + "…" + text[len(text) - keep // 2 :].lstrip()
    x, y = at
    draw.text((x, y + size), shown, color, font, anchor="ls")  # fonts differ in height, not in base


def _font(text: str, size: int) -> _Font:
    """The first font at hand that has every character of the text, else the first at hand."""
    fonts = _fonts_at_hand(size)
    return next((font for font in fonts if _has_every_character(font, text)), fonts[0])


@functools.cache
def _fonts_at_hand(size: int) -> list[_Font]:
    fonts: list[_Font] = []
    for name in _FONT_FILES:
        try:
            fonts.append(ImageFont.truetype(name, size))
        except OSError:
            continue  # this machine does not have it
    return [*fonts, ImageFont.load_default(size)]  # Pillow's own: always there, basic Latin only


def _has_every_character(font: _Font, text: str) -> bool:
    missing = bytes(font.getmask("\uffff"))  # never a character: drawn as the font's empty box
    return all(c.isspace() or bytes(font.getmask(c)) != missing for c in set(text))
