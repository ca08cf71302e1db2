"""A small library: four documents, eight pages, in any index."""

import io
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from encoders.interface import PageInput
from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import PageIndex
from index.pages import Document, FileRecord, Page, PageVectors, PageWords

OLD_REPORT, NEW_REPORT, SCAN, JAPANESE = ("1" * 32, "2" * 32, "3" * 32, "4" * 32)

PATHS = {
    OLD_REPORT: ("/library/2022/report.pdf",),
    NEW_REPORT: ("/library/2023/copy.pdf", "/library/2023/report.pdf"),
    SCAN: ("/library/scan.pdf",),
    JAPANESE: ("/library/機械学習.pdf",),
}
TITLES = {OLD_REPORT: "Harbour report 2022", NEW_REPORT: "Harbour report 2023"}
LANGUAGES = {OLD_REPORT: "en", NEW_REPORT: "en", JAPANESE: "ja"}
TEXTS = {
    OLD_REPORT: (
        "Annual report of the harbour for 2022",
        "Containers handled by quay and month in 2022, with a chart of cranes",
        "Ferries and passengers: arrivals, departures, delays",
    ),
    NEW_REPORT: (
        "Annual report of the harbour for 2023",
        "Containers handled by quay and month in 2023, with a chart of cranes",
    ),
    SCAN: ("", ""),
    JAPANESE: ("機械学習の入門 ガイド",),
}


def fill(index: PageIndex) -> None:
    """Put the library's documents and pages, encoded by their words."""
    for document_id, texts in TEXTS.items():
        files = tuple(FileRecord(path, 1000, 1) for path in PATHS[document_id])
        title = TITLES.get(document_id, "")
        index.put_document(Document(document_id, files, title, len(texts), is_complete=True))
        index.put([make_page(document_id, i, text) for i, text in enumerate(texts, 1)])


def make_index(folder: Path) -> Path:
    """An index of the library in a folder."""
    with closing(EmbeddedIndex.open_for_writing(folder, LexicalEncoder().fingerprint)) as index:
        fill(index)
    return folder


def put_copy(index: PageIndex, document_id: str, of: str, page_number: int) -> None:
    """Put a page of the library once more, as a newer file of one page."""
    files = (FileRecord(f"/library/2024/{document_id[0]}.pdf", 1000, 2),)
    index.put_document(Document(document_id, files, "", 1, is_complete=True))
    index.put([make_page(document_id, 1, TEXTS[of][page_number - 1])])


def make_page(document_id: str, page_number: int, text: str) -> Page:
    words = words_in_a_row(text)
    image = Image.new("RGB", (60, 80), "white")
    preview = io.BytesIO()
    image.save(preview, "WEBP")
    return Page(
        document_id=document_id,
        page_number=page_number,
        width_pt=600,
        height_pt=800,
        language=LANGUAGES.get(document_id, ""),
        words=words,
        vectors=LexicalEncoder().encode_pages([PageInput(image, words)])[0],
        preview=preview.getvalue(),
    )


def words_in_a_row(text: str) -> PageWords:
    texts = tuple(text.split())
    edges = np.linspace(0.1, 0.9, len(texts) + 1, dtype=np.float32)  # (n_words + 1,)
    boxes = np.empty((len(texts), 4), np.float32)
    boxes[:, 0], boxes[:, 2] = edges[:-1], edges[1:]
    boxes[:, 1], boxes[:, 3] = 0.1, 0.15
    return PageWords(texts, boxes)


def make_wait(index: PageIndex, document_id: str) -> None:
    """Put a document of the library as it is while its pages wait for their vectors."""
    texts = TEXTS[document_id]
    pages = [make_page(document_id, i, text) for i, text in enumerate(texts, 1)]
    record = index.document(document_id)
    assert record is not None
    index.put_document(replace(record, is_complete=False))
    index.put([replace(page, vectors=PageVectors.none(), is_waiting=True) for page in pages])
