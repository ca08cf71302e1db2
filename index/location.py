"""Where an index lies: what `--index` may be, and what it is when nobody says."""

from pathlib import Path

from index.errors import WrongUseError

DEFAULT_INDEX = "pagelens-index"
INDEX_VARIABLE = "PAGELENS_INDEX"
INDEX_HELP = f"Folder of the index. [default: ./{DEFAULT_INDEX}, or what {INDEX_VARIABLE} says]"


def index_folder(location: str) -> Path:
    """The folder an `--index` value names.

    Raises:
        WrongUseError: it names a server.
    """
    if location.startswith(("http://", "https://")):
        raise WrongUseError(
            f"{location} is a server. This version keeps indexes in folders: --index ./my-index"
        )
    return Path(location)
