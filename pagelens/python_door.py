"""An index as Python sees it: `pagelens.open`, and what comes of a search. Prints nothing."""

import io
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import Literal, overload

from PIL import Image

from encoders.choose import load_encoder
from encoders.interface import Encoder
from index.facets import Facets
from index.interface import PageIndex
from index.location import Location
from index.pages import Document, IndexStats, QueryVectors
from index.pages import Hit as IndexHit
from index.wording import count, rounded_score
from ingest.pipeline import Watch, carry_out
from ingest.report import Report
from ingest.shard import Shard
from pagelens.open_index import open_index, open_index_for_writing
from pagelens.self_test import untrained_warning
from pagelens.sync import N_WORKERS, page_reader, prepare_sync
from query.filters import read_filters
from query.found import Found
from query.groups import HitGroup
from query.heat.drawing import draw_heatmap
from query.heat.hot_words import hot_words
from query.heat.merging import heat_map, heat_of_cells, map_size_px
from query.heat.scale import Scale, common_scale
from query.hit_words import HitWords, MatchedBy
from query.kept_places import KeptPlaces
from query.request import SearchRequest
from query.search import encode, find
from query.why.explain import PageExplanation, explain


class Index:
    """An index open for reading; `pagelens.open` makes one. A context manager.

    Every search sees what was committed by then. The model is loaded when a search first needs it,
    and stays.
    """

    def __init__(self, location: Location, candidates: str, model: str | None, device: str) -> None:
        self._index = open_index(location, candidates)
        self._kept_places = KeptPlaces()
        self._encoder: Callable[[], Encoder] = cache(
            lambda: load_encoder(self._index.fingerprint, model, device)
        )

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        ranking: str | None = None,
        rerank: int | None = None,
        path: str | None = None,
        document: str | None = None,
        pages: str | None = None,
        language: str | None = None,
        year: str | None = None,
        kind: str | None = None,
        not_path: str | None = None,
        not_document: str | None = None,
        not_pages: str | None = None,
        not_language: str | None = None,
        not_year: str | None = None,
        not_kind: str | None = None,
        group_by: Literal["document"] | None = None,
        collapse: bool = False,
        min_score: float | None = None,
        offset: int = 0,
    ) -> "Hits":
        """Find the pages that best answer a text.

        Args:
            query: what the pages say or show. "Quoted words" must stand on the page one after the
                other, and -word must not stand on it.
            k: how many hits; groups, where they are grouped.
            ranking: "hamming-then-float", "hamming-then-bits", "hamming", "float", "bm25" or
                "hybrid"; None takes "hybrid" for an index made from words or while pages wait for
                vectors, else "hamming-then-float".
            rerank: how many pages phase 2 scores; None takes the default.
            path: only files whose path ends like this, such as "2023/*.pdf".
            document: only the document of this id, or of one that begins so.
            pages: only such page numbers: "3", "3-10", "3-" or "-10".
            language: only pages in this language, such as "de".
            year: only files last changed in such years, UTC: "2023", "2020-2023", "2020-" or
                "-2023".
            kind: only files whose names end like this, such as "pdf".
            not_path: no files whose path ends like this, in none of their places.
            not_document: not the document of this id, nor one that begins so.
            not_pages: no such page numbers.
            not_language: no pages in this language.
            not_year: no files last changed in such years.
            not_kind: no files whose names end like this.
            group_by: "document" for one hit a document, its other pages in `hit.other_pages`.
            collapse: one hit for pages that look the same, the newest file's, the others in
                `hit.other_pages`; not together with `group_by`.
            min_score: no hits of a lower score.
            offset: how many hits are passed over. Hits that this index gave to the same search
                keep their places, whatever has been ingested since.

        Raises:
            PagelensError: as the command line does, with the same text.
        """
        self._index.refresh()
        filters = read_filters(
            {
                "path": path,
                "document": document,
                "pages": pages,
                "language": language,
                "year": year,
                "kind": kind,
                "not_path": not_path,
                "not_document": not_document,
                "not_pages": not_pages,
                "not_language": not_language,
                "not_year": not_year,
                "not_kind": not_kind,
            }
        )
        request = SearchRequest(
            query,
            k,
            ranking or "",
            rerank,
            filters,
            group_by,
            collapse,
            min_score=min_score,
            offset=offset,
        )
        found = find(self._index, self._encoder, request, self._kept_places.before(request))
        self._kept_places.keep(request, found.given)
        return Hits(_Answer(self._index, self._encoder, found))

    def documents(self) -> list[Document]:
        """Every document, in order of id, with what could not be read of it."""
        return list(self._index.documents())

    def facets(self, **filters: str) -> Facets:
        """How many pages there are by language, year, kind and folder.

        Args:
            filters: which pages are counted, in the words of `search`: `path`, `not_language`, ...

        Raises:
            PagelensError: as `search`.
        """
        self._index.refresh()
        return self._index.facets(read_filters(filters))

    def stats(self) -> IndexStats:
        """What the index holds."""
        return self._index.stats()

    def close(self) -> None:
        """Give back files and connections; hits can then tell no more than they hold."""
        self._index.close()

    def __enter__(self) -> "Index":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Hits(Sequence["Hit"]):
    """What a search found, best first.

    Attributes:
        n_candidates: pages that passed the filters and were ranked.
        words_nowhere: words of the query that no page of the index holds.
        n_waiting: pages of the index that only their words could find yet.
        next_offset: the `offset` that goes on behind these hits; None where that was all.
        notices: what to know of this answer, a line each; usually nothing.
        timings_ms: milliseconds by stage, in the order they ran.
    """

    def __init__(self, answer: "_Answer") -> None:
        found = answer.found
        self.n_candidates, self.notices = found.result.n_candidates, found.notices
        self.words_nowhere, self.n_waiting = found.words_nowhere, found.n_waiting
        self.next_offset = found.next_offset
        self.timings_ms = dict(found.result.timings_ms)
        hits = zip(found.groups, found.hit_words, found.ties, strict=True)
        self._hits = [
            _hit(answer, group, words, tie=tie, below_line=place >= found.n_above_line)
            for place, (group, words, tie) in enumerate(hits)
        ]

    @overload
    def __getitem__(self, place: int) -> "Hit": ...
    @overload
    def __getitem__(self, place: slice) -> list["Hit"]: ...
    def __getitem__(self, place: int | slice) -> "Hit | list[Hit]":
        return self._hits[place]

    def __len__(self) -> int:
        return len(self._hits)

    def __repr__(self) -> str:
        return f"Hits({self._hits})"


