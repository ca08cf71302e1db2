"""Pages drawn by poppler, and what becomes of them when they are scanned, stamped or written over.

That no page of samples/ with a text layer goes is in tests/whole/test_pages_for_ocr.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from reportlab.lib.colors import black, grey, lightgrey, white
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from encoders.lexical import LexicalEncoder
from index.pages import PageWords
from ingest.ocr.need import A_PART, GLYPH_NUMBERS, NO_TEXT_LAYER, NO_WORDS, why_ocr
from ingest.render import read_facts, render_page
from tests.cases import CASES

SAMPLES = Path(__file__).parents[3] / "samples"
WIDTH, HEIGHT = A4


@dataclass(frozen=True)
class Page:
    words: PageWords
    image: Image.Image

    def why(self) -> str:
        return why_ocr(self.words, False, self.image)


def rendered(path: Path, page_number: int = 1) -> Page:
    page = render_page(path, read_facts(path), page_number, LexicalEncoder().page_size_px)
    assert not page.has_unreadable_text
    return Page(page.words, page.image)


def drawn(tmp_path: Path, draw: Callable[[Canvas], None]) -> Page:
    canvas = Canvas(str(tmp_path / "page.pdf"), pagesize=A4, invariant=1)
    draw(canvas)
    canvas.save()
    return rendered(tmp_path / "page.pdf")


@pytest.fixture(scope="module")
def page() -> Page:
    """A page full of text, with a good text layer."""
    page = rendered(SAMPLES / "binary-codes-paper.pdf", 2)
    assert len(page.words.texts) > 200
    return page


def some(words: PageWords, which: slice) -> PageWords:
    return PageWords(words.texts[which], words.boxes[which])


def worn(image: Image.Image) -> Image.Image:
    """As a scanner gives it: noise, and half a degree off."""
    pixels = np.asarray(image.rotate(0.5, Image.Resampling.BILINEAR, fillcolor="white"), np.float32)
    noise = np.random.default_rng(0).normal(0, 10, pixels.shape[:2])[:, :, None]
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def test_a_scan_without_text_layer_goes(page: Page) -> None:
    for image in (page.image, worn(page.image), page.image.rotate(90, expand=True)):
        assert why_ocr(PageWords.none(), False, image) == NO_TEXT_LAYER


def test_a_scan_with_a_good_text_layer_stays(page: Page) -> None:
    assert Page(page.words, page.image).why() == ""
    assert Page(page.words, worn(page.image)).why() == ""


@pytest.mark.parametrize("quarter_turns", [0, 1])
def test_a_scan_with_a_number_as_its_only_text_goes(page: Page, quarter_turns: int) -> None:
    image = page.image.rotate(90 * quarter_turns, expand=True)
    ImageDraw.Draw(image).text((0.8 * image.width, image.height - 20), "PL-000123", fill=0)
    box = [[0.8, 1 - 20 / image.height, 0.88, 1 - 8 / image.height]]
    words = PageWords(("PL-000123",), np.array(box, np.float32))
    assert Page(words, image).why() == A_PART


def test_text_set_as_outlines_with_a_few_real_words_goes(page: Page) -> None:
    assert Page(some(page.words, slice(None, None, 10)), page.image).why() == A_PART


def test_text_of_which_most_is_real_stays(page: Page) -> None:
    few_missing = slice(len(page.words.texts) * 3 // 10, None)
    assert Page(some(page.words, few_missing), page.image).why() == ""


@pytest.mark.parametrize("off", [0.005, 0.01, 0.03])
def test_a_text_layer_that_lies_beside_the_ink_is_not_one_that_lacks_words(
    page: Page, off: float
) -> None:
    words = PageWords(page.words.texts, np.clip(page.words.boxes + np.float32(off), 0, 1))
    assert Page(words, page.image).why() == ""


def test_glyph_numbers_go(page: Page) -> None:
    assert why_ocr(PageWords.none(), True, page.image) == GLYPH_NUMBERS


def test_words_that_are_none_go(page: Page) -> None:
    moved = {ord(c): chr(ord(c) - 29) for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"}
    texts = tuple(text.translate(moved) for text in page.words.texts)
    assert Page(PageWords(texts, page.words.boxes), page.image).why() == NO_WORDS


def test_white_on_black_is_read_as_black_on_white(page: Page) -> None:
    inverted = ImageOps.invert(page.image)
    assert why_ocr(PageWords.none(), False, inverted) == NO_TEXT_LAYER
    assert Page(page.words, inverted).why() == ""


def test_an_image_as_a_model_takes_it_is_decided_alike(page: Page) -> None:
    image = page.image.resize((2048, 2048), Image.Resampling.LANCZOS)  # stretched
    assert why_ocr(PageWords.none(), False, image) == NO_TEXT_LAYER
    assert why_ocr(page.words, False, image) == ""
    assert why_ocr(some(page.words, slice(5)), False, image) == A_PART


def blank(canvas: Canvas) -> None:
    canvas.showPage()


def border(canvas: Canvas) -> None:
    canvas.rect(30, 30, WIDTH - 60, HEIGHT - 60)


def rule(canvas: Canvas) -> None:
    canvas.line(50, HEIGHT - 60, WIDTH - 50, HEIGHT - 60)


def tint(canvas: Canvas) -> None:
    canvas.setFillColor(lightgrey)
    canvas.rect(0, 0, WIDTH, HEIGHT, stroke=0, fill=1)


def empty_lines(canvas: Canvas) -> None:
    for y in range(100, 800, 24):
        canvas.line(50, y, WIDTH - 50, y)


@pytest.mark.parametrize("draw", [blank, border, rule, tint, empty_lines])
def test_a_page_on_which_nothing_is_written_stays(
    tmp_path: Path, draw: Callable[[Canvas], None]
) -> None:
    assert drawn(tmp_path, draw).why() == ""


def title_slide(canvas: Canvas) -> None:
    canvas.setFont("Helvetica-Bold", 150)
    canvas.drawString(40, 400, "Light")


def chart(canvas: Canvas) -> None:
    canvas.drawString(50, 800, "Sales by region, in thousands")
    for i in range(40):
        canvas.setFillColor(grey if i % 2 else black)
        canvas.rect(60 + 12 * i, 100, 9, 50 + 12 * (i * 7 % 40), fill=1)
    for i in range(30):
        canvas.line(50, 100 + 20 * i, 55, 100 + 20 * i)
        canvas.setFont("Helvetica", 6)
        canvas.drawString(30, 98 + 20 * i, str(20 * i))


def points(canvas: Canvas) -> None:
    canvas.drawString(50, 800, "Weight and height of 400 birds")
    for x, y in np.random.default_rng(1).uniform((60, 100), (540, 750), (400, 2)):
        canvas.circle(x, y, 3, fill=1)


def photo(canvas: Canvas) -> None:
    canvas.drawString(50, 800, "A meadow in June")
    rng = np.random.default_rng(2)
    coarse = Image.fromarray(rng.integers(0, 255, (60, 50, 3), dtype=np.uint8))
    fine = rng.normal(0, 25, (450, 375, 3))
    pixels = np.asarray(coarse.resize((375, 450), Image.Resampling.BICUBIC), np.float32) + fine
    canvas.drawInlineImage(
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), 50, 80, 500, 700
    )


def form(canvas: Canvas) -> None:
    for row in range(20):
        canvas.drawString(50, 750 - 34 * row, f"{row + 1}. Name and address of the owner")
        for i in range(20):
            canvas.rect(300 + 12 * i, 746 - 34 * row, 10, 14)


def bar_code(canvas: Canvas) -> None:
    canvas.drawString(50, 800, "Ticket 4711 to Hamburg")
    for i, width in enumerate(np.random.default_rng(3).integers(1, 4, 120)):
        canvas.rect(50 + 4 * i, 600, int(width), 120, stroke=0, fill=1)


def white_on_black(canvas: Canvas) -> None:
    canvas.rect(0, 0, WIDTH, HEIGHT, fill=1)
    canvas.setFillColor(white)
    for i in range(30):
        canvas.drawString(50, 780 - 20 * i, "Stars are seen best where there is no other light")


def small_print(canvas: Canvas) -> None:
    canvas.setFont("Helvetica", 4)
    for i in range(150):
        canvas.drawString(
            50, 800 - 5 * i, "The insurer does not pay where the insured has paid " * 3
        )


@pytest.mark.parametrize(
    "draw",
    [title_slide, chart, points, photo, form, bar_code, white_on_black, small_print],
)
def test_a_page_with_a_good_text_layer_stays_whatever_it_shows(
    tmp_path: Path, draw: Callable[[Canvas], None]
) -> None:
    page = drawn(tmp_path, draw)
    assert page.words.texts
    assert page.why() == ""
    if draw in (title_slide, white_on_black, small_print):
        assert why_ocr(PageWords.none(), False, page.image) == NO_TEXT_LAYER


@pytest.mark.parametrize("name", ["zhongguo.pdf", "nihon.pdf"])
def test_chinese_and_japanese_are_decided_as_latin(name: str) -> None:
    page = rendered(SAMPLES / name)
    assert page.why() == ""
    assert why_ocr(PageWords.none(), False, page.image) == NO_TEXT_LAYER
    assert why_ocr(some(page.words, slice(5)), False, page.image) == A_PART


def test_hebrew_is_decided_as_latin() -> None:
    page = rendered(CASES / "rtl-hebrew.pdf")
    assert page.why() == ""
    assert why_ocr(PageWords.none(), False, page.image) == NO_TEXT_LAYER


def test_a_page_of_a_pixel_is_decided() -> None:
    assert why_ocr(PageWords.none(), False, Image.new("RGB", (1, 1))) == ""
    assert why_ocr(PageWords.none(), True, Image.new("RGB", (1, 1280))) == ""
