"""Pages with random vectors, ragged and awkward, for tests that need no documents and no model."""

import numpy as np
from numpy.typing import NDArray

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

FINGERPRINT = Fingerprint("lexical", "lexical", "test", "none", "words")


def unit_vectors(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    vectors = rng.standard_normal((n, VECTOR_DIM)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def document_id(n: int) -> str:
    return f"{n:032x}"


def document(
    n: int, *paths: str, page_count: int = 1, is_complete: bool = True, title: str = ""
) -> Document:
    files = tuple(FileRecord(path, 1000 + n, 5_000_000_000) for path in sorted(paths))
    return Document(document_id(n), files, title, page_count, is_complete)


def page(
    n: int,
    number: int,
    vectors: NDArray[np.float32],
    *,
    text: str = "",
    language: str = "",
) -> Page:
    texts = tuple(text.split())
    word_boxes = np.linspace(0, 1, 4 * len(texts), dtype=np.float32).reshape(len(texts), 4)
    cells = np.linspace(0, 1, 4 * len(vectors), dtype=np.float32).reshape(len(vectors), 4)
    return Page(
        document_id=document_id(n),
        page_number=number,
        width_pt=595.0,
        height_pt=842.0,
        language=language,
        words=PageWords(texts, word_boxes),
        vectors=PageVectors(
            vectors, PatchMap(cells, np.arange(len(vectors), dtype=np.int32)[::-1].copy())
        ),
        preview=f"preview of {n}-{number}".encode(),
    )


def query(vectors: NDArray[np.float32], text: str = "words") -> QueryVectors:
    n = len(vectors)
    tokens = tuple(f"token{i}" for i in range(n))
    return QueryVectors(text, vectors, tokens, np.ones(n, np.bool_))
