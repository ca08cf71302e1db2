"""SearchService: everything the web page, the REST interface and agents ask for, for many at once.

Requests come from threads. Searches run in parallel, each on one state of the index; the model
serves one query after another; whoever would wait too long is told so. Knows nothing of HTTP.
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

from PIL import Image

from encoders.interface import Encoder, PageInput
from index.errors import WrongUseError
from index.interface import BM25, PageIndex
from index.pages import (
    Document,
    Filters,
    Fingerprint,
    IndexStats,
    Page,
    PageWords,
    QueryVectors,
    SearchResult,
    split_page_id,
)
from index.timing import StageTimer
from query.explain import PageExplanation, explain
from query.heatmap import Scale, common_scale, draw_heatmap, heat_map, heat_of_cells, map_size_px
from query.hot_words import HotWord, hot_words
from query.page_query import frequent_words, look_of
from query.search import (
    DEFAULT_RANKING,
    HYBRID,
    PAGES_PER_DOCUMENT,
    DocumentHits,
    check_query,
    group_by_document,
    search_encoded,
)
from query.web.model_loader import ModelLoader, ModelState
from query.web.recent import Recent
from query.web.refusals import NoSuchPageError
from query.web.shared_index import SharedIndex
from query.web.turns import Turns
from query.web.uploaded_image import open_image

DEFAULT_K = 12  # whole rows of thumbnails on a screen of two, three, four or six columns
MAX_K = 100
MAX_RERANK = 2000
MAX_TEXT_LENGTH = 1000
"""Characters of a query. Each word is a token, and phase 1 takes time for each: a pasted page would
hold up everybody."""

N_AT_ONCE = max(2, os.cpu_count() or 2)
"""Searches that run at the same time. Each spreads its phases over all cores, so more of them would
not be quicker; fewer would leave the cores idle while one reads its hits."""
N_WAITING = 48  # a page with its pictures asks for a dozen things at once
WAIT_S = 20.0  # whoever is asked to wait longer thinks that it hangs

N_RECENT = 64
"""Queries whose vectors and colour scale are kept: a result page asks for a heatmap of each hit."""
SCALE_PAGES = 10  # hits the colour scale is made from: what a person compares


@dataclass(frozen=True)
class SearchRequest:
    """What is asked for: one of text, page or image.

    Attributes:
        text: what the user typed.
        page_id: a page whose like is wanted.
        image: a file in a format Pillow reads.
        ranking: one of RANKINGS.
        k: how many hits; documents, where they are grouped.
        rerank: how many pages phase 2 scores; None takes the index's default.
        filters: applied before ranking.
        group_by_document: one hit for each document.
    """

    text: str = ""
    page_id: str | None = None
    image: bytes | None = field(default=None, repr=False)
    ranking: str = DEFAULT_RANKING
    k: int = DEFAULT_K
    rerank: int | None = None
    filters: Filters = field(default_factory=Filters)
    group_by_document: bool = False

    @property
    def n_pages(self) -> int:
        """How many pages are looked for to have k hits."""
        return self.k * PAGES_PER_DOCUMENT if self.group_by_document else self.k


@dataclass(frozen=True, eq=False)
class Found:
    """What a search gave.

    Attributes:
        request: as it was asked.
        query: as the index saw it; without vectors for `bm25`.
        result: every page found, with the time it took.
        groups: the k hits to show, best first; `others` is empty unless they are grouped.
    """

    request: SearchRequest
    query: QueryVectors
    result: SearchResult
    groups: tuple[DocumentHits, ...]


class SearchService:
    """An index and its encoder, shared by many requests.

    Nothing is opened before it is needed; `start` begins to load the model, so that the first
    search need not wait for it. Every method may raise what opening the index raises.

    Args:
        open_index: opens the index for reading.
        load_encoder: loads the encoder that made an index's vectors.
    """

    def __init__(
        self,
        open_index: Callable[[], PageIndex],
        load_encoder: Callable[[Fingerprint], Encoder],
    ) -> None:
        self._index = SharedIndex(open_index)
        self._loader = ModelLoader(lambda: load_encoder(self.fingerprint), self._warm_up)
        self._searches = Turns("searches", N_AT_ONCE, N_WAITING, WAIT_S)
        self._model = Turns("queries to the model", 1, N_WAITING, WAIT_S)
        self._recent_vectors = Recent(self._encode, N_RECENT)
        self._recent_scales = Recent(self._scale, N_RECENT)

    def start(self) -> None:
        """Load the model in the background; searches of words alone work meanwhile."""
        self._loader.start()

    def close(self) -> None:
        """Give the index back, after the requests under way."""
        self._index.close()

    @property
    def state(self) -> ModelState:
        """How far the model is."""
        return self._loader.state

    @property
    def fingerprint(self) -> Fingerprint:
        """What made the vectors of the index."""
        with self._index.reading() as index:
            return index.fingerprint

    @property
    def sees_images(self) -> bool:
        """Whether the index was made from what pages look like, and an image can be a query."""
        return self.fingerprint.rendering != "words"

    def reading(self) -> AbstractContextManager[PageIndex]:
        """The index itself, on one state for as long as the block runs; not to be nested."""
        return self._index.reading()

    def search(self, request: SearchRequest) -> Found:
        """Find pages.

        Raises:
            WrongUseError: nothing or too much is asked for, or an unknown ranking.
            BusyError: too many requests at once, or the model is not loaded yet.
            PagelensError: the model could not be loaded.
        """
        timer = StageTimer()
        with timer.stage("encode"):
            query = self._query(request)
        result = self._search(request, query)
        if request.group_by_document:
            groups = group_by_document(result.hits)[: request.k]
        else:
            groups = tuple(DocumentHits(hit, ()) for hit in result.hits)
        result = replace(result, timings_ms={**timer.timings_ms, **result.timings_ms})
        return Found(request, query, result, groups)

    def explain(self, request: SearchRequest, page_id: str) -> PageExplanation:
        """Say why a page came up, or why not; raises what `search` raises, and NoSuchPageError.

        Where the like of a page is wanted, places count that page too: it is most like itself.
        """
        query = self._query(request)
        with self._search_turn() as index:
            _page(index, page_id)
            return explain(
                index,
                query,
                page_id,
                request.ranking,
                _n_searched(request),
                rerank=request.rerank,
                filters=request.filters,
            )

    def heatmap(
        self, request: SearchRequest, page_id: str, token_index: int | None, width_px: int
    ) -> bytes:
        """Draw where a page matches; raises what `search` raises, and NoSuchPageError.

        Args:
            request: the search; all pages of it share one colour scale.
            page_id: any page.
            token_index: one token of the query; None takes the highest over the content tokens.
            width_px: of the picture; never larger than the preview.

        Returns:
            WebP: the page in greys, its heat in colours, its hottest words outlined.
        """
        query = self._vectors(request, token_index)
        scale = self._scale(request) if request.image else self._recent_scales(request)
        page = self.page(page_id)
        with self._searches.turn():  # drawing takes the cores as a search does
            words = hot_words(query, page, token_index)
            outlined = [word for word in words if scale.is_hot(word.heat)]
            heat = heat_map(query, page, token_index, *map_size_px(page))
            preview = _narrowed(page.preview, width_px, "PNG")
            return draw_heatmap(preview, heat, scale, outlined, "WEBP")

    def hot_words(
        self, request: SearchRequest, page_id: str, token_index: int | None
    ) -> tuple[HotWord, ...]:
        """The words that stand where a page matches best, hottest first; raises as `heatmap`."""
        query = self._vectors(request, token_index)
        return hot_words(query, self.page(page_id), token_index)

    def page(self, page_id: str) -> Page:
        """A page with its words and vectors.

        Raises:
            WrongUseError: this is not a page id.
            NoSuchPageError: the index does not hold it.
        """
        with self._index.reading() as index:
            return _page(index, page_id)

    def image(self, page_id: str, width_px: int | None = None) -> bytes:
        """A page's preview, WebP, no wider than asked for; raises what `page` raises."""
        split_page_id(page_id)
        with self._index.reading() as index:
            try:
                preview = index.image(page_id)
            except WrongUseError as e:
                raise NoSuchPageError(str(e)) from e
        return preview if width_px is None else _narrowed(preview, width_px, "WEBP")

    def documents(self) -> list[Document]:
        """Every document, in order of id."""
        with self._index.reading() as index:
            return list(index.documents())

    def document(self, document_id: str) -> Document:
        """One document.

        Raises:
            NoSuchPageError: the index does not hold it.
        """
        with self._index.reading() as index:
            document = index.document(document_id)
        if document is None:
            raise NoSuchPageError(f"The index holds no document {document_id}.")
        return document

    def stats(self) -> IndexStats:
        """What the index holds now."""
        with self._index.reading() as index:
            return index.stats()

    def _warm_up(self, encoder: Encoder) -> None:
        """Search once: the first search of a process is ten times as slow."""
        with self._model.turn():
            query = encoder.encode_query("warm")
        with self._search_turn() as index:
            index.search(query, DEFAULT_RANKING, 1)

    @contextmanager
    def _search_turn(self) -> Iterator[PageIndex]:
        with self._searches.turn(), self._index.reading() as index:
            yield index

    def _search(self, request: SearchRequest, query: QueryVectors) -> SearchResult:
        """Run a search whose query is encoded; the page it is like is no hit."""
        with self._search_turn() as index:
            result = search_encoded(
                index,
                query,
                request.ranking,
                _n_searched(request),
                rerank=request.rerank,
                filters=request.filters,
            )
        others = (hit for hit in result.hits if hit.page_id != request.page_id)
        return replace(result, hits=tuple(others)[: request.n_pages])

    def _query(self, request: SearchRequest) -> QueryVectors:
        """What a search takes: words alone need no model."""
        _check_request(request)
        if request.ranking == BM25 and request.page_id is None:
            return QueryVectors.text_only(request.text)
        return self._vectors(request)

    def _vectors(self, request: SearchRequest, token_index: int | None = None) -> QueryVectors:
        """The query's vectors, whatever the ranking.

        Raises:
            WrongUseError: there is no such request, or the query has no such token.
        """
        _check_request(request)
        if request.image is not None:
            query = self._image_vectors(request.image)
        else:
            query = self._recent_vectors((request.text, request.page_id))
        if token_index is not None and not 0 <= token_index < len(query.tokens):
            raise WrongUseError(
                f"The query has no token {token_index}; it has {len(query.tokens)}, counted from 0."
            )
        return query

    def _encode(self, key: tuple[str, str | None]) -> QueryVectors:
        text, page_id = key
        if page_id is None:
            encoder = self._loader.encoder()
            with self._model.turn():
                return encoder.encode_query(text)
        page = self.page(page_id)
        words = frequent_words(page)
        if self.sees_images and len(page.vectors.vectors):
            return look_of(page.vectors, words)
        if not words:
            raise WrongUseError(
                "This page has no words, and this index was made from words: there is nothing to "
                "compare. Choose another page."
            )
        encoder = self._loader.encoder()
        with self._model.turn():
            return encoder.encode_query(words)

    def _image_vectors(self, data: bytes) -> QueryVectors:
        if not self.sees_images:
            raise WrongUseError(
                "This index was made from the words of its pages, so an image cannot be searched. "
                "To search by looks, make another: pagelens ingest FOLDER --encoder colsmol "
                "--index NEW"
            )
        image = open_image(data)
        encoder = self._loader.encoder()
        size = encoder.page_size_px(*image.size)
        seen = PageInput(image.resize(size, Image.Resampling.LANCZOS), PageWords.none())
        with self._model.turn():
            vectors = encoder.encode_pages([seen])[0]
        return look_of(vectors, "")

    def _scale(self, request: SearchRequest) -> Scale:
        """The colours that all pages of a search share, from its first hits."""
        query = self._vectors(request)
        shown = replace(request, k=min(request.k, SCALE_PAGES), group_by_document=False)
        hits = self._search(shown, self._query(request)).hits
        with self._index.reading() as index:
            return common_scale(
                [heat_of_cells(query, _page(index, hit.page_id), None) for hit in hits]
            )


