"""What pages are counted and chosen by, as columns: made of the catalog once for each state."""

import functools
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.embedded.catalog import Catalog
from index.facets import Facets, folders_of, kind_of, year_of
from index.filters import Filters

_Name = TypeVar("_Name", str, int)


class PageTraits:
    """The language of every page, and the paths, year, kind and folders of its document.

    Each column is read when it is first asked for.

    Args:
        catalog: the connection, which stands on the state.
        page_key: int64 (n_pages,), ascending.
        document_key: int64 (n_pages,).
    """

    def __init__(
        self, catalog: Catalog, page_key: NDArray[np.int64], document_key: NDArray[np.int64]
    ) -> None:
        self._catalog = catalog
        self._page_key = page_key
        # documents in order of key, and for each page the number of its own
        self._keys, self._document = np.unique(document_key, return_inverse=True)

    @functools.cached_property
    def _files(self) -> list[list[tuple[str, int]]]:
        """Of every document: path and mtime_ns of each of its files, in path order."""
        files = self._catalog.files()
        return [files[key] for key in self._keys.tolist()]

    @functools.cached_property
    def _paths(self) -> list[list[str]]:
        return [[path for path, _ in files] for files in self._files]

    @functools.cached_property
    def _years(self) -> list[int]:
        return [year_of(mtime for _, mtime in files) for files in self._files]

    @functools.cached_property
    def _kinds(self) -> list[str]:
        return [kind_of(paths[0]) for paths in self._paths]

    @functools.cached_property
    def _folders(self) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
        """All folders; and as pairs, int64 (n,) each: a document, a folder that it lies below."""
        names: dict[str, int] = {}
        known: dict[frozenset[str], NDArray[np.int64]] = {}  # most documents share their folders
        below = []
        for paths in self._paths:
            folders = folders_of(paths)
            if folders not in known:
                numbers = [names.setdefault(folder, len(names)) for folder in folders]
                known[folders] = np.array(numbers, np.int64)
            below.append(known[folders])
        documents = np.repeat(np.arange(len(below)), [len(folders) for folders in below])
        return list(names), documents, np.concatenate([np.zeros(0, np.int64), *below])

    @functools.cached_property
    def _languages(self) -> tuple[list[str], NDArray[np.int64]]:
        """All languages, and the number of each page's, int64 (n_pages,)."""
        by_name = self._catalog.pages_by_language()
        language = np.zeros(len(self._page_key), np.int64)
        for number, keys in enumerate(by_name.values()):
            rows = np.searchsorted(self._page_key, keys)
            rows, keys = rows[rows < len(language)], keys[rows < len(language)]
            language[rows[self._page_key[rows] == keys]] = number  # others cannot be found
        return list(by_name), language

    def of_documents_that_pass(self, filters: Filters) -> NDArray[np.bool_]:
        """Whether each page's document passes what is asked of its files, bool (n_pages,)."""
        passing = np.ones(len(self._keys), np.bool_)
        if filters.names_path:
            passing &= [filters.passes_paths(paths) for paths in self._paths]
        if filters.names_file:
            files = zip(self._years, self._kinds, strict=True)
            passing &= [filters.passes_file(year, kind) for year, kind in files]
        return passing[self._document]

    def count(self, rows: NDArray[np.int64]) -> Facets:
        """Count pages.

        Args:
            rows: int64 (n,), which of them.
        """
        languages, language = self._languages
        folders, of_document, folder = self._folders
        n_pages = np.bincount(self._document[rows], minlength=len(self._keys))  # of each document
        return Facets(
            n_pages=len(rows),
            languages=_named(languages, np.bincount(language[rows], minlength=len(languages))),
            years=_added_up(self._years, n_pages),
            kinds=_added_up(self._kinds, n_pages),
            folders=_named(folders, np.bincount(folder, n_pages[of_document], len(folders))),
        )


def _added_up(names: Sequence[_Name], n_pages: NDArray[np.int64]) -> dict[_Name, int]:
    """The pages of all documents of each name, but of none with none."""
    sums: dict[_Name, int] = {}
    for name, n in zip(names, n_pages.tolist(), strict=True):
        if n:
            sums[name] = sums.get(name, 0) + n
    return sums


def _named(names: Sequence[_Name], sums: NDArray[np.int64 | np.float64]) -> dict[_Name, int]:
    return {name: int(n) for name, n in zip(names, sums.tolist(), strict=True) if n}
