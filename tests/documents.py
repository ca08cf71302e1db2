"""Small real PDFs for tests."""

from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas


def write_pdf(path: Path, pages: Sequence[str], *, title: str = "") -> Path:
    """Write a PDF with one line of text on each page; the same arguments give the same bytes."""
    canvas = Canvas(str(path), pagesize=A5, invariant=1)
    canvas.setTitle(title)
    for text in pages:
        canvas.setFont("Helvetica", 20)
        canvas.drawString(50, 400, text)
        canvas.showPage()
    canvas.save()
    return path
