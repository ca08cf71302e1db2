"""Pagelens from Python: `open` an index and search it, `ingest` folders into one.

Importing this imports nothing heavy: what a call needs is imported by the call, torch when a model
is first asked. Nothing is printed. Every error is a PagelensError whose text says what to do.
"""

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import PagelensError
from index.location import DEFAULT_INDEX, Location

if TYPE_CHECKING:
    from ingest.report import Report
    from pagelens.python_door import Index, Progress

__all__ = ["PagelensError", "ingest", "open"]


def open(  # noqa: A001  as one says it: pagelens.open
    index: str | PathLike[str] = DEFAULT_INDEX,
    *,
    cert: str | PathLike[str] | None = None,
    key: str | PathLike[str] | None = None,
    token: str | None = None,
    candidates: str = "auto",
    model: str | None = None,
    device: str = "auto",
) -> "Index":
    """Open an index for searching.

    Args:
        index: its folder, or the URL of a Vespa server.
        cert: client certificate (PEM) for a server that asks for one.
        key: private key of `cert`, where it is a file of its own.
        token: secret token for Vespa Cloud.
        candidates: which pages a Vespa server ranks: "auto", "scan" or "ann".
        model: where the index's model is now: a hub id or a folder.
        device: "auto", "cuda", "mps" or "cpu".

    Raises:
        PagelensError: there is no index, or it cannot be opened; as the command line says it.
    """
    from pagelens.python_door import Index

    return Index(_location(index, cert, key, token), candidates, model, device)


def ingest(
    folders: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    index: str | PathLike[str] = DEFAULT_INDEX,
    encoder: str = "auto",
    model: str | None = None,
    device: str = "auto",
    max_edge_px: int | None = None,
    pool: int | None = None,
    keep_missing: bool = False,
    retry_failed: bool = False,
    allow_empty: bool = False,
    shard: str = "1/1",
    exclude: Sequence[str] = (),
    follow_links: bool = False,
    text_first: bool | None = None,
    ocr: str = "auto",
    redo_ocr: bool = False,
    cert: str | PathLike[str] | None = None,
    key: str | PathLike[str] | None = None,
    token: str | None = None,
    on_progress: "Callable[[Progress], object] | None" = None,
) -> "Report":
    """Make an index equal to folders of PDFs and images, as `pagelens ingest` does.

    Adds new files, replaces changed ones, follows moved ones, removes what vanished. What was
    committed stays, whatever ends it, and the same call goes on from there.

    Args:
        folders: one or several; "~" is the home folder.
        index: its folder, or the URL of a Vespa server; made where there is none.
        encoder: "auto", "colsmol" or "lexical".
        model: ColVision model: a hub id or a folder.
        device: "auto", "cuda", "mps" or "cpu".
        max_edge_px: longest edge of a page, for models that cut pages into tiles: 2048, 1536 or
            1024 for ColSmol. None takes the index's own; for a new index the model's.
        pool: one vector for that many patches of a page that look most alike; 1 for each. None
            takes the index's own; for a new index 1.
        keep_missing: keep documents whose files are gone.
        retry_failed: try only what could not be read before.
        allow_empty: remove also what a folder has lost that has lost everything at once.
        shard: "2/8" for the second of eight runs over the same folders into one index on a server,
            each on a machine or GPU of its own.
        exclude: patterns as in `.gitignore` of what is left out, such as "*.tif" or "drafts/".
        follow_links: look also behind links to folders, each folder once.
        text_first: make all pages searchable by their words before the model looks at the first;
            None does so where it runs on a CPU.
        ocr: "auto" to read words from the pictures of pages where the file has none, or not those
            that are seen; "always" of every page, in place of the file's; "never".
        redo_ocr: look again at all pages that OCR, as it is now, has not read.
        cert: client certificate (PEM) for a server that asks for one.
        key: private key of `cert`, where it is a file of its own.
        token: secret token for Vespa Cloud.
        on_progress: called after every page with a Progress, which prints as "12 of 340 pages".
            With `text_first` also after each page that can be found by its words.

    Returns:
        What was done, in `failed` what could not be read and why, and in `left_out` what was passed
        over: links to folders, hidden files, junk of other systems, what is excluded.

    Raises:
        PagelensError: as the command line says it.
    """
    from pagelens.python_door import ingest_folders

    several = [folders] if isinstance(folders, str | PathLike) else folders
    return ingest_folders(
        [Path(folder).expanduser() for folder in several],
        _location(index, cert, key, token),
        encoder,
        model,
        device,
        max_edge_px=max_edge_px,
        pool=pool,
        keep_missing=keep_missing,
        retry_failed=retry_failed,
        allow_empty=allow_empty,
        shard=shard,
        exclude=[exclude] if isinstance(exclude, str) else exclude,
        follow_links=follow_links,
        text_first=text_first,
        ocr=ocr,
        redo_ocr=redo_ocr,
        on_progress=on_progress,
    )


def _location(
    index: str | PathLike[str],
    cert: str | PathLike[str] | None,
    key: str | PathLike[str] | None,
    token: str | None,
) -> Location:
    name = str(index)
    return Location(
        str(Path(name).expanduser()) if name.startswith("~") else name,
        Path(cert) if cert is not None else None,
        Path(key) if key is not None else None,
        token,
    )
