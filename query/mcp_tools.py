"""What each tool of `pagelens mcp` does. Knows nothing of the protocol.

Everything comes from SearchService, as for the web page and REST: what an agent is told is what a
person sees.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from PIL import Image

from index.errors import IndexMismatchError, MissingDependencyError
from index.filters import path_matches
from index.interface import BM25
from index.pages import Document, Filters, Page
from query.filters import parse_filters
from query.hot_words import HotWord
from query.mcp_regions import HotRegion, hot_regions, rounded_box
from query.mcp_shapes import (
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
from query.search import DEFAULT_RANKING, DocumentHits
from query.snippet import snippet
from query.web.service import Found, SearchRequest, SearchService

MAX_TEXT_CHARS = 20_000  # 5,000 tokens; a page of small print has half of that
MAX_FAILURES = 10  # of one document: a thousand broken pages are one fact
_JPEG_QUALITY = 85


@dataclass(frozen=True)
class SeenPage:
    """A page as an agent gets it.

    Attributes:
        answer: all but the picture.
        jpeg: the page's preview.
    """

    answer: PageAnswer
    jpeg: bytes


def search(service: SearchService, asked: SearchArguments) -> SearchAnswer:
    """Find pages.

    Raises:
        PagelensError: as the service does; its text says what to do.
    """
    with service.reading():
        pass  # an index that is not there is told at once; a failed load of its model is remembered
    request = SearchRequest(
        text=asked.query,
        ranking=asked.ranking,
        k=asked.k,
        filters=_filters(asked),
        group_by_document=asked.group_by_document,
    )
    found = service.search(request)
    notices = list(found.result.notices)
    if not found.groups:
        notices.append(_why_no_hits(service, found))
    return SearchAnswer(
        hits=[_hit(rank, asked.query, group) for rank, group in enumerate(found.groups, 1)],
        n_candidates=found.result.n_candidates,
        notices=notices,
    )


def _filters(asked: SearchArguments) -> Filters:
    """The filters asked for; agents also send "" for what they do not ask."""
    given = {
        "path": asked.path,
        "document": asked.document,
        "pages": asked.pages,
        "language": asked.language,
    }
    return parse_filters([f"{key}={value}" for key, value in given.items() if value])


def _hit(rank: int, query: str, found: DocumentHits) -> SearchHit:
    hit = found.best
    return SearchHit(
        rank=rank,
        page_id=hit.page_id,
        document_id=hit.document_id,
        file=hit.paths[0] if hit.paths else "",
        page_number=hit.page_number,
        score=round(hit.score, 4),
        title=hit.title,
        snippet=snippet(hit.text, query).text,
        other_pages=[
            OtherPage(
                page_id=other.page_id, page_number=other.page_number, score=round(other.score, 4)
            )
            for other in found.others
        ],
    )


def _why_no_hits(service: SearchService, found: Found) -> str:
    n_pages, n_candidates = service.stats().n_pages, found.result.n_candidates
    if n_pages == 0:
        return "The index is empty. The user can fill it: pagelens ingest FOLDER"
    if n_candidates == 0:
        return f"None of the {n_pages:,} pages passes the filters. Leave one out."
    if found.request.ranking == BM25:
        return (
            f"None of the {n_candidates:,} pages holds one of these words. Try others, or the "
            f"ranking {DEFAULT_RANKING}, which finds similar ones too."
        )
    return (
        f"None of the {n_candidates:,} pages has a text layer, and this index was made from text: "
        "it cannot find pages by their looks."
    )


def get_page(service: SearchService, asked: GetPageArguments) -> SeenPage:
    """Show a page and, with a query, where on it the query matches.

    Without the index's model the page still comes, with a notice in the place of its regions.

    Raises:
        PagelensError: as the service does; its text says what to do.
    """
    page = service.page(asked.page_id)
    regions: tuple[HotRegion, ...] = ()
    words: tuple[HotWord, ...] = ()
    notices = []
    if asked.query is not None:
        request = SearchRequest(text=asked.query)
        try:
            matches = service.explain(request, asked.page_id).tokens
            regions = hot_regions(matches, page.words)
            words = service.hot_words(request, asked.page_id, None)
        except (MissingDependencyError, IndexMismatchError) as e:
            notices.append(f"No regions, for want of the model. {e}")
        else:
            if not regions:
                notices.append("This page has no vectors: nothing on it can match a query.")
    answer = _page_answer(page, service.document(page.document_id), regions, words, notices)
    return SeenPage(answer, _as_jpeg(page.preview))


def _page_answer(
    page: Page,
    document: Document,
    regions: Sequence[HotRegion],
    words: Sequence[HotWord],
    notices: list[str],
) -> PageAnswer:
    text = page.words.text
    return PageAnswer(
        page_id=page.page_id,
        document_id=page.document_id,
        title=document.title,
        page_count=document.page_count,
        language=page.language,
        citation=Citation(
            file=document.files[0].path if document.files else "",
            page_number=page.page_number,
            box=regions[0].boxes[0] if regions else None,
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
            MatchingWord(text=word.text, box=rounded_box(word.box), heat=round(word.heat, 3))
            for word in words
        ],
        text=text[:MAX_TEXT_CHARS],
        is_text_cut=len(text) > MAX_TEXT_CHARS,
        notices=notices,
    )


def _as_jpeg(preview: bytes) -> bytes:
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
    glob = asked.path or None
    matching = [
        document
        for document in service.documents()
        if document.files  # without a path it is not searchable, or not yet
        and (glob is None or any(path_matches(file.path, glob) for file in document.files))
    ]
    matching.sort(key=lambda document: PurePosixPath(document.files[0].path).parts)
    end = asked.offset + asked.limit
    stats, fingerprint = service.stats(), service.fingerprint
    return DocumentsAnswer(
        index=IndexStatus(
            n_documents=stats.n_documents,
            n_pages=stats.n_pages,
            n_pages_without_vectors=stats.n_pages_without_vectors,
            n_failed_documents=stats.n_failed_documents,
            encoder=fingerprint.encoder,
            model=fingerprint.model,
        ),
        n_matching=len(matching),
        documents=[_listed(document) for document in matching[asked.offset : end]],
        next_offset=end if end < len(matching) else None,
    )


def _listed(document: Document) -> ListedDocument:
    return ListedDocument(
        document_id=document.document_id,
        files=[file.path for file in document.files],
        title=document.title,
        page_count=document.page_count,
        is_complete=document.is_complete,
        n_failures=len(document.failures),
        failures=[
            FailedPage(page_number=failure.page_number, reason=failure.reason)
            for failure in document.failures[:MAX_FAILURES]
        ],
    )
