"""Pages are counted by language, year, kind and folder, and filtered by year and kind."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pytest

from index.facets import Facets
from index.filters import Filters
from index.interface import BM25, HAMMING, PageIndex
from index.pages import Document, FileRecord, QueryVectors
from tests.random_pages import document, page, query, unit_vectors

VECTORS = unit_vectors(np.random.default_rng(1), 2)


def written(n: int, files: Mapping[str, tuple[int, ...]], page_count: int = 1) -> Document:
    """A document whose files were last changed then: year, month, day, hour, minute, UTC."""
    records = [
        FileRecord(path, 1, int(datetime(*at, tzinfo=timezone.utc).timestamp()) * 10**9)
        for path, at in sorted(files.items())
    ]
    return replace(document(n, page_count=page_count), files=tuple(records))


@pytest.fixture
def index(empty_index: PageIndex) -> PageIndex:
    """Four documents of 3, 2, 1 and 1 pages; the last has no path yet."""
    documents = [
        written(1, {"/home/a/2022/report.pdf": (2022, 12, 31, 23, 59)}, 3),
        written(
            2,
            {"/home/a/2023/Plan.PDF": (2021, 5, 1), "/home/b/plan.pdf": (2023, 1, 1, 0, 0)},
            2,
        ),
        written(3, {"/home/a/2023/é [1]/scan.png": (1969, 12, 31, 23, 59)}),
        written(4, {}),
    ]
    languages = {1: ("en", "en", "de"), 2: ("de", ""), 3: ("",), 4: ("en",)}
    for one in documents:
        n = int(one.document_id, 16)
        empty_index.put_document(one)
        empty_index.put(
            [
                page(n, number, VECTORS, text="harbour" if number < 3 else "quay", language=of)
                for number, of in enumerate(languages[n], 1)
            ]
        )
    return empty_index


def test_pages_are_counted_by_what_they_have(index: PageIndex) -> None:
    assert index.facets() == Facets(
        n_pages=6,
        languages={"en": 2, "de": 2, "": 2},
        years={2022: 3, 2023: 2, 1969: 1},
        kinds={"pdf": 5, "png": 1},
        folders={
            "/home": 6,
            "/home/a": 6,
            "/home/a/2022": 3,
            "/home/a/2023": 3,
            "/home/a/2023/é [1]": 1,
            "/home/b": 2,
        },
    )


@pytest.mark.parametrize(
    ("filters", "years"),
    [
        (Filters(language="de"), {2022: 1, 2023: 1}),
        (Filters(path_glob="/home/b/*"), {2023: 2}),
        (Filters(first_year=2022), {2022: 3, 2023: 2}),
        (Filters(kind="png"), {1969: 1}),
        (Filters(first_page=2, not_kind="png", last_year=2022), {2022: 2}),
        (Filters(phrases=("quay",)), {2022: 1}),
        (Filters(document_id="f"), {}),
    ],
)
def test_only_pages_that_pass_are_counted(
    index: PageIndex, filters: Filters, years: dict[int, int]
) -> None:
    counted = index.facets(filters)
    assert counted.years == years
    for by in (counted.years, counted.kinds, counted.languages):
        assert sum(by.values()) == counted.n_pages
    assert max(counted.folders.values(), default=0) == counted.n_pages
    assert (counted.n_pages > 0) == bool(counted.folders)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(first_year=2022, last_year=2022), {1}),
        (Filters(first_year=2023), {2}),
        (Filters(last_year=2022), {1, 3}),
        (Filters(first_year=2021, last_year=2021), set()),
        (Filters(not_first_year=2022, not_last_year=2022), {2, 3}),
        (Filters(not_first_year=2022), {3}),
        (Filters(not_last_year=2022), {2}),
        (Filters(kind="pdf"), {1, 2}),
        (Filters(not_kind="pdf"), {3}),
        (Filters(kind="pdf", first_year=2023, path_glob="2023/*"), {2}),
        (Filters(kind="p"), set()),
        (Filters(path_glob="/home/a/2023/é [[]1]/*"), {3}),
    ],
)
@pytest.mark.parametrize("ranking", [HAMMING, BM25])
def test_years_and_kinds_are_filters(
    index: PageIndex, ranking: str, filters: Filters, found: set[int]
) -> None:
    text = QueryVectors.text_only("harbour quay")
    asked = text if ranking == BM25 else query(VECTORS)
    hits = index.search(asked, ranking, 20, filters=filters).hits
    assert {int(hit.document_id, 16) for hit in hits} == found


def test_counts_follow_a_file_that_moves_and_is_touched(index: PageIndex) -> None:
    index.put_document(written(1, {"/elsewhere/report.jpg": (2024, 1, 1)}, 3))
    counted = index.facets()
    assert (counted.years[2024], counted.kinds["jpg"], counted.folders["/elsewhere"]) == (3, 3, 3)
    assert (2022 in counted.years, "/home/a/2022" in counted.folders) == (False, False)
    index.delete([document(1).document_id])
    assert index.facets().n_pages == 3


def test_nothing_is_counted_in_an_empty_index(empty_index: PageIndex) -> None:
    assert empty_index.facets() == Facets(0, {}, {}, {}, {})
