"""PixelEncoder: an encoder that sees images, in two lines of arithmetic."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from encoders.interface import PageInput
from index.pages import VECTOR_DIM, Fingerprint, PageVectors, PatchMap, QueryVectors

WIDTH_PX, HEIGHT_PX = 16, 8  # one pixel for each dimension of a vector


class PixelEncoder:
    """Sees a page as one vector of its grey levels; every text is an even grey."""

    fingerprint = Fingerprint("pixels", "pixels", "1", pooling="none", rendering="pixels")
    batch_size = 1

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        return WIDTH_PX, HEIGHT_PX

    n_at_once = 1

    def n_tiles(self, width: float, height: float) -> int:
        return 1

    def prepare(self, page: PageInput) -> PageInput:
        return page

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        return [_seen(page.image) for page in pages]

    def encode_query(self, text: str) -> QueryVectors:
        vector = np.full((1, VECTOR_DIM), VECTOR_DIM**-0.5, np.float32)
        return QueryVectors(text, vector, (text,), np.ones(1, np.bool_))


def _seen(image: Image.Image) -> PageVectors:
    grey = np.asarray(image.convert("L").resize((WIDTH_PX, HEIGHT_PX)), np.float32)
    vector = grey.reshape(1, VECTOR_DIM) + 1  # black has a length too
    whole_page = PatchMap(np.float32([[0, 0, 1, 1]]), np.zeros(1, np.int32))
    return PageVectors(vector / np.linalg.norm(vector), whole_page)
