"""One model on several devices: the first in this process, each other in one of its own.

Python runs one thread at a time, and a GPU wants one that does nothing else. Batches go to the
device that is free; what comes back is that of one device, up to the rounding of each.
"""

import multiprocessing
import queue
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from encoders.colsmol import ColSmolEncoder
from encoders.interface import PageInput
from index.errors import PagelensError
from index.pages import Fingerprint, PageVectors, QueryVectors

_Encode = Callable[[Sequence[PageInput]], list[PageVectors]]


class ManyDevicesEncoder:
    """ColSmol on several devices at once; the others start when the first is busy.

    Args:
        model: hub id or folder.
        devices: at least two, such as "cuda:0" and "cuda:1".
        max_edge_px: longest edge at which a page is cut into tiles, None for the model's own.

    Raises:
        As ColSmolEncoder.
    """

    def __init__(self, model: str, devices: Sequence[str], max_edge_px: int | None = None) -> None:
        self._first = ColSmolEncoder(model, devices[0], max_edge_px)
        self.n_at_once = len(devices)
        # spawned: a fork of a process with CUDA in it does not work
        context = multiprocessing.get_context("spawn")
        self._processes = {
            device: ProcessPoolExecutor(
                1, context, initializer=_load, initargs=(model, device, max_edge_px)
            )
            for device in devices[1:]
        }
        self._free: queue.LifoQueue[_Encode] = queue.LifoQueue()  # the first last: it is here
        others = [_in(process, device) for device, process in self._processes.items()]
        for encode in (*others, self._first.encode_pages):
            self._free.put(encode)

    @property
    def fingerprint(self) -> Fingerprint:
        """That of the model."""
        return self._first.fingerprint

    @property
    def batch_size(self) -> int:
        """Pages that each of the devices does best at once."""
        return self._first.batch_size

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        """As ColSmolEncoder."""
        return self._first.page_size_px(width, height)

    def n_tiles(self, width: float, height: float) -> int:
        """As ColSmolEncoder."""
        return self._first.n_tiles(width, height)

    def prepare(self, page: PageInput) -> PageInput:
        """As ColSmolEncoder."""
        return self._first.prepare(page)

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        """By a device that is free, from up to `n_at_once` threads.

        Raises:
            PagelensError: the process of a device has ended.
        """
        encode = self._free.get()
        try:
            return encode([self.prepare(page) for page in pages])
        finally:
            self._free.put(encode)

    def encode_query(self, text: str) -> QueryVectors:
        """By the first device."""
        return self._first.encode_query(text)


_encoder: ColSmolEncoder | None = None  # of a process that has no other purpose


def _load(model: str, device: str, max_edge_px: int | None) -> None:
    global _encoder
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    _encoder = ColSmolEncoder(model, device, max_edge_px)


def _encode(pages: Sequence[PageInput]) -> list[PageVectors]:
    assert _encoder is not None
    return _encoder.encode_pages(pages)


def _in(process: ProcessPoolExecutor, device: str) -> _Encode:
    def encode(pages: Sequence[PageInput]) -> list[PageVectors]:
        try:
            return process.submit(_encode, pages).result()
        except BrokenProcessPool as error:
            raise PagelensError(
                f"The process that ran the model on {device} has ended: killed from outside, or "
                "for lack of memory. Every page that was done is in the index; run the same "
                "command again to go on, without that device by --device."
            ) from error

    return encode
