"""An index in memory whose documents are real files."""

import hashlib
import io
from pathlib import Path

from PIL import Image

from encoders.interface import PageInput
from encoders.lexical import LexicalEncoder
from index.pages import Document, FileRecord, Page
from ingest.render import read_facts, render_page
from tests.memory_index import MemoryIndex


def document_of(*paths: Path, title: str = "") -> Document:
    """A document of files with the same bytes, as an ingest records it."""
    data = paths[0].read_bytes()
    files = tuple(
        FileRecord(path.as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in paths
    )
    id_ = hashlib.sha256(data).hexdigest()[:32]
    return Document(id_, files, title, read_facts(paths[0]).page_count, is_complete=True)


def page_of(document: Document, path: Path, page_number: int) -> Page:
    """A page of a file as an ingest makes it."""
    encoder = LexicalEncoder()
    rendered = render_page(path, read_facts(path), page_number, encoder.page_size_px)
    return Page(
        document.document_id,
        page_number,
        rendered.width_pt,
        rendered.height_pt,
        "en",
        rendered.words,
        encoder.encode_pages([PageInput(rendered.image, rendered.words)])[0],
        rendered.preview,
    )


def index_of(*documents: Document) -> MemoryIndex:
    """An index of documents, by their first files."""
    index = MemoryIndex(LexicalEncoder().fingerprint)
    for document in documents:
        index.put_document(document)
        path = Path(document.files[0].path)
        numbers = range(1, document.page_count + 1)
        index.put([page_of(document, path, n) for n in numbers])
    return index


def pixels(data: bytes) -> Image.Image:
    """A picture from its file's bytes."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")
