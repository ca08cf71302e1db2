"""Folders and drives that have lost all documents at once, as one does that is not mounted."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from index.pages import Document, Failure, FileRecord
from ingest.files import Listing, Scope, is_mounted


@dataclass(frozen=True)
class LostRoot:
    """A folder of which nothing is left that the index knows of it: moved away, or not mounted?

    Attributes:
        path: as the sync was told to look there, or where the drive was mounted.
        n_documents, n_pages: what would go, and would have to be rendered and encoded again.
    """

    path: str
    n_documents: int
    n_pages: int


@dataclass(frozen=True)
class Seen:
    """A file of this run: its record and its document's id, or why it could not be read."""

    record: FileRecord
    document_id: str | None
    failure: Failure | None


def lost_roots(
    seen: Iterable[Seen],
    owner: dict[str, tuple[FileRecord, Document]],
    scope: Scope,
    listing: Listing,
) -> tuple[LostRoot, ...]:
    """Places where nothing known is left, and whose documents are not all somewhere else.

    First the drives that files lay on and that are not mounted now; then the roots: one deleted
    file among others is nothing unusual, all at once is. Files that could not be opened are no
    loss, and what is there but not wanted shows that the place is. A folder below a root that was
    emptied or deleted is a change like any other.
    """
    met = {one.document_id for one in seen}
    looked_at = {one.record.path for one in seen}
    on_drives: dict[Path, list[str]] = {}
    for path, (record, _) in owner.items():
        if scope.holds(path):
            on_drives.setdefault(Path(record.drive), []).append(path)
    places = {
        drive: paths
        for drive, paths in on_drives.items()
        # files that are still there without it: what it held was moved to another drive
        if looked_at.isdisjoint(paths) and not is_mounted(drive)
    }
    for root in scope.roots:
        below = f"{root.as_posix().rstrip('/')}/"
        known = [path for path in owner if path.startswith(below)]
        here = {one.document_id for one in seen if one.record.path.startswith(below)}
        is_left = any(
            path in looked_at or listing.is_hidden(path) or listing.is_unwanted(path)
            for path in known
        )
        if not is_left and here.isdisjoint(owner[path][1].document_id for path in known):
            places.setdefault(root, known)
    lost: list[LostRoot] = []
    for place, paths in sorted(places.items()):
        documents = {owner[path][1].document_id: owner[path][1] for path in paths}
        gone = [d for id_, d in documents.items() if id_ not in met and d.page_count]
        if gone and not any(Path(other.path) in place.parents for other in lost):
            n_pages = sum(document.page_count for document in gone)
            lost.append(LostRoot(place.as_posix(), len(gone), n_pages))
    return tuple(lost)
