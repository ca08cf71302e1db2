"""Keeps an index equal to folders while they change: waits for changes, then does one sync.

Runs in a process of its own (watch_process.py), so that it never holds up a search.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from watchfiles import watch

from encoders.interface import Encoder
from index.errors import IndexBusyError, PagelensError
from index.location import Location
from index.pages import Failure
from index.wording import count, printable
from ingest.exclusion import IGNORE_FILE
from ingest.files import is_document
from ingest.lost_roots import LostRoot
from ingest.pipeline import Watch, carry_out
from ingest.plan import Plan
from ingest.report import Report
from ingest.shard import EVERYTHING
from pagelens.open_index import open_index_for_writing
from pagelens.self_test import untrained_warning
from pagelens.sync import N_WORKERS, Sync, page_reader, prepare_sync
from query.service.ingest_state import IngestState
from query.service.upload_folder import REMOVED_FOLDER

QUIET_S = 1.0  # without a change: a file that is being copied changes several times a second
PATIENCE_S = 30.0  # then a sync goes over a folder that is never quiet
RETRY_S = 2.0  # until it is tried again where another process writes to the index
TICK_MS = 500
POLL_DELAY_MS = 2000  # between two looks at every file, where the system does not tell of changes
MAX_NAMED = 10


@dataclass(frozen=True)
class Watched:
    """Folders that an index is to follow, as `pagelens ingest` is told of them.

    Attributes:
        folders: all that are looked through.
        upload_folder: that of them which people may empty from the page; None where there is none.
        force_polling: look at every file again and again, for drives that do not tell of changes.
    """

    folders: tuple[Path, ...]
    upload_folder: Path | None
    location: Location
    model: str | None
    device: str
    exclude: tuple[str, ...]
    ocr: str
    force_polling: bool


def follow(
    watched: Watched,
    tell: Callable[[IngestState], None],
    say: Callable[[str], None],
    stop: threading.Event,
) -> None:
    """Sync, and sync again after every change, until told to stop.

    Args:
        watched: the folders and the index.
        tell: called with every new state, from this thread.
        say: called with a line for whoever runs the server.
        stop: set it to stop; the batch the model works on is still committed.
    """
    syncs = FolderSync(watched, tell, say, stop)
    is_due, first_at, last_at = True, 0.0, 0.0
    for is_changed in _changes(watched, say, stop):
        now = time.monotonic()
        if is_changed:
            first_at = first_at if is_due else now
            is_due, last_at = True, now
        if is_due and (now - last_at >= QUIET_S or now - first_at >= PATIENCE_S):
            is_due = not syncs.run_once()
            # where the index is taken
            first_at = last_at = time.monotonic() - QUIET_S + RETRY_S


def _changes(watched: Watched, say: Callable[[str], None], stop: threading.Event) -> Iterator[bool]:
    """Whether something changed since the last time, some times a second."""
    force_polling = watched.force_polling
    own = None if watched.location.is_server else watched.location.folder.resolve()
    while not stop.is_set():
        roots = [folder.resolve() for folder in watched.folders if folder.exists()]
        places = _identities(watched.folders)
        rounds = watch(
            *roots,
            watch_filter=None,  # what is filtered there would hold up the rounds without a change
            step=100,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            stop_event=stop,
            force_polling=force_polling or None,
            poll_delay_ms=POLL_DELAY_MS,
            ignore_permission_denied=True,
            raise_interrupt=False,
        )
        try:
            for changes in rounds:
                yield any(_matters(Path(path), own) for _, path in changes)
                if _identities(watched.folders) != places:  # a drive that went, or came back
                    yield True
                    break
        except (OSError, RuntimeError) as e:
            if force_polling:
                raise
            say(f"Looking at every file again and again: the system does not tell of changes ({e})")
            force_polling = True
        stop.wait(TICK_MS / 1000)


def _identities(folders: Sequence[Path]) -> list[tuple[int, int] | None]:
    """What lies at each path now; None where that is nothing."""
    found: list[tuple[int, int] | None] = []
    for folder in folders:
        try:
            at = folder.stat()
            found.append((at.st_dev, at.st_ino))
        except OSError:
            found.append(None)
    return found


def _matters(path: Path, index: Path | None) -> bool:
    """Whether a change of a path can change what a sync finds."""
    if index is not None and index in (path, *path.parents):
        return False
    if path.name == IGNORE_FILE or (is_document(path) and not path.name.startswith(".")):
        return True
    return not path.suffix and not path.is_file()  # a folder, or what may have been one


class FolderSync:
    """The same sync again and again; the model stays loaded, and nothing is told twice."""

    def __init__(
        self,
        watched: Watched,
        tell: Callable[[IngestState], None],
        say: Callable[[str], None],
        stop: threading.Event,
    ) -> None:
        self._watched, self._tell, self._say, self._stop = watched, tell, say, stop
        self._n_read = 0
        self._encoder: Encoder | None = None
        self._told: set[tuple[str, Failure]] = set()
        self._said: set[str] = set()  # in the run before
        self._saying: set[str] = set()

    def run_once(self) -> bool:
        """Make the index equal to the folders; False where another process writes to it."""
        self._said, self._saying = self._saying, set()
        try:
            self._tell(IngestState("looking", n_read=self._n_read))
            self._sync()
        except _StoppedError:
            pass
        except IndexBusyError as e:
            self._say_once(f"New files wait. {e}")
            return False
        except (PagelensError, OSError) as e:
            self._say_once(str(e))
        finally:
            self._tell(IngestState(n_read=self._n_read))
        return True

    def _sync(self) -> None:
        watched = self._watched
        sync = prepare_sync(
            watched.folders,
            watched.location,
            "auto",
            watched.model,
            watched.device,
            exclude=watched.exclude,
            follow_links=False,
            on_folder=self._go_on,
        )
        reader = page_reader(watched.ocr, redo_ocr=False, say_what_is_missing=self._say_once)
        with closing(open_index_for_writing(watched.location, sync.encoder.fingerprint)) as index:
            plan = sync.plan(
                index,
                keep_missing=False,
                retry_failed=False,
                allow_empty=False,
                shard=EVERYTHING,
                confirm=self._emptied_by_people,
                on_file=self._go_on,
                on_opened=self._go_on,
            )
            report = carry_out(
                plan,
                index,
                lambda: self._load(sync),
                n_workers=N_WORKERS,
                stop=self._stop,
                reader=reader,
                text_first=sync.is_text_first(None, plan.n_pages),
                watch=self._told_of(plan),
            )
        self._report(report)

    def _go_on(self, *_: int) -> None:
        if self._stop.is_set():
            raise _StoppedError

    def _load(self, sync: Sync) -> Encoder:
        if self._encoder is None or self._encoder.fingerprint != sync.encoder.fingerprint:
            self._encoder = sync.encoder.load()
            warning = untrained_warning(self._encoder)
            if warning is not None:
                self._say(warning)
        return self._encoder

    def _told_of(self, plan: Plan) -> Watch:
        """Counts pages; words first, each page is counted when its words are there."""
        n_done = 0

        def show() -> None:
            done = min(n_done, plan.n_pages)
            self._tell(IngestState("reading", done, plan.n_pages, self._n_read))

        def on_page(_: int) -> None:
            nonlocal n_done
            n_done += 1
            show()

        if plan.n_pages:
            show()
        return Watch(on_page)

    def _emptied_by_people(self, lost: Sequence[LostRoot]) -> Collection[LostRoot]:
        """The folder for uploads, where it is there: its last file was removed from the page."""
        folder = self._watched.upload_folder
        if folder is None or not (folder / REMOVED_FOLDER).is_dir():
            return ()
        return [one for one in lost if one.path == folder.resolve().as_posix()]

    def _report(self, report: Report) -> None:
        for counts, done in (
            (report.added, "added"),
            (report.replaced, "replaced"),
            (report.removed, "removed"),
        ):
            if counts.documents:
                documents, pages = count(counts.documents, "document"), count(counts.pages, "page")
                self._say(f"{documents} {done}, {pages}.")
        self._n_read += report.added.pages + report.replaced.pages
        failed = dict.fromkeys(report.failed)
        new = [one for one in failed if one not in self._told]
        for path, failure in new[:MAX_NAMED]:
            where = f" {failure.where}" if failure.where else ""
            self._say(f"Not read: {printable(path)}{where}: {printable(failure.reason)}")
        if len(new) > MAX_NAMED:
            self._say(f"Not read: {len(new) - MAX_NAMED:,} more. pagelens status names them.")
        self._told = set(failed)
        for lost in report.lost_roots:
            self._say_once(
                f"{lost.path} has lost everything at once, "
                f"{count(lost.n_documents, 'document')}; they stay in the index. If they are to "
                "go: pagelens ingest --allow-empty"
            )

    def _say_once(self, line: str) -> None:
        """Say a line, but not in one run after the other."""
        if line not in self._said | self._saying:
            self._say(line)
        self._saying.add(line)


class _StoppedError(Exception):
    """The server ends; raised out of a look through folders."""
