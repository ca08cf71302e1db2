"""UploadFolder: the one folder that PDFs from the page go into, and that they are removed from.

Nothing outside of it is read or written. A removed file waits in a hidden folder within it, so that
it can be put back; after KEEP_DAYS it is deleted. Knows nothing of HTTP and of the index.
"""

import filecmp
import os
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import BinaryIO

from index.errors import PagelensError
from index.wording import size
from query.service.refusals import NoSuchUploadError, NotAPdfError, UploadTooLargeError

REMOVED_FOLDER = ".pagelens-removed"
KEEP_DAYS = 7
_DRAFT_PREFIX, _DRAFT_SUFFIX = ".pagelens-upload-", ".part"
_BLOCK_BYTES = 1 << 20
_MAX_STEM_BYTES = 180  # file systems take 255 for a name, and a counter may follow
_SUFFIX = ".pdf"


@dataclass(frozen=True)
class UploadedFile:
    """A file of the folder.

    Attributes:
        name: its name in the folder.
        path: absolute, as the index knows it.
        changed_ns: nanoseconds since 1970.
    """

    name: str
    path: str
    size_bytes: int
    changed_ns: int


class UploadFolder:
    """Takes PDFs into a folder, and removes them with a way back.

    Args:
        folder: there, and writable.
        max_bytes: of a file.
        is_pdf: says so of a file's first bytes; given 1 MiB, or all of a shorter file.
    """

    def __init__(self, folder: Path, max_bytes: int, is_pdf: Callable[[bytes], bool]) -> None:
        self.max_bytes = max_bytes
        self._folder = folder.resolve()
        self._is_pdf = is_pdf
        self._naming = threading.Lock()  # between a name that is free and a file that has it

    def clean_up(self) -> None:
        """Delete what a server that was killed left half written, and what was removed long ago."""
        for draft in self._folder.glob(f"{_DRAFT_PREFIX}*{_DRAFT_SUFFIX}"):
            draft.unlink(missing_ok=True)
        for day in self._removed_on():
            if date.fromisoformat(day.name) < date.today() - timedelta(days=KEEP_DAYS):
                for file in _files(day):
                    file.unlink(missing_ok=True)
                _drop_if_empty(day)

    def store(self, name: str, data: BinaryIO) -> UploadedFile:
        """Keep a file; under its name with a number where another file has the name.

        The same bytes under the same name are kept once, so that an upload of which the answer was
        lost can be sent again.

        Args:
            name: as a stranger gave it.
            data: read from where it stands.

        Raises:
            UploadTooLargeError: it has more than `max_bytes`.
            NotAPdfError: its bytes are not those of a PDF, whatever its name says.
            PagelensError: the folder cannot be written to.
        """
        name = safe_name(name)
        try:
            draft = self._folder / f"{_DRAFT_PREFIX}{secrets.token_hex(8)}{_DRAFT_SUFFIX}"
            try:
                with draft.open("xb") as file:
                    self._copy(name, data, file)
                    file.flush()
                    os.fsync(file.fileno())
                with self._naming:
                    return self._describe(self._take(name, draft))
            finally:
                draft.unlink(missing_ok=True)
        except OSError as e:
            raise PagelensError(
                f"{name} cannot be stored: {e.strerror}. Whoever runs the server can look at the "
                "folder for uploads and its free space."
            ) from e

    def files(self) -> list[UploadedFile]:
        """The PDFs that lie in the folder itself, in order of name."""
        named = (path for path in _files(self._folder) if path.suffix.lower() == _SUFFIX)
        return [self._describe(path) for path in sorted(named)]

    def removed(self) -> list[UploadedFile]:
        """What can be put back, the newest removal first; of one name the last."""
        last: dict[str, Path] = {}
        for day in self._removed_on():
            for path in sorted(_files(day)):
                last.setdefault(path.name, path)
        return [self._describe(path) for path in last.values()]

    def remove(self, name: str) -> None:
        """Move a file to where it waits to be put back or deleted.

        Raises:
            NoSuchUploadError: no PDF of the folder has this name.
        """
        with self._naming:
            path = self._one_of(_files(self._folder), name)
            day = self._folder / REMOVED_FOLDER / date.today().isoformat()
            day.mkdir(parents=True, exist_ok=True)
            path.rename(_free(day, name))

    def restore(self, name: str) -> UploadedFile:
        """Put a removed file back; with a number where its name was taken meanwhile.

        Raises:
            NoSuchUploadError: no file of this name was removed, or it is deleted by now.
        """
        with self._naming:
            days = self._removed_on()
            path = self._one_of((path for day in days for path in _files(day)), name)
            target = _free(self._folder, name)
            path.rename(target)
            _drop_if_empty(path.parent)
            return self._describe(target)

    def _copy(self, name: str, data: BinaryIO, file: BinaryIO) -> None:
        block, n_bytes = data.read(_BLOCK_BYTES), 0
        if not self._is_pdf(block):
            raise NotAPdfError(f"{name} is not a PDF, by its first bytes. Only PDFs are taken.")
        while block:
            n_bytes += len(block)
            if n_bytes > self.max_bytes:
                raise UploadTooLargeError(
                    f"{name} is too large; at most {size(self.max_bytes)} are taken."
                )
            file.write(block)
            block = data.read(_BLOCK_BYTES)

    def _take(self, name: str, draft: Path) -> Path:
        """Give a whole file its name."""
        same = self._folder / name
        if same.is_file() and not same.is_symlink() and filecmp.cmp(same, draft, shallow=False):
            return same
        target = _free(self._folder, name)
        draft.rename(target)
        return target

    def _one_of(self, paths: Iterator[Path], name: str) -> Path:
        """The path of that name: it is looked for among names, and never made from one."""
        for path in paths:
            if path.name == name and path.suffix.lower() == _SUFFIX:
                return path
        raise NoSuchUploadError(f"There is no file {name!r} here. It may have been removed.")

    def _removed_on(self) -> list[Path]:
        """The folders of days, the newest first."""
        trash = self._folder / REMOVED_FOLDER
        days = trash.iterdir() if trash.is_dir() else ()
        return sorted((day for day in days if _is_day(day)), reverse=True)

    def _describe(self, path: Path) -> UploadedFile:
        found = path.stat()
        return UploadedFile(path.name, path.as_posix(), found.st_size, found.st_mtime_ns)


