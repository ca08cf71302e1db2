"""A preview carries its thumbnail, and is a picture like any other."""

import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from index.preview import THUMBNAIL_PX, preview_of, thumbnail_in, thumbnail_of


def striped(width_px: int, height_px: int) -> Image.Image:
    rows = np.arange(height_px)[:, None] // 40 % 2 * 200  # (height, 1)
    return Image.fromarray(np.broadcast_to(rows, (height_px, width_px)).astype(np.uint8))


def webp(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("size_px", "small_px"),
    [((905, 1280), (420, 594)), ((100, 30), (100, 30)), ((1280, 1), (420, 1))],
)
def test_the_thumbnail_comes_back(size_px: tuple[int, int], small_px: tuple[int, int]) -> None:
    image = striped(*size_px).convert("RGB")
    preview = preview_of(image)
    data = thumbnail_in(preview)
    assert data == thumbnail_of(image)
    with Image.open(io.BytesIO(data)) as small, Image.open(io.BytesIO(preview)) as large:
        assert (small.format, small.size, small.mode) == ("JPEG", small_px, "RGB")
        assert small.width <= THUMBNAIL_PX
        assert (large.format, large.size) == ("WEBP", size_px)


def test_other_readers_of_exif_find_it_too() -> None:
    preview = preview_of(striped(600, 800))
    with Image.open(io.BytesIO(preview)) as image:
        second = image.getexif().get_ifd(ExifTags.IFD.IFD1)
        exif = image.info["exif"].removeprefix(b"Exif\0\0")
    start, length = second[0x0201], second[0x0202]
    assert second[0x0103] == 6  # JPEG
    assert exif[start : start + length] == thumbnail_in(preview)


def test_the_pixels_are_those_of_a_preview_without() -> None:
    image = striped(600, 800).convert("RGB")
    without = webp(image, quality=50, method=0)
    with Image.open(io.BytesIO(preview_of(image))) as one, Image.open(io.BytesIO(without)) as other:
        assert one.convert("RGB").tobytes() == other.convert("RGB").tobytes()


@pytest.mark.parametrize(
    "preview",
    [
        b"",
        b"RIFF",
        webp(striped(60, 80)),
        webp(striped(60, 80), exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0"),
        preview_of(striped(60, 80))[:40],
    ],
)
def test_what_has_none(preview: bytes) -> None:
    assert thumbnail_in(preview) is None
