"""What Vespa answers to a search, as hits, counts, and what the user must know of it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from index.errors import ServerError
from index.facets import Facets
from index.pages import VECTORS_TO_COME, PageTexts, RankedPage, SearchResult, page_id
from vespa_app.failures import (
    HOW_TO_START,
    NO_TIME_TO_START,
    error_text,
    excerpt,
    is_not_started,
    shortened,
)
from vespa_app.search_request import FACET_FIELDS, PATCHES_UP_TO_1
from vespa_app.wire import from_wire_text

_REASONS = {
    "match-phase": "it looked only at a part of them, as its configuration asks",
    "timeout": "time ran out",
    "adaptive-timeout": "its slowest nodes did not answer in time",
    "non-ideal-state": "nodes are missing or still being filled",
}

_NO_YEAR = str(-(2**31))
"""What Vespa has for an int that was not put."""

_TIMEOUT = "timeout"
_MORE_TIME = (
    "To have all of them looked at, raise persearch in services.xml up to the cores of a node, or "
    "add nodes; --candidates ann looks only at those that promise something."
)
_ANN_TIMEOUT = "anntimeout"
_GRAPH_NOT_SEARCHED = (
    "Vespa's time ran out while it searched its graph over regions, so pages may be missing that "
    "only the graph would have named. Go without it (--candidates scan), or add nodes."
)

Root = Mapping[str, Any]
"""The `root` of an answer."""


def search_result(root: Root, n_tokens: int, elapsed_ms: float) -> SearchResult:
    """Read hits, best first; ties in order of document id and page number.

    Args:
        root: of the answer to `search_request.search_body`.
        n_tokens: query tokens the shown score is divided by; 1 where it is the sum.
        elapsed_ms: from the request to the answer, as seen from here.

    Raises:
        ServerError: this is no answer to such a search.
    """
    hits = [_ranked(child, n_tokens) for child in _children(root) if "fields" in child]
    # Vespa orders pages of equal score by where it happens to store them
    hits.sort(key=lambda hit: (-hit.score_sum, hit.document_id, hit.page_number))
    return SearchResult(
        tuple(hits), total_count(root), _timings_ms(root, elapsed_ms), _search_notices(root)
    )


def page_texts(root: Root) -> dict[str, PageTexts]:
    """Read what is shown of pages, by page id, from the answer to `search_request.texts_body`.

    Raises:
        ServerError: this is no answer to it.
    """
    return {_page_id(child): _texts(child) for child in _children(root) if "fields" in child}


def total_count(root: Root) -> int:
    """How many documents matched.

    Raises:
        ServerError: the answer has no such number.
    """
    fields = root.get("fields")
    count = fields.get("totalCount") if isinstance(fields, Mapping) else None
    if type(count) is not int:
        raise _unusable(root, "totalCount")
    return count


def page_counts(root: Root) -> tuple[int, int]:
    """Read pages and their patches from the answer to `search_request.count_body`.

    Raises:
        ServerError: this is no answer to it.
    """
    for child in _children(root):
        fields = child.get("fields")
        if isinstance(fields, Mapping) and "count()" in fields:
            return _field(child, "count()", int), _field(child, "sum(n_patches)", int)
    if total_count(root) == 0:
        return 0, 0  # of nothing there is no group
    raise _unusable(root, "count()")


@dataclass(frozen=True)
class PageStats:
    """Pages that can be found, and what they have.

    Attributes:
        n_vectors: patches of all pages.
        by_ocr_engine: pages of which OCR has read words, by engine.
    """

    n_pages: int
    n_without_vectors: int
    n_waiting: int
    n_vectors: int
    by_ocr_engine: Mapping[str, int]


def page_stats(root: Root) -> PageStats:
    """Read the counts from the answer to `search_request.page_stats_body`.

    Raises:
        ServerError: this is no answer to it.
    """
    n_pages: dict[str, int] = {}
    n_vectors = 0
    by_engine: dict[str, int] = {}
    for whole in _children(root):
        for listed in _children(whole):
            for group in _children(listed):
                n, value = _field(group, "count()", int), group.get("value")
                if listed.get("label") == PATCHES_UP_TO_1:
                    n_pages[str(value)] = n
                    n_vectors += max(0, _field(group, "sum(n_patches)", int))
                elif isinstance(value, str):
                    by_engine[from_wire_text(value)] = n
                else:
                    raise _unusable(group, "an engine's name")
    if sum(n_pages.values()) != total_count(root):
        raise _unusable(root, "all pages in groups by n_patches")
    by_engine.pop("", None)  # what none has read
    return PageStats(
        n_pages=sum(n_pages.values()),
        n_without_vectors=n_pages.get("0", 0),
        n_waiting=n_pages.get(str(VECTORS_TO_COME), 0),
        n_vectors=n_vectors,
        by_ocr_engine=by_engine,
    )


def facets(root: Root) -> Facets:
    """Read the counts from the answer to `search_request.facets_body`.

    Raises:
        ServerError: this is no answer to it.
    """
    counts: dict[str, dict[str, int]] = {name: {} for name in FACET_FIELDS}
    for whole in _children(root):
        for listed in _children(whole):
            name = str(listed.get("label"))
            if name not in counts:
                raise _unusable(listed, "a field that was asked for")
            for group in _children(listed):
                value = from_wire_text(str(group.get("value")))
                counts[name][value] = _field(group, "count()", int)
    counts["year"].pop(_NO_YEAR, None)
    counts["kind"].pop("", None)
    try:
        years = {int(year): n for year, n in counts["year"].items()}
    except ValueError as e:
        raise _unusable(root, "years that are numbers") from e
    return Facets(total_count(root), counts["language"], years, counts["kind"], counts["folders"])


def ocr_engines(root: Root) -> dict[int, str]:
    """Read what has read each page from the answer to `search_request.ocr_engines_body`.

    Raises:
        ServerError: this is no answer to it.
    """
    return {
        _field(child, "page_number", int): from_wire_text(_field(child, "ocr_engine", str))
        for child in _children(root)
    }


def document_ids(root: Root) -> list[str]:
    """Read the ids in the answer to `search_request.owners_body`.

    Raises:
        ServerError: this is no answer to it.
    """
    return [_field(child, "document_id", str) for child in _children(root)]


def record_fields(root: Root) -> list[Mapping[str, object]]:
    """Read the records in the answer to `search_request.documents_body`, in its order.

    Raises:
        ServerError: this is no answer to it.
    """
    fields = [child.get("fields") for child in _children(root)]
    if not all(isinstance(record, Mapping) for record in fields):
        raise _unusable(root, "the fields of each document")
    return [record for record in fields if isinstance(record, Mapping)]


def require_complete(root: Root, operation: str) -> None:
    """Refuse an answer of a part of the documents, where a part would be wrong.

    Args:
        root: of the answer.
        operation: what cannot be done, as it goes on after "Cannot".

    Raises:
        ServerError: Vespa did not see all documents.
    """
    missing = _notices(root)
    if missing:
        raise ServerError(f"Cannot {operation}: {missing[0]} Run the same command again later.")


def _search_notices(root: Root) -> tuple[str, ...]:
    """What is missing in an answer to a search, a line each, and what to raise where time was."""
    first, *others = _notices(root) or ("",)
    if _TIMEOUT in _causes(root):
        first = f"{first} {_MORE_TIME}"
    return (first, *others) if first else ()


def _notices(root: Root) -> tuple[str, ...]:
    """What is missing in an answer, a line each."""
    lines = []
    coverage, causes = root.get("coverage"), _causes(root)
    reasons = [
        _REASONS.get(name, f"Vespa calls it {excerpt(name)}")
        for name in causes
        if name != _ANN_TIMEOUT
    ]
    if isinstance(coverage, Mapping) and (reasons or not coverage.get("full")):
        seen, n_seen = coverage.get("coverage"), coverage.get("documents")
        share = f"{seen} %" if isinstance(seen, (int, float)) else "a part"
        number = f" ({n_seen:,})" if isinstance(n_seen, int) else ""
        why = f": {', and '.join(reasons)}" if reasons else ""
        lines.append(f"Vespa looked at {share} of its documents{number}{why}.")
    if _ANN_TIMEOUT in causes:
        lines.append(_GRAPH_NOT_SEARCHED)
    errors = root.get("errors")
    if isinstance(errors, list):
        texts = [error_text(error) for error in errors if isinstance(error, Mapping)]
        lines += [_said(text) for text in dict.fromkeys(texts)]
    return tuple(lines)


def _causes(root: Root) -> list[str]:
    """Why Vespa did not see everything, in its words."""
    coverage = root.get("coverage")
    degraded = coverage.get("degraded") if isinstance(coverage, Mapping) else None
    if not isinstance(degraded, Mapping):
        return []
    return [str(name) for name, is_so in degraded.items() if is_so]


def _said(error: str) -> str:
    if is_not_started(error):
        return f"{NO_TIME_TO_START}. {HOW_TO_START}."
    return f"Vespa says: {shortened(error)}."


def _page_id(child: Mapping[str, Any]) -> str:
    return page_id(_field(child, "document_id", str), _field(child, "page_number", int))


def _ranked(child: Mapping[str, Any], n_tokens: int) -> RankedPage:
    page, score = _page_id(child), child.get("relevance")
    if not isinstance(score, (int, float)) or not math.isfinite(score):
        raise _unusable(child, "a finite relevance")
    return RankedPage(
        page,
        child["fields"]["document_id"],
        child["fields"]["page_number"],
        score / n_tokens,
        float(score),
        is_waiting=child["fields"].get("n_patches") == VECTORS_TO_COME,
    )


def _texts(child: Mapping[str, Any]) -> PageTexts:
    fields = child["fields"]  # texts and lists that are empty may be left out
    paths = _field(child, "paths", list) if "paths" in fields else []
    title, text, language, ocr_engine = (
        _field(child, name, str) if name in fields else ""
        for name in ("title", "text", "language", "ocr_engine")
    )
    return PageTexts(
        paths=tuple(from_wire_text(str(path)) for path in paths),
        title=from_wire_text(title),
        text=from_wire_text(text),
        language=language,
        ocr_engine=from_wire_text(ocr_engine),
    )


def _children(root: Root) -> Iterator[Mapping[str, Any]]:
    children = root.get("children", [])
    if not isinstance(children, list) or not all(isinstance(c, Mapping) for c in children):
        raise _unusable(root, "a list of children")
    return iter(children)


def _field(child: Mapping[str, Any], name: str, wanted: type) -> Any:  # noqa: ANN401 - an instance of `wanted`
    fields = child.get("fields")
    value = fields.get(name) if isinstance(fields, Mapping) else None
    if type(value) is not wanted:
        raise _unusable(child, name)
    return value


def _timings_ms(root: Root, elapsed_ms: float) -> dict[str, float]:
    """Vespa's own times, and what is left of the whole: network, JSON, waiting in queues."""
    timing = root.get("timing")
    stages = {
        stage: 1000.0 * timing[name]
        for stage, name in (("ranking", "querytime"), ("hits", "summaryfetchtime"))
        if isinstance(timing, Mapping) and isinstance(timing.get(name), (int, float))
    }
    return {**stages, "request": max(0.0, elapsed_ms - sum(stages.values()))}


def _unusable(answer: Mapping[str, Any], missing: str) -> ServerError:
    return ServerError(
        f"Vespa's answer to a search has not {missing}: {excerpt(str(dict(answer)))}. "
        'Deploy the application of this version with "pagelens deploy", and try again.'
    )
