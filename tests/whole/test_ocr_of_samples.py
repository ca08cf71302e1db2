"""Whole pages of the samples read from their pictures; their text layers are the truth."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.ocr.engine import DPI, MAX_PIXELS, Ocr, ocr_size_px
from tests.bench.bench_ocr import compared, draw
from tests.scans import noisy, phone_picture, saved_as_jpeg, skewed

Worse = Callable[[Image.Image], Image.Image]


TEXT = "the gases make up most of dry air and vapour comes on top from over the ice"


@pytest.fixture(scope="module")
def ocr() -> Ocr:
    return Ocr(1)  # tests run side by side


@pytest.mark.parametrize(
    ("name", "page_number"),
    [("earth-report.pdf", 2), ("wasserstrassen.pdf", 1), ("nihon.pdf", 1), ("zhongguo.pdf", 1)],
)
def test_of_a_clean_page_hardly_a_word_is_lost(ocr: Ocr, name: str, page_number: int) -> None:
    page = draw(name, page_number, DPI)
    reading = compared(page, ocr.read(page.image), has_places=True)
    assert reading.n_lost <= 0.02 * reading.n_words
    assert np.median(reading.overlaps) > 0.7
    assert np.median(reading.distances) < 0.15


@pytest.mark.parametrize(
    ("worse", "most_lost"),
    [
        pytest.param(lambda image: noisy(image, 25), 0.03, id="noise"),
        pytest.param(lambda image: saved_as_jpeg(image, 30), 0.03, id="jpeg"),
        pytest.param(lambda image: skewed(image, -5), 0.02, id="skewed"),
        pytest.param(lambda image: image.transpose(Image.Transpose.ROTATE_270), 0.03, id="turned"),
        pytest.param(phone_picture, 0.1, id="phone"),
    ],
)
def test_a_bad_picture_of_a_page_is_read(ocr: Ocr, worse: Worse, most_lost: float) -> None:
    page = draw("wasserstrassen.pdf", 1, DPI)
    reading = compared(page, ocr.read(worse(page.image)), has_places=False)
    assert reading.n_lost <= most_lost * reading.n_words


def test_small_print_is_read(ocr: Ocr) -> None:
    font = ImageFont.load_default(20)
    words = TEXT.split()
    image = Image.new("RGB", (2339, 800), "white")
    lines = [" ".join(words[(i + j) % len(words)] for j in range(42)) for i in range(28)]
    for i, line in enumerate(lines):
        ImageDraw.Draw(image).text((20, 20 + 27 * i), line, font=font, fill="black")
    read = ocr.read(image)
    lost = Counter(" ".join(lines).split()) - Counter(read.texts)
    assert sum(lost.values()) <= 0.02 * 42 * 28


def test_an_image_of_64_megapixels_is_read_at_a_bounded_size(ocr: Ocr) -> None:
    image = noisy(Image.new("RGB", (500, 500), "grey"), 60).resize((8000, 8000))
    drawn = image.resize(ocr_size_px(*image.size, is_pdf=False))
    assert drawn.width * drawn.height < 1.01 * MAX_PIXELS
    assert ocr.read(drawn).texts == ()