def safe_name(name: str) -> str:
    r"""A stranger's name for a file as one that may be given: no folder, nothing hidden or unseen.

    >>> safe_name("../../etc/passwd"), safe_name("C:\\docs\\Q3: report?.PDF"), safe_name(".pdf")
    ('passwd.pdf', 'Q3_ report_.pdf', 'document.pdf')
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    kept = "".join("_" if c in '<>:"|?*' else c for c in last if _is_shown(c))
    stem = " ".join(kept.split())
    if stem.lower().endswith(_SUFFIX):
        stem = stem[: -len(_SUFFIX)]
    stem = stem.lstrip(".~$ ")  # hidden, or left out by an ingest
    cut = stem.encode()[:_MAX_STEM_BYTES].decode(errors="ignore").rstrip(". ")
    return (cut or "document") + _SUFFIX


def _free(folder: Path, name: str) -> Path:
    """A path nothing has: the name, or the name with a number."""
    stem, suffix = name[: -len(_SUFFIX)], name[-len(_SUFFIX) :]
    names = (name if n == 1 else f"{stem} ({n}){suffix}" for n in count(1))
    return next(path for n in names if not os.path.lexists(path := folder / n))


def _is_shown(character: str) -> bool:
    """Not so what controls, turns the text around it, or is no character."""
    return unicodedata.category(character)[0] != "C" and character not in "\u2028\u2029"


def _files(folder: Path) -> Iterator[Path]:
    """Files an ingest takes: not hidden, no links, and with a name that is text."""
    with os.scandir(folder) as entries:
        for entry in entries:
            is_plain = entry.is_file(follow_symlinks=False) and not entry.name.startswith(".")
            if is_plain and os.fsencode(entry.name).decode(errors="ignore") == entry.name:
                yield Path(entry.path)


def _is_day(folder: Path) -> bool:
    try:
        date.fromisoformat(folder.name)
    except ValueError:
        return False
    return folder.is_dir() and not folder.is_symlink()


def _drop_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()
