"""SearchService: everything the web page, the REST interface and agents ask for, for many at once.

Requests come from threads. Searches run in parallel, each on one state of the index; the model
serves one query after another; whoever would wait too long is told so. Knows nothing of HTTP.
"""

import io
import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace

from PIL import Image

from encoders.interface import Encoder, PageInput
from index.errors import WrongUseError
from index.facets import Facets
from index.filters import Filters
from index.interface import BM25, HAMMING_THEN_FLOAT, PageIndex
from index.pages import (
    Document,
    Fingerprint,
    IndexStats,
    Page,
    PageWords,
    QueryVectors,
    split_page_id,
)
from index.preview import thumbnail_in, thumbnail_of
from index.timing import StageTimer
from query.found import Found
from query.fusion import HYBRID
from query.heat.drawing import draw_heatmap
from query.heat.hot_words import HotWord, hot_words
from query.heat.merging import heat_map, heat_of_cells, map_size_px
from query.heat.region import part_of_map, words_in_part
from query.heat.scale import Scale, common_scale
from query.kept_places import KeptPlaces
from query.request import MOST_PLACES, SearchRequest, check_request
from query.search import default_ranking, find
from query.service.cached_function import CachedFunction
from query.service.concurrency_limit import ConcurrencyLimit
from query.service.model_loader import ModelLoader, ModelState
from query.service.original import Original, Originals
from query.service.page_query import frequent_words, look_of
from query.service.printed_number import PrintedNumbers, ReadPrintedNumber
from query.service.refusals import NoSuchPageError
from query.service.region import WHOLE_PAGE, Box, DrawRegion, Regions
from query.service.shared_index import SharedIndex
from query.service.uploaded_image import open_image
from query.why.explain import PageExplanation, explain

DEFAULT_K = 12  # whole rows of thumbnails on a screen of two, three, four or six columns
MAX_K = 100
MAX_RERANK = 10_000
MAX_TEXT_LENGTH = 1000
"""Characters of a query. Each word is a token, and phase 1 takes time for each: a pasted page would
hold up everybody."""

N_AT_ONCE = max(2, os.cpu_count() or 2)
"""Searches that run at the same time. They share the cores, so more of them would not be quicker;
fewer would leave cores idle while one reads its hits."""
N_WAITING = 48  # a page with its pictures asks for a dozen things at once
WAIT_S = 20.0  # whoever is asked to wait longer thinks that it hangs

N_RECENT = 64
"""Queries whose vectors, hits and colour scale are kept: a result page asks for a heatmap of each
hit."""
N_THUMBNAILS = 512
"""Thumbnails that are kept, with their previews, of pages stored without: some 50 MB."""
SCALE_PAGES = 10  # hits the colour scale is made from: what a person compares