def _check_request(request: SearchRequest) -> None:
    """Refuse what no search can answer, and what would hold up everybody.

    Raises:
        WrongUseError: nothing or too much is asked for, or an unknown ranking.
    """
    given = [bool(request.text.strip()), request.page_id is not None, request.image is not None]
    if sum(given) > 1:
        raise WrongUseError("Search for a text, a page or an image: one of them at a time.")
    check_query(request.text if not any(given[1:]) else "-", request.ranking, request.k)
    if request.page_id is not None:
        split_page_id(request.page_id)
    if request.image is not None and request.ranking in (BM25, HYBRID):
        raise WrongUseError(
            f"An image has no words, which the ranking {request.ranking} needs. "
            f"Take {DEFAULT_RANKING}."
        )
    if len(request.text) > MAX_TEXT_LENGTH:
        raise WrongUseError(
            f"The query has {len(request.text):,} characters; at most {MAX_TEXT_LENGTH:,} are "
            "taken. Leave words out."
        )
    if request.k > MAX_K:
        raise WrongUseError(f"{request.k:,} hits are too many; at most {MAX_K} are given.")
    if request.rerank is not None and not 1 <= request.rerank <= MAX_RERANK:
        raise WrongUseError(f"--rerank ({request.rerank}) must be from 1 to {MAX_RERANK:,}.")


_SAVE_OPTIONS: dict[str, dict[str, int]] = {
    "WEBP": {"quality": 80, "method": 0},
    "PNG": {"compress_level": 0},  # it is read again at once
}


def _narrowed(preview: bytes, width_px: int, file_format: str) -> bytes:
    """A preview no wider than `width_px`, in a format of _SAVE_OPTIONS."""
    with Image.open(io.BytesIO(preview)) as image:
        width_px = min(width_px, image.width)
        height_px = max(1, round(image.height * width_px / image.width))
        smaller = image.resize((width_px, height_px), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    smaller.save(data, file_format, **_SAVE_OPTIONS[file_format])
    return data.getvalue()


def _n_searched(request: SearchRequest) -> int:
    """Hits the index is asked for: a page whose like is wanted comes up too, and is left out."""
    return request.n_pages + (request.page_id is not None)


def _page(index: PageIndex, page_id: str) -> Page:
    split_page_id(page_id)
    try:
        return index.page(page_id)
    except WrongUseError as e:  # the id is well formed, so it is not there
        raise NoSuchPageError(str(e)) from e
