"""Image files as documents, one page for each frame: PNG, JPEG, TIFF and WebP."""

import re
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from index.errors import PageFailure
from ingest.page_shape import check_aspect
from ingest.source_file import read_head, wrong_kind

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})
MAX_IMAGE_PIXELS = 150_000_000  # an A0 poster scanned at 300 dpi has 139 million; 450 MB as RGB

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"RIFF")
_PAGED_FORMATS = {"TIFF", "WEBP"}  # a JPEG's further frames are its thumbnail or brightness map
_16_BIT_MODES = {"I;16", "I;16L", "I;16B", "I;16N"}
_ONE_IMAGE = threading.Lock()
"""One image is decoded at a time: it may be large, and the filter for Pillow's warnings about
damaged files belongs to the whole process, not to a thread."""

_PILLOW_ERRORS = (
    ArithmeticError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Pillow's decoders raise on damaged files."""


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


def count_frames(path: Path) -> int:
    """Pages of an image file.

    Raises:
        PageFailure: the file cannot be opened as an image.
    """
    with _opened(path) as image:
        return _n_frames(image)


def render_frame(
    path: Path, page_number: int, page_size_px: Callable[[float, float], tuple[int, int]]
) -> Frame:
    """Read one frame and bring it to the encoder's size in one step.

    Turned as its EXIF data says, transparency on white, any depth and colour space.

    Raises:
        PageFailure: the frame is damaged, too large or a mere line.
    """
    with _opened(path) as image:
        image.seek(page_number - 1)
        _check_pixels(image)
        upright = _as_rgb(ImageOps.exif_transpose(image))
        width_px, height_px = upright.size
        check_aspect(width_px, height_px, "px")
        resized = upright.resize(page_size_px(width_px, height_px), Image.Resampling.LANCZOS)
        return Frame(resized, width_px, height_px)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The image file, any of Pillow's errors as a PageFailure, its warnings silent."""
    head = read_head(path)
    with _ONE_IMAGE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=_FORMATS) as image:
                _check_pixels(image)
                yield image
        except UnidentifiedImageError as error:
            if head.startswith(_SIGNATURES):
                raise PageFailure("damaged image (its header cannot be read)") from error
            raise PageFailure(wrong_kind("an image", head)) from error
        except Image.DecompressionBombError as error:
            raise _too_many_pixels() from error
        except _PILLOW_ERRORS as error:
            said = re.sub(r"\s+", " ", str(error)) or type(error).__name__
            raise PageFailure(f"damaged image ({said})") from error


def _n_frames(image: Image.Image) -> int:
    return getattr(image, "n_frames", 1) if image.format in _PAGED_FORMATS else 1


def _check_pixels(image: Image.Image) -> None:
    """Opening reads only the header, so this comes before any pixel is decoded."""
    if image.width * image.height > MAX_IMAGE_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> PageFailure:
    return PageFailure(
        f"image has more pixels than the limit of {MAX_IMAGE_PIXELS // 1_000_000} million"
    )


def _as_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB. Pillow itself would clip deeper greys to white instead of scaling them."""
    if image.mode in _16_BIT_MODES:
        grey = np.asarray(image).astype(np.float32) / 257  # (height, width)
        return Image.fromarray(grey.round().astype(np.uint8)).convert("RGB")
    if image.mode in {"I", "F"}:  # measurements of any range: the darkest black, the lightest white
        values = np.nan_to_num(np.asarray(image, np.float32), posinf=0, neginf=0)  # (height, width)
        low, high = float(values.min()), float(values.max())
        spread = (values - low) * (255 / (high - low) if high > low else 0)
        return Image.fromarray(spread.round().astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(rgba, mask=rgba.getchannel("A"))
        return paper
    return image.convert("RGB")
