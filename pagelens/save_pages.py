"""Hits as files: each page's picture, and one contact sheet of all."""

import re
from pathlib import Path, PurePosixPath

from index.errors import WrongUseError
from index.interface import PageIndex
from index.pages import Hit
from query.contact_sheet import contact_sheet
from query.found import Found

CONTACT_SHEET_NAME = "contact-sheet.png"
LONGEST_NAME = (
    60  # characters kept of a file's name: 240 bytes in any script, file systems take 255
)


def save_pages(folder: Path, found: Found, index: PageIndex) -> None:
    """Write each hit's preview, named by rank, file and page, and the contact sheet.

    Files of the same names are replaced, others stay.

    Args:
        folder: made where it does not exist.
        found: with at least one hit.
        index: where the search ran.

    Raises:
        WrongUseError: the folder cannot be written to.
    """
    hits = found.shown
    previews = [index.image(hit.page_id) for hit in hits]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for rank, (hit, preview) in enumerate(zip(hits, previews, strict=True), 1):
            (folder / preview_name(rank, hit)).write_bytes(preview)
        (folder / CONTACT_SHEET_NAME).write_bytes(contact_sheet(found, previews))
    except OSError as e:
        raise WrongUseError(
            f"Cannot write to {folder} ({e.strerror}). Name another folder with --save-pages."
        ) from e


def preview_name(rank: int, hit: Hit) -> str:
    """The file name of a hit's preview; sorts by rank.

    >>> preview_name(3, Hit("", "", 12, 0, 0, ("/a/Q3 report.pdf",), "", ""))
    '03-Q3_report-p12.webp'
    """
    stem = re.sub(r"[^\w.-]+", "_", PurePosixPath(hit.name).stem)[:LONGEST_NAME]
    return f"{rank:02}-{stem}-p{hit.page_number}.webp"
