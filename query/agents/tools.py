"""What each tool of `pagelens mcp` does. Knows nothing of the protocol.

Everything comes from SearchService, as for the web page and REST: what an agent is told is what a
person sees.
"""

import io
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image
from pydantic import BaseModel

from index.errors import IndexMismatchError, MissingDependencyError
from index.facets import most_first
from index.filters import Filters
from index.interface import HAMMING_THEN_FLOAT
from index.pages import Document, Hit, Page
from index.wording import rounded_score
from query.agents.citation import cited_place
from query.agents.regions import HotRegion, hot_regions, rounded_box
from query.agents.shapes import (
    Citation,
    DocumentsAnswer,
    FailedPage,
    GetPageArguments,
    IndexStatus,
    ListDocumentsArguments,
    ListedDocument,
    MatchingWord,
    OtherPage,
    PageAnswer,
    Region,
    SearchAnswer,
    SearchArguments,
    SearchHit,
)
from query.filters import FILTER_KEYS, read_filters
from query.found import Found
from query.heat.hot_words import HotWord, hot_words
from query.heat.merging import heat_of_cells
from query.heat.scale import common_scale
from query.hit_words import RESEMBLANCE
from query.page_name import find_page
from query.request import BY_DOCUMENT, SearchRequest
from query.service.refusals import BusyError, NoOriginalError
from query.service.service import SearchService
from query.token_matches import match_tokens
from query.why.no_hits import why_no_hits

MAX_TEXT_CHARS = 20_000  # 5,000 tokens; a page of small print has half of that
MAX_FAILURES = 10  # of one document: a thousand broken pages are one fact
_JPEG_QUALITY = 85


@dataclass(frozen=True)
class PageWithPicture:
    """A page as an agent gets it.

    Attributes:
        answer: all but the picture.
        jpeg: the picture.
    """

    answer: BaseModel
    jpeg: bytes


def search(service: SearchService, asked: SearchArguments) -> SearchAnswer:
    """Find pages.

    Raises:
        PagelensError: as the service does; its text says what to do.
    """
    with service.reading():
        pass  # an index that is not there is told at once; a failed load of its model is remembered
    request = SearchRequest(
        asked.query,
        asked.k,
        asked.ranking or "",
        offset=asked.offset,
        filters=read_filters({key: getattr(asked, key) for key in FILTER_KEYS}),
        group_by=BY_DOCUMENT if asked.group_by_document else None,
        collapse=asked.collapse,
        min_score=asked.min_score,
    )
    found = service.search(request)
    notices = list(found.notices)
    if not found.groups:
        notices.append(str(why_no_hits(found, service.stats().n_pages)))
    elif not found.words_nowhere and _only_resemble(found):
        notices.append("No word of the query stands on these pages; they only resemble it.")
    root = _root(hit.name for group in found.groups for hit in (group.best, *group.others))
    return SearchAnswer(
        root=root,
        hits=[_hit(found, place, root) for place in range(len(found.groups))],
        n_candidates=found.result.n_candidates,
        words_nowhere=list(found.words_nowhere),
        n_waiting=found.n_waiting,
        next_offset=found.next_offset,
        notices=notices,
    )


def _only_resemble(found: Found) -> bool:
    return all(words.matched_by == RESEMBLANCE for words in found.hit_words)


def _hit(found: Found, place: int, root: str) -> SearchHit:
    """One hit of an answer; `place` counts from 0."""
    group, words, ranking = found.groups[place], found.hit_words[place], found.request.ranking
    return SearchHit(
        page=_page_name(group.best, root),
        score=rounded_score(group.best.score, ranking),
        title=group.best.title,
        snippet=words.snippet.text,
        matched_by=words.matched_by,
        below_line=place >= found.n_above_line,
        ties_with_previous=found.ties[place],
        is_waiting=group.best.is_waiting,
        is_read_by_ocr=bool(group.best.ocr_engine),
        other_pages=[
            OtherPage(page=_page_name(other, root), score=rounded_score(other.score, ranking))
            for other in group.others
        ],
    )


def _root(paths: Iterable[str]) -> str:
    """The folder in which all of these lie; "" where there is none."""
    folders = {posixpath.dirname(path) for path in paths}
    return posixpath.commonpath(folders) if folders and all(folders) else ""


def _below(root: str, path: str) -> str:
    return posixpath.relpath(path, root) if root else path


def _page_name(hit: Hit, root: str) -> str:
    return f"{_below(root, hit.name)}:{hit.page_number}"


def named_page(service: SearchService, name: str) -> Page:
    """The page that an agent names.

    Raises:
        WrongUseError: there is none of this name, or there are several.
    """
    with service.reading() as index:
        page_id = find_page(index, name, '"search"')
    return service.page(page_id)


