"""Tiles and a global view, as ColSmol has them: sizes in pixels, boxes on the page, pixels.

The Idefics3 processor resizes a page until both edges are whole tiles, cuts it into tiles, and adds
one tile that shows the whole page: the global view. Every tile becomes cells_per_side squared
visual tokens. The numbers come from a model's own processor.

That processor does it on one thread, with a second resizing of a page that has its size already,
and makes float32 of every pixel and a mask of ones, 68 MB a page. Here a page is 10 MB of bytes,
cut by whichever thread drew it; the device makes numbers of them.
"""

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.layouts.interface import PageImages
from encoders.layouts.pixels import channels_first, page_images, resized

_NAME = re.compile(r"tiles-\d+-edge-(\d+)")


def edge_px_of(name: str) -> int | None:
    """The longest edge of a page in a layout's name; None where the layout has no tiles.

    >>> edge_px_of("tiles-512-edge-1536"), edge_px_of("grid-28-cells-768")
    (1536, None)
    """
    named = _NAME.fullmatch(name)
    return int(named[1]) if named else None


@dataclass(frozen=True)
class TileLayout:
    """How a processor of the Idefics3 family cuts pages.

    The published models have 2048, 512 and 8: the 32 by 32 ViT patches of a tile are shuffled 4 by
    4 into one token, which so sees 64 by 64 pixels.

    Attributes:
        long_edge_px: what the page's longer edge is resized to.
        tile_px: side of a tile.
        cells_per_side: cells along a tile's side; each cell is one visual token.
        unseen_px: along a tile's right and lower side, of no cell: a side of 384 px is 27 patches
            of 14 px and 6 px more.
    """

    long_edge_px: int
    tile_px: int
    cells_per_side: int
    unseen_px: int = 0

    @property
    def name(self) -> str:
        """What pins it in a fingerprint."""
        return f"tiles-{self.tile_px}-edge-{self.long_edge_px}"

    @property
    def max_pixels(self) -> int:
        """Those of a square page with its global view."""
        n_tiles = (self.long_edge_px // self.tile_px) ** 2
        return (n_tiles + (n_tiles > 1)) * self.tile_px**2

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

    def n_tiles(self, width: float, height: float) -> int:
        """Tiles of a page of this shape, the global view included.

        US Letter is a third more work than A4: it is wide enough for a fourth column.

        >>> layout = TileLayout(2048, 512, 8)
        >>> layout.n_tiles(595, 842), layout.n_tiles(612, 792)
        (13, 17)
        """
        width_px, height_px = self.page_size_px(width, height)
        n = (height_px // self.tile_px) * (width_px // self.tile_px)
        return n if n == 1 else n + 1

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
        rows, cols = height_px // self.tile_px, width_px // self.tile_px
        global_view = self._cells_of_tiles(1, 1)
        if rows * cols == 1:
            return global_view
        return np.concatenate([self._cells_of_tiles(rows, cols), global_view])  # (n_patches, 4)

    def _cells_of_tiles(self, n_rows: int, n_cols: int) -> NDArray[np.float32]:
        """Boxes (n_cells, 4) of a page cut into these tiles: tile by tile, cell by cell."""
        side = self.cells_per_side
        cell_px = (self.tile_px - self.unseen_px) / side
        row, col, y, x = np.indices((n_rows, n_cols, side, side))
        top, left = row * self.tile_px + y * cell_px, col * self.tile_px + x * cell_px
        corners = np.stack([left, top, left + cell_px, top + cell_px], axis=-1).reshape(-1, 4)
        width_px, height_px = n_cols * self.tile_px, n_rows * self.tile_px
        return (corners / [width_px, height_px, width_px, height_px]).astype(np.float32)

    def cut(self, page: Image.Image) -> PageImages:
        """The tiles row by row, last the whole page; of a page of one tile only that."""
        size_px, side = self.page_size_px(*page.size), self.tile_px
        if page.size != size_px:
            page = page.resize(size_px, Image.Resampling.LANCZOS)
        pixels = channels_first(page)
        whole = resized(pixels, (side, side), "LANCZOS")[None]  # (1, 3, side, side)
        grid = pixels.reshape(3, -1, side, size_px[0] // side, side)  # channel, rows, y, columns, x
        tiles = grid.transpose(1, 3, 0, 2, 4).reshape(-1, 3, side, side)
        return page_images(np.concatenate([tiles, whole]) if len(tiles) > 1 else whole, size_px)

    def _whole_tiles(self, edge_px: int) -> int:
        """An edge rounded up to whole tiles, at least one."""
        return max(1, math.ceil(edge_px / self.tile_px)) * self.tile_px


def _even(edge_px: int) -> int:
    """The processor's rounding: odd numbers up, and never zero."""
    return max(1, edge_px + edge_px % 2)
