"""MapMaker: draws the map of pages in the background, once, and again when the index has changed.

It takes seconds, so no request waits for it; and it reads the index one page at a time, so that
neither searches nor the index's refresh wait for it either.
"""

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from index.errors import PagelensError
from index.interface import PageIndex
from index.pages import Document, Page, split_page_id
from query.service.page_map import ChosenPages, choose_pages, page_vectors_mean, project

PATIENCE_S = 0.3
"""How long a request waits for a map that is being drawn: a small one is there by then."""

KEPT_S = 30.0
"""How long a map is shown without looking whether the index has changed. While an ingest goes on
it always has, and a map would be drawn again and again."""


@dataclass(frozen=True, eq=False)
class PageMap:
    """A map as it is shown.

    Attributes:
        page_ids: the pages on it.
        points: float32 (n_pages, 2), as `project` gives them, in the order of `page_ids`.
        n_pages: searchable pages of the index; those of a sample are fewer.
        n_chosen: pages that were to be on it.
        n_without_vectors: pages of these that have no place on it.
        documents: those with pages that were to be on it, by id.
    """

    page_ids: tuple[str, ...]
    points: NDArray[np.float32]
    n_pages: int
    n_chosen: int
    n_without_vectors: int
    documents: Mapping[str, Document]


class MapMaker:
    """Draws maps of an index that others are reading.

    Args:
        reading: gives the index, on one state, for as long as its block runs.
    """

    def __init__(self, reading: Callable[[], AbstractContextManager[PageIndex]]) -> None:
        self._reading = reading
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._chosen = ChosenPages((), -1)
        self._map: PageMap | None = None
        self._state: Hashable = None  # of the index, when it was last compared with the map
        self._looked_at = 0.0  # time.monotonic() when the index was last compared with the map
        self._failure: PagelensError | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether there is a map to show, perhaps of an earlier state of the index."""
        return self._map is not None

    def current(self) -> PageMap | None:
        """The map of the index; None while the first one is being drawn: ask again.

        A map that is there is shown at once, while the index is compared with it.

        Raises:
            PagelensError: the index cannot be read. The next call tries again.
        """
        with self._lock:
            if self._thread is None and time.monotonic() >= self._looked_at + KEPT_S:
                self._thread = threading.Thread(target=self._run, name="pagelens-map", daemon=True)
                self._thread.start()
            thread = self._thread
        if thread is not None and self._map is None:
            thread.join(PATIENCE_S)
        with self._lock:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            return self._map

    def _run(self) -> None:
        failure: PagelensError | None = PagelensError(
            "The map could not be drawn: this is a bug in Pagelens. The terminal of the server "
            "shows where it arose."
        )
        try:
            self._renew()
            failure = None
        except PagelensError as e:
            failure = e
        finally:
            with self._lock:
                self._thread, self._failure = None, failure
                if failure is None:
                    self._looked_at = time.monotonic()

    def _renew(self) -> None:
        """Keep the map where its pages are still the right ones, else draw another."""
        with self._reading() as index:
            state = index.state()
            if self._map is not None and state == self._state:
                return
            documents = list(index.documents())
            chosen = choose_pages(index, documents)
        shown = {split_page_id(page_id)[0] for page_id in chosen.page_ids}
        by_id = {d.document_id: d for d in documents if d.document_id in shown}
        if self._map is not None and chosen.page_ids == self._chosen.page_ids:
            self._map = replace(self._map, n_pages=chosen.n_pages, documents=by_id)
        else:
            self._map = self._draw(chosen, by_id)
        self._chosen, self._state = chosen, state

    def _draw(self, chosen: ChosenPages, documents: Mapping[str, Document]) -> PageMap:
        means = page_vectors_mean(self._read_page, chosen.page_ids)
        return PageMap(
            page_ids=means.page_ids,
            points=project(means.vectors),
            n_pages=chosen.n_pages,
            n_chosen=len(chosen.page_ids),
            n_without_vectors=means.n_without_vectors,
            documents=documents,
        )

    def _read_page(self, page_id: str) -> Page:
        with self._reading() as index:
            return index.page(page_id)
