"""SearchForm: what the address of a page asks for, as typed, and the addresses from there.

The query string is the deep link: the same names as in the REST interface, and only what differs
from the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from index.errors import WrongUseError
from index.interface import RERANK_SAID
from query.filters import FILTER_KEYS, NOT, read_filters
from query.operators import OPERATORS_SAID
from query.request import BY_DOCUMENT, SearchRequest
from query.service.service import DEFAULT_K, MAX_K, MAX_TEXT_LENGTH
from query.web.addresses import page_href

COLLAPSE = "true"  # as the REST interface takes it


@dataclass(frozen=True)
class SearchForm:
    """The fields of the search form, each as typed; "" where nothing was.

    Attributes:
        q: the query.
        like: id of the page whose like is wanted, instead of a query.
        ranking: one of RANKINGS; "" for the index's own.
        k: how many hits.
        offset: how many hits are passed over.
        rerank: how many pages phase 2 scores.
        path, document, pages, language, year, kind: filters, as `--filter` takes them.
        not_path, not_document, not_pages, not_language, not_year, not_kind: their negations.
        group_by: BY_DOCUMENT, or "".
        collapse: COLLAPSE, or "".
    """

    q: str = ""
    like: str = ""
    ranking: str = ""
    k: str = str(DEFAULT_K)
    offset: str = ""
    rerank: str = ""
    path: str = ""
    document: str = ""
    pages: str = ""
    language: str = ""
    year: str = ""
    kind: str = ""
    not_path: str = ""
    not_document: str = ""
    not_pages: str = ""
    not_language: str = ""
    not_year: str = ""
    not_kind: str = ""
    group_by: str = ""
    collapse: str = ""

    max_k = MAX_K
    operators_said = OPERATORS_SAID
    max_query_chars = MAX_TEXT_LENGTH
    default_k = DEFAULT_K
    default_rerank = RERANK_SAID

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "SearchForm":
        """The form that a query string fills; unknown names and empty values are passed over."""
        known = {name: parameters.get(name, "").strip() for name in _FIELDS}
        if known["like"]:  # one or the other; a page was pointed at
            known["q"] = ""
        return cls(**{name: value for name, value in known.items() if value})

    def request(self) -> SearchRequest:
        """What the search is to do; `like` takes the service's `like_page`.

        Raises:
            WrongUseError: a field that cannot be read; says what it may hold.
        """
        if self.group_by not in ("", BY_DOCUMENT):
            raise WrongUseError(
                f"Hits are grouped by {BY_DOCUMENT} alone, not by {self.group_by!r}. "
                "Leave group_by out, or choose document."
            )
        if self.collapse not in ("", COLLAPSE):
            raise WrongUseError(
                f"Pages that look the same are collapsed by collapse={COLLAPSE} alone, not by "
                f"{self.collapse!r}. Leave collapse out, or write {COLLAPSE}."
            )
        return SearchRequest(
            self.q,
            _count("the number of hits", self.k) or DEFAULT_K,
            self.ranking,
            _count("the pages that phase 2 compares", self.rerank),
            read_filters(self._filters()),
            BY_DOCUMENT if self.group_by else None,
            bool(self.collapse),
            offset=_count("the hits passed over", self.offset.lstrip("0")) or 0,
        )

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to search for."""
        return bool(self.q or self.like)

    @property
    def has_options(self) -> bool:
        """Whether anything but the query differs from the default: what the page then shows."""
        return replace(self, q="", like="", offset="") != SearchForm()

    @property
    def options_said(self) -> str:
        """What differs from the default, in a line."""
        said = [
            f"{key.replace('_', ' ')} {value if 'document' not in key else shortened_id(value)}"
            for key, value in self._filters().items()
        ]
        if self.ranking:
            said.append(self.ranking)
        if self.group_by:
            said.append("one hit for each document")
        if self.collapse:
            said.append("one hit for pages that look the same")
        return ", ".join(said)

    def without_filters(self) -> "SearchForm":
        """The same search over all pages."""
        return replace(self, offset="", **dict.fromkeys(FILTER_KEYS, ""))

    def filtered(self, key: str, value: str) -> "SearchForm":
        """The same search with a filter of FILTER_KEYS set, in place of what it was, or taken away.

        Its opposite of the same value goes: what was left out is not, once it alone is wanted.
        """
        twin = key.removeprefix(NOT) if key.startswith(NOT) else f"{NOT}{key}"
        same = {twin: ""} if value and getattr(self, twin) == value else {}
        return replace(self, offset="", **{key: value}, **same)

    def ranked_by(self, ranking: str) -> "SearchForm":
        """The same search with another ranking."""
        return replace(self, ranking=ranking, offset="")

    def from_place(self, offset: int) -> "SearchForm":
        """The same search, gone on with behind so many hits."""
        return replace(self, offset=str(offset) if offset else "")

    def query_string(self, **more: str) -> str:
        """The search as an address has it; "" for none.

        >>> SearchForm(q="trade & tariffs", ranking="bm25").query_string(token="2")
        'q=trade+%26+tariffs&ranking=bm25&token=2'
        """
        default = SearchForm()
        fields = {name: getattr(self, name) for name in _FIELDS}
        differing = {name: v for name, v in fields.items() if v and v != getattr(default, name)}
        return urlencode(differing | more)

    @property
    def href(self) -> str:
        """Address of the hits."""
        return _address("/", self.query_string())

    def page_href(self, page_id: str, **more: str) -> str:
        """Address of a page as this search sees it."""
        return _address(page_href(page_id), self.query_string(**more))

    def _filters(self) -> dict[str, str]:
        return {key: getattr(self, key) for key in FILTER_KEYS if getattr(self, key)}


_FIELDS = tuple(SearchForm.__dataclass_fields__)


def _address(path: str, query_string: str) -> str:
    return f"{path}?{query_string}" if query_string else path


def shortened_id(document_id: str) -> str:
    """As much of an id as a person can compare."""
    return document_id if len(document_id) <= 8 else f"{document_id[:8]}…"


def _count(what: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text[:9]) < 1:
        raise WrongUseError(f"{text!r} cannot be {what}. Write a whole number, at least 1.")
    return int(text[:9])
