"""Images from outside, opened with suspicion: files to be ingested, and pictures to search by.

How an image looks once decoded is decided here and nowhere else, so that a picture searched by is
the picture that was ingested: upright as its camera says, 8-bit RGB from any depth and colour
space, what is transparent on white. Why one cannot be had is the text of a PageFailure.
"""

import ctypes
import io
import logging
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError, _imaging

from index.errors import PageFailure, PassingFailure, wrong_kind
from index.wording import printable

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
_MAX_KEPT_PIXELS = 40_000_000  # an A4 page scanned at 600 dpi has 35 million; 120 MB as RGB
_ONE_IMAGE = threading.Lock()
"""One image is decoded at a time: it may be large, and the filter for Pillow's warnings about
damaged files belongs to the whole process, not to a thread."""

_PILLOW_ERRORS = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Pillow's decoders raise on damaged files."""


logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its warnings go to the terminal
with suppress(AttributeError, OSError, TypeError):  # and so do those of a libtiff built otherwise
    _libraries = ctypes.CDLL(_imaging.__file__)
    _libraries.TIFFSetErrorHandler(None)
    _libraries.TIFFSetWarningHandler(None)


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


def count_and_size(
    source: Path | bytes, formats: tuple[str, ...], max_pixels: int
) -> tuple[int, tuple[int, int]]:
    """How many pictures a file holds that are pages of their own, and how large the first is.

    Args:
        source: a file, or its bytes.
        formats: those to take, of SIGNATURES.
        max_pixels: of one picture.

    Returns:
        Their number, and the first one's width and height in pixels, as its camera held it.

    Raises:
        TooManyPixelsError: the first picture has more; nothing was decoded.
        PageFailure: the file cannot be opened as an image.
    """
    with _opened(source, formats, max_pixels) as image:
        n = getattr(image, "n_frames", 1) if image.format in _PAGED_FORMATS else 1
        return n, image.size


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
            with _LAST_FILE.opened(source, formats) as image:
                _check_pixels(image, max_pixels)
                yield image
        except UnidentifiedImageError as error:
            if head.startswith(tuple(start for name in formats for start in SIGNATURES[name])):
                raise PageFailure("damaged image (its header cannot be read)") from error
            raise PageFailure(wrong_kind("an image", head)) from error
        except Image.DecompressionBombError as error:
            raise TooManyPixelsError(max_pixels, None) from error
        except MemoryError as error:
            raise PassingFailure("there is not enough memory to decode it") from error
        except _PILLOW_ERRORS as error:
            if isinstance(error, OSError) and error.errno is not None:  # the drive's, not Pillow's
                raise PassingFailure(f"cannot be read: {error.strerror}") from error
            raise PageFailure(f"damaged image ({_said(error)})") from error


def _said(error: Exception) -> str:
    """What a person can make of Pillow's error; its decoders' numbers are nothing to them."""
    text = re.sub(r"\s+", " ", str(error))
    if isinstance(error, EOFError):
        return "it ends before this picture"
    if not isinstance(error, OSError) or re.fullmatch(r"(?:decoder error )?-\d+|", text):
        return "its pixels cannot be decoded"
    if text.startswith("image file is truncated"):
        return "it ends too early"
    return printable(text)


class _LastFile:
    """A file of many pictures stays open for its next one, for Pillow walks to each from the first.

    Used by whoever holds _ONE_IMAGE. A file that was written to meanwhile is opened again.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._image: Image.Image | None = None

    @contextmanager
    def opened(self, source: Path | bytes, formats: tuple[str, ...]) -> Iterator[Image.Image]:
        """The file as Pillow sees it, at any of its pictures."""
        key = None if isinstance(source, bytes) else _file_key(source, formats)
        kept, self._image = self._image, None
        if kept is not None and (key is None or key != self._key):
            kept.close()
            kept = None
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        image = Image.open(file, formats=formats) if kept is None else kept
        try:
            yield image
        except BaseException:
            image.close()
            raise
        if key is not None and _has_more(image):
            self._key, self._image = key, image
        else:
            image.close()


_LAST_FILE = _LastFile()


def _file_key(path: Path, formats: tuple[str, ...]) -> tuple[object, ...]:
    status = path.stat()
    return path, formats, status.st_ino, status.st_size, status.st_mtime_ns


def _has_more(image: Image.Image) -> bool:
    """Whether pictures follow in a TIFF; one large as a poster is not kept in memory for them."""
    is_small = image.width * image.height <= _MAX_KEPT_PIXELS
    return image.format == "TIFF" and is_small and image.tell() + 1 < getattr(image, "n_frames", 1)


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
