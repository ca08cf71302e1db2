"""Pages that differ in how dark their left half is, in an index that was made from images."""

import io

from PIL import Image

from encoders.interface import PageInput
from index.pages import Document, FileRecord, Page, PageWords
from tests.memory_index import MemoryIndex
from tests.pixel_encoder import HEIGHT_PX, WIDTH_PX, PixelEncoder

SHADES = {"a" * 32: 0, "b" * 32: 200}
"""Grey level of the left half, by document id; the right half is white."""


def half_dark_index() -> MemoryIndex:
    encoder = PixelEncoder()
    index = MemoryIndex(encoder.fingerprint)
    for document_id, shade in SHADES.items():
        file = FileRecord(f"/{document_id[0]}.pdf", 1, 1)
        index.put_document(Document(document_id, (file,), "", 1, is_complete=True))
        words, preview = PageWords.none(), picture(shade)
        with Image.open(io.BytesIO(preview)) as image:
            vectors = encoder.encode_pages([PageInput(image, words)])[0]
        index.put([Page(document_id, 1, WIDTH_PX, HEIGHT_PX, "", words, vectors, preview)])
    return index


def picture(shade: int) -> bytes:
    """A PNG whose left half has a shade."""
    image = Image.new("L", (WIDTH_PX, HEIGHT_PX), 255)
    image.paste(shade, (0, 0, WIDTH_PX // 2, HEIGHT_PX))
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
