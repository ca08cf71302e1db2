"""An index as a file of feed operations, one a line: there as a whole, or not at all."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from index.errors import WrongUseError
from index.interface import PageIndex
from vespa_app.feed import export_operations


@dataclass(frozen=True)
class Written:
    """What was written: documents, pages, and the bytes of all lines."""

    n_documents: int
    n_pages: int
    size_bytes: int


def write_feed(file: BinaryIO, index: PageIndex, on_operation: Callable[[], None]) -> Written:
    """Write all of an index as `vespa feed` reads it: JSON in UTF-8, one operation a line.

    Args:
        file: open for writing.
        index: what to write.
        on_operation: called after each: one for a page, one for a document, one for the manifest.
    """
    counts: Counter[str] = Counter()
    size_bytes = 0
    for operation in export_operations(index):
        line = json.dumps(operation, ensure_ascii=False).encode() + b"\n"
        file.write(line)
        size_bytes += len(line)
        schema = str(operation["put"]).split(":")[2]  # id:pagelens:page::...
        counts[schema] += 1
        on_operation()
    n_documents = counts["pdf"] - 1  # the manifest lies in the same schema
    return Written(n_documents, counts["page"], size_bytes)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` when everything is written.

    Whatever ends the writing before, nothing is left of it, and what `path` held stays.

    Raises:
        WrongUseError: the file cannot be written; the reason is the operating system's.
    """
    path = path.resolve()  # of a link, the file it leads to is replaced
    if path.exists() and not path.is_file():
        raise WrongUseError(
            f"Cannot write {path}: it is there and not a file. Name another, or - for stdout."
        )
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