@dataclass(frozen=True, eq=False)
class Hit:
    """One page found.

    Attributes:
        path: where its document lies, absolute; `paths` has every place with the same bytes.
        page_number: counted from 1.
        score: as people are shown it, to four decimals: higher is better.
        score_sum: the ranking's own sum, as it is.
        halves: for "hybrid" the score of each of its rankings that found the page; else empty.
        snippet: the part of the page's text that shows best why it was found, "" where no word of
            the query stands on it.
        matched_by: where words of the query stand: "words" on the page, "name" in its file's name
            or title alone; "spelling": the page has a word spelled nearly like one that stands
            nowhere; "resemblance": none of these.
        below_line: the hits that answer the query have ended, and resemblance has begun.
        text: the page's words.
        title: of the document, "" where it has none.
        ties_with_previous: the score is too close to that of the hit before to tell which is
            better.
        is_waiting: it was found by its words: its vectors are still to come.
        ocr_engine: what read the page's words, which may hold its errors; "" where OCR read none.
        other_pages: with group_by, the document's other pages that were found; with collapse,
            those that look the same.
    """

    path: str
    page_number: int
    score: float
    snippet: str
    title: str
    page_id: str
    document_id: str
    matched_by: MatchedBy
    below_line: bool = field(repr=False)
    score_sum: float = field(repr=False)
    halves: dict[str, float] = field(repr=False)
    ties_with_previous: bool = field(repr=False)
    is_waiting: bool = field(repr=False)
    ocr_engine: str = field(repr=False)
    paths: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)
    other_pages: tuple["Hit", ...] = field(repr=False)
    _answer: "_Answer" = field(repr=False)

    def image(self) -> Image.Image:
        """The page, RGB, its long edge 1280 pixels or less."""
        return _picture(self._answer.index.image(self.page_id))

    def heatmap(self) -> Image.Image:
        """The page in greys, coloured where the query matches; hits of a search share a scale."""
        answer = self._answer
        page, query, scale = answer.index.page(self.page_id), answer.query, answer.scale
        words = hot_words(query, page, None, scale)
        outlined = [word for word in words if scale.is_hot(word.heat)]
        heat = heat_map(query, page, None, *map_size_px(page))
        return _picture(draw_heatmap(page.preview, heat, scale, outlined))

    def explain(self) -> PageExplanation:
        """Why the page came up: per query token its best place, share and similarity."""
        return explain(self._answer.index, self._answer.found, self.page_id)


