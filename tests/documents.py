"""Small real PDFs for tests."""

import re
from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")
_LETTER_WITH_MARKS = re.compile("[^\u0591-\u05c7\u064b-\u0652][\u0591-\u05c7\u064b-\u0652]*")


def write_pdf(
    path: Path, pages: Sequence[str], *, title: str = "", printed_numbers: Sequence[str] = ()
) -> Path:
    """Write a PDF with one line of text on each page; the same arguments give the same bytes."""
    canvas = Canvas(str(path), pagesize=A5, invariant=1)
    canvas.setTitle(title)
    for index, label in enumerate(printed_numbers):
        canvas.addPageLabel(index, prefix=label)
    for text in pages:
        canvas.setFont("Helvetica", 20)
        canvas.drawString(50, 400, text)
        canvas.showPage()
    canvas.save()
    return path


def write_text_pdf(path: Path, pages: Sequence[str]) -> Path:
    """Write text in any script, as it is read: lines of at most 76 characters."""
    lines = ([_as_seen(line).split() for line in text.splitlines()] for text in pages)
    return write_spelled_pdf(path, *lines)


def write_spelled_pdf(path: Path, *pages: Sequence[Sequence[str]]) -> Path:
    """Write pages of which every string names the characters it is to be read as.

    They are drawn as letters of Courier, whatever they are: a table in the file (ToUnicode) says
    what each stands for. So any script can be written without a font of it.

    Args:
        path: where to.
        pages: of each its lines, one below the other: strings from left to right, as seen and not
            as read.
    """
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids "
        f"[{' '.join(f'{3 + 4 * i} 0 R' for i in range(len(pages)))}] >>",
    ]
    for lines in pages:
        objects += _spelled_page(lines, len(objects) + 1)
    body, places = "%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    entries = "".join(f"{place:010} 00000 n \n" for place in places)
    xref = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{entries}"
    trailer = (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    )
    path.write_text(body + xref + trailer, encoding="ascii")
    return path


def _spelled_page(lines: Sequence[Sequence[str]], number: int) -> list[str]:
    """Page, content, font and what that spells: four objects, numbered from `number`."""
    characters = sorted({c for line in lines for text in line for c in text})
    codes = {c: 0x21 + i for i, c in enumerate(characters)}
    assert len(codes) < 0x5E, "more characters than printable letters"
    mapped = "\n".join(f"<{code:02x}> <{c.encode('utf-16-be').hex()}>" for c, code in codes.items())
    drawn = []
    for row, line in enumerate(lines):
        x = 40.0
        for text in line:
            shown = "".join(f"{codes[c]:02x}" for c in text)
            drawn.append(f"BT /F 12 Tf 1 0 0 1 {x:.1f} {780 - 15 * row} Tm <{shown}> Tj ET")
            x += 7.2 * (len(text) + 1)  # Courier: every letter, and the space, is 0.6 of 12 wide
    table = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
        "1 begincodespacerange <00> <FF> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{mapped}\nendbfchar endcmap end end"
    )
    return [
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {number + 1} 0 R "
        f"/Resources << /Font << /F {number + 2} 0 R >> >> >>",
        _stream("\n".join(drawn)),
        f"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /ToUnicode {number + 3} 0 R >>",
        _stream(table),
    ]


def _as_seen(line: str) -> str:
    """A line from left to right; one in Hebrew or Arabic is turned round, but not its numbers."""
    if not _RIGHT_TO_LEFT.search(line):
        return line
    words = [
        "".join(reversed(_LETTER_WITH_MARKS.findall(word))) if _RIGHT_TO_LEFT.search(word) else word
        for word in line.split()
    ]
    return " ".join(reversed(words))


def _stream(text: str) -> str:
    return f"<< /Length {len(text)} >>\nstream\n{text}\nendstream"
