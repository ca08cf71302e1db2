"""What the layouts do to pixels: bring a page to a size, and tell equal pictures."""

import hashlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.layouts.interface import PageImages


def page_images(pictures: NDArray[np.uint8], size_px: tuple[int, int]) -> PageImages:
    """Pictures (n_images, 3, height_px, width_px) with their digests."""
    pictures = np.ascontiguousarray(pictures)
    digests = (hashlib.blake2b(picture, digest_size=16).digest() for picture in pictures)
    return PageImages(pictures, tuple(digests), size_px)


def channels_first(page: Image.Image) -> NDArray[np.uint8]:
    """The page's pixels (3, height_px, width_px)."""
    pixels: NDArray[np.uint8] = np.array(page).transpose(2, 0, 1)
    return pixels


def resized(
    pixels: NDArray[np.uint8], size_px: tuple[int, int], name_of_filter: str
) -> NDArray[np.uint8]:
    """Pixels (3, height_px, width_px) in another size, as transformers' processors do it.

    Args:
        pixels: of a picture.
        size_px: width and height.
        name_of_filter: "LANCZOS" or "BICUBIC", the processor's.
    """
    import torch
    from torchvision.transforms.v2.functional import InterpolationMode, resize

    width_px, height_px = size_px
    if pixels.shape[1:] == (height_px, width_px):
        return pixels
    interpolation = InterpolationMode[name_of_filter]
    picture = torch.from_numpy(pixels)
    return np.asarray(resize(picture, [height_px, width_px], interpolation, antialias=True))
