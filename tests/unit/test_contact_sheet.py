"""query/contact_sheet.py: every hit is on the sheet, in rank order, whatever its shape or name."""

import io

import numpy as np
import pytest
from PIL import Image

from index.pages import Hit
from query import contact_sheet as sheet_module
from query.contact_sheet import PAGE_HEIGHT_PX, PAGE_WIDTH_PX, contact_sheet
from tests.finding import found_hits

COLORS = ["red", "green", "blue", "orange", "purple", "teal", "brown"]


def hit(page_number: int, path: str = "/a/report.pdf") -> Hit:
    return Hit(f"d-{page_number}", "d", page_number, 0.5, 7.0, (path,), "", "")


def preview(color: str, size: tuple[int, int] = (452, 640)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, color).save(data, "WEBP", lossless=True)
    return data.getvalue()


def draw(colors: list[str], query: str = "cranes", path: str = "/a/report.pdf") -> Image.Image:
    hits = [hit(i, path) for i in range(1, len(colors) + 1)]
    png = contact_sheet(found_hits(hits, query), [preview(color) for color in colors])
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    return image


def places(image: Image.Image, color: str) -> np.ndarray:
    """(n_pixels, 2) y and x of the pixels of exactly this color."""
    wanted = Image.new("RGB", (1, 1), color).getpixel((0, 0))
    return np.argwhere((np.asarray(image) == wanted).all(axis=2))


@pytest.mark.parametrize(
    ("n_hits", "row_lengths"), [(1, [1]), (3, [3]), (5, [5]), (6, [3, 3]), (7, [4, 3])]
)
def test_pages_stand_in_rank_order_in_even_rows(n_hits: int, row_lengths: list[int]) -> None:
    image = draw(COLORS[:n_hits])
    corners = [tuple(places(image, color)[0]) for color in COLORS[:n_hits]]
    assert corners == sorted(corners)  # top to bottom, then left to right
    rows = [y for y, _ in corners]
    assert [rows.count(y) for y in dict.fromkeys(rows)] == row_lengths


def test_a_page_keeps_its_shape() -> None:
    at = places(draw(["red"]), "red")
    height, width = at.max(axis=0) - at.min(axis=0) + 1
    assert (width, height) == pytest.approx((452 * PAGE_HEIGHT_PX / 640, PAGE_HEIGHT_PX), abs=1)


@pytest.mark.parametrize("size", [(1280, 720), (1280, 3), (3, 1280), (10, 10)])
def test_pages_of_any_shape_fit_their_place(size: tuple[int, int]) -> None:
    png = contact_sheet(found_hits([hit(1)]), [preview("red", size)])
    at = places(Image.open(io.BytesIO(png)), "red")
    height, width = at.max(axis=0) - at.min(axis=0) + 1
    assert 0 < width <= PAGE_WIDTH_PX
    assert 0 < height <= PAGE_HEIGHT_PX


def test_the_query_is_on_the_sheet() -> None:
    one, other = draw(["red"], "cranes"), draw(["red"], "ferries")
    differ = np.argwhere((np.asarray(one) != np.asarray(other)).any(axis=2))
    assert differ[:, 0].max() < places(one, "red")[:, 0].min()  # above the page, nowhere else


def test_rank_file_page_and_score_stand_below_the_page() -> None:
    one, other = draw(["red"], path="/a/report.pdf"), draw(["red"], path="/a/survey.pdf")
    differ = np.argwhere((np.asarray(one) != np.asarray(other)).any(axis=2))
    assert differ[:, 0].min() > places(one, "red")[:, 0].max()


@pytest.mark.parametrize(
    "text", ["x" * 500, "größte Städte", "機械学習の入門", "الشحن", "tab\tand\nline", "🙂"]
)
def test_any_query_and_name_can_be_written(text: str) -> None:
    assert draw(["red", "green", "blue"], text, f"/a/{text}.pdf").size == draw(COLORS[:3]).size


def test_a_document_without_a_path_shows_its_id() -> None:
    without = Hit("d-1", "d", 1, 0.5, 7.0, (), "", "")
    assert contact_sheet(found_hits([without]), [preview("red")])


def test_without_any_system_font_the_sheet_is_drawn_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sheet_module, "_FONT_FILES", ())
    sheet_module._fonts_at_hand.cache_clear()
    try:
        assert places(draw(["red"]), "red").size
    finally:
        sheet_module._fonts_at_hand.cache_clear()
