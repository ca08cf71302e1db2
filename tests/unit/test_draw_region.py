"""ingest/region.py: a part of a page is the same as that part of the whole page."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageStat

from index.errors import PageFailure
from ingest.poppler import run
from ingest.region import draw_region
from ingest.render import read_facts
from tests.documents import write_pdf

A5_PT = (419.53, 595.28)
PART = (0.1, 0.15, 0.85, 0.9)


def whole(pdf: Path, long_edge_px: int) -> Image.Image:
    done = run("pdftoppm", "-cropbox", "-scale-to", str(long_edge_px), "-singlefile", str(pdf))
    return Image.open(io.BytesIO(done.output)).convert("RGB")


def turned(pdf: Path, degrees: int) -> Path:
    """The same pages, turned, and with a crop box that leaves out a border."""
    data = pdf.read_bytes()
    assert data.count(b"/Rotate 0") == 1
    changed = data.replace(b"/Rotate 0", b"/Rotate %d /CropBox [ 20 40 380 560 ]" % degrees)
    pdf.write_bytes(changed)
    return pdf


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_part_is_that_part_of_the_page(tmp_path: Path, degrees: int) -> None:
    pdf = turned(write_pdf(tmp_path / "a.pdf", ["An aardvark is not a badger"]), degrees)
    shape = read_facts(pdf).pdf_pages[0]
    size = shape.width_pt, shape.height_pt
    page = whole(pdf, 2000)
    width_px = round(0.75 * page.width)
    part = draw_region(pdf, 1, size, PART, width_px)
    assert abs(part.width - width_px) <= 2
    left, top = round(PART[0] * page.width), round(PART[1] * page.height)
    cut = page.crop((left, top, left + part.width, top + part.height))
    assert np.asarray(cut).min() < 100  # there is something to compare
    difference = ImageStat.Stat(ImageChops.difference(cut, part)).mean
    assert max(difference) < 4  # by a pixel at most beside each other


def test_a_part_of_an_image_keeps_its_own_pixels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (80, 60, 3), np.uint8))
    image.save(tmp_path / "a.png")
    part = draw_region(tmp_path / "a.png", 1, (60, 80), (0.25, 0.5, 0.75, 1), 4000)
    assert part.size == (30, 40)
    assert part.tobytes() == image.crop((15, 40, 45, 80)).tobytes()
    assert draw_region(tmp_path / "a.png", 1, (60, 80), (0, 0, 1, 1), 30).size == (30, 40)


def test_what_cannot_be_drawn_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "a.pdf"
    broken.write_bytes(b"%PDF-1.4 and nothing else")
    with pytest.raises(PageFailure, match="truncated PDF"):
        draw_region(broken, 1, A5_PT, PART, 100)
