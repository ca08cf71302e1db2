"""What a page of hits shows, as text and addresses; the template only sets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from index.interface import BM25, HAMMING_THEN_FLOAT
from index.pages import Document, Hit, page_id
from index.wording import (
    COSINE_RANKINGS,
    count,
    file_name,
    halves_text,
    short_score,
    shown_path,
)
from query.found import Found
from query.fusion import HYBRID
from query.groups import HitGroup
from query.hit_words import HitWords
from query.request import SHOWN_OTHER_PAGES
from query.snippet import Snippet
from query.web.addresses import page_href, thumbnail_href
from query.web.narrow_view import NarrowLink, hit_links
from query.web.ranking_choices import OF_WORDS, RankingChoice, ranking_title
from query.web.search_form import SearchForm

SHELF_DOCUMENTS = 12
"""Documents that the start page shows: a look at what is there, not a list of it."""
SHELF_LOOK = 4 * SHELF_DOCUMENTS
"""Documents it looks at: some have no page, or no path yet. They come in order of id, which is by
chance, as a hash has it."""


@dataclass(frozen=True)
class SnippetPart:
    """A run of characters of a snippet, matched by the query or not."""

    text: str
    is_match: bool


@dataclass(frozen=True)
class PageLink:
    """A page by its number, or with its file's name."""

    text: str
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
        halves: what each half of `hybrid` says; "" for other rankings.
        meter: how long the meter is, 0 to 1.
        is_waiting: whether it was found by its words, for its vectors are still to come.
        is_ocr: whether OCR has read its words.
        is_tie: whether the score is too close to that of the hit before to tell which is better.
        why_no_snippet: what is read in its place; "" where there is one, or nothing to say.
        narrow: links to its document or folder alone, or to all other documents.
        others: other pages of the hit that were found, the first few.
        n_more: how many further ones.
        look_alike: whether the others are those that look the same, which are shown when asked for.
    """

    place: int
    href: str
    preview: str
    file: str
    where: str
    page_number: int
    score: str
    score_name: str
    halves: str
    meter: float
    is_waiting: bool
    is_ocr: bool
    is_tie: bool
    snippet: tuple[SnippetPart, ...]
    why_no_snippet: str
    narrow: tuple[NarrowLink, ...]
    others: tuple[PageLink, ...]
    n_more: int
    look_alike: bool


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
class AnswerView:
    """A page of hits.

    Attributes:
        hits: above the line of resemblance.
        below: hits below it, folded unless they are all there is.
        below_said: what they are; "" for none.
        count_said, how_said: how many hits, and how they were found.
        why_none, what_to_try: for an answer without hits.
        like: the page whose like was asked for.
        by_image: whether an image was the query; it is not kept, and its answer has no more parts.
        previous, following: addresses of the hits before and behind these; "" where none are.
    """

    hits: tuple[HitCard, ...]
    below: tuple[HitCard, ...]
    below_said: str
    count_said: str
    how_said: str
    notices: tuple[str, ...]
    why_none: str
    what_to_try: tuple[Suggestion, ...]
    like: NamedPage | None
    by_image: bool
    previous: str = ""
    following: str = ""


@dataclass(frozen=True)
class ShelfDocument:
    """A document as the start page shows it."""

    file: str
    page_count: int
    href: str
    preview: str


def answer_view(
    found: Found,
    form: SearchForm,
    rankings: tuple[RankingChoice, ...],
    like: NamedPage | None = None,
    *,
    by_image: bool = False,
    why_none: str = "",
) -> AnswerView:
    """Lay out what a search gave.

    Args:
        found: by the service.
        form: that asked.
        rankings: as the form offers them.
        like: the page whose like was asked for.
        by_image: whether an image was the query.
        why_none: why there are no hits; "" where there are some.
    """
    full, ranking = _full_meter(found), found.request.ranking
    hits = zip(found.groups, found.hit_words, found.ties, strict=True)
    cards = tuple(
        _card(place, group, words, form, ranking, full, tie, by_image=by_image)
        for place, (group, words, tie) in enumerate(hits, found.request.offset + 1)
    )
    below = cards[found.n_above_line :]
    return AnswerView(
        hits=cards[: found.n_above_line],
        below=below,
        below_said=_below_said(found, len(below)),
        count_said=_count_said(found),
        how_said=_how_said(found, rankings),
        notices=found.notices,
        why_none=why_none,
        what_to_try=_what_to_try(found, form, rankings),
        like=like,
        by_image=by_image,
        previous="" if by_image else _before(found, form),
        following="" if by_image else _behind(found, form),
    )


def _before(found: Found, form: SearchForm) -> str:
    """Address of the hits before these; "" where there are none."""
    offset = found.request.offset
    return form.from_place(max(0, offset - found.request.k)).href if offset else ""


def _behind(found: Found, form: SearchForm) -> str:
    """Address of the hits behind these; "" where there are none."""
    return "" if found.next_offset is None else form.from_place(found.next_offset).href


def shelf_view(documents: Sequence[Document]) -> tuple[ShelfDocument, ...]:
    """The first pages of a few documents, in order of path.

    Args:
        documents: some of the index.
    """
    with_pages = [d for d in documents if d.files and d.has_readable_pages]
    shown = sorted(with_pages[:SHELF_DOCUMENTS], key=lambda d: d.name)
    return tuple(_on_shelf(document) for document in shown)


def _on_shelf(document: Document) -> ShelfDocument:
    first = page_id(document.document_id, document.readable_pages[0])
    return ShelfDocument(
        file=file_name(document.name),
        page_count=document.page_count,
        href=page_href(first),
        preview=thumbnail_href(first),
    )


def marked(found: Snippet) -> tuple[SnippetPart, ...]:
    """A snippet, matched words apart.

    >>> [(part.text, part.is_match) for part in marked(Snippet("a tall crane", ((7, 12),)))]
    [('a tall ', False), ('crane', True)]
    """
    parts, at = [], 0
    for start, end in found.spans:
        parts += [
            SnippetPart(found.text[at:start], False),
            SnippetPart(found.text[start:end], True),
        ]
        at = end
    parts.append(SnippetPart(found.text[at:], False))
    return tuple(part for part in parts if part.text)


def _below_said(found: Found, n: int) -> str:
    if found.line is None or n == 0:
        return ""
    which = count(n, "page") if n == len(found.groups) else f"{count(n, 'more page')}"
    if found.line.words_do:
        return f"{which} without a word of the query, found by {found.found_by}"
    return f"{which}, no more alike than some are by chance"


def _card(
    place: int,
    group: HitGroup,
    words: HitWords,
    form: SearchForm,
    ranking: str,
    full: float,
    tie: bool,
    *,
    by_image: bool,
) -> HitCard:
    hit = group.best
    others = group.others[:SHOWN_OTHER_PAGES]
    look_alike = bool(form.collapse)
    return HitCard(
        place=place,
        href=form.page_href(hit.page_id),
        preview=thumbnail_href(hit.page_id),
        file=file_name(hit.name),
        where=_where(hit.paths),
        page_number=hit.page_number,
        score=short_score(hit.score, ranking),
        score_name="mean cosine" if ranking in COSINE_RANKINGS else f"score of {ranking}",
        halves=halves_text(hit.halves),
        meter=min(1.0, max(0.0, hit.score / full)),
        is_waiting=hit.is_waiting,
        is_ocr=bool(hit.ocr_engine),
        is_tie=tie,
        snippet=marked(words.snippet),
        why_no_snippet=words.why_no_snippet,
        narrow=() if by_image else hit_links(hit, form),
        others=tuple(_page_link(other, form, with_file=look_alike) for other in others),
        n_more=len(group.others) - len(others),
        look_alike=look_alike,
    )


def _page_link(hit: Hit, form: SearchForm, *, with_file: bool) -> PageLink:
    number = hit.page_number
    text = f"{file_name(hit.name)} page {number}" if with_file else str(number)
    return PageLink(text, form.page_href(hit.page_id))


def _full_meter(found: Found) -> float:
    """The score whose meter is full; without a scale of its own, that of the best hit."""
    if found.request.ranking in (*COSINE_RANKINGS, HYBRID):
        return 1.0
    best = max((hit.score for hit in found.shown), default=0.0)
    return best if best > 0 else 1.0


def _where(paths: tuple[str, ...]) -> str:
    if not paths:
        return ""
    more = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
    return shown_path(str(PurePosixPath(paths[0]).parent), Path.cwd()) + more


def _count_said(found: Found) -> str:
    n, what = len(found.groups), found.request.group_by or "page"
    if not found.request.offset:
        return count(n, what)
    first, places = found.request.offset + 1, "place" if n == 1 else "places"
    return f"{count(n, what)}, {places} {first:,}" + (f" to {first + n - 1:,}" if n > 1 else "")


def _how_said(found: Found, rankings: tuple[RankingChoice, ...]) -> str:
    ms = sum(found.result.timings_ms.values())
    n = count(found.result.n_candidates, "page")
    return f"out of {n}, by {ranking_title(found.request.ranking, rankings)}, in {ms:,.0f} ms"


def _what_to_try(
    found: Found, form: SearchForm, rankings: tuple[RankingChoice, ...]
) -> tuple[Suggestion, ...]:
    wider = form.without_filters()
    tries = []
    if wider != form:
        tries.append(Suggestion("Search all pages, without filters", wider.href))
    if found.request.ranking == BM25:
        other = form.ranked_by(HAMMING_THEN_FLOAT)
        title = ranking_title(HAMMING_THEN_FLOAT, rankings)
        tries.append(Suggestion(f"Search by {title}, which finds similar pages too", other.href))
        tries.append(Suggestion("Use other words, or fewer of them", ""))
    elif found.result.n_candidates and rankings is OF_WORDS:
        tries.append(
            Suggestion(
                "To search by looks, make another index: "
                "pagelens ingest FOLDER --encoder colsmol --index NEW",
                "",
            )
        )
    return tuple(tries)
