"""A part of a page drawn as large as it is asked for: what a reader zooms into.

It is drawn alone, so that memory and time follow the part, not the page. Nothing here decides
whether the file may be shown.
"""

import io
import math
from pathlib import Path

from PIL import Image

from encoders.image_decoder import decoded_frame
from index.errors import PageFailure
from ingest.image_files import IMAGE_SUFFIXES, MAX_IMAGE_PIXELS
from ingest.poppler import run
from ingest.poppler_complaints import why_pdf_failed
from ingest.source_file import IMAGE_FORMATS, read_head


def draw_region(
    path: Path,
    page_number: int,
    page_size: tuple[float, float],
    box: tuple[float, float, float, float],
    width_px: int,
) -> Image.Image:
    """Draw a part of a page.

    Args:
        path: the document.
        page_number: counted from 1.
        page_size: width and height of the page as seen, in any unit.
        box: x0, y0, x1, y1, fractions of the page as seen.
        width_px: of the part; an image file is not enlarged beyond its own pixels.

    Returns:
        RGB, of the box widened to whole pixels.

    Raises:
        PageFailure: it cannot be drawn.
        MissingDependencyError: poppler is not installed.
    """
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return _of_image(path, page_number, box, width_px)
    page_width_px = width_px / (box[2] - box[0])
    long_edge_px = max(1, round(page_width_px * max(page_size) / page_size[0]))
    scale = long_edge_px / max(page_size)  # pixels a unit, as poppler will take it
    x, y, width, height = _whole_pixels(box, page_size[0] * scale, page_size[1] * scale)
    done = run(
        "pdftoppm",
        *("-cropbox", "-scale-to", str(long_edge_px)),
        *("-x", str(x), "-y", str(y), "-W", str(width), "-H", str(height)),
        *("-f", str(page_number), "-l", str(page_number), str(path.absolute())),
    )
    try:
        with Image.open(io.BytesIO(done.output), formats=["PPM"]) as image:
            drawn: Image.Image = image.convert("RGB")
            return drawn
    except (OSError, ValueError) as error:
        raise PageFailure(why_pdf_failed(path, done)) from error


def _of_image(
    path: Path, page_number: int, box: tuple[float, float, float, float], width_px: int
) -> Image.Image:
    read_head(path)
    with decoded_frame(path, IMAGE_FORMATS, MAX_IMAGE_PIXELS, page_number - 1) as upright:
        x, y, width, height = _whole_pixels(box, *upright.size)
        part = upright.crop((x, y, x + width, y + height))
    if part.width <= width_px:
        return part
    height_px = max(1, round(part.height * width_px / part.width))
    return part.resize((width_px, height_px), Image.Resampling.LANCZOS)


def _whole_pixels(
    box: tuple[float, float, float, float], width_px: float, height_px: float
) -> tuple[int, int, int, int]:
    """Left, top, width and height of a box on a page of this size, widened to whole pixels.

    >>> _whole_pixels((0.25, 0.5, 0.5, 1), 10, 10)
    (2, 5, 3, 5)
    """
    x, y = math.floor(box[0] * width_px), math.floor(box[1] * height_px)
    right, bottom = math.ceil(box[2] * width_px), math.ceil(box[3] * height_px)
    return x, y, max(1, right - x), max(1, bottom - y)
