import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.errors import PageFailure
from ingest import image_files
from ingest.document_facts import DocumentFacts
from ingest.render import DOCUMENT_SUFFIXES, RenderedPage, read_facts, render_page


def same_size(width: float, height: float) -> tuple[int, int]:
    return round(width), round(height)


def rendered(path: Path, page_number: int = 1) -> RenderedPage:
    return render_page(path, read_facts(path), page_number, same_size)


def reason(path: Path) -> str:
    with pytest.raises(PageFailure) as failure:
        rendered(path)
    return str(failure.value)


@pytest.mark.parametrize("suffix", ["png", "JPG", "tif", "webp"])
def test_a_picture_is_a_document_of_one_page(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    Image.new("RGB", (40, 20), (250, 10, 10)).save(path)
    assert read_facts(path) == DocumentFacts("", 1, image_size_px=(40, 20))
    page = rendered(path)
    assert (page.image.mode, page.image.size) == ("RGB", (40, 20))
    assert (page.width_pt, page.height_pt, page.words.texts) == (40, 20, ())
    red, green, blue = page.image.getpixel((20, 10))
    assert red > 230 and green < 40 and blue < 40


@pytest.mark.parametrize("suffix", ["tiff", "webp"])
def test_one_page_for_each_frame(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"frames.{suffix}"
    frames = [Image.new("RGB", (30, 30), (shade, 0, 0)) for shade in (0, 120, 240)]
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    assert read_facts(path).page_count == 3
    reds = [rendered(path, number).image.getpixel((5, 5))[0] for number in (1, 2, 3)]
    np.testing.assert_allclose(reds, [0, 120, 240], atol=2)


def test_further_pictures_in_a_jpeg_are_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    picture, brightness_map = Image.new("RGB", (40, 20)), Image.new("RGB", (10, 5))
    picture.save(path, "MPO", save_all=True, append_images=[brightness_map])
    assert read_facts(path).page_count == 1


@pytest.mark.parametrize("suffix", ["jpg", "png", "tiff", "webp"])
def test_exif_orientation_is_honoured(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"turned.{suffix}"
    picture = Image.new("RGB", (64, 32), "white")
    picture.paste("black", (0, 0, 16, 16))  # top left as stored, top right as seen
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    picture.save(path, exif=exif)
    page = rendered(path)
    assert page.image.size == (32, 64)
    assert max(page.image.getpixel((27, 4))) < 60
    assert min(page.image.getpixel((4, 4))) > 200


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "rgba.png")
    Image.new("LA", (8, 8), (0, 0)).save(tmp_path / "la.png")
    palette = Image.new("P", (8, 8), 0)
    palette.save(tmp_path / "palette.png", transparency=0)
    for name in ("rgba", "la", "palette"):
        assert rendered(tmp_path / f"{name}.png").image.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_16_bit_grey_is_scaled(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"deep.{suffix}"
    grey = np.array([[0, 257 * 100], [257 * 200, 65535]], np.uint16)
    Image.fromarray(grey).save(path)
    assert np.asarray(rendered(path).image)[..., 0].tolist() == [[0, 100], [200, 255]]


def test_measured_values_go_from_black_to_white(tmp_path: Path) -> None:
    path = tmp_path / "measured.tiff"
    Image.fromarray(np.array([[-3.0, np.nan], [0.0, 7.0]], np.float32)).save(path)
    assert np.asarray(rendered(path).image)[..., 1].tolist() == [[0, 76], [76, 255]]


def test_cmyk_and_bilevel(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "print.jpg")
    red, green, blue = rendered(tmp_path / "print.jpg").image.getpixel((8, 8))
    assert red > 200 and green < 60 and blue < 60
    Image.new("1", (8, 8), 1).save(tmp_path / "fax.tif")
    assert rendered(tmp_path / "fax.tif").image.getextrema() == ((255, 255),) * 3


def test_content_counts_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "really_a.png"
    Image.new("RGB", (8, 8)).save(path, "JPEG")
    assert rendered(path).image.size == (8, 8)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert reason(tmp_path / "empty.png") == "empty file"


def test_missing_file(tmp_path: Path) -> None:
    assert reason(tmp_path / "none.png") == "cannot be read: No such file or directory"


def test_not_an_image(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(b"<html>not found</html>")
    assert reason(tmp_path / "page.png") == "not an image (starts with b'<html>not found<')"


def test_truncated_image(tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    Image.effect_noise((200, 200), 90).save(path)
    path.write_bytes(path.read_bytes()[:3000])
    assert reason(path).startswith("damaged image (it ends too early")


def test_damaged_header(tmp_path: Path) -> None:
    path = tmp_path / "header.png"
    Image.new("RGB", (8, 8)).save(path)
    data = bytearray(path.read_bytes())
    data[16] ^= 1  # the width no longer agrees with its checksum
    path.write_bytes(data)
    assert reason(path) == "damaged image (its header cannot be read)"


def test_an_image_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    # 13,000 x 13,000 is more than Pillow warns of, 20,000 x 20,000 more than it opens
    for side in (13_000, 20_000):
        path = tmp_path / f"bomb{side}.png"
        Image.new("1", (side, 10)).save(path)
        data = bytearray(path.read_bytes())
        data[20:24] = side.to_bytes(4, "big")  # the height in the header
        data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
        path.write_bytes(data)
        assert reason(path) == "image has more pixels than the limit of 150 million"


def test_a_large_image_within_the_limit_warns_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.new("RGB", (15, 10)).save(tmp_path / "large.png")
    assert rendered(tmp_path / "large.png").image.size == (15, 10)


def test_a_mere_line(tmp_path: Path) -> None:
    Image.new("1", (2000, 3)).save(tmp_path / "line.png")
    assert reason(tmp_path / "line.png") == "page is 2000 x 3 px, narrower than the limit of 1:100"


def test_every_suffix_is_a_document() -> None:
    assert {*image_files.IMAGE_SUFFIXES, ".pdf"} == DOCUMENT_SUFFIXES
