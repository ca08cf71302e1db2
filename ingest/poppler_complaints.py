"""Why poppler gave nothing: one line, from its exit status, its messages and the file itself."""

import re
import signal
from pathlib import Path

from index.errors import wrong_kind
from ingest.poppler import Ended
from ingest.source_file import has_eof_mark, read_head
from ingest.text_layer import clean_text

_COMPLAINT = re.compile(r"^(?:\w+ )?Error(?: \(\d+\))?: (.+)$", re.MULTILINE)
_LONGEST_COMPLAINT = 120


def why_pdf_failed(path: Path, done: Ended) -> str:
    """One line on why poppler gave nothing: the plainest cause that holds.

    Raises:
        PageFailure: the file has become unreadable meanwhile.
    """
    head = read_head(path)
    if done.returncode < 0:
        return f"{done.program} crashed ({signal.Signals(-done.returncode).name})"
    if b"Incorrect password" in done.messages:
        return "encrypted: needs a password"
    if b"security handler" in done.messages:
        return "encrypted: in a way poppler does not know"
    if b"%PDF-" not in head:
        return wrong_kind("a PDF", head)
    if not has_eof_mark(path):
        state = "truncated PDF: it has no %%EOF at its end"
    elif b"Wrong page range" in done.messages:
        state = "PDF without pages"
    else:
        state = "damaged PDF"
    complaint = last_complaint(done)
    return f"{state} (poppler: {complaint})" if complaint else state


def last_complaint(done: Ended) -> str:
    """The last error poppler reports, "" if none: the first are about details, it gives up last."""
    complaints = [
        complaint
        for complaint in _COMPLAINT.findall(done.messages.decode("utf-8", "ignore"))
        if not complaint.startswith("Wrong page range")  # it has no pages; what is why?
    ]
    return clean_text(complaints[-1])[:_LONGEST_COMPLAINT].rstrip(". ") if complaints else ""
