"""One grid over the whole page, as ColQwen2 has it: sizes in pixels, boxes on the page, pixels.

The Qwen2-VL processor resizes a page, keeping its shape, until both edges are whole cells and there
are no more of them than it allows. Every cell is one visual token, row by row.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.layouts.interface import PageImages, grid_boxes
from encoders.layouts.pixels import channels_first, page_images, resized

DRAWN = 2
"""Times the size at which the model sees a page: people are to read it, and the model sees it made
smaller by the filter it was trained with."""

MAX_ASPECT = 200
"""Qwen2-VL's processor refuses a picture that is narrower."""


@dataclass(frozen=True)
class GridLayout:
    """How a processor of the Qwen2-VL family lays out pages.

    Attributes:
        cell_px: side of a cell; 28 in ColQwen2: two by two patches of 14.
        max_cells: on a page; 768 in ColQwen2.
    """

    cell_px: int
    max_cells: int

    @property
    def name(self) -> str:
        """What pins it in a fingerprint."""
        return f"grid-{self.cell_px}-cells-{self.max_cells}"

    @property
    def max_pixels(self) -> int:
        """Those of a page of as many cells as are allowed."""
        return self.max_cells * self.cell_px**2

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """As many cells as are allowed, in the page's shape; both edges rounded down.

        >>> GridLayout(28, 768).page_size_px(595, 842)
        (1288, 1792)
        """
        cols, rows = self._grid(width, height)
        return cols * self.cell_px * DRAWN, rows * self.cell_px * DRAWN

    def n_tiles(self, width: float, height: float) -> int:
        """Every page is one picture."""
        return 1

    def cell_boxes(self, width: float, height: float) -> NDArray[np.float32]:
        """The area of the page behind each visual token, row by row."""
        cols, rows = self._grid(width, height)
        return grid_boxes(rows, cols).reshape(-1, 4)

    def cut(self, page: Image.Image) -> PageImages:
        """The page as one picture."""
        cols, rows = self._grid(*page.size)
        size_px = cols * self.cell_px, rows * self.cell_px
        return page_images(resized(channels_first(page), size_px, "BICUBIC")[None], size_px)

    def _grid(self, width: float, height: float) -> tuple[int, int]:
        """Columns and rows: what the processor makes of a page drawn larger than it allows.

        A page that is such a grid already, as the model sees it or as it is drawn, stays one: its
        edges were rounded, and rounding them again could give another.
        """
        for side in (self.cell_px, self.cell_px * DRAWN):
            cols, rows = int(width // side), int(height // side)
            is_whole = (cols * side, rows * side) == (width, height)
            if is_whole and cols * rows <= self.max_cells < (cols + 1) * (rows + 1):
                return cols, rows
        n_cols = math.sqrt(self.max_cells * width / height)
        cols, rows = max(1, int(n_cols)), max(1, int(self.max_cells / n_cols))
        longest = min(self.max_cells, MAX_ASPECT * min(cols, rows))
        return min(cols, longest), min(rows, longest)
