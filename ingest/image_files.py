"""Image files as documents, one page for each frame: PNG, JPEG, TIFF and WebP."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from encoders import image_decoder
from encoders.image_decoder import decoded_frame
from ingest.page_shape import check_aspect
from ingest.source_file import IMAGE_FORMATS, read_head

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})
MAX_IMAGE_PIXELS = 150_000_000  # an A0 poster scanned at 300 dpi has 139 million; 450 MB as RGB


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame, ready for the encoder.

    Attributes:
        image: RGB, of the size asked for.
        width_px, height_px: the frame as a person sees it, before it was resized.
    """

    image: Image.Image
    width_px: int
    height_px: int


def count_and_size(path: Path) -> tuple[int, tuple[int, int]]:
    """Pages of an image file, and width and height of the first in pixels.

    Raises:
        PageFailure: the file cannot be opened as an image.
    """
    read_head(path)
    return image_decoder.count_and_size(path, IMAGE_FORMATS, MAX_IMAGE_PIXELS)


def render_frame(
    path: Path, page_number: int, page_size_px: Callable[[float, float], tuple[int, int]]
) -> Frame:
    """Read one frame and bring it to the encoder's size in one step.

    Raises:
        PageFailure: the frame is damaged, too large or a mere line.
    """
    read_head(path)
    with decoded_frame(path, IMAGE_FORMATS, MAX_IMAGE_PIXELS, page_number - 1) as upright:
        width_px, height_px = upright.size
        check_aspect(width_px, height_px, "px")
        resized = upright.resize(page_size_px(width_px, height_px), Image.Resampling.LANCZOS)
        return Frame(resized, width_px, height_px)
