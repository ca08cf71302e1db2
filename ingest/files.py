"""Which files a folder holds, and which bytes: names, sizes, times, hashes. Opens no PDF."""

import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from index.errors import PageFailure, PassingFailure, WrongUseError
from index.pages import UNREAD_SIZE, Document, Failure, FileRecord
from ingest.exclusion import IGNORE_FILE, Exclusion, Rules, is_junk, read_rules
from ingest.image_files import IMAGE_SUFFIXES
from ingest.render import DOCUMENT_SUFFIXES
from ingest.source_file import IMAGE, PDF, kind_of

_BLOCK_BYTES = 1 << 20

OTHER_KINDS = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jxl", ".psd", ".svg"}
    | {".djvu", ".eps", ".epub", ".ps", ".xps"}
    | {".doc", ".docx", ".odp", ".ods", ".odt", ".ppt", ".pptx", ".rtf", ".xls", ".xlsx"}
)
"""Endings of pictures and documents that people keep beside PDFs, and that are not read."""


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
class LeftOut:
    """What a look through folders passed over: documents and folders, absolute, in path order.

    Attributes:
        links: links to folders that were not followed.
        hidden: names that begin with a dot.
        junk: bins, thumbnails and the like of other systems.
        excluded: by `--exclude` or a `.pagelensignore`.
        other_kinds: documents and pictures of kinds that are not read.
        idle_patterns: of `--exclude`, as given, that matched no document and no folder.
    """

    links: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    junk: tuple[Path, ...] = ()
    excluded: tuple[Path, ...] = ()
    other_kinds: tuple[Path, ...] = ()
    idle_patterns: tuple[str, ...] = ()

    @cached_property
    def by_rule(self) -> frozenset[Path]:
        """All that is not wanted, for whatever reason."""
        return frozenset((*self.hidden, *self.junk, *self.excluded))


@dataclass(frozen=True)
class Listing:
    """What a look through folders found.

    Attributes:
        paths: every document, in path order.
        unlistable: folders that could not be looked into, or entries of one of which not even the
            kind could be told, and why.
        left_out: what was passed over.
        broken_links: links that lead nowhere: to a folder on a drive that is not mounted?
    """

    paths: tuple[Path, ...]
    unlistable: Mapping[Path, str]
    left_out: LeftOut = LeftOut()
    broken_links: frozenset[Path] = frozenset()

    def is_hidden(self, path: str) -> bool:
        """Whether a path lies where nobody could look, so that its lacking means nothing."""
        return _lies_in(path, self._unseen)

    def is_unwanted(self, path: str) -> bool:
        """Whether a path lies in what is left out by its name or by a rule, and is there."""
        return _lies_in(path, self.left_out.by_rule)

    @cached_property
    def _unseen(self) -> frozenset[Path]:
        return frozenset((*self.unlistable, *self.left_out.links, *self.broken_links))


def _lies_in(path: str, places: frozenset[Path]) -> bool:
    """Whether a path is one of these places or below one."""
    return bool(places) and not places.isdisjoint((Path(path), *Path(path).parents))


def find_files(
    scope: Scope,
    *,
    leave_out: Path | None,
    exclude: Sequence[str] = (),
    follow_links: bool = False,
    on_folder: Callable[[int, int], object] = lambda n_files, n_documents: None,
) -> Listing:
    """Every document under the scope.

    Hidden files and folders, junk of other systems and the index's own folder are passed over, and
    what `--exclude` and `.pagelensignore` files say. Links to files are followed.

    Args:
        scope: where to look.
        leave_out: the index's folder; None where it lies on a server.
        exclude: patterns as in `.gitignore`, relative to each folder of the scope.
        follow_links: look also behind links to folders, each folder once: what lies in the scope
            itself is found there and not behind the link, and circles end.
        on_folder: called after each folder with the files and the documents seen so far; what it
            raises ends the look.

    Raises:
        WrongUseError: something to exclude is no pattern.
    """
    own = leave_out.resolve() if leave_out is not None else None
    look = _Look(scope, own, Exclusion(exclude), follow_links, on_folder)
    for root in scope.roots:
        look.into_root(root)
    look.behind_links()
    return look.listing()


