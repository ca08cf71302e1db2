"""A square every page is stretched to, as ColPali has it: size, boxes on the page, pixels.

PaliGemma sees every picture in one size, whatever its shape. Every patch of its vision tower is one
visual token, row by row.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.layouts.interface import PageImages, grid_boxes
from encoders.layouts.pixels import channels_first, page_images, resized

DRAWN = 3
"""Times the size at which the model sees a page: people are to read it, and the model sees it made
smaller by the filter it was trained with."""


@dataclass(frozen=True)
class FixedLayout:
    """How PaliGemma's processor lays out pages.

    Attributes:
        side_px: 448 in ColPali.
        cells_per_side: 32 in ColPali.
    """

    side_px: int
    cells_per_side: int

    @property
    def name(self) -> str:
        """What pins it in a fingerprint."""
        return f"fixed-{self.side_px}-cells-{self.cells_per_side}"

    @property
    def max_pixels(self) -> int:
        """Those of every page."""
        return self.side_px**2

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """The same for every page.

        >>> FixedLayout(448, 32).page_size_px(595, 842)
        (1344, 1344)
        """
        return self.side_px * DRAWN, self.side_px * DRAWN

    def n_tiles(self, width: float, height: float) -> int:
        """Every page is one picture."""
        return 1

    def cell_boxes(self, width: float, height: float) -> NDArray[np.float32]:
        """The area of the page behind each visual token, row by row."""
        return grid_boxes(self.cells_per_side, self.cells_per_side).reshape(-1, 4)

    def cut(self, page: Image.Image) -> PageImages:
        """The page as one picture."""
        size_px = self.side_px, self.side_px
        return page_images(resized(channels_first(page), size_px, "BICUBIC")[None], size_px)
