"""Which paths a glob means: the same answer in every index."""

import unicodedata
from fnmatch import fnmatchcase


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
