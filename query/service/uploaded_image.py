"""An image sent to search by: how much of it is taken, and what is said of a fault."""

from PIL import Image

from encoders.image_decoder import SIGNATURES, TooManyPixelsError, decoded_frame
from index.errors import PageFailure, WrongUseError

MAX_UPLOAD_BYTES = 20_000_000  # a phone's photograph has a quarter of that
MAX_PIXELS = 50_000_000
"""150 MB once decoded, which a few compressed kilobytes may claim to be; an A3 scan at 300 dpi has
17 million."""

FORMATS = tuple(SIGNATURES)


def open_image(data: bytes) -> Image.Image:
    """Decode an image as ingest decodes it: the same pixels for the same picture.

    Raises:
        WrongUseError: too large, of another format, or broken.
    """
    if len(data) > MAX_UPLOAD_BYTES:
        raise WrongUseError(
            f"The image has {len(data):,} bytes; at most {MAX_UPLOAD_BYTES:,} are taken. "
            "Send a smaller one."
        )
    try:
        with decoded_frame(data, FORMATS, MAX_PIXELS) as image:
            return image
    except TooManyPixelsError as e:
        size = "{:,} x {:,}".format(*e.size_px) if e.size_px else "far too many"
        raise WrongUseError(
            f"The image has {size} pixels; at most {MAX_PIXELS:,} are taken. Send a smaller one."
        ) from e
    except PageFailure as e:
        raise WrongUseError(
            f"This is not an image that can be read. Send one of these: {', '.join(FORMATS)}."
        ) from e
