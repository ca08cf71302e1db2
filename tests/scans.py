"""What scanners and phones make of a page: degraded pictures of it, always the same ones."""

import io

import numpy as np
from PIL import Image

DESK = (90, 70, 50)


def noisy(image: Image.Image, deviation: float) -> Image.Image:
    """With Gaussian noise of this standard deviation, of 255, alike in all three colours."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, deviation, (image.height, image.width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def skewed(image: Image.Image, degrees: float) -> Image.Image:
    """Turned counter-clockwise by a few degrees, on white paper as large as that takes."""
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def saved_as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def phone_picture(image: Image.Image) -> Image.Image:
    """The page on a desk, seen aslant, in uneven light, a shadow across it, with some noise."""
    width, height = round(1.25 * image.width), round(1.2 * image.height)
    corners = np.array([(0.1, 0.06), (0.93, 0.1), (0.97, 0.95), (0.04, 0.92)]) * (width, height)
    aslant = image.transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        _perspective(corners, image.size),
        Image.Resampling.BICUBIC,
        fillcolor=DESK,
    )
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    light = 0.55 + 0.45 * np.clip((x + y) / 1.4, 0, 1)
    light[x + 0.4 * y < 0.5] *= 0.6  # the shadow of whoever takes the picture
    return noisy(Image.fromarray((np.asarray(aslant) * light[..., None]).astype(np.uint8)), 6)


def _perspective(corners: np.ndarray, size_px: tuple[int, int]) -> list[float]:
    """The eight numbers by which PIL finds a page's pixel for one of the picture."""
    width, height = size_px
    equations, values = [], []
    page = [(0, 0), (width, 0), (width, height), (0, height)]
    for (x, y), (u, v) in zip(corners, page, strict=True):
        equations += [
            [x, y, 1, 0, 0, 0, -u * x, -u * y],
            [0, 0, 0, x, y, 1, -v * x, -v * y],
        ]
        values += [u, v]
    return np.linalg.solve(np.array(equations), np.array(values)).tolist()
