"""Images from outside, opened with suspicion: files to be ingested, and pictures to search by.

How an image looks once decoded is decided here and nowhere else, so that a picture searched by is
the picture that was ingested: upright as its camera says, 8-bit RGB from any depth and colour
space, what is transparent on white. Why one cannot be had is the text of a PageFailure.
"""

import io
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from index.errors import PageFailure, wrong_kind

SIGNATURES = {
    "PNG": (b"\x89PNG",),
    "JPEG": (b"\xff\xd8\xff",),
    "WEBP": (b"RIFF",),
    "GIF": (b"GIF8",),
    "TIFF": (b"II*\0", b"MM\0*"),
    "BMP": (b"BM",),
}
"""The formats that can be decoded, and how their files begin."""

_PAGED_FORMATS = {"TIFF", "WEBP"}  # a JPEG's further frames are its thumbnail or brightness map
_16_BIT_MODES = {"I;16", "I;16L", "I;16B", "I;16N"}
_HEAD_BYTES = 16
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


class TooManyPixelsError(PageFailure):
    """An image was not decoded, because it would not fit.

    Attributes:
        size_px: width and height; None where they are beyond what Pillow itself opens.
    """

    def __init__(self, max_pixels: int, size_px: tuple[int, int] | None) -> None:
        """Name the limit, as a reason."""
        super().__init__(
            f"image has more pixels than the limit of {max_pixels // 1_000_000} million"
        )
        self.size_px = size_px


def count_frames(source: Path | bytes, formats: tuple[str, ...], max_pixels: int) -> int:
    """How many pictures a file holds that are pages of their own.

    Args:
        source: a file, or its bytes.
        formats: those to take, of SIGNATURES.
        max_pixels: of one picture.

    Raises:
        TooManyPixelsError: the first picture has more; nothing was decoded.
        PageFailure: the file cannot be opened as an image.
    """
    with _opened(source, formats, max_pixels) as image:
        return getattr(image, "n_frames", 1) if image.format in _PAGED_FORMATS else 1


@contextmanager
def decoded_frame(
    source: Path | bytes, formats: tuple[str, ...], max_pixels: int, frame_index: int = 0
) -> Iterator[Image.Image]:
    """One picture of a file, upright, RGB; nobody else decodes before it is left.

    Args:
        source: a file, or its bytes.
        formats: those to take, of SIGNATURES.
        max_pixels: of one picture.
        frame_index: which picture, from 0.

    Raises:
        TooManyPixelsError: the picture has more; it was not decoded.
        PageFailure: the file is damaged, of another format or no image.
    """
    with _opened(source, formats, max_pixels) as image:
        image.seek(frame_index)
        _check_pixels(image, max_pixels)
        yield _as_rgb(ImageOps.exif_transpose(image))


@contextmanager
def _opened(
    source: Path | bytes, formats: tuple[str, ...], max_pixels: int
) -> Iterator[Image.Image]:
    """The image file, any of Pillow's errors as a PageFailure, its warnings silent."""
    with _ONE_IMAGE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            head = _head(source)
            file = io.BytesIO(source) if isinstance(source, bytes) else source
            with Image.open(file, formats=formats) as image:
                _check_pixels(image, max_pixels)
                yield image
        except UnidentifiedImageError as error:
            if head.startswith(tuple(start for name in formats for start in SIGNATURES[name])):
                raise PageFailure("damaged image (its header cannot be read)") from error
            raise PageFailure(wrong_kind("an image", head)) from error
        except Image.DecompressionBombError as error:
            raise TooManyPixelsError(max_pixels, None) from error
        except _PILLOW_ERRORS as error:
            said = re.sub(r"\s+", " ", str(error)) or type(error).__name__
            raise PageFailure(f"damaged image ({said})") from error


def _head(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:_HEAD_BYTES]
    with source.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _check_pixels(image: Image.Image, max_pixels: int) -> None:
    """Opening reads only the header, so this comes before any pixel is decoded."""
    if image.width * image.height > max_pixels:
        raise TooManyPixelsError(max_pixels, image.size)


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
