"""Which pages a search looks at: the same in every index."""

import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase

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
    """

    path_glob: str | None = None
    document_id: str | None = None
    first_page: int | None = None
    last_page: int | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        first, last = self.first_page, self.last_page
        if first is not None and last is not None and first > last:
            raise WrongUseError(
                f"The page range {first}-{last} is empty. "
                f"Write the lower page first: {last}-{first}."
            )


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
    # macOS stores "é" as two characters, a keyboard types one
    path = unicodedata.normalize("NFC", path)
    glob = unicodedata.normalize("NFC", glob).removeprefix("./")
    return fnmatchcase(path, glob) or fnmatchcase(path, f"*/{glob}")