def get_page(service: SearchService, asked: GetPageArguments) -> PageWithPicture:
    """Show a page and, with a query, where on it the query matches.

    Without the index's model the page still comes, with a notice in the place of its regions.

    Raises:
        PagelensError: as the service does; its text says what to do.
    """
    page = named_page(service, asked.page)
    regions: tuple[HotRegion, ...] = ()
    words: tuple[HotWord, ...] = ()
    notices = []
    if asked.query is not None:
        try:
            query = service.encode(asked.query)
            matches = match_tokens(query, page, HAMMING_THEN_FLOAT)
            scale = common_scale([heat_of_cells(query, page, None)], service.fingerprint)
            regions = hot_regions(matches, page.words, scale)
            words = hot_words(query, page, None, scale)
        except (MissingDependencyError, IndexMismatchError) as e:
            notices.append(f"No regions, for want of the model. {e}")
        else:
            if page.is_waiting:
                notices.append("The vectors of this page are still to come: no regions yet.")
            elif not matches:
                notices.append("This page has no vectors: nothing on it can match a query.")
            elif not regions:
                notices.append("Nothing on this page matches the query; likeness is by chance.")
    document = service.document(page.document_id)
    why_not_drawn = document.why_not_drawn(page.page_number)
    if why_not_drawn:
        notices.append(f"This page could not be drawn ({why_not_drawn}); only its words are known.")
    why_not_read = document.why_not_read(page.page_number)
    if why_not_read:
        notices.append(
            f"OCR could not read this page ({why_not_read}): the picture holds words that its text "
            "does not."
        )
    printed = printed_number_of(service, page)
    answer = _page_answer(page, document, printed, asked.query, regions, words, notices)
    return PageWithPicture(answer, as_jpeg(page.preview))


def printed_number_of(service: SearchService, page: Page) -> str:
    """What a reader of the file finds on the page; "" where the file is not there to tell."""
    try:
        return service.printed_number(page.page_id)
    except (NoOriginalError, MissingDependencyError, BusyError):
        return ""


def _page_answer(
    page: Page,
    document: Document,
    printed_number: str,
    query: str | None,
    regions: Sequence[HotRegion],
    words: Sequence[HotWord],
    notices: list[str],
) -> PageAnswer:
    text = page.words.text
    place = None if query is None else cited_place(page, query, regions)
    return PageAnswer(
        title=document.title,
        page_count=document.page_count,
        language=page.language,
        citation=Citation(
            file=document.name,
            page_number=page.page_number,
            printed_number=printed_number,
            quote=place.quote if place else "",
            box=place.box if place else None,
            is_read_by_ocr=bool(page.ocr_engine),
        ),
        regions=[
            Region(
                boxes=list(region.boxes),
                similarity=round(region.similarity, 3),
                query_tokens=list(region.tokens),
                words=list(region.words),
            )
            for region in regions
        ],
        matching_words=[
            MatchingWord(
                text=word.text,
                box=rounded_box(word.box),
                heat=round(word.heat, 3),
                confidence=None if word.confidence is None else round(word.confidence, 3),
            )
            for word in words
        ],
        ocr_engine=page.ocr_engine,
        text=text[:MAX_TEXT_CHARS],
        is_text_cut=len(text) > MAX_TEXT_CHARS,
        notices=notices,
    )


def as_jpeg(preview: bytes) -> bytes:
    """A preview as every client and model reads it; some take no WebP."""
    with Image.open(io.BytesIO(preview)) as image:
        data = io.BytesIO()
        image.convert("RGB").save(data, "JPEG", quality=_JPEG_QUALITY)
    return data.getvalue()


def list_documents(service: SearchService, asked: ListDocumentsArguments) -> DocumentsAnswer:
    """List the index's files, and what it holds.

    Raises:
        PagelensError: as the service does; its text says what to do.
    """
    filters = read_filters({"path": asked.path, "not_path": asked.not_path})
    listed, n_matching = _matching(service, filters, asked.offset, asked.limit)
    end = asked.offset + asked.limit
    root = _root(path for document in listed for path in document.paths)
    stats, fingerprint, facets = service.stats(), service.fingerprint, service.facets(filters)
    return DocumentsAnswer(
        root=root,
        index=IndexStatus(
            n_documents=stats.n_documents,
            n_pages=stats.n_pages,
            n_pages_without_vectors=stats.n_pages_without_vectors,
            n_pages_waiting=stats.n_pages_waiting,
            n_pages_by_ocr_engine=dict(stats.n_pages_by_ocr_engine),
            n_failed_documents=stats.n_failed_documents,
            encoder=fingerprint.encoder,
            model=fingerprint.model,
        ),
        n_matching=n_matching,
        pages_by_language=most_first(facets.languages),
        pages_by_year=most_first(facets.years),
        pages_by_kind=most_first(facets.kinds),
        documents=[_listed(document, root) for document in listed],
        next_offset=end if end < n_matching else None,
    )


def _matching(
    service: SearchService, filters: Filters, offset: int, limit: int
) -> tuple[Sequence[Document], int]:
    """A part of the documents whose paths pass, in order of path, and how many do."""
    with service.reading() as index:
        if not filters.names_path:
            part = index.documents_by_path(offset, limit)
            return part.documents, part.n_documents
        passing = [d for d in index.documents() if d.files and filters.passes_paths(d.paths)]
    passing.sort(key=lambda document: document.files[0].path)
    return passing[offset : offset + limit], len(passing)


def _listed(document: Document, root: str) -> ListedDocument:
    return ListedDocument(
        document_id=document.document_id,
        files=[_below(root, path) for path in document.paths],
        title=document.title,
        page_count=document.page_count,
        is_complete=document.is_complete,
        n_failures=len(document.failures),
        failures=[
            FailedPage(
                page_number=failure.page_number,
                last_page=failure.last_page,
                reason=failure.reason,
                has_words=failure.has_words,
                is_of_ocr=failure.is_of_ocr,
            )
            for failure in document.failures[:MAX_FAILURES]
        ],
        not_searched=document.not_searched,
    )
