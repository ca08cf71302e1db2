"""PDFs of pictures, as a scanner makes them: small, so that OCR reads a page in no time."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

SIZE_PT = (210, 75)
_PX_PER_PT = 2


def scan_of(text: str) -> Image.Image:
    """A strip of paper with a line of print."""
    image = Image.new("RGB", tuple(_PX_PER_PT * side for side in SIZE_PT), "white")
    font = ImageFont.load_default(size=15 * _PX_PER_PT)
    ImageDraw.Draw(image).text((12 * _PX_PER_PT, 24 * _PX_PER_PT), text, "black", font)
    return image


def write_scans(path: Path, pages: Sequence[str]) -> Path:
    """Write a PDF of such pages; those that begin with "typed " have a text layer instead."""
    canvas = Canvas(str(path), pagesize=SIZE_PT, invariant=1)
    for text in pages:
        if text.startswith("typed "):
            canvas.setFont("Helvetica", 15)
            canvas.drawString(12, 36, text.removeprefix("typed "))
        else:
            canvas.drawImage(ImageReader(scan_of(text)), 0, 0, *SIZE_PT)
        canvas.showPage()
    canvas.save()
    return path
