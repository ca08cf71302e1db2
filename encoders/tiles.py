"""Which visual token is which cell of which tile: sizes in pixels, boxes on the page.

The Idefics3 processor resizes a page until both edges are whole tiles, cuts it into tiles, and adds
one tile that shows the whole page: the global view. Every tile becomes cells_per_side squared
visual tokens. Knows nothing of models: the numbers come from a model's own processor.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TileLayout:
    """How a processor of the Idefics3 family cuts pages.

    The published models have 2048, 512 and 8: the 32 by 32 ViT patches of a tile are shuffled 4 by
    4 into one token, which so sees 64 by 64 pixels.

    Attributes:
        long_edge_px: what the page's longer edge is resized to.
        tile_px: side of a tile.
        cells_per_side: cells along a tile's side; each cell is one visual token.
    """

    long_edge_px: int
    tile_px: int
    cells_per_side: int

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """The size at which the processor takes a page of this shape (any unit) as it is.

        Both edges are whole tiles: the page is stretched a little, as the processor would stretch
        it. Where the long edge is a whole number of tiles, as in every published model, a page of
        that size is not resampled again.

        The steps and their rounding are Idefics3ImageProcessor's, for they decide between n and
        n + 1 tiles: the long edge to `long_edge_px`, the short one in proportion, cut off and made
        even; then both up to whole tiles, the short one in proportion to the long one.

        >>> TileLayout(2048, 512, 8).page_size_px(595, 842)
        (1536, 2048)
        """
        aspect = width / height
        if width >= height:
            width_px, height_px = self.long_edge_px, _even(int(self.long_edge_px / aspect))
        else:
            width_px, height_px = _even(int(self.long_edge_px * aspect)), self.long_edge_px
        aspect = width_px / height_px
        if width_px >= height_px:
            width_px = self._whole_tiles(width_px)
            return width_px, self._whole_tiles(int(width_px / aspect))
        height_px = self._whole_tiles(height_px)
        return self._whole_tiles(int(height_px * aspect)), height_px

    def cell_boxes(self, width: float, height: float) -> NDArray[np.float32]:
        """The area of the page behind each visual token, in the order of the processor's tokens.

        Tiles row by row, in each tile its cells row by row; last the cells of the global view,
        which cover the page once more. A page of a single tile has the global view alone.

        Args:
            width: of the page, in any unit.
            height: of the page, in the same unit.

        Returns:
            float32 (n_patches, 4): x0, y0, x1, y1 as fractions of the page.
        """
        width_px, height_px = self.page_size_px(width, height)
        rows, cols, n = height_px // self.tile_px, width_px // self.tile_px, self.cells_per_side
        global_view = _grid_boxes(n, n).reshape(-1, 4)
        if rows * cols == 1:
            return global_view
        cells = _grid_boxes(rows * n, cols * n).reshape(rows, n, cols, n, 4)
        by_tile = cells.transpose(0, 2, 1, 3, 4).reshape(
            -1, 4
        )  # tile row, tile column, row, column
        return np.concatenate([by_tile, global_view])  # (n_patches, 4)

    def _whole_tiles(self, edge_px: int) -> int:
        """An edge rounded up to whole tiles, at least one."""
        return max(1, math.ceil(edge_px / self.tile_px)) * self.tile_px


def _even(edge_px: int) -> int:
    """The processor's rounding: odd numbers up, and never zero."""
    return max(1, edge_px + edge_px % 2)


def _grid_boxes(n_rows: int, n_cols: int) -> NDArray[np.float32]:
    """Boxes (n_rows, n_cols, 4) that cut the page into equal cells."""
    rows, cols = np.indices((n_rows, n_cols))
    corners = [cols / n_cols, rows / n_rows, (cols + 1) / n_cols, (rows + 1) / n_rows]
    return np.stack(corners, axis=-1).astype(np.float32)
