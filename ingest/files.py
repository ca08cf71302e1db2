"""Which files a folder holds, and which bytes: names, sizes, times, hashes. Opens no PDF."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.errors import PageFailure, PassingFailure, WrongUseError
from index.pages import UNREAD_SIZE, Document, Failure, FileRecord
from ingest.image_files import IMAGE_SUFFIXES
from ingest.render import DOCUMENT_SUFFIXES
from ingest.source_file import IMAGE, PDF, kind_of

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Scope:
    """The folders (and single files) of one ingest, absolute and without symbolic links."""

    roots: tuple[Path, ...]

    def holds(self, path: str) -> bool:
        """Whether a path lies under one of the roots, so that its vanishing means something."""
        parents = (Path(path), *Path(path).parents)
        return any(root in parents for root in self.roots)


def scope_of(folders: Sequence[Path]) -> Scope:
    """The scope of the folders a user named.

    Raises:
        WrongUseError: one of them does not exist, or is a file of another kind.
    """
    for folder in folders:
        if not folder.exists():
            raise WrongUseError(f"No folder {folder}. Check the name, or mount the drive it is on.")
        if folder.is_file() and not is_document(folder):
            kinds = ", ".join(sorted(DOCUMENT_SUFFIXES))
            raise WrongUseError(f"{folder} is neither a folder nor a document ({kinds}).")
    return Scope(tuple(folder.resolve() for folder in folders))


def is_document(path: Path) -> bool:
    """Whether the name is that of a PDF or image."""
    return path.suffix.lower() in DOCUMENT_SUFFIXES


@dataclass(frozen=True)
class Listing:
    """What a look through folders found.

    Attributes:
        paths: every document, in path order.
        unlistable: folders that could not be looked into, and the operating system's reason.
    """

    paths: tuple[Path, ...]
    unlistable: Mapping[Path, str]

    def is_hidden(self, path: str) -> bool:
        """Whether a path lies where nobody could look, so that its lacking means nothing."""
        return any(folder in Path(path).parents for folder in self.unlistable)


def find_files(scope: Scope, *, leave_out: Path | None) -> Listing:
    """Every document under the scope.

    Hidden files and folders are passed over, as is the index's own folder. Links to files are
    followed, links to folders are not: they can form circles.

    Args:
        scope: where to look.
        leave_out: the index's folder; None where it lies on a server.
    """
    own = leave_out.resolve() if leave_out is not None else None
    found: set[Path] = set()
    unlistable: dict[Path, str] = {}

    def note(error: OSError) -> None:
        unlistable[Path(error.filename)] = error.strerror or str(error)

    for root in scope.roots:
        found |= {root} if root.is_file() else set(_walk(root, own, note))
    return Listing(tuple(sorted(found)), unlistable)


def _walk(
    root: Path, leave_out: Path | None, on_unlistable: Callable[[OSError], None]
) -> Iterator[Path]:
    for name, folders, files in os.walk(root, onerror=on_unlistable):
        folder = Path(name)
        folders[:] = [f for f in folders if not f.startswith(".") and folder / f != leave_out]
        for file in files:
            if not file.startswith(".") and is_document(folder / file):
                yield folder / file


_PLACES_OF_DRIVES = frozenset(
    {"/", "/home", "/media", "/mnt", "/net", "/run", "/run/media", "/Users", "/Volumes"}
)
"""Folders whose entries come and go with machines and drives: what lacks there proves nothing."""


def is_gone(path: Path) -> bool:
    """Whether a file was deleted or moved away, as far as this machine can tell.

    It is not where nothing of its place is here: a path of another machine, or one on a drive that
    is not mounted. Of such a drive its folder may be left, empty, in the place where drives are.

    Args:
        path: absolute.
    """
    try:
        path.lstat()
        return False
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError:
        return False
    try:
        nearest = next(parent for parent in path.parents if parent.exists())
        is_empty = nearest.is_dir() and not any(nearest.iterdir())
    except OSError:
        return False
    if str(nearest) in _PLACES_OF_DRIVES or str(nearest.parent) == "/run/media":
        return False
    may_be_unmounted = str(nearest.parent) in _PLACES_OF_DRIVES - {"/home", "/Users"}
    return not (is_empty and may_be_unmounted)


def file_record(path: Path) -> FileRecord:
    """Size and time of a file as the file system gives them.

    Raises:
        PageFailure: it cannot be looked at, is no regular file, or its name is no text.
    """
    if shown(path) != path.as_posix():
        raise PageFailure("its name is not valid UTF-8; rename the file")
    try:
        found = path.stat()
    except OSError as e:
        if path.is_symlink() and isinstance(e, FileNotFoundError):
            raise PassingFailure(f"is a link to {path.readlink()}, which is not there") from e
        raise PassingFailure(f"cannot be read: {e.strerror}") from e
    if not stat.S_ISREG(found.st_mode):
        raise PageFailure("is not a regular file")  # opening a pipe would wait for ever
    return FileRecord(path.as_posix(), found.st_size, found.st_mtime_ns)


def shown(path: Path) -> str:
    """A path as text, bytes that are not UTF-8 as escapes."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def document_id_of(path: Path) -> str:
    """First 32 hex digits of the SHA-256 of a file.

    Raises:
        PageFailure: it cannot be read, or its bytes are of another kind than its name says.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            head = file.read(_BLOCK_BYTES)
            digest.update(head)
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError as e:
        raise PassingFailure(f"cannot be read: {e.strerror}") from e
    kind, named = kind_of(head), _kind_of_name(path)
    if kind is not None and kind != named:
        raise PageFailure(f"not {named} but {kind}; rename the file")
    return digest.hexdigest()[:32]


def unread_document(path: str, failure: Failure) -> Document:
    """What an index keeps of a path that it could not read: there are no bytes to hash.

    Args:
        path: as it is shown.
        failure: why not.
    """
    id_ = hashlib.sha256(f"could not be read: {path}".encode()).hexdigest()[:32]
    return Document(id_, (FileRecord(path, UNREAD_SIZE, 0),), "", 0, True, (failure,))


def _kind_of_name(path: Path) -> str:
    return IMAGE if path.suffix.lower() in IMAGE_SUFFIXES else PDF