class SearchService:
    """An index and its encoder, shared by many requests.

    Nothing is opened before it is needed; `start` begins to load the model, so that the first
    search need not wait for it. Every method may raise what opening the index raises.

    Args:
        open_index: opens the index for reading.
        load_encoder: loads the encoder that made an index's vectors.
        draw_region: draws a part of a page from its file; None where nothing can.
        read_printed_number: reads in its file what is printed as its number; likewise.
    """

    def __init__(
        self,
        open_index: Callable[[], PageIndex],
        load_encoder: Callable[[Fingerprint], Encoder],
        draw_region: DrawRegion | None = None,
        read_printed_number: ReadPrintedNumber | None = None,
    ) -> None:
        self._index = SharedIndex(open_index)
        self._loader = ModelLoader(lambda: load_encoder(self.fingerprint), self._warm_up)
        self._searches = ConcurrencyLimit("searches", N_AT_ONCE, N_WAITING, WAIT_S)
        self._model = ConcurrencyLimit("queries to the model", 1, N_WAITING, WAIT_S)
        self._recent_text_vectors = CachedFunction(self._encode, N_RECENT)
        self._recent_page_vectors = CachedFunction(self._page_vectors, N_RECENT)
        self._recent_found = CachedFunction(self._find, N_RECENT)
        self._recent_scales = CachedFunction(self._scale, N_RECENT)
        self._originals = Originals()
        self._regions = Regions(self._originals, draw_region)
        self._printed_numbers = PrintedNumbers(self._originals, read_printed_number)
        self._made_thumbnails = CachedFunction(_made_thumbnail, N_THUMBNAILS)
        self._stats_at = CachedFunction(self._stats, size=1)
        self._kept_places = KeptPlaces()

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
    def default_ranking(self) -> str:
        """The ranking that is taken now where none is asked for."""
        with self._index.reading() as index:
            n_waiting = index.n_waiting() if index.n_unfinished() else 0
            return default_ranking(index.fingerprint, n_waiting)

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
        _check_bounds(request)
        if request.ranking == BM25:
            return self._find_on(request)
        timer = StageTimer()
        with timer.stage("encode"):
            request = self._with_vectors(request)
        found = self._find_on(request)
        timings_ms = {**timer.timings_ms, **found.result.timings_ms}
        return replace(found, result=replace(found.result, timings_ms=timings_ms))

    def search_for_heat(self, request: SearchRequest) -> Found:
        """As `search`, with vectors whatever the ranking; kept, for the pictures of one answer."""
        _check_bounds(request)
        return self._recent_found(self._with_vectors(request))

    def like_page(self, page_id: str, request: SearchRequest) -> SearchRequest:
        """The request for pages like one, which is no hit itself.

        Args:
            page_id: the page.
            request: everything else that is asked for; its query is empty.

        Raises:
            WrongUseError: this is not a page id, or the page holds nothing to compare.
            NoSuchPageError: the index does not hold it.
            PagelensError: as `search`.
        """
        _refuse_two_queries(request)
        split_page_id(page_id)
        return replace(request, query=self._recent_page_vectors(page_id), except_page_id=page_id)

    def like_image(self, data: bytes, request: SearchRequest) -> SearchRequest:
        """The request for pages that look like an image.

        Args:
            data: a file in a format of uploaded_image.py.
            request: everything else that is asked for; its query is empty.

        Raises:
            WrongUseError: it is no image that can be read, or images cannot be searched here.
            PagelensError: as `search`.
        """
        _refuse_two_queries(request)
        if request.ranking in (BM25, HYBRID):
            raise WrongUseError(
                f"An image has no words, which the ranking {request.ranking} needs. "
                f"Take {HAMMING_THEN_FLOAT}."
            )
        return replace(request, query=self._image_vectors(data))

    def encode(self, text: str) -> QueryVectors:
        """A text's vectors, for what is asked of one page alone; raises what `search` raises."""
        request = SearchRequest(text, k=1)
        _check_bounds(request)
        check_request(request)
        return self._recent_text_vectors(request.text)

    def explain(self, found: Found, page_id: str) -> PageExplanation:
        """Say why a page came up, or why not.

        Raises:
            WrongUseError: this is not a page id.
            NoSuchPageError: the index does not hold it.
            BusyError: too many requests at once.
        """
        with self._search_slot() as index:
            _page(index, page_id)
            return explain(index, found, page_id)

    def heatmap(self, found: Found, page_id: str, token_index: int | None, width_px: int) -> bytes:
        """Draw where a page matches; raises what `page` raises, and BusyError.

        Args:
            found: by `search_for_heat`; all pages of it share one colour scale.
            page_id: any page.
            token_index: one token of the query; None takes the highest over the content tokens.
            width_px: of the picture; never larger than the preview.

        Returns:
            WebP: the page in greys, its heat in colours, its hottest words outlined.

        Raises:
            WrongUseError: the query has no such token.
        """
        _check_token(found.query, token_index)
        page = self.page(page_id)
        preview = _narrowed(page.preview, width_px)
        return self._drawn_heat(found, page, token_index, preview, WHOLE_PAGE, zoom=1)

    def heat_region(
        self, found: Found, page_id: str, token_index: int | None, box: Box, width_px: int
    ) -> bytes:
        """A part of what `heatmap` draws, sharper; raises what `heatmap` and `region` raise.

        Args:
            found: as `heatmap`.
            page_id: any page.
            token_index: as `heatmap`.
            box: x0, y0, x1, y1, fractions of the page.
            width_px: as `region`.
        """
        _check_token(found.query, token_index)
        page = self.page(page_id)
        region = self._regions.picture(self.document(page.document_id), page, box, width_px)
        with Image.open(io.BytesIO(region)) as part, Image.open(io.BytesIO(page.preview)) as whole:
            zoom = part.width / ((box[2] - box[0]) * whole.width)
        return self._drawn_heat(found, page, token_index, region, box, zoom)

    def _drawn_heat(
        self,
        found: Found,
        page: Page,
        token_index: int | None,
        picture: bytes,
        box: Box,
        zoom: float,
    ) -> bytes:
        """A picture of a part of a page with its heat; `zoom` as draw_heatmap has it."""
        scale = self._recent_scales(found)
        with self._searches.slot():  # drawing takes the cores as a search does
            words = hot_words(found.query, page, token_index, scale)
            outlined = words_in_part([word for word in words if scale.is_hot(word.heat)], box)
            heat = heat_map(found.query, page, token_index, *map_size_px(page))
            return draw_heatmap(picture, part_of_map(heat, box), scale, outlined, "WEBP", zoom)

    def hot_words(self, found: Found, page_id: str, token_index: int | None) -> tuple[HotWord, ...]:
        """The words that stand where a page matches best, hottest first; as `heatmap`."""
        _check_token(found.query, token_index)
        return hot_words(found.query, self.page(page_id), token_index, self._recent_scales(found))

    def page(self, page_id: str) -> Page:
        """A page with its words and vectors.

        Raises:
            WrongUseError: this is not a page id.
            NoSuchPageError: the index does not hold it.
        """
        with self._index.reading() as index:
            return _page(index, page_id)

    def image(self, page_id: str) -> bytes:
        """A page's preview, WebP; raises what `page` raises."""
        split_page_id(page_id)
        with self._index.reading() as index:
            try:
                return index.image(page_id)
            except WrongUseError as e:
                raise NoSuchPageError(str(e)) from e

    def region(self, page_id: str, box: Box, width_px: int) -> bytes:
        """A part of a page drawn from its file, WebP; raises what `page` raises, and BusyError.

        Args:
            page_id: the page.
            box: x0, y0, x1, y1, fractions of the page.
            width_px: of the picture; less is given where it would be too large.

        Raises:
            WrongUseError: this is no part of a page.
            NoOriginalError: the file has not the bytes any more that were indexed.
            UnavailableError: there is nothing to draw with.
        """
        page = self.page(page_id)
        return self._regions.picture(self.document(page.document_id), page, box, width_px)

    def original(self, page_id: str) -> Original:
        """The file a page is of, open, for its bytes; to be closed. Raises what `page` raises.

        Raises:
            NoOriginalError: it has not the bytes any more that were indexed.
        """
        self.image(page_id)  # what the index does not show is not given out
        return self._originals.open(self.document(split_page_id(page_id)[0]))

    @property
    def draws_regions(self) -> bool:
        """Whether there is anything to draw parts of pages with."""
        return self._regions.can_draw

    def printed_number(self, page_id: str) -> str:
        """What is printed on a page as its number, "" where that is no other or is not known.

        Raises what `page` raises, and BusyError.

        Raises:
            NoOriginalError: the file has not the bytes any more that were indexed.
        """
        self.image(page_id)  # what the index does not show is not read
        document_id, page_number = split_page_id(page_id)
        return self._printed_numbers.of(self.document(document_id), page_number)

    def thumbnail(self, page_id: str) -> bytes:
        """A page's small picture, JPEG; raises what `page` raises.

        It is stored with the preview. Where an earlier version has stored none it is made once.
        """
        preview = self.image(page_id)
        return thumbnail_in(preview) or self._made_thumbnails(preview)

    def documents(self, offset: int = 0, limit: int | None = None) -> list[Document]:
        """Documents in order of id, those `offset` passes over left out, at most `limit`."""
        with self._index.reading() as index:
            return list(index.documents(offset, limit))

    def document_count(self) -> int:
        """How many `documents` gives in all."""
        with self._index.reading() as index:
            return index.document_count()

    def facets(self, filters: Filters) -> Facets:
        """How many pages pass the filters, by language, year, kind and folder."""
        with self._index.reading() as index:
            return index.facets(filters)

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
        """What the index holds now; counted once for each `state`."""
        return self._stats_at(self.state_of_index())

    def state_of_index(self) -> Hashable:
        """See `PageIndex.state`."""
        with self._index.reading() as index:
            return index.state()

    def _warm_up(self, encoder: Encoder) -> None:
        """Search once: the first search of a process is ten times as slow."""
        with self._model.slot():
            query = encoder.encode_query("warm")
        with self._search_slot() as index:
            index.search(query, HAMMING_THEN_FLOAT, 1)

    @contextmanager
    def _search_slot(self) -> Iterator[PageIndex]:
        with self._searches.slot(), self._index.reading() as index:
            yield index

    def _stats(self, _: Hashable) -> IndexStats:
        with self._index.reading() as index:
            return index.stats()

    def _find(self, request: SearchRequest, given: tuple[str, ...] = ()) -> Found:
        """Run a search that needs no encoder any more."""
        with self._search_slot() as index:
            return find(index, self._loader.encoder, request, given)

    def _find_on(self, request: SearchRequest) -> Found:
        """The same, and what was given before keeps its place."""
        found = self._find(request, self._kept_places.before(request))
        self._kept_places.keep(request, found.given)
        return found

    def _with_vectors(self, request: SearchRequest) -> SearchRequest:
        """The request with its query encoded; equal texts within a while are encoded once."""
        check_request(request)
        if isinstance(request.query, str):
            return replace(request, query=self._recent_text_vectors(request.query))
        return request

    def _encode(self, text: str) -> QueryVectors:
        encoder = self._loader.encoder()
        with self._model.slot():
            return encoder.encode_query(text)

    def _page_vectors(self, page_id: str) -> QueryVectors:
        """What a page has that can be searched for: its looks, or its words."""
        page = self.page(page_id)
        words = frequent_words(page)
        if self.sees_images and len(page.vectors.vectors):
            return look_of(page.vectors, words)
        if not words:
            raise WrongUseError(
                "This page has no words, and this index was made from words: there is nothing to "
                "compare. Choose another page."
            )
        return self._encode(words)

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
        with self._model.slot():
            vectors = encoder.encode_pages([seen])[0]
        return look_of(vectors, "")

    def _scale(self, found: Found) -> Scale:
        """The colours that all pages of a search share, from its first hits."""
        pages = []
        with self._index.reading() as index:
            for hit in found.shown[:SCALE_PAGES]:
                with suppress(NoSuchPageError):  # an ingest may have removed it since
                    pages.append(_page(index, hit.page_id))
            made_with = index.fingerprint
        return common_scale([heat_of_cells(found.query, page, None) for page in pages], made_with)


