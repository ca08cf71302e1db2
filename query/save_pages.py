"""Hits as files: each page's picture, and one contact sheet of all."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from index.errors import WrongUseError
from index.interface import PageIndex
from index.pages import Hit
from query.contact_sheet import contact_sheet

CONTACT_SHEET_NAME = "contact-sheet.png"
LONGEST_NAME = (
    60  # characters kept of a file's name: 240 bytes in any script, file systems take 255
)


def save_pages(folder: Path, query: str, hits: Sequence[Hit], index: PageIndex) -> None:
    """Write each hit's preview, named by rank, file and page, and the contact sheet.

    Files of the same names are replaced, others stay.

    Args:
        folder: made where it does not exist.
        query: what the user typed.
        hits: best first, at least one.
        index: where the hits come from.

    Raises:
        WrongUseError: the folder cannot be written to.
    """
    previews = [index.image(hit.page_id) for hit in hits]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for rank, (hit, preview) in enumerate(zip(hits, previews, strict=True), 1):
            (folder / preview_name(rank, hit)).write_bytes(preview)
        (folder / CONTACT_SHEET_NAME).write_bytes(contact_sheet(query, hits, previews))
    except OSError as e:
        raise WrongUseError(
            f"Cannot write to {folder} ({e.strerror}). Name another folder with --save-pages."
        ) from e


def preview_name(rank: int, hit: Hit) -> str:
    """The file name of a hit's preview; sorts by rank.

    >>> preview_name(3, Hit("", "", 12, 0, 0, ("/a/Q3 report.pdf",), "", ""))
    '03-Q3_report-p12.webp'
    """
    stem = PurePosixPath(hit.paths[0]).stem if hit.paths else hit.document_id
    stem = re.sub(r"[^\w.-]+", "_", stem)[:LONGEST_NAME]
    return f"{rank:02}-{stem}-p{hit.page_number}.webp"
