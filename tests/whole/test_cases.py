"""Documents that once went wrong, from the folder to what a search finds and an ingest says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import pagelens
from ingest.report import Report
from pagelens.python_door import Index
from query.request import RANKINGS
from tests.cases import CASES

PAGES = {
    "דוח רבעוני": "rtl-hebrew.pdf",
    "الحرب العالمية": "rtl-chrome-print.pdf",
    "technology acceptance": "space-is-control-char.pdf",
}


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    folder = tmp_path_factory.mktemp("cases")
    for path in CASES.glob("*.pdf"):
        shutil.copy(path, folder)
    (folder / "misnamed.png").write_bytes((CASES / "receipt-long.pdf").read_bytes())
    return pagelens.ingest(folder, index=folder / "index", encoder="lexical"), folder / "index"


@pytest.fixture(scope="module")
def index(ingested: tuple[Report, Path]) -> Iterator[Index]:
    with pagelens.open(ingested[1]) as index:
        yield index


def test_what_could_not_be_read_is_a_line_each(ingested: tuple[Report, Path]) -> None:
    lines = [f"{Path(path).name}: {f.where}: {f.reason}" for path, f in ingested[0].failed]
    assert lines == [
        "count-20k.pdf: pages 2 to 20,000: page is missing or damaged: it has no size",
        "misnamed.png: : not an image but a PDF; rename the file",
        "same-page-100.pdf: : poppler does not read its pages: they are more (100) than the "
        "objects in the file (6)",
    ]


def test_what_is_not_searched_is_a_line_each(ingested: tuple[Report, Path]) -> None:
    said = {Path(path).name: what for path, what in ingested[0].not_searched}
    assert said == {
        "annot-note.pdf": "notes pinned to pages",
        "portfolio.pdf": "1 attachment",
        "xfa-please-wait.pdf": "a form in XFA",
    }


@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize(("words", "name"), PAGES.items(), ids=PAGES.values())
def test_words_are_found_by_every_ranking(
    index: Index, words: str, name: str, ranking: str
) -> None:
    hit = index.search(words, 1, ranking=ranking)[0]
    assert Path(hit.path).name == name
    assert words in hit.snippet.lower()


def test_a_receipt_as_long_as_pdf_allows_is_read(index: Index) -> None:
    (receipt,) = (d for d in index.documents() if Path(d.name).name == "receipt-long.pdf")
    assert (receipt.readable_pages, receipt.failures) == ((1,), ())
