"""What narrows a search by a click: counts beside the hits, what is set, and links on each hit."""

import glob
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from index.facets import Facets
from index.pages import Hit
from index.wording import file_name, printable, shown_path
from query.filters import FILTER_KEYS, NOT
from query.language_guard import LANGUAGE_NAMES
from query.web.search_form import SearchForm, shortened_id

SHOWN = 8
"""Values that a list shows; the others are folded."""
MOST_SHOWN = 60

_LANGUAGES = LANGUAGE_NAMES | {"": "not known", "en": "English", "zh": "Chinese"}
_ESCAPED = re.compile(r"\[([*?[])\]")  # as glob.escape writes them


@dataclass(frozen=True)
class Choice:
    """A value that pages may be narrowed to.

    Attributes:
        n_pages: that have it, with all that is set already.
        href: address of the search narrowed to it; "" where it cannot be asked for.
    """

    text: str
    n_pages: int
    href: str


@dataclass(frozen=True)
class ChoiceList:
    """The values of one kind, the first few and the others."""

    title: str
    shown: tuple[Choice, ...]
    folded: tuple[Choice, ...]


@dataclass(frozen=True)
class SetFilter:
    """A filter that is set.

    Attributes:
        said: in words.
        without: address of the search without it.
    """

    said: str
    without: str


@dataclass(frozen=True)
class NarrowView:
    """What is set, and what could be.

    Attributes:
        counts_said: why there are no counts; "" where there are.
    """

    filters: tuple[SetFilter, ...]
    lists: tuple[ChoiceList, ...]
    counts_said: str = ""


@dataclass(frozen=True)
class NarrowLink:
    """A link on a hit that narrows the search to its like, or leaves that out."""

    text: str
    href: str


def narrow_view(
    facets: Facets | str, hits: Sequence[Hit], form: SearchForm, file_names: Mapping[str, str]
) -> NarrowView:
    """Lay out what narrows an answer.

    Args:
        facets: of the pages that pass the filters; or why they cannot be told.
        hits: those found.
        form: that asked.
        file_names: of documents that filters name, by id.
    """
    lists = [_documents(hits, form)]
    if isinstance(facets, Facets):
        lists = [
            _languages(facets, form),
            _years(facets, form),
            _kinds(facets, form),
            _folders(facets, form),
            *lists,
        ]
    return NarrowView(
        filters=_set_filters(form, file_names),
        lists=tuple(one for one in lists if one.shown),
        counts_said=facets if isinstance(facets, str) else "",
    )


def hit_links(hit: Hit, form: SearchForm) -> tuple[NarrowLink, ...]:
    """The same document or folder alone, or another document."""
    links = []
    if not form.document:
        links += [
            NarrowLink("only this document", form.filtered("document", hit.document_id).href),
            NarrowLink("not this one", form.filtered("not_document", hit.document_id).href),
        ]
    if hit.paths:
        here = form.filtered("path", _below(str(PurePosixPath(hit.paths[0]).parent)))
        if here != form:
            links.append(NarrowLink("only here", here.href))
    return tuple(links)


def _below(folder: str) -> str:
    """The path filter for all that lies below a folder."""
    return f"{glob.escape(folder.rstrip('/'))}/*"


def _language(code: str) -> str:
    return _LANGUAGES.get(code, code)


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _values(
    title: str, key: str, counts: Sequence[tuple[str, str, int]], form: SearchForm
) -> ChoiceList:
    """A list of values, each with what it is called; of one alone there is nothing to choose.

    Args:
        title: of the list.
        key: of the filter.
        counts: name, value of the filter ("" for none) and pages of each.
        form: that asked.
    """
    choices = [
        Choice(printable(name), n, form.filtered(key, value).href if value else "")
        for name, value, n in counts[:MOST_SHOWN]
    ]
    if len(choices) < 2:
        choices = []
    return ChoiceList(title, tuple(choices[:SHOWN]), tuple(choices[SHOWN:]))


def _languages(facets: Facets, form: SearchForm) -> ChoiceList:
    counts = [(_language(code), code, n) for code, n in _by_count(facets.languages)]
    return _values("Language", "language", counts, form)


def _years(facets: Facets, form: SearchForm) -> ChoiceList:
    by_year = sorted(facets.years.items(), reverse=True)
    counts = [(str(year), f"{year:04}", n) for year, n in by_year]
    return _values("Last changed", "year", counts, form)


def _kinds(facets: Facets, form: SearchForm) -> ChoiceList:
    counts = [(kind, kind, n) for kind, n in _by_count(facets.kinds)]
    return _values("Kind of file", "kind", counts, form)


def _folders(facets: Facets, form: SearchForm) -> ChoiceList:
    """The folders in the deepest one that all pages lie below."""
    common = [folder for folder, n in facets.folders.items() if n == facets.n_pages]
    base = max(common, key=lambda folder: (folder.count("/"), folder), default="")
    inside = {
        folder.removeprefix(f"{base}/"): n
        for folder, n in facets.folders.items()
        if folder.rpartition("/")[0] == base and folder != base
    }
    counts = [(name, _below(f"{base}/{name}"), n) for name, n in sorted(inside.items())]
    if len(counts) == 1:  # the others lie in the folder itself
        counts.append((f"{file_name(base)} itself", "", facets.n_pages - counts[0][2]))
    return _values("Folder", "path", counts, form)


def _documents(hits: Sequence[Hit], form: SearchForm) -> ChoiceList:
    n_hits = Counter(hit.document_id for hit in hits)
    names = {hit.document_id: file_name(hit.name) for hit in hits}
    counts = [(names[id_], id_, n) for id_, n in n_hits.most_common()]
    return _values("Document, by hits", "document", counts, form)


def _set_filters(form: SearchForm, file_names: Mapping[str, str]) -> tuple[SetFilter, ...]:
    return tuple(
        SetFilter(_said(key, getattr(form, key), file_names), form.filtered(key, "").href)
        for key in FILTER_KEYS
        if getattr(form, key)
    )


def _said(key: str, value: str, file_names: Mapping[str, str]) -> str:
    """A filter in words: a document by its file's name, a folder as a folder."""
    name = key.removeprefix(NOT)
    said = f"{name} {value}"
    if name == "document":
        said = file_names.get(value, f"document {shortened_id(value)}")
    elif name == "path" and value.startswith("/") and value.endswith("/*"):
        folder = _ESCAPED.sub(r"\1", value.removesuffix("/*"))
        said = f"folder {shown_path(folder, Path.cwd())}"
    elif name == "language":
        said = _language(value.lower())
    return printable(f"not {said}" if key != name else said)
