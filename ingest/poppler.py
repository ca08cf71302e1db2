"""Poppler's programs as processes: within limits, out of reach of Ctrl-C, none left behind.

Memory and processor time are looked at from here while a program runs. The system's own limits
would not do: a program that is refused memory goes on drawing without what did not fit, and ends as
if all was well; and macOS does not enforce them. Every function may be called from many threads.
"""

import fcntl
import io
import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psutil

from index.errors import MissingDependencyError, PageFailure, PassingFailure
from index.wording import duration, size

CPU_LIMIT_S = 60  # a hundred times what a heavy page takes; of a busy machine's time only our own
WALL_LIMIT_S = 900  # for a program that waits: a drive may have to spin up or answer from far away
MEMORY_LIMIT_BYTES = 2_000_000_000  # JPEG 2000 takes 13 bytes a pixel, an A0 at 300 dpi 1.8 GB
LARGE_BYTES = 500_000_000  # beyond this one program at a time; none of 1,162 real pages took 200 MB
MAX_OUTPUT_BYTES = 200_000_000  # a picture of 50,000 x 1,300 pixels

_PROGRAMS = ("pdfinfo", "pdftoppm", "pdftotext", "pdfdetach")
_LOOK_INTERVAL_S = 0.05  # in which a program can take some 100 MB more
_PIPE_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 18  # a block of 1 MB is memory fresh from the system each time
_MESSAGES_BYTES = 1 << 16  # the last ones say why it gave up

_running: set["subprocess.Popen[bytes]"] = set()
_ONE_LARGE = threading.Lock()
"""Held while a program is large, so that not as many are as there are processor cores."""


@dataclass(frozen=True, eq=False)
class Ended:
    """What a program left.

    Attributes:
        returncode: as of subprocess: minus the signal that ended it.
        output: what it wrote, as far as it came.
        messages: the end of what it wrote to standard error.
        cut_short: why it was not let go on; None where it ended by itself.
    """

    program: str
    returncode: int
    output: bytes
    messages: bytes
    cut_short: PageFailure | None


def require_poppler() -> None:
    """Make sure that PDFs can be rendered, before a run begins.

    Raises:
        MissingDependencyError: with the commands that install poppler.
    """
    for program in _PROGRAMS:
        if shutil.which(program) is None:
            raise MissingDependencyError(
                f"Cannot render PDFs: {program} not found. Install poppler "
                "(Debian: apt install poppler-utils; macOS: brew install poppler)."
            )


def run(program: str, *arguments: str) -> Ended:
    """Run a program to its end.

    Raises:
        PageFailure: it took more than a limit allows.
        PassingFailure: it waited too long, could not be started, or was ended from outside.
        MissingDependencyError: it is not installed.
    """
    ended = run_as_far_as_it_comes(program, *arguments)
    if ended.cut_short is not None:
        raise ended.cut_short
    if ended.returncode == -signal.SIGKILL:  # not by us: no program does this to itself
        raise PassingFailure(f"{program} was ended by the system, which may have lacked memory")
    return ended


def run_as_far_as_it_comes(
    program: str, *arguments: str, max_output_bytes: int = MAX_OUTPUT_BYTES
) -> Ended:
    """Run a program until it ends, meets a limit or has written so much.

    Raises:
        PassingFailure: it could not be started.
        MissingDependencyError: it is not installed.
    """
    output, cut_short = io.BytesIO(), None  # BytesIO gives its bytes away without a copy
    running = Running(
        program, *arguments, cpu_limit_s=CPU_LIMIT_S, memory_limit_bytes=MEMORY_LIMIT_BYTES
    )
    with running:
        try:
            running.read(max_output_bytes + 1, output)
            if output.tell() > max_output_bytes:
                output.truncate(max_output_bytes)
                raise PageFailure(f"{program} writes more than {size(max_output_bytes)}")
        except PageFailure as failure:
            cut_short = failure
    return Ended(program, running.returncode, output.getvalue(), bytes(running.messages), cut_short)


def kill_running() -> None:
    """End every program at once, when this process is about to end."""
    for process in list(_running):
        process.kill()


