"""CachedFunction: keeps what was made last, and makes a value once when several want it at once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class CachedFunction(Generic[_Key, _Value]):
    """A function's latest values, for many threads.

    Args:
        make: what is called for a value that is not at hand; a failure is not kept.
        size: how many values are.

    >>> double = CachedFunction(lambda n: 2 * n, size=8)
    >>> double(21)
    42
    """

    def __init__(self, make: Callable[[_Key], _Value], size: int) -> None:
        self._make = make
        self._size = size
        self._lock = threading.Lock()
        self._values: OrderedDict[_Key, Future[_Value]] = OrderedDict()

    def __call__(self, key: _Key) -> _Value:
        """The value of a key; waits where another thread is making it."""
        with self._lock:
            value = self._values.get(key)
            is_mine = value is None
            if value is None:
                value = self._values[key] = Future()
                if len(self._values) > self._size:
                    self._values.popitem(last=False)
            else:
                self._values.move_to_end(key)
        if is_mine:
            self._fill(key, value)
        return value.result()

    def _fill(self, key: _Key, value: "Future[_Value]") -> None:
        try:
            value.set_result(self._make(key))
        except BaseException as e:  # whatever it is, those who wait must have it too
            with self._lock:
                if self._values.get(key) is value:
                    del self._values[key]
            value.set_exception(e)
