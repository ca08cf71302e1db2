"""Every query by every setting: none twice, each encoded once, no page read."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from encoders.lexical import LexicalEncoder
from index.pages import PageTexts, QueryVectors, SearchResult
from query.fusion import HYBRID
from query.quality.run_file import RunFile
from query.quality.settings import Setting, settings_of
from query.quality.sweep import missing, sweep
from query.request import RANKINGS
from tests.finding import found_for
from tests.library import fill
from tests.memory_index import MemoryIndex

TEXTS = ("containers by quay", "ferries", "機械学習")
SETTINGS = settings_of(RANKINGS, [None, 10])


class Watched(MemoryIndex):
    """The library, and which searches were run on it."""

    def __init__(self) -> None:
        super().__init__(LexicalEncoder().fingerprint)
        fill(self)
        self.searched: Counter[tuple[Any, ...]] = Counter()
        self.n_read = 0
        self.notices: tuple[str, ...] = ()
        self.timings_ms: dict[str, float] = {}

    def texts(self, page_ids: Collection[str]) -> dict[str, PageTexts]:
        self.n_read += len(page_ids)
        return super().texts(page_ids)

    def search(self, query: QueryVectors, ranking: str, k: int, **others: Any) -> SearchResult:
        self.searched[query.text, ranking, k, others.get("rerank")] += 1
        result = super().search(query, ranking, k, **others)
        return SearchResult(result.hits, result.n_candidates, self.timings_ms, self.notices)


class Counting(LexicalEncoder):
    """Counts the queries it encodes."""

    def __init__(self) -> None:
        super().__init__()
        self.encoded: Counter[str] = Counter()

    def encode_query(self, text: str) -> QueryVectors:
        self.encoded[text] += 1
        return super().encode_query(text)


@pytest.fixture
def index() -> Watched:
    return Watched()


def swept(
    index: Watched,
    path: Path,
    settings: Sequence[Setting] = SETTINGS,
    encoder: Counting | None = None,
    **others: Any,
) -> RunFile:
    with RunFile(path, "s") as runs:
        todo = missing(TEXTS, settings, runs)
        sweep(index, lambda: encoder or Counting(), todo, runs, **others)
    return runs


def test_each_answer_is_what_a_search_gives(index: Watched, tmp_path: Path) -> None:
    runs = swept(index, tmp_path / "runs")
    assert len(runs.answers) == len(TEXTS) * (len(RANKINGS) + 3)  # three rankings have two phases
    for (setting, text), answer in runs.answers.items():
        found = found_for(index, text, setting.ranking, setting.depth, rerank=setting.rerank)
        assert answer.page_ids == tuple(hit.page_id for hit in found.result.hits)
        assert answer.ms >= 0


def test_of_the_pages_found_none_is_read(index: Watched, tmp_path: Path) -> None:
    swept(index, tmp_path / "runs")
    assert index.n_read == 0


@pytest.mark.parametrize("text", ["harbor ferries", "harbur"])
def test_a_misspelt_word_is_looked_for_as_a_search_does(
    index: Watched, tmp_path: Path, text: str
) -> None:
    (hybrid,) = settings_of([HYBRID], [None])
    with RunFile(tmp_path / "runs", "s") as runs:
        sweep(index, Counting, missing([text], [hybrid], runs), runs)
    found = found_for(index, text, HYBRID, hybrid.depth)
    assert found.spelled_alike
    assert runs.answers[hybrid, text].page_ids == tuple(h.page_id for h in found.result.hits)


def test_a_query_is_encoded_once_and_for_words_alone_never(index: Watched, tmp_path: Path) -> None:
    encoder = Counting()
    swept(index, tmp_path / "words", [Setting("bm25")], encoder)
    assert encoder.encoded == {}
    swept(index, tmp_path / "all", encoder=encoder)
    assert encoder.encoded == dict.fromkeys(TEXTS, 1)


def test_the_time_is_that_of_encoding_and_ranking(index: Watched, tmp_path: Path) -> None:
    """And not of reading a hundred hits, of which a person is shown five."""
    index.timings_ms = {"phase_1": 2000.0, "phase_2": 500.0, "hits": 9000.0}
    words, vectors = Setting("bm25"), Setting("hamming")
    answers = swept(index, tmp_path / "runs", [words, vectors]).answers
    assert answers[words, "ferries"].ms == 2500
    assert 2500 < answers[vectors, "ferries"].ms < 9000


class Interrupted(Exception):
    """What ends a sweep in its midst."""


@pytest.mark.parametrize("n_before", [1, 4, 10, 26])
def test_an_interrupted_sweep_goes_on_and_searches_nothing_twice(
    index: Watched, tmp_path: Path, n_before: int
) -> None:
    n_done = 0

    def interrupt() -> None:
        nonlocal n_done
        n_done += 1
        if n_done == n_before:
            raise Interrupted

    with pytest.raises(Interrupted):
        swept(index, tmp_path / "runs", on_answer=interrupt)
    runs = swept(index, tmp_path / "runs")
    calm_index = Watched()
    calm = swept(calm_index, tmp_path / "calm")
    assert {key: answer.page_ids for key, answer in runs.answers.items()} == {
        key: answer.page_ids for key, answer in calm.answers.items()
    }
    assert index.searched == calm_index.searched
    swept(index, tmp_path / "runs")
    assert index.searched == calm_index.searched


def test_an_answer_with_a_notice_is_used_and_asked_for_again(
    index: Watched, tmp_path: Path
) -> None:
    index.notices = ("Not all nodes answered.",)
    with RunFile(tmp_path / "runs", "s") as runs:
        todo = missing(TEXTS, SETTINGS, runs)
        assert sweep(index, Counting, todo, runs) == ("Not all nodes answered.",)
        assert missing(TEXTS, SETTINGS, runs) == {}
    with RunFile(tmp_path / "runs", "s") as runs:
        assert missing(TEXTS, SETTINGS, runs) == todo