class Running:
    """A program that runs, and is read as it writes; ended when left, whether it is done or not.

    It comes no further than it is read, but for what a pipe holds.

    Attributes:
        messages: the end of what it wrote to standard error.
        returncode: once it is left.
    """

    def __init__(
        self, program: str, *arguments: str, cpu_limit_s: float, memory_limit_bytes: int
    ) -> None:
        """Start it.

        Args:
            program: its name.
            arguments: what it is given.
            cpu_limit_s: what it may take of processor time.
            memory_limit_bytes: what it may take of memory.

        Raises:
            PassingFailure: it could not be started.
            MissingDependencyError: it is not installed.
        """
        try:
            with _out_of_reach_of_ctrl_c():
                self._process = subprocess.Popen(
                    [program, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
        except OSError as error:
            require_poppler()
            raise PassingFailure(f"{program} could not be started: {error.strerror}") from error
        _running.add(self._process)
        self.messages = bytearray()
        self.returncode = 0
        self._watched = _Watched(self._process.pid, program, cpu_limit_s, memory_limit_bytes)
        self._pipes = selectors.DefaultSelector()
        assert self._process.stdout is not None and self._process.stderr is not None
        with suppress(AttributeError, OSError):  # Linux has it; what is small is read in pieces
            fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._pipes.register(self._process.stdout, selectors.EVENT_READ, "output")
        self._pipes.register(self._process.stderr, selectors.EVENT_READ, "messages")

    def __enter__(self) -> "Running":
        """Nothing more: it runs."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.kill()  # no more is wanted of it, whether it has ended or not
        with self._process, self._pipes, self._watched:
            pass
        _running.discard(self._process)
        self.returncode = self._process.returncode

    def begin_again(self) -> None:
        """Let it have as much time for what follows as if it was only started now."""
        self._watched.begin_again()

    def read(self, n_bytes: int, output: io.BytesIO) -> None:
        """Read so many bytes, or all there are until it ends.

        Raises:
            PageFailure: it is beyond a limit.
        """
        next_look = time.monotonic() + _LOOK_INTERVAL_S
        while n_bytes and self._pipes.get_map():
            for key, _ in self._pipes.select(_LOOK_INTERVAL_S):
                if key.data == "output":
                    block = os.read(key.fd, min(n_bytes, _BLOCK_BYTES))
                    n_bytes -= output.write(block)
                else:
                    block = os.read(key.fd, _BLOCK_BYTES)
                    self.messages += block
                    del self.messages[:-_MESSAGES_BYTES]
                if not block:
                    self._pipes.unregister(key.fileobj)
            if time.monotonic() >= next_look:
                self._watched.look()
                next_look = time.monotonic() + _LOOK_INTERVAL_S
        if not self._pipes.get_map():
            try:
                self._process.wait(WALL_LIMIT_S)
            except subprocess.TimeoutExpired:
                raise _waited_too_long(self._watched.program) from None


class _Watched(ExitStack):
    """A running program's use of memory and time; gives back its turn to be large when left."""

    def __init__(self, pid: int, program: str, cpu_limit_s: float, memory_limit_bytes: int) -> None:
        super().__init__()
        self.program = program
        self._pid = pid
        self._cpu_limit_s = cpu_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._start = time.monotonic()
        self._cpu_before_s: float = 0
        self._is_large = False

    def begin_again(self) -> None:
        """Count time from now on."""
        self._start = time.monotonic()
        with suppress(psutil.Error):  # it has ended
            self._cpu_before_s = self._cpu_s(psutil.Process(self._pid))

    def look(self) -> None:
        """Compare with the limits.

        Raises:
            PageFailure: it is beyond one.
        """
        if time.monotonic() - self._start > WALL_LIMIT_S:
            raise _waited_too_long(self.program)
        with suppress(psutil.Error):  # it has ended since
            process = psutil.Process(self._pid)
            memory_bytes = process.memory_info().rss
            if memory_bytes > self._memory_limit_bytes:
                limit = size(self._memory_limit_bytes).replace(".0 ", " ")
                raise PageFailure(f"takes more than {limit} of memory ({self.program})")
            if self._cpu_s(process) - self._cpu_before_s > self._cpu_limit_s:
                limit = f"{self._cpu_limit_s:g} s of processor time"
                raise PageFailure(f"takes more than {limit} ({self.program})")
            if memory_bytes > LARGE_BYTES and not self._is_large:
                self._wait_for_turn(process)

    @staticmethod
    def _cpu_s(process: psutil.Process) -> float:
        used = process.cpu_times()
        return float(used.user + used.system)

    def _wait_for_turn(self, process: psutil.Process) -> None:
        stopped = time.monotonic()
        process.suspend()
        self.enter_context(_ONE_LARGE)
        process.resume()
        self._is_large = True
        self._start += time.monotonic() - stopped


def _waited_too_long(program: str) -> PassingFailure:
    return PassingFailure(
        f"{program} had to wait for more than {duration(WALL_LIMIT_S)}; is the drive there?"
    )


@contextmanager
def _out_of_reach_of_ctrl_c() -> Iterator[None]:
    """Keep Ctrl-C from the programs started here: they inherit which signals a thread blocks.

    A terminal sends it to them too, and a page whose rendering it ends would count as damaged.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
