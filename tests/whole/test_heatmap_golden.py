"""What is known lights up where it stands: words of the sample pages, and planted vectors.

The lexical encoder sees words, so a known word must be the hottest place of its page, turned and
cropped pages included. A drawing lights up by meaning only with trained weights; with the tiny
model's random ones a query is planted instead, equal to the stored vector of a known patch, and
must light up that patch and no other: what the geometry of tiles and global view is worth.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from encoders.colsmol import ColSmolEncoder
from encoders.interface import Encoder, PageInput
from encoders.layouts.tiles import TileLayout
from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import Document, Page, QueryVectors
from ingest.render import RenderedPage, read_facts, render_page
from query.heat.hot_words import hot_words
from query.heat.merging import heat_map, map_size_px
from query.heat.scale import common_scale

SAMPLES = Path(__file__).parents[2] / "samples"
N_GLOBAL = 64


def rendered(file: str, number: int, encoder: Encoder) -> RenderedPage:
    path = SAMPLES / file
    return render_page(path, read_facts(path), number, encoder.page_size_px)


def encoded(rendered: RenderedPage, number: int, encoder: Encoder) -> Page:
    vectors = encoder.encode_pages([PageInput(rendered.image, rendered.words)])[0]
    return Page(
        "0" * 32,
        number,
        rendered.width_pt,
        rendered.height_pt,
        "",
        rendered.words,
        vectors,
        rendered.preview,
    )


def hottest_point(heat: NDArray[np.float32]) -> tuple[float, float]:
    """The middle of the hottest pixel, in fractions of the page."""
    y, x = np.unravel_index(np.nanargmax(heat), heat.shape)
    return (x + 0.5) / heat.shape[1], (y + 0.5) / heat.shape[0]


def lies_in(point: tuple[float, float], box: np.ndarray, slack: float = 0) -> bool:
    (x, y), (x0, y0, x1, y1) = point, box
    return bool(x0 - slack <= x <= x1 + slack and y0 - slack <= y <= y1 + slack)


@pytest.mark.parametrize(
    ("file", "number", "word"),
    [
        ("earth-report.pdf", 6, "Lehmann"),
        ("earth-report.pdf", 6, "mantle"),  # also a label of the drawing
        ("binary-codes-paper.pdf", 1, "perfect"),
        ("light-slides.pdf", 3, "Foucault"),
        ("chemical-elements.pdf", 1, "Hydrogen"),  # /Rotate 90
        ("chemical-elements.pdf", 2, "Neon"),  # /Rotate 180
        ("chemical-elements.pdf", 3, "Phosphorus"),  # /Rotate 270
        ("si-units.pdf", 1, "kilogram"),  # cropped
        ("nihon.pdf", 1, "富士山"),
        ("wasserstrassen.pdf", 1, "Schleusen"),
    ],
)
def test_a_known_word_of_a_sample_page_is_its_hottest_place(
    file: str, number: int, word: str
) -> None:
    encoder = LexicalEncoder()
    page = encoded(rendered(file, number, encoder), number, encoder)
    query = encoder.encode_query(word)
    places = [
        box
        for text, box in zip(page.words.texts, page.words.boxes, strict=True)
        if word.casefold() in text.casefold()
    ]
    scale = common_scale([], encoder.fingerprint)
    point = hottest_point(heat_map(query, page, None, *map_size_px(page)))
    # half a pixel of the map: a word thinner than a pixel is shown on the nearest one
    assert any(lies_in(point, box, slack=1 / 1280) for box in places), (point, places)
    assert word.casefold() in hot_words(query, page, None, scale)[0].text.casefold()


@pytest.fixture(scope="module")
def _one_thread() -> Iterator[None]:
    """For matrices this small threads cost more than they save."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def drawings(
    tiny_colsmol_folder: Path, tmp_path_factory: pytest.TempPathFactory, _one_thread: None
) -> Iterator[dict[str, Page]]:
    """A page of each shape, as an index gives it back: bfloat16, boxes rounded."""
    encoder = ColSmolEncoder(str(tiny_colsmol_folder), "cpu")
    pages = [
        encoded(rendered("earth-report.pdf", 6, encoder), 1, encoder),
        encoded(rendered("light-slides.pdf", 3, encoder), 2, encoder),
        encoded(square_drawing(encoder), 3, encoder),
    ]
    folder = tmp_path_factory.mktemp("drawings") / "index"
    index = EmbeddedIndex.open_for_writing(folder, encoder.fingerprint)
    index.put_document(Document("0" * 32, (), "", len(pages), is_complete=True))
    index.put(pages)
    yield {
        shape: index.page(f"{'0' * 32}-{number}")
        for number, shape in enumerate(("portrait", "landscape", "square"), 1)
    }
    index.close()


def square_drawing(encoder: Encoder) -> RenderedPage:
    """A page of one kind of square shape, on which no two places look alike."""
    picture = Image.effect_noise((600, 600), 80).convert("RGB")
    ImageDraw.Draw(picture).ellipse((60, 90, 300, 280), fill="darkgreen")
    picture = picture.resize(encoder.page_size_px(600, 600))
    words = rendered("scanned-notes.pdf", 1, encoder).words  # none
    return RenderedPage(picture, words, False, 600, 600, b"")


def unmistakable(page: Page, rows: range) -> list[int]:
    """Patches whose vectors differ from all others, up to 12 of them, over the whole page.

    Patches of blank paper may be alike, and then nobody could tell which of them was planted.
    """
    vectors = page.vectors.vectors
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    own = np.einsum("ij,ij->i", vectors, vectors)
    unlike = [row for row in rows if cosines[row].max() < own[row] - 1e-4]
    return unlike[:: max(1, len(unlike) // 12)]


@pytest.mark.parametrize("shape", ["portrait", "landscape", "square"])
@pytest.mark.parametrize("level", ["tile", "global view"])
def test_a_planted_patch_is_the_hottest_place(
    drawings: dict[str, Page], shape: str, level: str
) -> None:
    page = drawings[shape]
    n_patches = len(page.vectors.vectors)
    rows = range(n_patches - N_GLOBAL)
    if level == "global view":
        rows = range(n_patches - N_GLOBAL, n_patches)
    planted = unmistakable(page, rows)
    assert len(planted) >= 5
    published = TileLayout(long_edge_px=2048, tile_px=512, cells_per_side=8)
    boxes = published.cell_boxes(page.width_pt, page.height_pt)
    for row in planted:
        vector = page.vectors.vectors[row]
        query = QueryVectors("planted", vector[None], ("planted",), np.ones(1, np.bool_))
        heat = heat_map(query, page, None, *map_size_px(page))
        point = hottest_point(heat)
        assert lies_in(point, boxes[row]), (row, point, boxes[row])
        assert np.nanmax(heat) == pytest.approx(vector @ vector, abs=1e-4)
