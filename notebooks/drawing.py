"""How the notebooks draw: colours, frames on pages, boxes."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

INK, QUIET, FAINT, ACCENT = "#1d1f23", "#6d6f76", "#bfc0c5", "#b3401f"
BRIGHT = "#35c4dc"  # a ring on dark colours
TOKEN_COLOURS = (ACCENT, "#1f6fb3", "#8a4fbf", "#2f8f4e", "#b8860b", "#0f7f86")

Mark = tuple[NDArray[np.float32], str, str]
"""Box in fractions of the page, colour, label."""


def use_style() -> None:
    """Set what all figures share."""
    plt.rcParams.update(
        {
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 9.5,
            "axes.edgecolor": QUIET,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "text.color": INK,
            "legend.frameon": False,
        }
    )


def small(image: Image.Image, height_px: int = 620) -> Image.Image:
    """An image at the height at which notebooks show pages."""
    size = round(height_px * image.width / image.height), height_px
    return image.resize(size, Image.Resampling.LANCZOS)


def framed(image: Image.Image, marks: Sequence[Mark]) -> Image.Image:
    """A copy of the image with a frame around each mark, its label where the page is emptiest."""
    picture = small(image, round(640 * image.height / image.width)).convert("RGB")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(14)
    for box, colour, label in marks:
        x0, y0, x1, y1 = np.round(np.asarray(box) * (*picture.size, *picture.size)) + (-4, -4, 4, 4)
        width, height = draw.textlength(label, font) + 8, 20
        places = ((x0, y0 - height), (x0, y1), (x1, y0), (x1 - width, y0 - height))
        areas = [(x, y, x + width, y + height) for x, y in places]
        flag = max(areas, key=lambda area: np.asarray(picture.crop(area)).mean())
        draw.rectangle(flag, fill=colour)
        draw.rectangle((x0, y0, x1, y1), outline=colour, width=3)
        draw.text((flag[0] + 4, flag[1] + height / 2), label, "white", font, anchor="lm")
    return picture


def side_by_side(images: Sequence[Image.Image], gap_px: int = 16) -> Image.Image:
    """Images in a row on white, each with a thin frame."""
    images = [ImageOps.expand(image, 1, FAINT) for image in images]
    width = sum(image.width for image in images) + gap_px * (len(images) - 1)
    row = Image.new("RGB", (width, max(image.height for image in images)), "white")
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width + gap_px
    return row


def rectangles(boxes: NDArray[np.floating], **style: object) -> PatchCollection:
    """Boxes (n, 4) as one thing to add to axes."""
    return PatchCollection([Rectangle(b[:2], *(b[2:] - b[:2])) for b in boxes], **style)
