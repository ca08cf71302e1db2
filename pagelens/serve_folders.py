"""What `pagelens serve` does with folders: follows them, and lets people put PDFs into one."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from encoders.model_files import DEFAULT_MODEL, DEFAULT_MODEL_SIZE
from index.embedded.lock import current_writer
from index.errors import WrongUseError
from index.location import Location
from index.pages import Fingerprint
from pagelens.terminal import say
from query.service.ingest_state import IngestState
from query.service.upload_folder import UploadFolder


def check_folders(
    folders: Sequence[Path],
    exclude: Sequence[str],
    force_polling: bool,
    upload_to: Path | None,
    location: Location,
) -> None:
    """Refuse what could not work.

    Raises:
        WrongUseError: a folder is not there or cannot be used, a pattern is none, or an option is
            about --watch, which was not given.
    """
    if not folders and upload_to is None:
        for option, is_given in (("--exclude", exclude), ("--force-polling", force_polling)):
            if is_given:
                raise WrongUseError(
                    f"{option} is about the folders of --watch, and none is named. Name one, or "
                    f"leave {option} out."
                )
        return
    from ingest.exclusion import Exclusion
    from ingest.files import scope_of

    scope_of([*folders, *([] if upload_to is None else [upload_to])])
    Exclusion(exclude)
    if upload_to is None:
        return
    if not upload_to.is_dir() or not os.access(upload_to, os.W_OK | os.X_OK):
        raise WrongUseError(
            f"--allow-upload {upload_to}: files cannot be written there. Name a folder that this "
            "user may write to."
        )
    inside = upload_to.resolve()
    if not location.is_server and location.folder.resolve() in (inside, *inside.parents):
        raise WrongUseError(
            f"--allow-upload {upload_to} lies in the index {location}, whose folder is never "
            "looked through. Name another folder."
        )


@contextmanager
def followed(
    folders: Sequence[Path],
    upload_to: Path | None,
    location: Location,
    model: str | None,
    device: str,
    exclude: tuple[str, ...],
    ocr: str,
    force_polling: bool,
) -> Iterator[Callable[[], IngestState]]:
    """Follow folders as long as the block runs; gives what says how far an ingest is.

    Raises:
        MissingDependencyError: poppler is not on this machine.
        PagelensError: there is no index, and none can be made.
    """
    if not folders and upload_to is None:
        yield lambda: _with_others(IngestState(), None, location)
        return
    from ingest.poppler import require_poppler
    from pagelens.sync import make_index_where_none
    from pagelens.watch_process import WatchProcess
    from pagelens.watching import Watched

    require_poppler()
    encoder = make_index_where_none(location, model, device)
    if encoder is not None:
        say(_new_index_said(location, encoder.fingerprint))
    every = (*folders, *(() if upload_to is None else (upload_to,)))
    process = WatchProcess(
        Watched(every, upload_to, location, model, device, exclude, ocr, force_polling)
    )
    try:
        yield lambda: _with_others(process.state, process.pid, location)
    finally:
        process.stop()


def upload_folder(folder: Path | None, max_mb: int) -> UploadFolder | None:
    """The folder that PDFs from the page go into; None where there is none."""
    if folder is None:
        return None
    from ingest.source_file import PDF, kind_of

    uploads = UploadFolder(folder, max_mb * 1_000_000, lambda head: kind_of(head) == PDF)
    uploads.clean_up()
    return uploads


def _with_others(own: IngestState, own_pid: int | None, location: Location) -> IngestState:
    """Our own ingest, or that of whoever else has the index's lock."""
    if own.is_running or location.is_server:
        return own
    writer = current_writer(location.folder)
    if writer is None or writer.pid == own_pid:
        return own
    return replace(own, phase="elsewhere", since=writer.since)


def _new_index_said(location: Location, made_with: Fingerprint) -> str:
    if made_with.encoder != "lexical":
        return f"New index {location}, of what pages look like ({made_with.model})."
    return (
        f"New index {location}, of words: it finds words and sees no pictures, for {DEFAULT_MODEL} "
        f"is not on this machine. After a download of {DEFAULT_MODEL_SIZE} pages are found by "
        "their looks: pagelens ingest FOLDER --encoder colsmol, with a new --index."
    )
