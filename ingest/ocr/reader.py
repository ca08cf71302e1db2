"""OCR as an ingest runs it: whether a page is to be read, by which engine, and for how long."""

import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

from PIL import Image

from index.errors import PageFailure, PagelensError
from index.interface import PageIndex
from index.pages import PageWords
from index.wording import duration
from ingest.ocr.engine import Ocr, engine_name, ocr_size_px, require_ocr
from ingest.ocr.merge import settled_words
from ingest.ocr.need import why_ocr
from ingest.render import RenderedPage

ASKED_FOR = "asked for"
"""Why a page is read, whatever its text layer says."""

PAGE_LIMIT_S = 120.0
"""A page that takes longer is left without its words: a usual one takes 3 s, one of 5,500 words of
six points 58 s."""

MAX_WORKERS = 16
"""One for each core. The first takes 1.1 GB of memory, each other .4 GB (docs/ocr.md)."""


class Engine(Protocol):
    """Reads a page's picture."""

    def read(self, image: Image.Image, check: Callable[[], None]) -> PageWords:
        """Its words, with boxes and confidences; `check` may raise, and is called now and then."""


class _StoppedError(Exception):
    """The run is being stopped; nobody waits for what was being read."""


class PageReader:
    """Reads pages by OCR, in several threads at once, each with an engine of its own."""

    def __init__(self, *, reads_all: bool, make_engine: Callable[[int], Engine] = Ocr) -> None:
        """Engines are made when they are first needed.

        Args:
            reads_all: read every page, whatever its text layer says.
            make_engine: makes one, given the number of threads it may keep busy.

        Raises:
            MissingDependencyError: the engine or its models are not on this machine.
        """
        if make_engine is Ocr:
            require_ocr()
        self.reads_all = reads_all
        n_cores = os.cpu_count() or 1
        self.n_workers = min(n_cores, MAX_WORKERS)
        self.engine_name = engine_name()
        self._n_threads = n_cores // self.n_workers
        self._make_engine = make_engine
        self._own = threading.local()

    def pages_to_reread(self, index: PageIndex, document_id: str) -> frozenset[int]:
        """Pages of a document that an index holds and this engine has not read."""
        engines = index.ocr_engines(document_id)
        own = {number for number, engine in engines.items() if engine == self.engine_name}
        return index.page_numbers(document_id) - own

    def why(self, page: RenderedPage) -> str:
        """Why OCR is to read a page, "" where its text layer will do."""
        return why_ocr(page.words, page.has_unreadable_text, page.image)

    def size_px(self, *, is_pdf: bool) -> Callable[[float, float], tuple[int, int]]:
        """How large a page is to be drawn for OCR, as `Encoder.page_size_px`."""
        return lambda width, height: ocr_size_px(width, height, is_pdf=is_pdf)

    def read(
        self, image: Image.Image, text_layer: PageWords, why: str, stop: threading.Event
    ) -> PageWords:
        """A page's words, as they come of its text layer and its picture.

        Args:
            image: RGB, drawn in the size of `size_px`.
            text_layer: what the file says of its words.
            why: see `why`, or ASKED_FOR.
            stop: it gives up when this is set, by an exception of its own.

        Raises:
            PageFailure: OCR failed on it, or took too long.
        """
        end = time.monotonic() + PAGE_LIMIT_S

        def check() -> None:
            if stop.is_set():
                raise _StoppedError
            if time.monotonic() > end:
                raise PageFailure(f"OCR took longer than the limit of {duration(PAGE_LIMIT_S)}")

        if not hasattr(self._own, "engine"):
            self._own.engine = self._make_engine(self._n_threads)
        try:
            words = self._own.engine.read(image, check)
        except (PagelensError, _StoppedError):
            raise
        except Exception as error:  # a foreign engine, on pictures of any kind
            first_line = str(error).strip().partition("\n")[0]
            raise PageFailure(f"OCR failed ({type(error).__name__}: {first_line})") from error
        return words if why == ASKED_FOR else settled_words(why, text_layer, words)
