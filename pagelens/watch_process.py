"""The process that follows folders, as the server sees it: how far it is, and its end."""

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from ingest.poppler import kill_running
from pagelens.terminal import say
from pagelens.watching import Watched, follow
from query.service.ingest_state import IngestState

NICENESS = 10  # searches come first
STOP_S = 5.0  # for the batch the model works on; what is not committed by then is done again


class WatchProcess:
    """Follows folders from its construction until `stop`.

    A process of its own: rendering and encoding never hold up a search, and one that the system
    ends for want of memory takes no server along.
    """

    def __init__(self, watched: Watched) -> None:
        self._state = IngestState("looking")
        self._is_stopping = False
        # not a fork: this process has threads and perhaps a model
        context = multiprocessing.get_context("spawn")
        told, tell = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(watched, tell), daemon=True)
        self._process.start()
        tell.close()  # so that its end is seen here
        threading.Thread(target=self._listen, args=(told,), daemon=True).start()

    @property
    def state(self) -> IngestState:
        """How far it is."""
        return self._state

    @property
    def pid(self) -> int | None:
        """Its number."""
        return self._process.pid

    def stop(self) -> None:
        """End it: after the batch under way, or at once where that takes longer than a moment."""
        self._is_stopping = True
        self._process.terminate()
        self._process.join(STOP_S)
        if self._process.is_alive():
            self._process.terminate()  # its own helpers too
            self._process.join(1)
            self._process.kill()
        self._process.join()

    def _listen(self, told: "Connection[None, IngestState]") -> None:
        with suppress(EOFError, OSError):
            while True:
                self._state = told.recv()
        if not self._is_stopping:
            self._process.join()
            self._state = IngestState("ended")
            say(
                "New files are not looked for any more: the process that did so has ended "
                f"(exit code {self._process.exitcode}). Searches go on; start pagelens serve again."
            )


def _run(watched: Watched, tell: "Connection[IngestState, None]") -> None:
    """What the process does."""
    stop = threading.Event()

    def on_signal(*_: object) -> None:
        if stop.is_set():
            kill_running()
            os._exit(1)
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the server, which tells us
    os.nice(NICENESS)
    # the index's lock names its holder by its command, which may hold the access token
    sys.argv = ["pagelens", "serve", "--watch", *map(str, watched.folders)]
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell_server(state: IngestState) -> None:
        with suppress(OSError):  # it is gone, and we are told to stop
            tell.send(state)

    follow(watched, tell_server, say, stop)


def _end_with_parent() -> None:
    """A server that is killed says nothing: its process must not write on for nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
