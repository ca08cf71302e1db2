"""Layout: how a model lays its visual tokens over a page. Knows nothing of models."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True, eq=False)
class PageImages:
    """The pictures a page is for the vision tower: of a page in tiles several, else one.

    Attributes:
        pixels: uint8 (n_images, 3, height_px, width_px).
        digests: of each picture; equal ones have equal pixels.
        size_px: width and height of the page, as the model sees it.
    """

    pixels: NDArray[np.uint8]
    digests: tuple[bytes, ...]
    size_px: tuple[int, int]


class Layout(Protocol):
    """Sizes in pixels, boxes on the page, and the pixels themselves."""

    @property
    def name(self) -> str:
        """What pins it in a fingerprint: indexes of two names hold other vectors."""

    @property
    def max_pixels(self) -> int:
        """Pixels that the largest page is for the vision tower."""

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """Width and height at which a page of this shape is drawn.

        At least some 1,300 px, so that people can read what is made of it for them.
        """

    def n_tiles(self, width: float, height: float) -> int:
        """Pictures that a page of this shape (any unit) is for the vision tower."""

    def cell_boxes(self, width: float, height: float) -> NDArray[np.float32]:
        """The area of the page behind each visual token, in the order of the processor's tokens.

        Args:
            width: of the page, in any unit.
            height: of the page, in the same unit.

        Returns:
            float32 (n_patches, 4): x0, y0, x1, y1 as fractions of the page.
        """

    def cut(self, page: Image.Image) -> PageImages:
        """The page as the vision tower takes it, to the last bit as the model's processor has it.

        Args:
            page: RGB, of the size that `page_size_px` asks for; another one is brought to it.
        """


def grid_boxes(n_rows: int, n_cols: int) -> NDArray[np.float32]:
    """Boxes (n_rows, n_cols, 4) that cut the page into equal cells."""
    rows, cols = np.indices((n_rows, n_cols))
    corners = [cols / n_cols, rows / n_rows, (cols + 1) / n_cols, (rows + 1) / n_rows]
    return np.stack(corners, axis=-1).astype(np.float32)