def _check_bounds(request: SearchRequest) -> None:
    """Refuse what would hold up everybody.

    Raises:
        WrongUseError: too much is asked for.
    """
    if isinstance(request.query, str) and len(request.query) > MAX_TEXT_LENGTH:
        raise WrongUseError(
            f"The query has {len(request.query):,} characters; at most {MAX_TEXT_LENGTH:,} are "
            "taken. Leave words out."
        )
    if request.k > MAX_K:
        raise WrongUseError(f"{request.k:,} hits are too many; at most {MAX_K} are given.")
    if request.offset + request.k > MOST_PLACES:
        raise WrongUseError(
            f"{request.k} hits from place {request.offset + 1:,} on are too many: an answer goes "
            f"on to place {MOST_PLACES:,}. Narrow the search instead."
        )
    if request.rerank is not None and not 1 <= request.rerank <= MAX_RERANK:
        raise WrongUseError(f"--rerank ({request.rerank}) must be from 1 to {MAX_RERANK:,}.")


def _refuse_two_queries(request: SearchRequest) -> None:
    if request.text.strip():
        raise WrongUseError("Search for a text, a page or an image: one of them at a time.")


def _check_token(query: QueryVectors, token_index: int | None) -> None:
    if token_index is not None and not 0 <= token_index < len(query.tokens):
        raise WrongUseError(
            f"The query has no token {token_index}; it has {len(query.tokens)}, counted from 0."
        )


def _narrowed(preview: bytes, width_px: int) -> bytes:
    """A preview no wider than `width_px`, PNG without compression: it is read again at once."""
    with Image.open(io.BytesIO(preview)) as image:
        width_px = min(width_px, image.width)
        height_px = max(1, round(image.height * width_px / image.width))
        smaller = image.resize((width_px, height_px), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    smaller.save(data, "PNG", compress_level=0)
    return data.getvalue()


def _made_thumbnail(preview: bytes) -> bytes:
    with Image.open(io.BytesIO(preview)) as image:
        return thumbnail_of(image)


def _page(index: PageIndex, page_id: str) -> Page:
    split_page_id(page_id)
    try:
        return index.page(page_id)
    except WrongUseError as e:  # the id is well formed, so it is not there
        raise NoSuchPageError(str(e)) from e
