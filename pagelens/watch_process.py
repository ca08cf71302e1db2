"""The process that follows folders, as the server sees it: how far it is, and that it goes on."""

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import suppress
from itertools import chain, repeat
from multiprocessing.connection import Connection

from ingest.poppler import kill_running
from pagelens.terminal import say
from pagelens.watching import Watched, follow
from query.service.ingest_state import IngestState

NICENESS = 10  # searches come first
RESTART_S = (10, 60, 600)  # after its first death, its second, and any other
STOP_S = 5.0  # for the batch the model works on; what is not committed by then is done again


class WatchProcess:
    """Follows folders from its construction until `stop`.

    A process of its own: rendering and encoding never hold up a search, and one that the system
    ends for want of memory takes no server along. Another then takes its place, which goes on from
    what was committed.
    """

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._state = IngestState("looking")
        self._is_stopping = threading.Event()
        self._starting = threading.Lock()
        told = self._start()
        threading.Thread(target=self._keep_running, args=(told,), daemon=True).start()

    def _start(self) -> "Connection[None, IngestState]":
        # not a fork: this process has threads and perhaps a model
        context = multiprocessing.get_context("spawn")
        told, tell = context.Pipe(duplex=False)
        self._process = context.Process(target=_run, args=(self._watched, tell), daemon=True)
        self._process.start()
        tell.close()  # so that its end is seen here
        return told

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
        with self._starting:
            self._is_stopping.set()
        self._process.terminate()
        self._process.join(STOP_S)
        if self._process.is_alive():
            self._process.terminate()  # its own helpers too
            self._process.join(1)
            self._process.kill()
        self._process.join()

    def _keep_running(self, told: "Connection[None, IngestState]") -> None:
        """Listen to the process, and start another whenever it has ended, until `stop`."""
        for pause_s in chain(RESTART_S, repeat(RESTART_S[-1])):
            with suppress(EOFError, OSError):
                while True:
                    self._state = told.recv()
            if self._is_stopping.is_set():
                return
            self._process.join()
            self._state = IngestState("ended")
            say(
                "New files are not looked for at the moment: the process that did so has ended "
                f"(exit code {self._process.exitcode}). Searches go on, and it is started again in "
                f"{pause_s} s."
            )
            if self._is_stopping.wait(pause_s):
                return
            with self._starting:
                if self._is_stopping.is_set():
                    return
                told = self._start()


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
