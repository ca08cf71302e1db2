"""A page's pixels, cut into what the vision tower takes: its tiles, and the page made small.

Idefics3's processor does the same and more of it on one thread: it resizes the page (which has its
size already), makes float32 of every pixel and a mask of ones, 68 MB a page. Here a page is 10 MB
of bytes, cut by whichever thread drew it; the device makes numbers of them.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.tiles import TileLayout


@dataclass(frozen=True, eq=False)
class TileImages:
    """The pictures a page is for the vision tower.

    Attributes:
        pixels: uint8 (n_tiles, 3, tile_px, tile_px): the tiles row by row, last the whole page; of
            a page of one tile only that.
        digests: of each tile; equal ones have equal pixels.
        size_px: width and height of the page.
    """

    pixels: NDArray[np.uint8]
    digests: tuple[bytes, ...]
    size_px: tuple[int, int]


def cut(page: Image.Image, layout: TileLayout) -> TileImages:
    """Cut a page.

    Args:
        page: RGB; one that is not of the layout's size is brought to it.
        layout: of the model's processor.
    """
    size_px = layout.page_size_px(*page.size)
    if page.size != size_px:
        page = page.resize(size_px, Image.Resampling.LANCZOS)
    side = layout.tile_px
    pixels = np.array(page)  # (height_px, width_px, 3)
    whole = _resized(pixels, side)[None]  # (1, 3, side, side)
    grid = pixels.reshape(-1, side, size_px[0] // side, side, 3)  # rows, y, columns, x, channels
    tiles = grid.transpose(0, 2, 4, 1, 3).reshape(-1, 3, side, side)
    pictures = np.ascontiguousarray(np.concatenate([tiles, whole]) if len(tiles) > 1 else whole)
    digests = (hashlib.blake2b(tile, digest_size=16).digest() for tile in pictures)
    return TileImages(pictures, tuple(digests), size_px)


def _resized(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The page as one tile (3, side, side), by the filter Idefics3ImageProcessor has: Lanczos."""
    import torch
    from torchvision.transforms.v2.functional import InterpolationMode, resize

    image = torch.from_numpy(pixels.transpose(2, 0, 1))  # (3, height_px, width_px)
    small = resize(image, [side, side], interpolation=InterpolationMode.LANCZOS, antialias=True)
    return np.asarray(small)
