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

_CANNOT = (
    (re.compile(r"Incorrect password"), "encrypted: needs a password"),
    (re.compile(r"security handler"), "encrypted: in a way poppler does not know"),
    (re.compile(r"Unknown filter '(\w+)'"), r"compressed in a way poppler does not know (\1)"),
    (
        re.compile(r"Page count \((\d+)\) larger than number of objects \((\d+)\)"),
        r"poppler does not read its pages: they are more (\1) than the objects in the file (\2)",
    ),
)
"""What poppler says where the cause is not damage, and how a person says it."""

_DAMAGE = (
    ("Invalid page count 0", "PDF without pages"),
    ("Invalid page count", "damaged PDF: its page count is impossible"),
    ("ages object is wrong type", "damaged PDF: its list of pages cannot be read"),
    ("xref table", "damaged PDF: its table of objects cannot be read"),
    ("page catalog", "damaged PDF: the object that holds its pages cannot be read"),
)


def why_pdf_failed(path: Path, done: Ended) -> str:
    """One line on why poppler gave nothing: the plainest cause that holds.

    Raises:
        PageFailure: the file has become unreadable meanwhile.
    """
    head = read_head(path)
    if done.returncode < 0:
        return f"{done.program} crashed ({signal.Signals(-done.returncode).name})"
    if b"%PDF-" not in head and not _cannot(done):
        return wrong_kind("a PDF", head)
    return _cannot(done) or _damage(path, last_complaint(done))


def why_page_is_blank(done: Ended) -> str:
    """One line where poppler drew nothing and met errors; "" where the page is empty.

    Whether the page or poppler is at fault is not known: it draws nothing of some sound images.
    """
    complaint = last_complaint(done)
    if not complaint:
        return _cannot(done)
    return _cannot(done) or (
        f"page comes out blank: poppler cannot draw what is on it (it says: {complaint})"
    )


def _cannot(done: Ended) -> str:
    """The cause where it is not damage; "" else."""
    messages = done.messages.decode("utf-8", "ignore")
    for pattern, reason in _CANNOT:
        if match := pattern.search(messages):
            return match.expand(reason)
    return ""


def _damage(path: Path, complaint: str) -> str:
    state = next((state for words, state in _DAMAGE if words in complaint), "damaged PDF")
    if not has_eof_mark(path):
        state = "truncated PDF: it has no %%EOF at its end"
    return f"{state} (poppler: {complaint})" if complaint else state


def last_complaint(done: Ended) -> str:
    """The last error poppler reports, "" if none: the first are about details, it gives up last."""
    complaints = [
        complaint
        for complaint in _COMPLAINT.findall(done.messages.decode("utf-8", "ignore"))
        if not complaint.startswith("Wrong page range")  # it has no pages; what is why?
    ]
    return clean_text(complaints[-1])[:_LONGEST_COMPLAINT].rstrip(". ") if complaints else ""
