"""What people type finds the page they mean, as often as it ever did.

Of a change that finds more: python -m tests.words.table --save
"""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

import pagelens
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import BM25
from query.request import RANKINGS
from tests.cases import CASES
from tests.finding import found_for
from tests.vespa_java.stand_in import StandIn
from tests.words.table import ALONE, IN_FOLDER, IN_STAND_IN, in_folder, in_stand_in, losses, show


def test_no_kind_of_query_lost_a_first_place_in_a_folder() -> None:
    answers = in_folder()
    show(answers)  # seen where it fails
    assert losses(answers, IN_FOLDER) == []


def test_no_kind_of_query_lost_a_first_place_in_vespa(stand_in: StandIn) -> None:
    answers = in_stand_in(stand_in, [BM25])  # two minutes more with hybrid
    show(answers)
    assert losses(answers, IN_STAND_IN) == []


@pytest.fixture(scope="module")
def one_invoice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    shutil.copy(CASES / "words" / ALONE, folder)
    pagelens.ingest(folder, index=folder / "index", encoder="lexical")
    return folder / "index"


@pytest.mark.parametrize("ranking", RANKINGS)
def test_a_plural_finds_the_only_invoice(one_invoice: Path, ranking: str) -> None:
    with closing(EmbeddedIndex.open(one_invoice)) as index:
        assert len(found_for(index, "invoices", ranking, 1).shown) == 1


@pytest.mark.parametrize("ranking", RANKINGS)
def test_five_thousand_words_are_answered(one_invoice: Path, ranking: str) -> None:
    words = " ".join(["Söhne", *(f"word{i}" for i in range(4999))])
    with closing(EmbeddedIndex.open(one_invoice)) as index:
        assert len(found_for(index, words, ranking, 1).shown) == 1
