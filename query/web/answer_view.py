"""What a page of hits shows, as text and addresses; the template only sets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from index.interface import BM25, FLOAT, HAMMING_THEN_FLOAT
from index.pages import Document, Hit, page_id
from query.report import SHOWN_OTHER_PAGES, shown_path
from query.search import DEFAULT_RANKING, DocumentHits
from query.snippet import snippet
from query.web.search_form import SearchForm, thumbnail_href
from query.web.service import Found

COSINE_RANKINGS = (HAMMING_THEN_FLOAT, FLOAT)
"""Rankings whose score is a mean cosine: 1 is the most there can be, and the meter's end."""

SHELF_DOCUMENTS = 12
"""Documents that the start page shows: a look at what is there, not a list of it."""


@dataclass(frozen=True)
class SnippetPart:
    """A run of characters of a snippet, matched by the query or not."""

    text: str
    is_match: bool


@dataclass(frozen=True)
class PageLink:
    """A page by its number."""

    page_number: int
    href: str


@dataclass(frozen=True)
class HitCard:
    """One hit.

    Attributes:
        place: from 1.
        file: the document's file name, or its id.
        where: the folder it lies in, as seen from where the server was started, and how many other
            paths it has.
        score: as shown.
        score_name: what the score is, for those who do not see the meter.
        meter: how long the meter is, 0 to 1.
        others: other pages of the document that were found, the first few.
        n_more: how many further ones.
    """

    place: int
    href: str
    preview: str
    file: str
    where: str
    page_number: int
    score: str
    score_name: str
    meter: float
    snippet: tuple[SnippetPart, ...]
    others: tuple[PageLink, ...]
    n_more: int


@dataclass(frozen=True)
class Suggestion:
    """Something to try; "" for an address where only the user can do it."""

    text: str
    href: str


@dataclass(frozen=True)
class NamedPage:
    """A page that a search started from."""

    file: str
    page_number: int
    href: str
    preview: str


@dataclass(frozen=True)
class Answer:
    """A page of hits.

    Attributes:
        count_said, how_said: how many hits, and how they were found.
        why_none, what_to_try: for an answer without hits.
        like: the page whose like was asked for.
        by_image: whether an image was the query.
    """

    hits: tuple[HitCard, ...]
    count_said: str
    how_said: str
    notices: tuple[str, ...]
    why_none: str
    what_to_try: tuple[Suggestion, ...]
    like: NamedPage | None
    by_image: bool


@dataclass(frozen=True)
class ShelfDocument:
    """A document as the start page shows it."""

    file: str
    page_count: int
    href: str
    preview: str


def answer_view(found: Found, form: SearchForm, like: NamedPage | None = None) -> Answer:
    """Lay out what a search gave.

    Args:
        found: by the service.
        form: that asked.
        like: the page whose like was asked for.
    """
    hits = [group.best for group in found.groups]
    full = _full_meter(found, hits)
    return Answer(
        hits=tuple(_card(place, group, form, full) for place, group in enumerate(found.groups, 1)),
        count_said=_count_said(found),
        how_said=_how_said(found),
        notices=found.result.notices,
        why_none=_why_none(found),
        what_to_try=_what_to_try(found, form),
        like=like,
        by_image=found.request.image is not None,
    )


def shelf_view(documents: Sequence[Document]) -> tuple[ShelfDocument, ...]:
    """The first pages of a few documents, in order of path.

    Args:
        documents: of the index.
    """
    with_pages = [d for d in documents if d.files and _first_page(d) is not None]
    shown = sorted(with_pages, key=lambda d: d.files[0].path)[:SHELF_DOCUMENTS]
    return tuple(
        ShelfDocument(
            file=file_name(document.files[0].path),
            page_count=document.page_count,
            href=f"/page/{_first_page(document)}",
            preview=thumbnail_href(_first_page(document) or ""),
        )
        for document in shown
    )


def file_name(path: str) -> str:
    """The last part of a path, as it may be shown.

    >>> file_name("/a/Q3 report.pdf")
    'Q3 report.pdf'
    """
    return printable(PurePosixPath(path).name)


