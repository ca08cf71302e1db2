"""The writer's lock: one process writes to an index, and the others can say which."""

import json
import os
import socket
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import IndexBusyError

LOCK_NAME = "writer.lock"
HOLDER_NAME = "writer.json"


class WriterLock:
    """Held from construction to `release`; the operating system gives it back if we are killed."""

    def __init__(self, folder: Path) -> None:
        """Take the lock.

        Raises:
            IndexBusyError: another process holds it; names the process, its command and since when.
        """
        self._lock = FileLock(folder / LOCK_NAME)
        self._holder = folder / HOLDER_NAME
        try:
            self._lock.acquire(timeout=0)
        except Timeout as e:
            raise IndexBusyError(
                f"Index {folder} is being written by {_describe(self._holder)}. "
                "Wait until it has finished, or stop it: what it has committed stays."
            ) from e
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now().isoformat(sep=" ", timespec="seconds"),
            "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        }
        self._holder.write_text(json.dumps(holder), encoding="utf-8")

    def release(self) -> None:
        """Give the lock back."""
        self._holder.unlink(missing_ok=True)
        self._lock.release()


def _describe(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {who['pid']} on {who['host']} since {who['since']} ({who['command']})"
    except (OSError, ValueError, KeyError):  # it is only now writing its name, or is just leaving
        return "another process"


@dataclass(frozen=True)
class Writer:
    """Who writes to an index.

    Attributes:
        pid: of a process on this machine.
        since: local time to the second, "2026-11-28 10:15:00".
    """

    pid: int
    since: str


def current_writer(folder: Path) -> Writer | None:
    """Who writes to the index in a folder now, as far as this machine can tell.

    The lock itself is not tried: an ingest that began in that moment would find it taken.
    """
    try:
        who = json.loads((folder / HOLDER_NAME).read_text(encoding="utf-8"))
        writer = Writer(int(who["pid"]), str(who["since"]))
        if who["host"] != socket.gethostname():
            return None
        os.kill(writer.pid, 0)  # a process that was killed has left its name behind
    except PermissionError:  # it is somebody else's, and alive
        return writer
    except (OSError, OverflowError, ValueError, KeyError, TypeError):
        return None
    return writer
