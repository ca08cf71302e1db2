"""What servers read in the files that pages are of; imported only when the first is wanted."""

from pathlib import Path

from PIL import Image


def draw_region(
    path: Path,
    page_number: int,
    page_size: tuple[float, float],
    box: tuple[float, float, float, float],
    width_px: int,
) -> Image.Image:
    """As ingest/region.py."""
    from ingest import region  # a server that draws nothing starts without it

    return region.draw_region(path, page_number, page_size, box, width_px)


def printed_number(path: Path, page_number: int) -> str:
    """As ingest/printed_number.py."""
    from ingest import printed_number

    return printed_number.printed_number(path, page_number)
