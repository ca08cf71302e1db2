"""query/web/places.py: where a page opens, and the order of what follows."""

from contextlib import closing

import pytest

from encoders.lexical import LexicalEncoder
from index.interface import BM25, HAMMING_THEN_FLOAT
from index.pages import Page
from query.request import SearchRequest
from query.service.service import SearchService
from query.web.places import Box, places
from tests.half_dark_pages import SHADES, half_dark_index
from tests.library import JAPANESE, NEW_REPORT, OLD_REPORT, fill
from tests.memory_index import MemoryIndex
from tests.pixel_encoder import PixelEncoder


@pytest.fixture(scope="module")
def index() -> MemoryIndex:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    return index


def words_at(index: MemoryIndex, text: str, page_id: str, ranking: str = BM25) -> list[list[str]]:
    """Words of the page that stand in each place, in their order."""
    with closing(SearchService(lambda: index, lambda _: LexicalEncoder())) as service:
        found = service.search(SearchRequest(text, 5, ranking))
        page = service.page(page_id)
        hot = service.hot_words(found, page_id, None) if len(found.query.tokens) else ()
        boxes = places(page, found, hot, service.explain(found, page_id))
    return [standing_in(box, page) for box in boxes]


def standing_in(box: Box, page: Page) -> list[str]:
    middles = (page.words.boxes[:, :2] + page.words.boxes[:, 2:]) / 2
    return [
        text
        for text, (x, y) in zip(page.words.texts, middles.tolist(), strict=True)
        if box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height
    ]


def test_neighbours_are_one_place_and_the_longest_comes_first(index: MemoryIndex) -> None:
    at = words_at(index, "chart cranes by month", f"{OLD_REPORT}-2")
    assert at == [["month"], ["chart"], ["cranes"]]
    assert words_at(index, "2022 handled quay containers", f"{OLD_REPORT}-2") == [
        ["Containers", "handled"],
        ["quay"],
        ["2022,"],
    ]


def test_the_hottest_words_where_heat_is_shown(index: MemoryIndex) -> None:
    at = words_at(index, "cranes containers", f"{NEW_REPORT}-2", HAMMING_THEN_FLOAT)
    assert sorted(at) == [["Containers"], ["cranes"]]


def test_other_forms_of_a_word_are_found(index: MemoryIndex) -> None:
    assert words_at(index, "ferry", f"{OLD_REPORT}-3") == [["Ferries"]]


def test_words_without_spaces_between_them(index: MemoryIndex) -> None:
    assert words_at(index, "入門", f"{JAPANESE}-1") == [["機械学習の入門"]]


def test_a_page_that_has_nothing_of_it(index: MemoryIndex) -> None:
    assert words_at(index, "zebra", f"{OLD_REPORT}-3") == []


def test_the_best_area_where_there_are_no_words() -> None:
    index = half_dark_index()
    page_id = f"{next(iter(SHADES))}-1"
    with closing(SearchService(lambda: index, lambda _: PixelEncoder())) as service:
        found = service.search(SearchRequest("bright", 2, HAMMING_THEN_FLOAT))
        explanation = service.explain(found, page_id)
        assert places(service.page(page_id), found, (), explanation) == (Box(0, 0, 1, 1),)
