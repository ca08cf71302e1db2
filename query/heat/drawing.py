"""Heat drawn over a page's preview, with the hottest words outlined.

What is drawn is query/heat/merging.py's map; this file knows of colours and pixels, not of vectors.
"""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from query.heat.colours import OUTLINE, heat_colours
from query.heat.hot_words import HotWord
from query.heat.scale import Scale

STRENGTH = 0.9
"""How far the hottest place takes its colour; what is left lets the page's own shine through."""

FADE_IN = 0.5
"""Part of the scale over which colour comes in: a weak match is seen and does not shout."""

_LIGHTENED = np.interp(np.arange(256), (0, 110, 160, 255), (0, 110, 190, 255)).astype(int).tolist()
"""Ink stays as dark as it is; the middle greys of figures make room for colour."""

_LINE_PX = 2
_GAP_PX = 2  # between a word and its outline
_ROUND_PX = 3
_HALO = (255, 255, 255)
_DASH_PX = 4  # and as long a gap

_BACKGROUND_PX = 24  # wider than two lines of text: their mean is nearer the paper than the ink
_DARK, _LIGHT = 80, 140  # grey levels of a background taken for dark, and for light


def draw_heatmap(
    preview: bytes,
    heat: NDArray[np.float32],
    scale: Scale,
    outlines: Sequence[HotWord] = (),
    file_format: str = "PNG",
    zoom: float = 1,
) -> bytes:
    """Draw heat over a page, its text still readable.

    The page is drawn in greys, so that every colour means heat: over an orange chart, orange would
    say nothing. On a light background the colour is multiplied with the page, as a marker pen does:
    black stays black. On a dark one it is added as light, so that white letters stay white. What
    counts is the background around a place, not the ink on it.

    Args:
        preview: the page's image, in any format Pillow reads.
        heat: float32 (height, width) of any size; NaN is left uncoloured.
        scale: of the query.
        outlines: words to outline, those that OCR may have misread with dashes.
        file_format: "PNG" or "WEBP".
        zoom: how many times as large as on the preview the page is drawn here.

    Returns:
        An image of the preview's size.
    """
    with Image.open(io.BytesIO(preview)) as image:
        page = image.convert("L")
    drawn = _coloured(page, scale.position(heat), round(_BACKGROUND_PX * zoom))
    _outline(drawn, outlines)
    data = io.BytesIO()
    if file_format == "PNG":
        drawn.save(data, "PNG", compress_level=3)
    else:
        drawn.save(data, "WEBP", quality=85, method=0)
    return data.getvalue()


def _coloured(page: Image.Image, position: NDArray[np.float32], background_px: int) -> Image.Image:
    """The page (mode L) in the colours of positions on the scale (height, width), NaN for none."""
    known = np.nan_to_num(position)
    tint = Image.fromarray(heat_colours(known))

    def over(ground: str, strength: NDArray[np.float32]) -> Image.Image:
        mask = Image.fromarray(np.rint(255 * STRENGTH * strength).astype(np.uint8))
        small = Image.composite(tint, Image.new("RGB", tint.size, ground), mask)
        return small.resize(page.size, Image.Resampling.BILINEAR)

    grey = Image.merge("RGB", [page.point(_LIGHTENED)] * 3)
    on_light = ImageChops.multiply(grey, over("white", np.minimum(known / FADE_IN, 1)))
    lightness = _background_lightness(page, background_px)
    if lightness.getextrema()[0] == 255:  # nowhere dark: most pages
        return on_light
    # light that is added must grow all the way, or the middle of the scale is as bright as its end
    on_dark = ImageChops.screen(grey, over("black", known**1.2))
    mix = lightness.resize(page.size, Image.Resampling.BILINEAR)
    return Image.composite(on_light, on_dark, mix)


def _background_lightness(page: Image.Image, background_px: int) -> Image.Image:
    """255 where a page's background is light, 0 where it is dark; mode L, smaller than the page."""
    small = page.reduce(max(1, min(background_px, *page.size)))
    smooth = small.filter(ImageFilter.GaussianBlur(1))
    steps = np.clip((np.arange(256) - _DARK) / (_LIGHT - _DARK), 0, 1)
    return smooth.point(np.rint(255 * steps).astype(int).tolist())


def _outline(page: Image.Image, words: Sequence[HotWord]) -> None:
    """Draw a frame around each word, with a light edge that shows it on dark pages, in place."""
    draw = ImageDraw.Draw(page)
    for word in words:
        x0, y0, x1, y1 = word.box
        frame = (
            round(x0 * page.width) - _GAP_PX,
            round(y0 * page.height) - _GAP_PX,
            round(x1 * page.width) + _GAP_PX,
            round(y1 * page.height) + _GAP_PX,
        )
        wide = (frame[0] - 1, frame[1] - 1, frame[2] + 1, frame[3] + 1)
        draw.rounded_rectangle(wide, _ROUND_PX + 1, outline=_HALO, width=_LINE_PX + 2)
        draw.rounded_rectangle(frame, _ROUND_PX, outline=OUTLINE, width=_LINE_PX)
        if word.is_unsure:
            _cut_into_dashes(draw, frame)


def _cut_into_dashes(draw: ImageDraw.ImageDraw, frame: tuple[int, int, int, int]) -> None:
    """Draw gaps, as light as its edge, over a frame."""
    x0, y0, x1, y1 = frame
    gap, width = _DASH_PX - 1, _LINE_PX - 1  # a rectangle holds its last pixel too
    for x in range(x0 + _DASH_PX, x1 - _DASH_PX, 2 * _DASH_PX):
        for y in (y0, y1 - width):
            draw.rectangle((x, y, x + gap, y + width), fill=_HALO)
    for y in range(y0 + _DASH_PX, y1 - _DASH_PX, 2 * _DASH_PX):
        for x in (x0, x1 - width):
            draw.rectangle((x, y, x + width, y + gap), fill=_HALO)
