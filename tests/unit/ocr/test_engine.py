"""The real engine, on pages small enough for a second or less."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

from index.broken_words import broken_words
from index.errors import MissingDependencyError, PagelensError
from index.pages import PageWords
from ingest.ocr import engine
from ingest.ocr.engine import Ocr, engine_name, ocr_size_px, require_ocr
from ingest.render import RenderedPage, read_facts, render_page
from tests.scans import noisy, phone_picture, skewed

SAMPLES = Path(__file__).parents[3] / "samples"

LEFT = [
    "Two gases make up most of the",
    "dry air, as all known docu-",
    "ments of the office agree on.",
]
RIGHT = [
    "Carbon dioxide has only four",
    "parts in ten thousand, and the",
    "water vapour comes on top.",
]
TABLE = [["Altitude", "Pressure"], ["2,500 m", "747 hPa"], ["5,000 m", "540 hPa"]]
TEXT = " ".join(["The Air", *LEFT, *RIGHT, *(" ".join(row) for row in TABLE)])


@pytest.fixture(scope="module")
def ocr() -> Ocr:
    return Ocr(1)  # tests run side by side


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> RenderedPage:
    """A heading over two columns, and a table below them; its text layer is the truth."""
    path = tmp_path_factory.mktemp("ocr") / "page.pdf"
    canvas = Canvas(str(path), pagesize=(340, 170), invariant=1)
    canvas.setFont("Helvetica-Bold", 18)
    canvas.drawCentredString(170, 140, "The Air")
    canvas.setFont("Helvetica", 10)
    for x, lines in ((20, LEFT), (180, RIGHT)):
        for i, line in enumerate(lines):
            canvas.drawString(x, 112 - 13 * i, line)
    for i, row in enumerate(TABLE):
        for x, cell in zip((60, 220), row, strict=True):
            canvas.drawString(x, 58 - 16 * i, cell)
    canvas.save()
    return render_page(path, read_facts(path), 1, lambda w, h: ocr_size_px(w, h, is_pdf=True))


@pytest.fixture(scope="module")
def upright(ocr: Ocr, page: RenderedPage) -> PageWords:
    return ocr.read(page.image)


def sample(name: str, page_number: int, box: tuple[float, float, float, float]) -> Image.Image:
    """A part of a page of the samples, as a page of its own."""
    path = SAMPLES / name
    whole = render_page(
        path, read_facts(path), page_number, lambda w, h: ocr_size_px(w, h, is_pdf=True)
    ).image
    return whole.crop(tuple(round(f * side) for f, side in zip(box, whole.size * 2, strict=True)))


def true_boxes(page: RenderedPage, words: PageWords) -> NDArray[np.float32]:
    """The boxes that the text layer has for the same words, which all differ."""
    boxes: dict[str, list[NDArray[np.float32]]] = {}
    for text, box in zip(page.words.texts, page.words.boxes, strict=True):
        boxes.setdefault(text, []).append(box)
    return np.array([boxes[text].pop(0) for text in words.texts])


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of each pair of boxes: (n_words,)."""
    low, high = np.maximum(first, second)[:, :2], np.minimum(first, second)[:, 2:]
    both = np.prod(np.maximum(high - low, 0), axis=1)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    return both / (areas[0] + areas[1] - both)


def test_columns_are_read_one_by_one_and_a_table_row_by_row(upright: PageWords) -> None:
    assert upright.text == TEXT
    assert [word.text for word in broken_words(upright.text)] == ["documents"]


def test_boxes_are_where_the_text_layer_has_them(page: RenderedPage, upright: PageWords) -> None:
    agree = overlaps(true_boxes(page, upright), upright.boxes)
    assert agree.min() > 0.5, upright.texts[int(agree.argmin())]
    assert np.median(agree) > 0.75


def test_every_word_has_been_read_by_ocr(upright: PageWords) -> None:
    assert upright.is_ocr.all()
    assert upright.confidences.min() > 0
    assert upright.confidences.max() <= 1
    assert np.median(upright.confidences) > 0.95


@pytest.mark.parametrize("quarters", [1, 2])
def test_a_page_turned_by_quarters_is_read_as_it_is_shown(
    ocr: Ocr, page: RenderedPage, upright: PageWords, quarters: int
) -> None:
    read = ocr.read(Image.fromarray(np.rot90(np.asarray(page.image), quarters)))
    assert read.text == TEXT
    x0, y0, x1, y1 = upright.boxes.T
    where = {1: [y0, 1 - x1, y1, 1 - x0], 2: [1 - x1, 1 - y1, 1 - x0, 1 - y0]}
    assert np.median(overlaps(np.stack(where[quarters], axis=1), read.boxes)) > 0.75


def test_a_skewed_page_is_read(ocr: Ocr, page: RenderedPage) -> None:
    assert ocr.read(skewed(page.image, 5)).text == TEXT