@dataclass(frozen=True, eq=False)
class _Answer:
    """What the hits of one search share."""

    index: PageIndex
    encoder: Callable[[], Encoder]
    found: Found

    @cached_property
    def query(self) -> QueryVectors:
        """With vectors, which `bm25` alone does without."""
        found = self.found
        return found.query if found.query.tokens else encode(found.request, self.encoder)

    @cached_property
    def scale(self) -> Scale:
        """One scale of colours: equal ones mean equal similarity."""
        pages = (self.index.page(hit.page_id) for hit in self.found.shown)
        heats = [heat_of_cells(self.query, page, None) for page in pages]
        return common_scale(heats, self.index.fingerprint)


def _hit(answer: _Answer, group: HitGroup, words: HitWords, *, tie: bool, below_line: bool) -> Hit:
    page = group.best
    return Hit(
        path=page.name,
        page_number=page.page_number,
        score=rounded_score(page.score, answer.found.request.ranking),
        snippet=words.snippet.text,
        title=page.title,
        page_id=page.page_id,
        document_id=page.document_id,
        matched_by=words.matched_by,
        below_line=below_line,
        score_sum=page.score_sum,
        halves={name: rounded_score(score, name) for name, score in page.halves.items()},
        ties_with_previous=tie,
        is_waiting=page.is_waiting,
        ocr_engine=page.ocr_engine,
        paths=page.paths,
        text=page.text,
        other_pages=tuple(_other(answer, other, below_line=below_line) for other in group.others),
        _answer=answer,
    )


def _other(answer: _Answer, page: IndexHit, *, below_line: bool) -> Hit:
    """A page beside a hit, which no other hit can tie with."""
    words = answer.found.words_of(page)
    return _hit(answer, HitGroup(page, ()), words, tie=False, below_line=below_line)


def _picture(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        picture: Image.Image = image.convert("RGB")
    return picture


@dataclass(frozen=True)
class Progress:
    """How far an ingest is; as text "12 of 340 pages".

    Attributes:
        n_searchable: documents of which every page can be found by now, be it by words alone.
    """

    n_done: int
    n_pages: int
    n_searchable: int

    def __str__(self) -> str:
        return f"{self.n_done:,} of {count(self.n_pages, 'page')}"


def ingest_folders(
    folders: Sequence[Path],
    location: Location,
    encoder_name: str,
    model: str | None,
    device: str,
    *,
    max_edge_px: int | None,
    pool: int | None,
    keep_missing: bool,
    retry_failed: bool,
    allow_empty: bool,
    shard: str,
    exclude: Sequence[str],
    follow_links: bool,
    text_first: bool | None,
    ocr: str,
    redo_ocr: bool,
    on_progress: Callable[[Progress], object] | None,
) -> Report:
    """See `pagelens.ingest`."""
    own = Shard.read(shard)
    sync = prepare_sync(
        folders,
        location,
        encoder_name,
        model,
        device,
        max_edge_px=max_edge_px,
        pool=pool,
        exclude=exclude,
        follow_links=follow_links,
    )
    reader = page_reader(
        ocr, redo_ocr=redo_ocr, say_what_is_missing=partial(warnings.warn, stacklevel=4)
    )
    with closing(open_index_for_writing(location, sync.encoder.fingerprint)) as index:
        plan = sync.plan(
            index,
            keep_missing=keep_missing,
            retry_failed=retry_failed,
            allow_empty=allow_empty,
            shard=own,
            redo_with=reader if redo_ocr else None,
            on_file=lambda: None,
        )
        n_done = 0

        def before_vectors(encoder: Encoder) -> None:
            warning = untrained_warning(encoder)
            if warning is not None:
                warnings.warn(warning, stacklevel=5)  # where pagelens.ingest was called

        def on_words(n_searchable: int) -> None:
            if on_progress is not None and is_text_first:
                on_progress(Progress(n_done, plan.n_pages, n_searchable))

        is_text_first = sync.is_text_first(text_first, plan.n_pages)

        def on_page(n_searchable: int) -> None:
            nonlocal n_done
            n_done += 1
            if on_progress is not None:
                on_progress(Progress(n_done, plan.n_pages, n_searchable))

        report = carry_out(
            plan,
            index,
            sync.encoder.load,
            n_workers=N_WORKERS,
            stop=threading.Event(),
            reader=reader,
            text_first=is_text_first,
            watch=Watch(
                on_page,
                on_text=on_words,
                on_ocr=on_words,
                before_vectors=before_vectors,
            ),
        )
    report.left_out = sync.listing.left_out
    return report
