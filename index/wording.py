"""Amounts, scores and names as people read them: the same in a terminal, a page and an error."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from index.interface import BM25, FLOAT, HAMMING_THEN_FLOAT

COSINE_RANKINGS = (HAMMING_THEN_FLOAT, FLOAT)
"""Rankings whose score is a mean cosine: 1 is the most there can be."""

HALF_NAMES = {HAMMING_THEN_FLOAT: "vectors", BM25: "words"}
"""What the halves of `hybrid` are called beside a hit, where their own names would take a line."""


def count(n: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "page"), count(1200, "page")
    ('1 page', '1,200 pages')
    """
    return f"{n:,} {noun if n == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """More than one of a thing; every noun counted here takes an s."""
    return f"{noun}s"


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(4.21), duration(312), duration(30000)
    ('4.2 s', '5 min', '8.3 h')
    """
    if seconds < 90:
        return f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size(size_bytes: float) -> str:
    """Bytes as a person reads them, in steps of 1,000.

    >>> size(1), size(999), size(1_500), size(123_456_789)
    ('1 byte', '999 bytes', '1.5 kB', '123.5 MB')
    """
    if size_bytes < 1000:
        return count(round(size_bytes), "byte")
    for unit in ("kB", "MB", "GB"):
        size_bytes /= 1000
        if size_bytes < 999.95:
            return f"{size_bytes:.1f} {unit}"
    return f"{size_bytes / 1000:,.1f} TB"


def score_text(score: float, ranking: str) -> str:
    """A score with four decimals.

    >>> score_text(1.0002, "float"), score_text(1.0002, "bm25")
    ('1.0000', '1.0002')
    """
    return f"{rounded_score(score, ranking):.4f}"


def short_score(score: float, ranking: str) -> str:
    """A score for whoever compares it with none: two decimals."""
    return f"{rounded_score(score, ranking):.2f}"


def rounded_score(score: float, ranking: str) -> float:
    """A score to four decimals, as it can be: see `as_cosine`."""
    return round(as_cosine(score) if ranking in COSINE_RANKINGS else score, 4)


def halves_text(halves: Mapping[str, float]) -> str:
    """What the halves of `hybrid` say of a page, in words; "" for a page of another ranking.

    >>> halves_text({"hamming-then-float": 0.614, "bm25": 12.34})
    'vectors 0.61, words 12.34'
    >>> halves_text({"bm25": 12.3})
    'vectors -, words 12.30'
    """
    if not halves:
        return ""
    return ", ".join(f"{name} {half_text(halves, half)}" for half, name in HALF_NAMES.items())


def half_text(halves: Mapping[str, float], ranking: str) -> str:
    """What one half of `hybrid` says of a page; "-" where it did not find it.

    Two decimals: it is the fused score that puts pages in order.
    """
    return short_score(halves[ranking], ranking) if ranking in halves else "-"


def as_cosine(similarity: float) -> float:
    """A cosine no greater than 1; the rounding of what is stored may make it 1.0002."""
    return min(1.0, similarity)


def printable(text: str) -> str:
    """A text without characters that would change how those around it are read."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def file_name(path: str) -> str:
    """The last part of a path, as it may be shown.

    >>> file_name("/a/Q3 report.pdf")
    'Q3 report.pdf'
    """
    return printable(PurePosixPath(path).name)


def shown_path(path: str, folder: Path) -> str:
    """A path as seen from a folder, where it lies inside; unprintable characters replaced.

    >>> shown_path("/a/b/c.pdf", Path("/a")), shown_path("/a/b/c.pdf", Path("/x"))
    ('b/c.pdf', '/a/b/c.pdf')
    """
    pure = PurePosixPath(path)
    inside = pure.relative_to(folder) if pure.is_relative_to(folder) else pure
    return printable(str(inside))
