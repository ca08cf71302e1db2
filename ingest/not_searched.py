"""What a PDF holds beside its pages, and what no search will find: attachments, XFA forms."""

import re
from pathlib import Path

from index.errors import PageFailure
from index.wording import count
from ingest.poppler import run

_N_ATTACHMENTS = re.compile(rb"^(\d+) embedded files?$", re.MULTILINE)
_XFA = re.compile(r"^Form: +XFA$", re.MULTILINE)


def not_searched(path: Path, pdfinfo_output: str) -> str:
    """Such as "2 attachments, a form in XFA", "" if nothing.

    Notes that people pin to a page are not among it: no program of poppler's tells of them.

    Args:
        path: a PDF that poppler opens.
        pdfinfo_output: what pdfinfo wrote of it.
    """
    parts = []
    n_attachments = _count_attachments(path)
    if n_attachments:
        parts.append(count(n_attachments, "attachment"))
    if _XFA.search(pdfinfo_output):
        parts.append("a form in XFA")
    return ", ".join(parts)


def _count_attachments(path: Path) -> int:
    try:
        said = run("pdfdetach", "-list", str(path.absolute())).output
    except PageFailure:  # the pages are not the worse for it
        return 0
    match = _N_ATTACHMENTS.search(said)
    return int(match[1]) if match else 0
