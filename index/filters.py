"""Which pages a search looks at: the same in every index."""

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate

from index.errors import WrongUseError


@dataclass(frozen=True)
class Filters:
    """Which pages a search looks at; every condition must hold.

    Attributes:
        path_glob: shell pattern (`*` also matches `/`) that one of the document's paths must match,
            as a whole or from any folder on: "2023/*.pdf" matches "/home/a/2023/x.pdf".
        document_id: a document id or the beginning of one.
        first_page, last_page: page numbers, counted from 1, both included.
        language: ISO 639-1 code.
        not_path_glob, not_document_id, not_first_page, not_last_page, not_language: what must not
            hold, read in the same way; of a document with several paths none may match.
        first_year, last_year: of `year_of` the document's files, both included.
        kind: `kind_of` the document's first file.
        not_first_year, not_last_year, not_kind: what must not hold.
        phrases: texts whose words must stand on the page as they are written, one after the other.
        without: words, in any form, and phrases that must not stand on it.
    """

    path_glob: str | None = None
    document_id: str | None = None
    first_page: int | None = None
    last_page: int | None = None
    language: str | None = None
    not_path_glob: str | None = None
    not_document_id: str | None = None
    not_first_page: int | None = None
    not_last_page: int | None = None
    not_language: str | None = None
    first_year: int | None = None
    last_year: int | None = None
    kind: str | None = None
    not_first_year: int | None = None
    not_last_year: int | None = None
    not_kind: str | None = None
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_pages(self.first_page, self.last_page)
        _require_pages(self.not_first_page, self.not_last_page)
        _require_years(self.first_year, self.last_year)
        _require_years(self.not_first_year, self.not_last_year)

    @property
    def names_path(self) -> bool:
        """Whether some documents are left out by where they lie."""
        return self.path_glob is not None or self.not_path_glob is not None

    def passes_document(self, document_id: str, paths: Sequence[str]) -> bool:
        """Whether a document of this id and these paths meets what is asked of documents."""
        return (
            document_id.startswith(self.document_id or "")
            and not (self.not_document_id and document_id.startswith(self.not_document_id))
            and self.passes_paths(paths)
        )

    def passes_paths(self, paths: Sequence[str]) -> bool:
        """Whether a document at these paths meets what is asked of paths."""

        def matched(glob: str) -> bool:
            return any(path_matches(path, glob) for path in paths)

        return (self.path_glob is None or matched(self.path_glob)) and not (
            self.not_path_glob is not None and matched(self.not_path_glob)
        )

    @property
    def names_file(self) -> bool:
        """Whether some documents are left out by the year or kind of their files."""
        years = (self.first_year, self.last_year, self.not_first_year, self.not_last_year)
        return any(asked is not None for asked in (*years, self.kind, self.not_kind))

    def passes_file(self, year: int, kind: str) -> bool:
        """Whether a document meets what is asked of the year and kind of its files."""
        is_unwanted = self.leaves_years_out and _is_within(
            year, self.not_first_year, self.not_last_year
        )
        return (
            _is_within(year, self.first_year, self.last_year)
            and not is_unwanted
            and self.kind in (None, kind)
            and self.not_kind != kind
        )

    @property
    def leaves_years_out(self) -> bool:
        """Whether there are years that must not be."""
        return self.not_first_year is not None or self.not_last_year is not None

    @property
    def leaves_pages_out(self) -> bool:
        """Whether there are page numbers that must not be."""
        return self.not_first_page is not None or self.not_last_page is not None


def _require_pages(first: int | None, last: int | None) -> None:
    if first is not None and last is not None and first > last:
        raise WrongUseError(
            f"The page range {first}-{last} is empty. Write the lower page first: {last}-{first}."
        )


def _require_years(first: int | None, last: int | None) -> None:
    if first is not None and last is not None and first > last:
        raise WrongUseError(
            f"The years {first}-{last} are none. Write the earlier one first: {last}-{first}."
        )


def _is_within(number: int, first: int | None, last: int | None) -> bool:
    return (first is None or number >= first) and (last is None or number <= last)


def path_matches(path: str, glob: str) -> bool:
    """Whether a path meets a shell pattern, as a whole or from any folder on.

    Args:
        path: absolute, with forward slashes.
        glob: `*` matches any characters, `/` too; `?` one character; `[abc]` one of these.
            Upper and lower case differ. A leading `./` is what a shell adds, and is ignored.

    >>> path_matches("/home/a/2023/x.pdf", "2023/*.pdf")
    True
    >>> path_matches("/home/a/12023/x.pdf", "2023/*.pdf")
    False
    """
    if not path.isascii():  # macOS stores "é" as two characters, a keyboard types one
        path = unicodedata.normalize("NFC", path)
    return any(pattern.match(path) for pattern in _patterns(glob))


@functools.lru_cache(64)  # an index is asked for each of its documents
def _patterns(glob: str) -> tuple[re.Pattern[str], ...]:
    glob = unicodedata.normalize("NFC", glob).removeprefix("./")
    return re.compile(translate(glob)), re.compile(translate(f"*/{glob}"))
