"""Pages of an index pooled as an ingest would have done: nothing is rendered or encoded again.

Their vectors have been rounded to bfloat16 once before, so they differ in the last digits from
those an ingest makes.
"""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import Progress

from encoders.pooling import pool, pooling_name
from index.copying import copy_index
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import WrongUseError
from index.interface import PageIndex
from index.location import Location
from index.pages import Fingerprint, Page


@dataclass(frozen=True)
class Pooling:
    """What pooling makes of an index.

    Attributes:
        fingerprint: of the pages then.
        change: makes one of them of a page.
        is_any: whether anything changes.
    """

    fingerprint: Fingerprint
    change: Callable[[Page], Page] = lambda page: page
    is_any: bool = False


def pooling_of(location: Location, stored: Fingerprint, factor: int | None) -> Pooling:
    """How to pool the pages of an index by `--pool`; None for as they are.

    Raises:
        WrongUseError: they have been pooled otherwise.
    """
    if factor is None or pooling_name(factor) == stored.pooling:
        return Pooling(stored)
    if stored.pooling != pooling_name(1):
        raise WrongUseError(
            f"Index {location} has pooling {stored.pooling}, and --pool {factor} starts from the "
            "vectors of every patch. Name an index with pooling none, or leave out --pool."
        )

    def change(page: Page) -> Page:
        return replace(page, vectors=pool(page.vectors, factor))

    return Pooling(replace(stored, pooling=pooling_name(factor)), change, is_any=True)


@contextmanager
def passing_copy(index: PageIndex, pooling: Pooling, progress: Progress) -> Iterator[PageIndex]:
    """A pooled copy for as long as it is searched, in a folder for passing files; no previews."""
    task = progress.add_task(f"Pooling pages ({pooling.fingerprint.pooling})", total=None)
    with tempfile.TemporaryDirectory(prefix="pagelens-") as folder:
        copied = EmbeddedIndex.open_for_writing(Path(folder), pooling.fingerprint)
        with closing(copied):
            copy_index(
                index,
                copied,
                stop=threading.Event(),
                on_progress=lambda n_done, n_pages: progress.update(
                    task, completed=n_done, total=n_pages
                ),
                change=lambda page: replace(pooling.change(page), preview=b""),
            )
            progress.remove_task(task)
            yield copied
