"""A folder of PDFs before and after changes of every kind, for tests of what a sync does."""

from pathlib import Path

from tests.documents import write_pdf

WORDS = ("ash", "birch", "cedar", "dogwood", "elm", "fir", "ginkgo", "hazel")
NEW_WORDS = ("ivy", "juniper", "kapok", "larch", "maple", "nutmeg", "oak")
QUERIES = ("cedar and maple", "oak", "new larch", "page 3")
CHANGES = {"added": 7, "replaced": 2, "moved": 2, "removed": 2, "skipped": 2}
"""Documents by what an ingest of the second state does with them, after one of the first."""
N_DOCUMENTS_AFTER = sum(CHANGES.values()) - CHANGES["removed"]


def write_first_state(folder: Path) -> None:
    folder.mkdir()
    for n, word in enumerate(WORDS):
        write_pdf(folder / f"{n}.pdf", [f"{word} page {i}" for i in range(1 + n % 3)])


def write_second_state(folder: Path) -> None:
    """Two documents changed, two gone, two renamed, seven new, one of them long."""
    for n in (0, 1):
        write_pdf(folder / f"{n}.pdf", [f"new {WORDS[n]} page {i}" for i in range(3)])
    for n in (2, 3):
        (folder / f"{n}.pdf").unlink()
    for n in (4, 5):
        (folder / f"{n}.pdf").rename(folder / f"renamed-{n}.pdf")
    for n, word in enumerate(NEW_WORDS, 8):
        n_pages = 20 if n == 10 else 2
        write_pdf(folder / f"{n}.pdf", [f"new {word} page {i}" for i in range(n_pages)])
