"""Words that once found nothing, or the wrong page: in every ranking, in a folder and in Vespa."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from itertools import compress
from pathlib import Path

import pytest

import pagelens
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import PageIndex
from index.location import Location
from index.wording import COSINE_RANKINGS
from query.request import RANKINGS
from tests.cases import CASES
from tests.finding import found_for
from tests.vespa_java.stand_in import StandIn
from vespa_app.vespa_index import VespaIndex

FIRST = [
    ("INV-2023-0042", "invoices.pdf", 43),
    ("C++", "cpp.pdf", 1),
    ("C#", "csharp.pdf", 1),
    ("C", "clang.pdf", 1),
    ("5 km", "units.pdf", 1),
    ("10 kg", "units.pdf", 1),
    ("$1000", "units.pdf", 1),
    ("boeuf", "coel.pdf", 1),
    ('"annual budget report"', "phrase1.pdf", 1),
    ("דוח רבעוני", "rtl-hebrew.pdf", 1),
    ("الحرب العالمية", "rtl-chrome-print.pdf", 1),
    ("technology acceptance", "space-is-control-char.pdf", 1),
]
NOWHERE = "xyzzyqq"
WHOLE_CASES = ("rtl-hebrew.pdf", "rtl-chrome-print.pdf", "space-is-control-char.pdf")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    cases = [*(CASES / "words").glob("*.pdf"), *(CASES / name for name in WHOLE_CASES)]
    for path in cases:
        if path.name != "invoice-0042.pdf":  # it has the number of one of the ninety invoices
            shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def folder_index(pages: Path) -> Iterator[PageIndex]:
    pagelens.ingest(pages, index=pages / "index", encoder="lexical")
    with closing(EmbeddedIndex.open(pages / "index")) as index:
        yield index


@pytest.fixture(scope="module")
def vespa_index(pages: Path, stand_in: StandIn) -> Iterator[PageIndex]:
    stand_in.clear()
    pagelens.ingest(pages, index=stand_in.url, encoder="lexical")
    with closing(VespaIndex.open(Location(stand_in.url))) as index:
        yield index


@pytest.fixture(params=["folder_index", "vespa_index"])
def index(request: pytest.FixtureRequest) -> PageIndex:
    found: PageIndex = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize(("query", "file", "number"), FIRST, ids=[text for text, *_ in FIRST])
def test_its_page_is_first_and_marked(
    index: PageIndex, query: str, file: str, number: int, ranking: str
) -> None:
    found = found_for(index, query, ranking, 3)
    first = found.shown[0]
    assert (Path(first.name).name, first.page_number) == (file, number)
    ties = [hit.score_sum == first.score_sum for hit in found.shown]
    assert {words.matched_by for words in compress(found.hit_words, ties)} == {"words"}
    assert found.words_nowhere == ()
    assert found.hit_words[0].snippet.spans != ()
    assert found.n_above_line >= 1


@pytest.mark.parametrize("ranking", RANKINGS)
def test_a_page_without_the_phrase_is_no_hit(index: PageIndex, ranking: str) -> None:
    found = found_for(index, '"annual budget report"', ranking, 5)
    assert {Path(hit.name).name for hit in found.shown} == {"phrase1.pdf"}


@pytest.mark.parametrize("ranking", RANKINGS)
def test_a_word_that_stands_nowhere_is_told(index: PageIndex, ranking: str) -> None:
    found = found_for(index, NOWHERE, ranking, 5)
    assert found.words_nowhere == (NOWHERE,)
    assert found.n_above_line == 0
    assert bool(found.shown) == any(f"No page holds {NOWHERE}" in line for line in found.notices)


@pytest.mark.parametrize("ranking", [*sorted(COSINE_RANKINGS), "hybrid"])
def test_the_beginning_of_a_word_finds_it(index: PageIndex, ranking: str) -> None:
    found = found_for(index, "coelac", ranking, 3)
    assert Path(found.shown[0].name).name == "coel.pdf"
    assert found.hit_words[0].snippet.matched_words == ("Cœlacanthe",)
    assert found.n_above_line >= 1
