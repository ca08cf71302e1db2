"""An image from outside, opened with suspicion: few formats, few pixels, a line for any fault."""

import io

from PIL import Image, ImageOps

from index.errors import WrongUseError

MAX_UPLOAD_BYTES = 20_000_000  # a phone's photograph has a quarter of that
MAX_PIXELS = 50_000_000
"""150 MB once decoded, which a few compressed kilobytes may claim to be; an A3 scan at 300 dpi has
17 million."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")


def open_image(data: bytes) -> Image.Image:
    """Decode an image, upright as its camera says, RGB, what is transparent on white.

    Raises:
        WrongUseError: too large, of another format, or broken.
    """
    if len(data) > MAX_UPLOAD_BYTES:
        raise WrongUseError(
            f"The image has {len(data):,} bytes; at most {MAX_UPLOAD_BYTES:,} are taken. "
            "Send a smaller one."
        )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_many_pixels(f"{image.width:,} x {image.height:,}")
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except Image.DecompressionBombError as e:  # above Pillow's own limit, which is higher
        raise _too_many_pixels("far too many") from e
    except (OSError, SyntaxError, ValueError) as e:
        raise WrongUseError(
            f"This is not an image that can be read. Send one of these: {', '.join(FORMATS)}."
        ) from e
    on_white = Image.new("RGBA", upright.size, "white")
    return Image.alpha_composite(on_white, upright).convert("RGB")


def _too_many_pixels(how_many: str) -> WrongUseError:
    return WrongUseError(
        f"The image has {how_many} pixels; at most {MAX_PIXELS:,} are taken. Send a smaller one."
    )
