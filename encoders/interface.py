"""Encoder: what turns pages and queries into vectors. Knows nothing of indexes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from index.pages import Fingerprint, PageVectors, PageWords, QueryVectors

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, eq=False)
class PageInput:
    """A rendered page.

    Attributes:
        image: RGB, exactly the size `Encoder.page_size_px` asked for.
        words: the text layer.
        is_drawn: False where the image only shows where words stand, for the page could not be
            drawn: what looks at pages sees nothing on it.
        prepared: what `Encoder.prepare` made of the image, which is None then.
    """

    image: "Image.Image | None"
    words: PageWords
    is_drawn: bool = True
    prepared: object = None


class Encoder(Protocol):
    """Turns pages and queries into vectors of one space."""

    @property
    def fingerprint(self) -> Fingerprint:
        """What the vectors depend on; an index is searched with the encoder it was made with."""

    @property
    def batch_size(self) -> int:
        """Pages that `encode_pages` does best at once."""

    @property
    def n_at_once(self) -> int:
        """Batches that `encode_pages` takes at once, each from a thread of its own."""

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """Width and height in pixels at which a page of this shape (any unit) is to be rendered."""

    def n_tiles(self, width: float, height: float) -> int:
        """Images a page of this shape is to the model, by which its time goes.

        0 for an encoder that only reads words.
        """

    def prepare(self, page: PageInput) -> PageInput:
        """Do with a page what needs no model, from any thread, while the model is busy.

        `encode_pages` takes pages as they are, too, and then does it itself.
        """

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """One PageVectors for each page, in order.

        Raises:
            VectorShapeError: the model gave NaN, infinite or zero vectors.
            PageFailure: a page cannot be encoded; alone, others may be.
        """

    def encode_query(self, text: str) -> QueryVectors:
        """The query's token vectors, without padding.

        Raises:
            WrongUseError: the text is empty.
        """
