"""What an ingest holds of a document does not grow with its pages."""

import gc
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest
from PIL import Image

from encoders.interface import PageInput
from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import Page, PageVectors, PageWords
from ingest.drawing import Drawn
from tests.documents import write_pdf
from tests.syncing import sync

N_PAGES = 80
PAGES_A_BATCH = 4
MOST_HELD = 30
"""Of a kind. Two batches and what is drawn ahead are 14 pages; if some part of an ingest let none
go, there would be 80."""
LONG_S = 4.0
"""The first batch takes as long as more pages than that take to be drawn."""

KINDS = (Image.Image, Drawn, Page, PageVectors, PageWords)


class Counting(LexicalEncoder):
    """The lexical encoder, which before each batch counts what is alive."""

    def __init__(self) -> None:
        super().__init__()
        self.most = Counter[str]()
        self.n_batches = 0

    @property
    def batch_size(self) -> int:
        return PAGES_A_BATCH

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        gc.collect()
        for found, n in Counter(map(type, gc.get_objects())).items():
            if issubclass(found, KINDS):
                self.most[found.__name__] = max(n, self.most[found.__name__])
        if not self.n_batches:
            time.sleep(LONG_S)
        self.n_batches += 1
        return super().encode_pages(pages)


@pytest.fixture(autouse=True)
def _objects_of_other_tests() -> Iterator[None]:
    """What other tests still hold is out of sight of gc.get_objects."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("text_first", [False, True], ids=["in one pass", "words first"])
def test_few_pages_are_held_at_a_time(tmp_path, text_first):
    pdf = write_pdf(tmp_path / "long.pdf", [f"page {n} of a report" for n in range(N_PAGES)])
    encoder = Counting()
    with closing(EmbeddedIndex.open_for_writing(tmp_path / "index", encoder.fingerprint)) as index:
        report = sync(index, pdf, load_encoder=lambda: encoder, text_first=text_first)
    assert report.added.pages == N_PAGES
    assert encoder.n_batches >= N_PAGES // PAGES_A_BATCH
    assert encoder.most["PpmImageFile"] and encoder.most["PageWords"]  # it sees what is held
    assert all(n <= MOST_HELD for n in encoder.most.values()), encoder.most
