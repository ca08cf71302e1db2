"""KeptPlaces: hits that were given keep their places while an answer is gone on with.

A ranking is made anew for each part of an answer, and an ingest may have changed it since the last.
What was given stays where it was; whatever has come in since, however well it ranks, follows. So
nothing is given twice, and nothing is passed over.
"""

import threading
from collections import OrderedDict
from dataclasses import replace

from query.request import SearchRequest

N_KEPT = 64
"""Searches whose places are kept; some 40 kB for one of a thousand hits."""


class KeptPlaces:
    """The order in which the hits of recent searches were given. For many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given: OrderedDict[SearchRequest, tuple[str, ...]] = OrderedDict()

    def before(self, request: SearchRequest) -> tuple[str, ...]:
        """What the same search has given, as `Found.given`; nothing for one that begins."""
        with self._lock:
            return self._given.get(_key(request), ()) if request.offset else ()

    def keep(self, request: SearchRequest, given: tuple[str, ...]) -> None:
        """Remember what was given. A search that begins anew replaces what it gave otherwise."""
        key = _key(request)
        with self._lock:
            if self._given.get(key, ())[: len(given)] == given:
                return
            self._given[key] = given
            self._given.move_to_end(key)
            if len(self._given) > N_KEPT:
                self._given.popitem(last=False)


def _key(request: SearchRequest) -> SearchRequest:
    return replace(request, k=1, offset=0)
