"""Documents by path, without a file being there: which one a name means, which are to change.

What is taken out or renamed by hand is decided, then done. Each document changes in one step, so
that a kill leaves some as they were and the rest as they will be; the same call goes on from there.
"""

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import NamedTuple

from index.filters import path_matches
from index.interface import PageIndex
from index.pages import Document, FileRecord


@dataclass(frozen=True)
class PathChanges:
    """What is to be done.

    Attributes:
        changed: documents as they will be.
        removed: documents of which no path is left.
        taken: paths that stay as they are, since another document lies at the new one.
    """

    changed: tuple[Document, ...]
    removed: tuple[Document, ...] = ()
    taken: tuple[str, ...] = ()

    def apply(self, index: PageIndex) -> None:
        """Do it, document by document."""
        for document in self.changed:
            index.put_document(document)
        index.delete([document.document_id for document in self.removed])


def removal(documents: Iterable[Document], wanted: Sequence[str], folder: str) -> PathChanges:
    """Which documents lose paths, and which all of them.

    Args:
        documents: of the index.
        wanted: each a file, a folder or a shell pattern, as `path_matches` reads it.
        folder: absolute; what does not begin with a slash is also looked for from here.
    """
    places = [posixpath.normpath(posixpath.join(folder, one)) for one in wanted]

    def goes(path: str) -> bool:
        lies_there = any(path == place or path.startswith(f"{place}/") for place in places)
        return lies_there or any(path_matches(path, pattern) for pattern in wanted)

    changed, removed = [], []
    for document in documents:
        files = tuple(file for file in document.files if not goes(file.path))
        if len(files) == len(document.files):
            continue
        if files:
            changed.append(replace(document, files=files))
        else:
            removed.append(document)
    return PathChanges(tuple(changed), tuple(removed))


def relocation(documents: Sequence[Document], old: str, new: str) -> PathChanges:
    """Which documents get other paths when a folder is found under another name.

    Args:
        documents: all of the index.
        old: a folder or file, absolute.
        new: what it is called now, absolute.
    """
    owners = {file.path: d.document_id for d in documents for file in d.files}
    changed, taken = [], []
    for document in documents:
        files: dict[str, FileRecord] = {}
        for file in document.files:
            path = file.path
            if path == old or path.startswith(f"{old.rstrip('/')}/"):
                renamed = new.rstrip("/") + path[len(old.rstrip("/")) :]
                if owners.get(renamed, document.document_id) == document.document_id:
                    path = renamed
                else:
                    taken.append(path)
            if path != file.path:
                file = replace(file, path=path, drive="/")  # the next ingest sees which
            files.setdefault(path, file)
        ordered = tuple(files[path] for path in sorted(files))
        if ordered != document.files:
            changed.append(replace(document, files=ordered))
    return PathChanges(tuple(changed), taken=tuple(taken))


def lies_at(name: str) -> Callable[[str], bool]:
    """Whether paths are, or end with, the name of a file and any folders above it.

    Accents count the same whether written as one character or two: systems differ in that.

    >>> list(map(lies_at("2023/report.pdf"), ["/a/2023/report.pdf", "/a/12023/report.pdf"]))
    [True, False]
    """
    whole = str(PurePosixPath(unicodedata.normalize("NFC", name)))
    end = f"/{whole}"

    def lies_there(path: str) -> bool:
        if not path.isascii():
            path = unicodedata.normalize("NFC", path)
        return path.endswith(end) or path == whole

    return lies_there


class Named(NamedTuple):
    """A document that a name can mean, and its path that ends so."""

    document: Document
    path: str


class Names:
    """Which documents lie at a file's name, or at any longer end of its path.

    Accents count the same whether written as one character or two: systems differ in that.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_file: dict[str, list[tuple[tuple[str, ...], Named]]] = defaultdict(list)
        for document in documents:
            for file in document.files:
                parts = _parts(file.path)
                self._by_file[parts[-1]].append((parts, Named(document, file.path)))

    def find(self, name: str) -> tuple[Named, ...]:
        """Every document that lies there, once each, in the order in which they were given.

        >>> from index.pages import FileRecord
        >>> report = Document("1" * 32, (FileRecord("/a/2023/report.pdf", 9, 1),), "", 1, True)
        >>> [named.path for named in Names([report]).find("2023/report.pdf")]
        ['/a/2023/report.pdf']
        """
        wanted = _parts(name)
        found: dict[str, Named] = {}
        for parts, named in self._by_file.get(wanted[-1], ()) if wanted else ():
            if parts[-len(wanted) :] == wanted:
                found.setdefault(named.document.document_id, named)
        return tuple(found.values())


def _parts(path: str) -> tuple[str, ...]:
    return PurePosixPath(unicodedata.normalize("NFC", path)).parts