def printable(text: str) -> str:
    """A text without characters that would change how those around it are read."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def marked(text: str, query: str) -> tuple[SnippetPart, ...]:
    """The part of a page's text that shows best why it was found, matched words apart.

    >>> [(part.text, part.is_match) for part in marked("a tall crane", "crane")]
    [('a tall ', False), ('crane', True)]
    """
    found = snippet(text, query)
    parts, at = [], 0
    for start, end in found.spans:
        parts += [
            SnippetPart(found.text[at:start], False),
            SnippetPart(found.text[start:end], True),
        ]
        at = end
    parts.append(SnippetPart(found.text[at:], False))
    return tuple(part for part in parts if part.text)


def shown_score(score: float, ranking: str) -> str:
    """A score with four decimals; a mean cosine of 1.0002, by rounding of what is stored, is 1."""
    return f"{min(score, 1.0) if ranking in COSINE_RANKINGS else score:.4f}"


def _first_page(document: Document) -> str | None:
    """Id of the first page that could be read."""
    failed = {failure.page_number for failure in document.failures}
    numbers = (n for n in range(1, document.page_count + 1) if n not in failed)
    number = next(numbers, None)
    return None if number is None else page_id(document.document_id, number)


def _card(place: int, group: DocumentHits, form: SearchForm, full: float) -> HitCard:
    hit = group.best
    path = hit.paths[0] if hit.paths else hit.document_id
    others = group.others[:SHOWN_OTHER_PAGES]
    return HitCard(
        place=place,
        href=form.page_href(hit.page_id),
        preview=thumbnail_href(hit.page_id),
        file=file_name(path),
        where=_where(hit.paths),
        page_number=hit.page_number,
        score=shown_score(hit.score, form.ranking),
        score_name="mean cosine" if form.ranking in COSINE_RANKINGS else f"score of {form.ranking}",
        meter=min(1.0, max(0.0, hit.score / full)),
        snippet=marked(hit.text, form.q),
        others=tuple(PageLink(o.page_number, form.page_href(o.page_id)) for o in others),
        n_more=len(group.others) - len(others),
    )


def _full_meter(found: Found, hits: Sequence[Hit]) -> float:
    """The score whose meter is full; without a scale of its own, that of the best hit."""
    if found.request.ranking in COSINE_RANKINGS:
        return 1.0
    best = max((hit.score for hit in hits), default=0.0)
    return best if best > 0 else 1.0


def _where(paths: tuple[str, ...]) -> str:
    if not paths:
        return ""
    more = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
    return shown_path(str(PurePosixPath(paths[0]).parent), Path.cwd()) + more


def _count_said(found: Found) -> str:
    n, what = len(found.groups), "page"
    if found.request.group_by_document:
        what = "document"
    return f"{n} {what}{'' if n == 1 else 's'}"


def _how_said(found: Found) -> str:
    ms = sum(found.result.timings_ms.values())
    n = found.result.n_candidates
    return f"out of {n:,} page{'' if n == 1 else 's'}, by {found.request.ranking}, in {ms:,.0f} ms"


def _why_none(found: Found) -> str:
    n = found.result.n_candidates
    if n == 0:
        return "No page of the index passes the filters."
    if found.request.ranking == BM25:
        return f"None of the {n:,} pages holds one of these words as it is written."
    return (
        f"None of the {n:,} pages has anything to compare: this index was made from words, and "
        "these pages have no text layer."
    )


def _what_to_try(found: Found, form: SearchForm) -> tuple[Suggestion, ...]:
    wider = form.without_filters()
    tries = []
    if wider != form:
        tries.append(Suggestion("Search all pages, without filters", wider.href))
    if found.request.ranking == BM25:
        other = form.ranked_by(DEFAULT_RANKING)
        tries.append(
            Suggestion(f"Search by {DEFAULT_RANKING}, which finds similar pages too", other.href)
        )
        tries.append(Suggestion("Use other words, or fewer of them", ""))
    elif found.result.n_candidates:
        tries.append(
            Suggestion(
                "To search by looks, make another index: "
                "pagelens ingest FOLDER --encoder colsmol --index NEW",
                "",
            )
        )
    return tuple(tries)
