"""By what pages are counted and chosen beside their words: the year, kind and folders of a file."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

_Value = TypeVar("_Value", str, int)

NO_ENDING = "none"
"""The kind of a file whose name has no ending."""


@dataclass(frozen=True)
class Facets:
    """How many pages pass some filters, in all and by what they have.

    Attributes:
        n_pages: in all.
        languages: by ISO 639-1 code, "" where it is not known.
        years: by `year_of` the document's files.
        kinds: by `kind_of` the document's first file.
        folders: by every folder below which the document lies, absolute and without a slash at the
            end; "/" is none. A document at several paths counts in the folders of each. Vespa names
            those 1,000 that have the most pages.
    """

    n_pages: int
    languages: Mapping[str, int]
    years: Mapping[int, int]
    kinds: Mapping[str, int]
    folders: Mapping[str, int]


def year_of(mtimes_ns: Iterable[int]) -> int:
    """The year in which a document was last changed, UTC: of several files the latest.

    Args:
        mtimes_ns: nanoseconds since 1970, at least one.

    >>> year_of([0, 1_700_000_000_000_000_000])
    2023
    """
    return time.gmtime(max(mtimes_ns) // 1_000_000_000).tm_year


def kind_of(path: str) -> str:
    """The ending of a file's name, in lower case.

    >>> kind_of("/a/Report.PDF"), kind_of("/a.b/.hidden"), kind_of("/a/.x.png")
    ('pdf', 'none', 'png')
    """
    name, dot, ending = path.rpartition("/")[2].rpartition(".")
    return ending.lower() if name and dot and ending else NO_ENDING


def folders_of(paths: Iterable[str]) -> frozenset[str]:
    """The folders that files lie below, at any depth, but the root.

    >>> sorted(folders_of(["/a/b/c.pdf", "/a/d.pdf"]))
    ['/a', '/a/b']
    """
    found = set()
    for path in paths:
        end = path.rfind("/")
        while end > 0:
            found.add(path[:end])
            end = path.rfind("/", 0, end)
    return frozenset(found)


def most_first(counts: Mapping[_Value, int]) -> dict[_Value, int]:
    """Counts with the highest first, those alike in order of what was counted.

    >>> most_first({"de": 1, "en": 5, "": 1})
    {'en': 5, '': 1, 'de': 1}
    """
    return dict(sorted(counts.items(), key=lambda of: (-of[1], of[0])))
