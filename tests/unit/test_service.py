"""SearchService: what it answers, and that many may ask at once."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image

from encoders.interface import Encoder
from encoders.lexical import LexicalEncoder
from index.errors import MissingDependencyError, ServerError, WrongUseError
from index.interface import BM25, PageIndex
from index.pages import Fingerprint, QueryVectors, page_id
from index.preview import preview_of, thumbnail_in
from query.fusion import HYBRID
from query.request import SearchRequest
from query.service import model_loader, shared_index
from query.service.cached_function import CachedFunction
from query.service.concurrency_limit import ConcurrencyLimit
from query.service.page_query import MAX_TOKENS, frequent_words, look_of
from query.service.refusals import BusyError, NoSuchPageError, UnavailableError
from query.service.service import MAX_K, MAX_RERANK, MAX_TEXT_LENGTH, SearchService
from query.service.shared_index import SharedIndex
from query.service.uploaded_image import FORMATS, MAX_PIXELS, MAX_UPLOAD_BYTES, open_image
from tests.library import JAPANESE, NEW_REPORT, OLD_REPORT, SCAN, fill, make_page
from tests.looking_encoder import LookingEncoder, coloured_page, fill_with_colours, picture
from tests.memory_index import MemoryIndex

REPORT = page_id(OLD_REPORT, 1)
ABSENT = page_id("9" * 32, 1)
WAIT_S = 10.0  # for what happens at once unless it never does


def ask(text: str, k: int = 5, **others: Any) -> SearchRequest:
    return SearchRequest(text, k, **others)


@pytest.fixture
def library() -> MemoryIndex:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    return index


@pytest.fixture
def service(library: MemoryIndex) -> SearchService:
    return SearchService(lambda: library, lambda _: LexicalEncoder())


@pytest.fixture
def colours() -> SearchService:
    index = MemoryIndex(LookingEncoder.fingerprint)
    fill_with_colours(index)
    return SearchService(lambda: index, lambda _: LookingEncoder())


def loader(encoder: Callable[[], Encoder]) -> Callable[[Fingerprint], Encoder]:
    return lambda _: encoder()


class TestSearch:
    def test_finds_what_the_index_ranks_first(self, service: SearchService) -> None:
        found = service.search(ask("quay cranes", k=3))
        assert found.groups[0].best.page_id == page_id(OLD_REPORT, 2)
        assert len(found.groups) == 3
        assert found.query.tokens == ("quay", "cranes")
        assert list(found.result.timings_ms)[0] == "encode"

    def test_groups_pages_by_document(self, service: SearchService) -> None:
        found = service.search(ask("harbour", k=2, group_by="document"))
        assert [group.best.document_id for group in found.groups] == [OLD_REPORT, NEW_REPORT]
        assert len(found.groups[0].others) == 2

    def test_like_a_page_asks_for_its_words_and_leaves_it_out(
        self, service: SearchService, library: MemoryIndex
    ) -> None:
        found = service.search(service.like_page(REPORT, ask("", k=2)))
        assert found.query.text == "annual report harbour 2022"
        assert len(found.groups) == 2
        assert found.groups[0].best.page_id == page_id(NEW_REPORT, 1)
        assert REPORT not in [hit.page_id for hit in found.result.hits]

    def test_like_a_page_works_by_text_too(self, service: SearchService) -> None:
        found = service.search(service.like_page(REPORT, ask("", ranking=BM25, k=1)))
        assert found.groups[0].best.page_id == page_id(NEW_REPORT, 1)

    def test_an_image_finds_pages_that_look_like_it(self, colours: SearchService) -> None:
        for number, colour in ((1, "red"), (3, "blue")):
            request = colours.like_image(picture(colour, "PNG"), ask("", k=1))
            found = colours.search(request)
            assert found.groups[0].best.page_number == number

    def test_like_a_page_compares_looks_where_the_index_has_them(
        self, colours: SearchService
    ) -> None:
        found = colours.search(colours.like_page(page_id("c" * 32, 1), ask("", k=1)))
        assert found.query.tokens == ("50, 50",)  # the one cell that sees the whole page
        assert found.query.text == "red"

    @pytest.mark.parametrize(
        ("request_", "message"),
        [
            (ask(""), "The query is empty."),
            (
                ask("a" * (MAX_TEXT_LENGTH + 1)),
                "The query has 1,001 characters; at most 1,000 are taken. Leave words out.",
            ),
            (ask("a", k=MAX_K + 1), "101 hits are too many; at most 100 are given."),
            (ask("a", rerank=MAX_RERANK + 1), "--rerank (10001) must be from 1 to 10,000."),
        ],
    )
    def test_refuses_what_it_cannot_answer(
        self, service: SearchService, request_: SearchRequest, message: str
    ) -> None:
        with pytest.raises(WrongUseError) as refused:
            service.search(request_)
        assert str(refused.value).startswith(message)

    @pytest.mark.parametrize(
        ("like", "request_", "message"),
        [
            (
                REPORT,
                ask("a"),
                "Search for a text, a page or an image: one of them at a time.",
            ),
            ("../etc/passwd", ask(""), "'../etc/passwd' is not a page id."),
            (
                b"",
                ask("", ranking=HYBRID),
                "An image has no words, which the ranking hybrid needs. Take hamming-then-float.",
            ),
            (
                picture("red"),
                ask(""),
                "This index was made from the words of its pages, so an image cannot be searched. "
                "To search by looks, make another: pagelens ingest FOLDER --encoder colsmol "
                "--index NEW",
            ),
            (
                page_id(SCAN, 1),
                ask(""),
                "This page has no words, and this index was made from words: there is nothing to "
                "compare. Choose another page.",
            ),
        ],
    )
    def test_refuses_to_be_like_what_cannot_be_compared(
        self, service: SearchService, like: str | bytes, request_: SearchRequest, message: str
    ) -> None:
        make = service.like_image if isinstance(like, bytes) else service.like_page
        with pytest.raises(WrongUseError) as refused:
            make(like, request_)
        assert str(refused.value).startswith(message)


class TestReasons:
    def test_explains_a_page_that_did_not_come_up(self, service: SearchService) -> None:
        found = service.search(ask("harbour", k=1))
        explanation = service.explain(found, page_id(JAPANESE, 1))
        assert explanation.place is None
        assert explanation.why_not is not None

    def test_hot_words_are_those_of_the_query(self, service: SearchService) -> None:
        words = service.hot_words(service.search(ask("annual harbour")), REPORT, 1)
        assert [word.text for word in words] == ["harbour"]

    def test_a_heatmap_is_an_image_no_wider_than_asked(self, service: SearchService) -> None:
        data = service.heatmap(service.search(ask("harbour")), REPORT, None, 30)
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, image.size) == ("WEBP", (30, 40))

    def test_words_alone_have_heat_too(self, service: SearchService) -> None:
        for text in ("harbour", "zebra"):  # the second has no hits, and so no scale
            found = service.search_for_heat(ask(text, ranking=BM25))
            assert service.heatmap(found, REPORT, 0, 60)

    def test_an_image_query_has_heat(self, colours: SearchService) -> None:
        found = colours.search(colours.like_image(picture("red"), ask("")))
        assert colours.heatmap(found, page_id("c" * 32, 1), None, 60)

    def test_refuses_a_token_the_query_has_not(self, service: SearchService) -> None:
        with pytest.raises(WrongUseError, match="has no token 2; it has 2, counted from 0"):
            service.hot_words(service.search(ask("annual harbour")), REPORT, 2)

    def test_the_index_and_the_model_are_asked_once_for_all_pictures_of_a_search(
        self, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        class Counting(LexicalEncoder):
            def encode_query(self, text: str) -> QueryVectors:
                asked.append(text)
                return super().encode_query(text)

        service = SearchService(lambda: library, loader(Counting))

        def draw(page: str) -> bytes:
            return service.heatmap(service.search_for_heat(ask("harbour")), page, None, 60)

        with ThreadPoolExecutor(4) as threads:
            pages = [page_id(OLD_REPORT, number) for number in (1, 2, 3)] * 4
            pictures = list(threads.map(draw, pages))
        assert len(set(pictures)) == 2  # two pages do not have the word, and no colour
        assert sorted(asked) == ["harbour", "warm"]  # once each


class TestPages:
    def test_gives_pages_and_previews(self, service: SearchService, library: MemoryIndex) -> None:
        assert service.page(REPORT) is library.page(REPORT)
        assert service.image(REPORT) == library.image(REPORT)

    def test_a_thumbnail_stored_without_is_made_once(
        self, service: SearchService, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Image.open(io.BytesIO(service.thumbnail(REPORT))) as image:
            assert (image.format, image.size) == ("JPEG", (60, 80))
        monkeypatch.setattr("query.service.service.thumbnail_of", None)  # not called again
        assert service.thumbnail(REPORT)
        library.delete([OLD_REPORT])
        with pytest.raises(NoSuchPageError):  # what is kept does not outlive its page
            service.thumbnail(REPORT)

    def test_a_thumbnail_stored_is_the_one_given(
        self, service: SearchService, library: MemoryIndex
    ) -> None:
        preview = preview_of(Image.new("RGB", (600, 800), "red"))
        library.put([replace(library.page(REPORT), preview=preview)])
        assert service.thumbnail(REPORT) == thumbnail_in(preview)

    @pytest.mark.parametrize("ask", ["page", "image", "thumbnail"])
    def test_knows_an_id_that_is_none_from_one_that_is_not_there(
        self, service: SearchService, ask: str
    ) -> None:
        with pytest.raises(NoSuchPageError, match=f"holds no page {ABSENT}"):
            getattr(service, ask)(ABSENT)
        with pytest.raises(WrongUseError, match="is not a page id") as refused:
            getattr(service, ask)("x")
        assert not isinstance(refused.value, NoSuchPageError)

    def test_says_what_the_index_holds(self, service: SearchService, library: MemoryIndex) -> None:
        assert service.documents() == list(library.documents())
        assert service.stats() == library.stats()
        assert service.fingerprint == library.fingerprint
        assert not service.sees_images


class TestModel:
    def test_words_are_searched_while_the_model_loads(
        self, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(model_loader, "WAIT_S", 0.01)
        may_end = threading.Event()

        def load_slowly() -> Encoder:
            may_end.wait(WAIT_S)
            return LexicalEncoder()

        service = SearchService(lambda: library, loader(load_slowly))
        service.start()
        assert service.state.name == "loading"
        assert service.search(ask("harbour", ranking=BM25)).groups
        with pytest.raises(BusyError, match=r"still being loaded.*\(ranking bm25\)") as busy:
            service.search(ask("harbour"))
        assert busy.value.retry_after_s == 3
        may_end.set()
        monkeypatch.setattr(model_loader, "WAIT_S", WAIT_S)
        assert service.search(ask("harbour")).groups
        assert service.state.name == "ready"

    def test_a_failure_is_told_and_loading_is_tried_again_later(
        self, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attempts: list[int] = []

        def load() -> Encoder:
            attempts.append(1)
            if len(attempts) == 1:
                raise MissingDependencyError("The weights are not here.")
            return LexicalEncoder()

        service = SearchService(lambda: library, loader(load))
        for _ in range(2):
            with pytest.raises(MissingDependencyError, match="The weights are not here."):
                service.search(ask("harbour"))
        assert service.state == model_loader.ModelState("failed", "The weights are not here.")
        assert len(attempts) == 1
        monkeypatch.setattr(model_loader, "RETRY_S", 0)
        assert service.search(ask("harbour")).groups

    def test_a_wrong_option_of_the_server_is_no_fault_of_who_asks(
        self, library: MemoryIndex
    ) -> None:
        def load() -> Encoder:
            raise WrongUseError("No device 'tpu'.")

        service = SearchService(lambda: library, loader(load))
        with pytest.raises(UnavailableError, match="No device 'tpu'."):
            service.search(ask("harbour"))


class TestSharing:
    def test_an_index_that_cannot_be_opened_is_tried_again(self, library: MemoryIndex) -> None:
        failures = [ServerError("No Vespa."), WrongUseError("No index.")]

        def open_index() -> PageIndex:
            if failures:
                raise failures.pop(0)
            return library

        service = SearchService(open_index, lambda _: LexicalEncoder())
        with pytest.raises(ServerError, match="No Vespa."):
            service.stats()
        with pytest.raises(UnavailableError, match="No index."):
            service.stats()
        assert service.stats().n_pages == 8

    def test_refreshes_only_while_nobody_reads(
        self, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shared_index, "REFRESH_S", 0)
        refreshed: list[int] = []
        monkeypatch.setattr(library, "refresh", lambda: refreshed.append(1))
        shared = SharedIndex(lambda: library)
        with shared.reading():
            n_before = len(refreshed)
            with ThreadPoolExecutor(1) as other:
                other.submit(_read, shared).result(WAIT_S)
            assert len(refreshed) == n_before
        _read(shared)
        assert len(refreshed) == n_before + 1

    def test_under_a_steady_load_new_readers_wait_for_a_refresh_that_is_long_due(
        self, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shared_index, "REFRESH_S", -2 * WAIT_S)  # it was due long ago
        monkeypatch.setattr(shared_index, "PATIENCE_S", WAIT_S)
        refreshed = threading.Event()
        shared = SharedIndex(lambda: library)
        with ThreadPoolExecutor(1) as other:
            with shared.reading():
                monkeypatch.setattr(library, "refresh", refreshed.set)
                newcomer = other.submit(_read, shared)
                assert not refreshed.is_set()
            newcomer.result(WAIT_S)
        assert refreshed.is_set()

    def test_all_who_wait_for_a_refresh_go_on_with_the_first_of_them(
        self, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shared_index, "REFRESH_S", -4 * WAIT_S)
        monkeypatch.setattr(shared_index, "PATIENCE_S", 2 * WAIT_S)
        shared = SharedIndex(lambda: library)
        both_read = threading.Barrier(2)

        def read_together() -> None:
            with shared.reading():
                both_read.wait(WAIT_S)

        with ThreadPoolExecutor(2) as others:
            with shared.reading():
                monkeypatch.setattr(shared_index, "REFRESH_S", 4 * WAIT_S)
                newcomers = [others.submit(read_together) for _ in range(2)]
                assert not any(newcomer.done() for newcomer in newcomers)
            for newcomer in newcomers:
                newcomer.result(2 * WAIT_S)

    def test_close_waits_for_who_reads(self, library: MemoryIndex) -> None:
        shared = SharedIndex(lambda: library)
        with ThreadPoolExecutor(1) as other:
            with shared.reading():
                closing = other.submit(shared.close)
                assert not closing.done()
            closing.result(WAIT_S)

    def test_searches_run_side_by_side(
        self, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        both_are_there = threading.Barrier(2)
        search = library.search

        def meet(*arguments: object, **others: object) -> object:
            both_are_there.wait(WAIT_S)
            return search(*arguments, **others)

        service = SearchService(lambda: library, lambda _: LexicalEncoder())
        service.search(ask("harbour"))
        monkeypatch.setattr(library, "search", meet)
        with ThreadPoolExecutor(2) as threads:
            requests = [ask(text) for text in ("harbour", "ferries")]
            assert all(found.groups for found in threads.map(service.search, requests))


def _read(shared: SharedIndex) -> None:
    with shared.reading():
        pass


class TestTurns:
    def test_refuses_at_once_whom_there_is_no_room_for(self) -> None:
        limit = ConcurrencyLimit("searches", n_at_once=1, n_waiting=0, wait_s=WAIT_S)
        with (
            limit.slot(),
            pytest.raises(BusyError, match="Too many searches are waiting. Try again in a moment."),
            limit.slot(),
        ):
            pass
        with limit.slot():
            pass

    def test_refuses_who_waited_too_long(self) -> None:
        limit = ConcurrencyLimit("searches", n_at_once=1, n_waiting=1, wait_s=0.01)
        with (
            limit.slot(),
            pytest.raises(BusyError, match="Other searches took longer than 0.01 s") as busy,
            limit.slot(),
        ):
            pass
        assert busy.value.retry_after_s == 5
        with limit.slot():
            pass


class TestRecent:
    def test_keeps_the_latest(self) -> None:
        made: list[int] = []
        recent = CachedFunction(lambda n: made.append(n) or n, size=2)
        for n in (1, 2, 1, 3, 1, 2):
            assert recent(n) == n
        assert made == [1, 2, 3, 2]

    def test_a_failure_is_not_kept(self) -> None:
        values = [None, 7]

        def make(_: str) -> int:
            value = values.pop(0)
            if value is None:
                raise WrongUseError("not yet")
            return value

        recent = CachedFunction(make, size=2)
        with pytest.raises(WrongUseError, match="not yet"):
            recent("a")
        assert recent("a") == 7


class TestPageAsQuery:
    def test_frequent_words_leave_function_words_out(self) -> None:
        page = make_page(OLD_REPORT, 1, "the crane and the quay and the crane of x")
        assert frequent_words(page) == "crane quay"

    def test_a_page_is_asked_for_by_its_coarsest_cells(self) -> None:
        page = coloured_page(1, "red")
        query = look_of(page.vectors, "red")
        assert (query.vectors == page.vectors.vectors[-1:]).all()

    def test_many_equal_cells_are_thinned_out_evenly(self) -> None:
        words = " ".join(f"word{n}" for n in range(500))
        page = make_page(OLD_REPORT, 1, words)
        query = look_of(page.vectors, "")
        assert len(query.tokens) == MAX_TOKENS
        assert (query.vectors[0] == page.vectors.vectors[0]).all()
        assert (query.vectors[-1] == page.vectors.vectors[-1]).all()


class TestUploadedImage:
    @pytest.mark.parametrize("file_format", FORMATS)
    def test_reads_every_format_it_names(self, file_format: str) -> None:
        image = open_image(picture("red", file_format))
        assert (image.mode, image.size) == ("RGB", (64, 64))

    def test_turns_what_the_camera_says_is_turned(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6  # a quarter turn
        data = io.BytesIO()
        Image.new("RGB", (20, 10)).save(data, "JPEG", exif=exif)
        assert open_image(data.getvalue()).size == (10, 20)

    def test_what_is_transparent_lies_on_white(self) -> None:
        data = io.BytesIO()
        Image.new("RGBA", (1, 1), (0, 0, 0, 0)).save(data, "PNG")
        assert open_image(data.getvalue()).getpixel((0, 0)) == (255, 255, 255)

    @pytest.mark.parametrize(
        "data", [b"", b"not an image", picture("red", "PNG")[:60], picture("red", "PPM")]
    )
    def test_refuses_what_is_no_such_image(self, data: bytes) -> None:
        with pytest.raises(WrongUseError) as refused:
            open_image(data)
        assert str(refused.value) == (
            "This is not an image that can be read. Send one of these: PNG, JPEG, WEBP, GIF, TIFF, "
            "BMP."
        )

    @pytest.mark.parametrize(
        ("side_px", "how_many"), [(8_000, "8,000 x 8,000"), (20_000, "far too many")]
    )
    def test_refuses_more_pixels_than_fit_before_they_are_decoded(
        self, side_px: int, how_many: str
    ) -> None:
        bomb = io.BytesIO()
        Image.new("1", (side_px, side_px)).save(bomb, "PNG")
        assert len(bomb.getvalue()) < 100_000
        with pytest.raises(WrongUseError) as refused:
            open_image(bomb.getvalue())
        assert str(refused.value) == (
            f"The image has {how_many} pixels; at most {MAX_PIXELS:,} are taken. "
            "Send a smaller one."
        )

    def test_refuses_a_large_file(self) -> None:
        with pytest.raises(WrongUseError, match="has 20,000,001 bytes; at most 20,000,000"):
            open_image(bytes(MAX_UPLOAD_BYTES + 1))