class _Look:
    """One look through folders, and what it has seen so far."""

    def __init__(
        self,
        scope: Scope,
        own: Path | None,
        exclusion: Exclusion,
        follow_links: bool,
        on_folder: Callable[[int, int], object],
    ) -> None:
        self._own, self._exclusion = own, exclusion
        self._follow_links, self._on_folder = follow_links, on_folder
        self._n_files = 0
        self._found: set[Path] = set()
        self._looked_into: set[Path] = set()
        self._unlistable: dict[Path, str] = {}
        self._links: dict[Path, tuple[Rules, ...]] = {}
        self._hidden: set[Path] = set()
        self._junk: set[Path] = set()
        self._excluded: set[Path] = set()
        self._other_kinds: set[Path] = set()
        self._broken_links: set[Path] = set()
        self._identities = {_identity(own)} if own is not None and own.exists() else set()

    def into_root(self, root: Path) -> None:
        """Look into a folder that was named, or take a file that was."""
        if not root.is_file():
            self._looked_into.add(root)
            self._walk(root, (self._exclusion.below(root),))
        elif self._is_excluded(root, (self._exclusion.below(root.parent),), is_folder=False):
            self._excluded.add(root)
        else:
            self._found.add(root)

    def behind_links(self) -> None:
        """Look behind the links met so far, if that is wanted, and behind those met there."""
        while self._follow_links and self._links:
            links, self._links = self._links, {}
            for link in sorted(links):
                self._walk(link, links[link], is_linked=True)

    def listing(self) -> Listing:
        """What was seen."""
        return Listing(
            tuple(sorted(self._found)),
            self._unlistable,
            LeftOut(
                tuple(sorted(self._links)),
                tuple(sorted(self._hidden - self._found - self._looked_into)),
                tuple(sorted(self._junk - self._found - self._looked_into)),
                tuple(sorted(self._excluded - self._found - self._looked_into)),
                tuple(sorted(self._other_kinds)),
                () if self._unlistable else self._exclusion.idle,
            ),
            frozenset(self._broken_links),
        )

    def _walk(self, top: Path, rules: tuple[Rules, ...], *, is_linked: bool = False) -> None:
        waiting = [(top, rules)]
        while waiting:
            folder, rules = waiting.pop()
            try:
                if self._follow_links:
                    identity = _identity(folder)
                    if is_linked and identity in self._identities:
                        continue
                    self._identities.add(identity)
                with os.scandir(folder) as entries:
                    listed = list(entries)
                if any(entry.name == IGNORE_FILE for entry in listed):
                    rules = (*rules, read_rules(folder))
            except OSError as e:
                self._unlistable[folder] = e.strerror or str(e)
                continue
            except PageFailure as e:
                self._unlistable[folder] = str(e)
                continue
            waiting += self._sort_out(folder, listed, rules)
            self._on_folder(self._n_files, len(self._found))

    def _sort_out(
        self, folder: Path, listed: Sequence[os.DirEntry[str]], rules: tuple[Rules, ...]
    ) -> list[tuple[Path, tuple[Rules, ...]]]:
        """Note what a folder holds; gives the folders in it that are to be looked into."""
        inner = []
        for entry in listed:
            path = folder / entry.name
            try:
                is_link = entry.is_symlink()
                is_folder = _leads_to_folder(entry) if is_link else entry.is_dir()
            except OSError as e:
                self._unlistable[path] = e.strerror or str(e)
                continue
            self._n_files += not is_folder
            is_plain = not (entry.name.startswith(".") or is_junk(entry.name))
            if is_link and not is_folder and is_plain and _leads_nowhere(entry):
                self._broken_links.add(path)
            if not (is_folder or is_document(path)) or path == self._own:
                if is_plain and path.suffix.lower() in OTHER_KINDS:
                    self._other_kinds.add(path)
                continue
            if not is_plain:
                (self._junk if is_junk(entry.name) else self._hidden).add(path)
            elif self._is_excluded(path, rules, is_folder):
                self._excluded.add(path)
            elif is_folder and is_link:
                self._links[path] = rules
            elif is_folder:
                inner.append((path, rules))
            else:
                self._found.add(path)
        return inner

    def _is_excluded(self, path: Path, rules: Sequence[Rules], is_folder: bool) -> bool:
        """By the command line's rules, which stand first, then by those of the nearest folder."""
        self._exclusion.note(rules[0], path, is_folder)
        by_nearness = (rules[0], *reversed(rules[1:]))
        verdicts = (one.verdict(path, is_folder) for one in by_nearness)
        return next((verdict for verdict in verdicts if verdict is not None), False)


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _leads_to_folder(link: os.DirEntry[str]) -> bool:
    try:
        return link.is_dir()
    except OSError:  # where it leads cannot be told
        return False


def _leads_nowhere(link: os.DirEntry[str]) -> bool:
    try:
        link.stat()
    except OSError:
        return True
    return False


def drive_of(folder: Path) -> Path:
    """Where the drive was mounted that a folder lies on: the folder itself, or one above it."""
    return next(place for place in (folder, *folder.parents) if is_mounted(place))


def is_mounted(place: Path) -> bool:
    """Whether a drive is mounted at a place; not so one whose server does not answer."""
    try:
        return place == place.parent or place.is_mount()
    except OSError:
        return False


_PLACES_OF_DRIVES = frozenset(
    {"/", "/home", "/media", "/mnt", "/net", "/run", "/run/media", "/Users", "/Volumes"}
)
"""Folders whose entries come and go with machines and drives: what lacks there proves nothing."""

_PLACES_OF_USERS_DRIVES = frozenset({"/media", "/run/media"})
"""Folders that may hold one for each user, and in it their drives."""


def is_gone(file: FileRecord) -> bool:
    """Whether a file was deleted or moved away, as far as this machine can tell.

    It is not where the drive it lay on is not mounted, nor where nothing of its place is here: a
    path of another machine.
    """
    path = Path(file.path)
    try:
        path.lstat()
        return False
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError:
        return False
    if not is_mounted(Path(file.drive)):
        return False
    try:
        nearest = next(parent for parent in path.parents if parent.exists())
        is_empty = nearest.is_dir() and not any(nearest.iterdir())
    except OSError:
        return False
    of_a_user = str(nearest.parent) in _PLACES_OF_USERS_DRIVES and not is_mounted(nearest)
    if str(nearest) in _PLACES_OF_DRIVES or of_a_user:
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
