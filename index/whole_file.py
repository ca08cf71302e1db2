"""A file that is there as a whole or not at all, whatever ends the writing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from index.errors import WrongUseError


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` when everything is written.

    Whatever ends the writing before, nothing is left of it, and what `path` held stays.

    Raises:
        WrongUseError: the file cannot be written; the reason is the operating system's.
    """
    path = path.resolve()  # of a link, the file it leads to is replaced
    if path.exists() and not path.is_file():
        raise WrongUseError(f"Cannot write {path}: it is there and not a file. Name another.")
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as e:
        raise WrongUseError(
            f"Cannot write {path} ({e.strerror}). "
            "Check the folder and its free space, or name another file."
        ) from e
    finally:
        draft.unlink(missing_ok=True)
