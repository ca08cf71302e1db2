"""ModelLoader: loads the encoder in the background, once, and says how far it is."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from encoders.interface import Encoder
from index.errors import PagelensError, WrongUseError
from query.service.refusals import BusyError, UnavailableError

WAIT_S = 2.0
"""How long a search waits for a model that is being loaded before it is told so: an encoder
without weights is there at once, and a person waits no longer without a word."""

RETRY_S = 10.0
"""How long a failure is repeated before loading is tried again: weights may have been put there
since, and reading them only to find that they are the wrong ones takes seconds."""


@dataclass(frozen=True)
class ModelState:
    """How far the model is.

    Attributes:
        name: "loading" until it can be used or cannot be.
        message: why it failed and what to do; "" in other states.
    """

    name: Literal["loading", "ready", "failed"]
    message: str = ""


class ModelLoader:
    """An encoder that is loaded by a thread of its own.

    Args:
        load: loads it.
        warm_up: what is to be done once with a loaded encoder, before anybody waits for it.
    """

    def __init__(self, load: Callable[[], Encoder], warm_up: Callable[[Encoder], object]) -> None:
        self._load = load
        self._warm_up = warm_up
        self._changed = threading.Condition()
        self._encoder: Encoder | None = None
        self._failure: PagelensError | None = None
        self._failed_at = 0.0  # time.monotonic()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> ModelState:
        """How far it is now."""
        with self._changed:
            if self._encoder is not None:
                return ModelState("ready")
            if self._failure is not None:
                return ModelState("failed", str(self._failure))
            return ModelState("loading")

    def start(self) -> None:
        """Begin to load, unless it is loaded, being loaded, or has just failed."""
        with self._changed:
            just_failed = self._failure is not None and time.monotonic() < self._failed_at + RETRY_S
            if self._encoder is not None or self._thread is not None or just_failed:
                return
            self._failure = None
            self._thread = threading.Thread(target=self._run, name="pagelens-model", daemon=True)
            self._thread.start()

    def encoder(self) -> Encoder:
        """The encoder, once it is loaded.

        Raises:
            BusyError: it is still being loaded.
            PagelensError: it could not be loaded.
        """
        self.start()
        with self._changed:
            self._changed.wait_for(lambda: self._encoder or self._failure, WAIT_S)
            if self._failure is not None:
                raise self._failure.with_traceback(None)  # each time anew
            if self._encoder is None:
                raise BusyError(
                    "The model is still being loaded. Try again in a moment, or search the words "
                    "of the text alone: they need no model (ranking bm25).",
                    retry_after_s=3,
                )
            return self._encoder

    def _run(self) -> None:
        encoder: Encoder | None = None
        failure: PagelensError | None = None
        try:
            encoder = self._load()
        except WrongUseError as e:  # it is the server's command line that was wrong
            failure = UnavailableError(str(e))
        except PagelensError as e:
            failure = e
        finally:
            with self._changed:
                self._encoder, self._thread = encoder, None
                if encoder is None:
                    self._failure = failure or UnavailableError(
                        "The model could not be loaded: this is a bug in Pagelens. The terminal "
                        "of the server shows where it arose."
                    )
                    self._failed_at = time.monotonic()
                self._changed.notify_all()
        if encoder is not None:
            with suppress(PagelensError):  # whatever it is, whoever searches next is told
                self._warm_up(encoder)