def test_a_phone_picture_is_read(ocr: Ocr, page: RenderedPage) -> None:
    """At most one word of ten is lost, as of whole pages: tests/whole/test_ocr_of_samples.py."""
    lost = Counter(TEXT.split()) - Counter(ocr.read(phone_picture(page.image)).texts)
    assert sum(lost.values()) <= 0.1 * len(TEXT.split()), lost


def test_a_japanese_line_is_parted_where_numbers_stand_in_it(ocr: Ocr) -> None:
    read = ocr.read(sample("nihon.pdf", 1, (0.08, 0.17, 0.92, 0.235)))
    assert read.texts[:3] == (
        "日本で最も高い山は富士山で、標高は",
        "3,776",
        "メートルである。山梨県と",
    )
    first, number, rest = read.boxes[:3]
    assert first[2] <= number[0] < number[2] <= rest[0]
    assert (number[2] - number[0]) / (first[2] - first[0]) == pytest.approx(2.8 / 17, rel=0.15)


def test_vertical_chinese_is_read_from_the_right(ocr: Ocr) -> None:
    font = ImageFont.truetype(str(SAMPLES / "fonts" / "chinese.ttf"), 32)
    image = Image.new("RGB", (220, 560), "white")
    draw = ImageDraw.Draw(image)
    columns = ["长江是亚洲最长的河流全长", "黄河水经过黄土高原时带走"]
    for x, column in zip((140, 60), columns, strict=True):
        for i, character in enumerate(column):
            draw.text((x, 20 + 42 * i), character, font=font, fill="black")
    read = ocr.read(image)
    assert read.texts == tuple(columns)
    assert read.boxes[0][0] > read.boxes[1][2]


def test_white_text_on_black_is_read(ocr: Ocr, page: RenderedPage) -> None:
    negative = Image.fromarray(255 - np.asarray(page.image))
    assert ocr.read(negative).text == TEXT


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (1240, 1754), "white"),
        Image.new("L", (1240, 1754), 0),
        Image.new("RGB", (1, 1), "white"),
        noisy(Image.new("RGB", (3, 2), "grey"), 100),
        noisy(Image.new("RGB", (300, 400), "grey"), 100),
        noisy(Image.new("RGB", (2000, 4), "grey"), 100),
    ],
    ids=["blank", "black", "a pixel", "six pixels", "noise", "strip"],
)
def test_where_nothing_is_written_nothing_is_read(ocr: Ocr, image: Image.Image) -> None:
    assert ocr.read(image).texts == ()


def test_what_check_raises_ends_the_reading(ocr: Ocr, page: RenderedPage) -> None:
    n_checks = 0

    def check() -> None:
        nonlocal n_checks
        n_checks += 1
        if n_checks == 6:
            raise TimeoutError("too long")

    with pytest.raises(TimeoutError, match="too long"):
        ocr.read(page.image, check)
    assert n_checks == 6


@pytest.mark.parametrize(
    ("size", "is_pdf", "expected"),
    [
        ((612, 792), True, (1700, 2200)),  # letter, at 200 dpi
        ((842, 1191), True, (2339, 3308)),  # A3, as well
        ((5000, 5000), True, (2793, 2793)),  # a poster
        ((14400, 100), True, (12000, 83)),
        ((0.1, 0.1), True, (1, 1)),
        ((2480, 3508), False, (2348, 3322)),  # A4 scanned at 300 dpi
        ((1240, 1754), False, (1653, 2339)),  # at 150 dpi: lines are found at its own size
        ((900, 600), False, (1600, 1067)),
        ((640, 480), False, (1280, 960)),
        ((1, 1), False, (2, 2)),
    ],
)
def test_a_page_is_drawn_at_a_bounded_size(
    size: tuple[float, float], is_pdf: bool, expected: tuple[int, int]
) -> None:
    assert ocr_size_px(*size, is_pdf=is_pdf) == expected


def test_the_engine_is_named_with_its_version() -> None:
    assert engine_name().startswith("PP-OCRv6 small, rapidocr 3.")


@pytest.mark.parametrize("package", ["rapidocr", "onnxruntime"])
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: None if name == package else name)
    with pytest.raises(MissingDependencyError) as error:
        require_ocr()
    assert str(error.value) == (
        f"To read words from pictures of pages, the package {package} is needed. Install it: "
        "pip install rapidocr onnxruntime; or leave OCR out: --ocr never"
    )


def test_a_missing_model_is_named_and_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MODEL_FILES", ("other.onnx",))
    with pytest.raises(PagelensError) as error:
        Ocr(1)
    message = str(error.value)
    assert message.startswith(
        "To read words from pictures of pages, the model other.onnx is needed, which is not in "
    )
    assert message.endswith(
        ". Install it: pip install --force-reinstall rapidocr; or leave OCR out: --ocr never"
    )


def test_the_engine_is_not_loaded_before_it_is_made() -> None:
    code = (
        "import sys, ingest.ocr.engine as e; e.engine_name(); e.require_ocr(); "
        "print({'cv2', 'onnxruntime', 'omegaconf'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
