"""encoders/image_decoder.py: one picture has the same pixels by whichever door it comes in."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoders import image_decoder
from encoders.image_decoder import SIGNATURES, count_and_size, decoded_frame
from index.errors import PageFailure, PassingFailure
from ingest.image_files import render_frame
from query.service.uploaded_image import open_image

RAMP = np.linspace(0, 1, 12 * 8).reshape(8, 12)  # (height, width)
ORIENTATION = 0x0112


def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, file_format, **options)
    return data.getvalue()


def grey_16_bit(file_format: str) -> bytes:
    return saved(Image.fromarray((65535 * RAMP).astype(np.uint16)), file_format)


def grey_integers() -> bytes:
    return saved(Image.fromarray((100_000 * RAMP - 500).astype(np.int32)), "TIFF")


def grey_floats() -> bytes:
    values = (9 * RAMP - 3).astype(np.float32)
    values[0, 0] = np.nan
    return saved(Image.fromarray(values), "TIFF")


def colours(mode: str) -> Image.Image:
    shades = (255 * RAMP).astype(np.uint8)
    return Image.fromarray(np.stack([shades, shades.T.reshape(8, 12), 255 - shades], 2)).convert(
        mode
    )


def turned(file_format: str) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # a quarter to the right
    return saved(colours("RGB"), file_format, exif=exif)


def palette_with_transparency() -> bytes:
    return saved(colours("RGB").quantize(8), "PNG", transparency=3)


def grey_with_alpha() -> bytes:
    shades = Image.fromarray((255 * RAMP).astype(np.uint8))
    return saved(Image.merge("LA", (shades, shades.transpose(Image.Transpose.ROTATE_180))), "PNG")


PICTURES: dict[str, Callable[[], bytes]] = {
    "16-bit grey PNG": lambda: grey_16_bit("PNG"),
    "16-bit grey TIFF": lambda: grey_16_bit("TIFF"),
    "32-bit integer TIFF": grey_integers,
    "float TIFF": grey_floats,
    "CMYK JPEG": lambda: saved(colours("CMYK"), "JPEG"),
    "palette with transparency": palette_with_transparency,
    "grey with alpha": grey_with_alpha,
    "turned JPEG": lambda: turned("JPEG"),
    "turned TIFF": lambda: turned("TIFF"),
    "bilevel TIFF": lambda: saved(colours("1"), "TIFF"),
    "lossless WebP with alpha": lambda: saved(colours("RGBA"), "WEBP", lossless=True),
}


def same_size(width: float, height: float) -> tuple[int, int]:
    return round(width), round(height)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_searched_by_is_the_picture_ingested(name: str, tmp_path: Path) -> None:
    data = PICTURES[name]()
    (tmp_path / "picture").write_bytes(data)
    ingested = render_frame(tmp_path / "picture", 1, same_size).image
    sent = open_image(data)
    assert ingested.mode == sent.mode == "RGB"
    assert ingested.size == sent.size == ((8, 12) if "turned" in name else (12, 8))
    np.testing.assert_array_equal(np.asarray(ingested), np.asarray(sent))


def test_a_deep_grey_searched_by_is_scaled_and_not_cut_off() -> None:
    deep = open_image(grey_16_bit("PNG"))
    np.testing.assert_allclose(np.asarray(deep)[..., 0], 255 * RAMP, atol=1)


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_damaged_file_of_every_format_is_told_from_another_kind(name: str) -> None:
    data = saved(colours("RGB"), name)
    assert data.startswith(SIGNATURES[name])
    others = tuple(other for other in SIGNATURES if other != name)
    for formats, reason in (((name,), "damaged image"), (others, "not an image (starts with b")):
        with pytest.raises(PageFailure) as failure, decoded_frame(data[:20], formats, 1_000):
            pass
        assert str(failure.value).startswith(reason)


def test_what_the_user_of_a_picture_raises_goes_through() -> None:
    with (
        pytest.raises(PageFailure, match="^too narrow$"),
        decoded_frame(turned("PNG"), ("PNG",), 1_000),
    ):
        raise PageFailure("too narrow")
    with decoded_frame(turned("PNG"), ("PNG",), 1_000) as image:  # and the next one may decode
        assert image.size == (8, 12)


def test_bytes_and_file_have_the_same_frames(tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (5, 4), (shade, 0, 0)) for shade in (0, 120, 240)]
    data = saved(pictures[0], "TIFF", save_all=True, append_images=pictures[1:])
    (tmp_path / "frames").write_bytes(data)
    for source in (data, tmp_path / "frames"):
        assert count_and_size(source, ("TIFF",), 1_000) == (3, (5, 4))
        with decoded_frame(source, ("TIFF",), 1_000, frame_index=2) as image:
            assert image.getpixel((0, 0)) == (240, 0, 0)
        with (
            pytest.raises(PageFailure, match="^damaged image"),
            decoded_frame(source, ("TIFF",), 1_000, frame_index=3),
        ):
            pass


# -- files of many pictures, damaged ones


def frames(path: Path, shades: range) -> Path:
    first, *rest = (Image.new("L", (8, 8), shade) for shade in shades)
    first.save(path, save_all=True, append_images=rest)
    return path


def shade(path: Path, frame_index: int) -> int:
    with decoded_frame(path, ("TIFF",), 1000, frame_index) as image:
        return int(np.asarray(image)[0, 0, 0])


def test_a_file_of_many_pictures_is_opened_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, really_open, opened = frames(tmp_path / "scans.tif", range(20)), Image.open, []

    def note(*arguments: object, **named: object) -> Image.Image:
        opened.append(arguments)
        return really_open(*arguments, **named)

    monkeypatch.setattr(image_decoder.Image, "open", note)
    assert [shade(path, i) for i in (0, 2, 1, *range(3, 20))] == [0, 2, 1, *range(3, 20)]
    assert len(opened) == 1
    assert image_decoder._LAST_FILE._image is None, "closed after its last picture"


def test_a_file_written_to_between_its_pictures_is_opened_again(tmp_path: Path) -> None:
    path = frames(tmp_path / "scans.tif", range(3))
    assert shade(path, 0) == 0
    frames(path, range(100, 109))
    assert shade(path, 1) == 101
    assert shade(frames(tmp_path / "others.tif", range(50, 53)), 2) == 52


def test_a_damaged_picture_is_named_without_numbers_and_nothing_else_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    data = bytearray(saved(Image.fromarray(noise), "TIFF", compression="tiff_lzw"))
    data[1000:1100] = b"\xff" * 100
    with pytest.raises(PageFailure) as damaged, decoded_frame(bytes(data), ("TIFF",), 10_000):
        pass
    assert str(damaged.value) == "damaged image (its pixels cannot be decoded)"
    png = saved(Image.fromarray(noise), "PNG")[:2000]
    with pytest.raises(PageFailure) as short, decoded_frame(png, ("PNG",), 10_000):
        pass
    assert str(short.value) == "damaged image (it ends too early)"
    assert capfd.readouterr() == ("", "")


def test_a_drive_that_fails_is_a_passing_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    path = frames(tmp_path / "scans.tif", range(3))
    monkeypatch.setattr(image_decoder.Image, "open", fail)
    with pytest.raises(PassingFailure, match="^cannot be read: Input/output error$"):
        shade(path, 0)
    monkeypatch.setattr(image_decoder.Image, "open", lambda *_, **__: [0] * 10**18)
    with pytest.raises(PassingFailure, match="^there is not enough memory to decode it$"):
        shade(path, 0)
