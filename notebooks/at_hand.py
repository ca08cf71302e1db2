"""What the notebooks run on: the samples, and weights where the reader has some.

PAGELENS_MODEL names a ColVision model, a hub id or a folder (`--model` takes the same). Without it
the lexical encoder stands in, whose vectors are words of the text layer.
"""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import pagelens
from encoders.choose import choose_encoder
from encoders.interface import Encoder, PageInput
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import Page, PageVectors, page_id
from ingest.render import RenderedPage, read_facts, render_page
from query.quality.measures import MEASURES, NDCG_AT_5, measure
from query.quality.questions import Question, read_questions, resolve

SAMPLES = Path(pagelens.__file__).resolve().parents[1] / "samples"
MODEL = os.environ.get("PAGELENS_MODEL")
ENCODER_NAME = "colsmol" if MODEL else "lexical"


def encoder_at_hand() -> Encoder:
    """The model PAGELENS_MODEL names, else the lexical encoder; prints which."""
    encoder = choose_encoder(ENCODER_NAME, MODEL).encoder
    print(f"Vectors of {MODEL or 'the lexical encoder: the words of the text layer'}.")
    return encoder


def sample_page(encoder: Encoder, file: str, page_number: int) -> RenderedPage:
    """A page of the samples, drawn at the size the encoder takes."""
    path = SAMPLES / file
    return render_page(path, read_facts(path), page_number, encoder.page_size_px)


def vectors_of(encoder: Encoder, page: RenderedPage) -> PageVectors:
    """A page as the encoder sees it."""
    [vectors] = encoder.encode_pages([PageInput(page.image, page.words)])
    return vectors


@dataclass(frozen=True, eq=False)
class SampleLibrary:
    """The pages of samples/ that have vectors, and what is asked of them.

    Attributes:
        pages: by page id, as the index gives them.
        names: by page id, "earth-report p. 3".
        questions: those of samples/queries.tsv.
        grades: of each question, the pages that answer it.
    """

    pages: dict[str, Page]
    names: dict[str, str]
    questions: tuple[Question, ...]
    grades: list[dict[str, int]]

    @property
    def vectors(self) -> list[NDArray[np.float32]]:
        """Of each page (n_patches, 128)."""
        return [page.vectors.vectors for page in self.pages.values()]

    def ndcg_at_5(self, scores: Sequence[Sequence[float]]) -> float:
        """The mean over the questions, from the score each gives to each page."""
        ids = list(self.pages)
        orders = [np.argsort(-np.asarray(row), kind="stable") for row in scores]
        runs = [[ids[page] for page in order] for order in orders]
        values: NDArray[np.float64] = measure(self.grades, runs, len(ids))
        return float(values[:, MEASURES.index(NDCG_AT_5)].mean())


def ingest_samples(folder: Path) -> SampleLibrary:
    """Make an index of samples/ in a new folder, and read its pages back."""
    # OCR of the few scans would take as long as all else
    pagelens.ingest(SAMPLES, index=folder, encoder=ENCODER_NAME, model=MODEL, ocr="never")
    with closing(EmbeddedIndex.open(folder)) as index:
        documents = list(index.documents())
        asked = read_questions(SAMPLES / "queries.tsv")
        every = {
            page_id(document.document_id, number): (document, number)
            for document in documents
            for number in document.readable_pages
        }
        pages = {name: index.page(name) for name in every}
        return SampleLibrary(
            pages={name: page for name, page in pages.items() if len(page.vectors.vectors)},
            names={name: f"{Path(d.name).stem} p. {number}" for name, (d, number) in every.items()},
            questions=asked.questions,
            grades=list(resolve(asked, documents).values()),
        )
