"""LookingEncoder: an encoder that sees images, without weights; and a library of coloured pages."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from encoders.interface import PageInput
from index.interface import PageIndex
from index.pages import (
    VECTOR_DIM,
    Document,
    FileRecord,
    Fingerprint,
    Page,
    PageVectors,
    PageWords,
    PatchMap,
    QueryVectors,
)

COLOURS = ("red", "green", "blue", "white")
SIDE_PX = 32
N_FINE = 4  # cells along each side; the whole page is one more


class LookingEncoder:
    """Sees the mean colour of each cell of a page, and of the whole; a query names a colour."""

    fingerprint = Fingerprint("looking", "looking", "1", pooling="none", rendering="pixels")
    batch_size = 1

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        return SIDE_PX, SIDE_PX

    n_at_once = 1

    def n_tiles(self, width: float, height: float) -> int:
        return 1

    def prepare(self, page: PageInput) -> PageInput:
        return page

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        return [_page_vectors(page.image) for page in pages]

    def encode_query(self, text: str) -> QueryVectors:
        words = tuple(text.split())
        pixels = [Image.new("RGB", (1, 1), w if w in COLOURS else "gray") for w in words]
        vectors = np.stack([_vector(np.asarray(pixel)) for pixel in pixels])
        return QueryVectors(text, vectors, words, np.ones(len(words), np.bool_))


def fill_with_colours(index: PageIndex) -> None:
    """One document with a page of each colour, and that word on it."""
    document = Document(
        "c" * 32, (FileRecord("/c.pdf", 1, 1),), "Colours", len(COLOURS), is_complete=True
    )
    index.put_document(document)
    index.put([coloured_page(number, colour) for number, colour in enumerate(COLOURS, 1)])


def coloured_page(number: int, colour: str) -> Page:
    words = PageWords((colour,), np.array([[0.1, 0.1, 0.3, 0.2]], np.float32))
    image = Image.open(io.BytesIO(picture(colour)))
    return Page(
        document_id="c" * 32,
        page_number=number,
        width_pt=600,
        height_pt=600,
        language="",
        words=words,
        vectors=_page_vectors(image),
        preview=picture(colour),
    )


def picture(colour: str, file_format: str = "WEBP", size: tuple[int, int] = (64, 64)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, file_format)
    return data.getvalue()


def _page_vectors(image: Image.Image) -> PageVectors:
    pixels = np.asarray(image.convert("RGB").resize((SIDE_PX, SIDE_PX)))
    boxes, vectors = [], []
    for n in (N_FINE, 1):
        for row, column in np.ndindex(n, n):
            boxes.append([column / n, row / n, (column + 1) / n, (row + 1) / n])
            step = SIDE_PX // n
            cell = pixels[row * step : (row + 1) * step, column * step : (column + 1) * step]
            vectors.append(_vector(cell))
    cells = np.arange(len(boxes), dtype=np.int32)
    return PageVectors(np.stack(vectors), PatchMap(np.array(boxes, np.float32), cells))


def _vector(pixels: np.ndarray) -> np.ndarray:
    """The mean colour as a vector; a dimension of its own keeps black from having no length."""
    vector = np.zeros(VECTOR_DIM, np.float32)
    vector[:3] = pixels.reshape(-1, 3).mean(axis=0) / 255 * 2 - 1
    vector[3] = 0.25
    return vector / np.linalg.norm(vector)
