"""query/words_nowhere.py, query/resemblance.py: words that stand nowhere, the line of chance."""

import math
from dataclasses import replace

import numpy as np
import pytest

from encoders.lexical import LexicalEncoder
from index.filters import Filters
from index.interface import BM25, FLOAT, HAMMING_THEN_FLOAT
from query.fusion import HYBRID
from query.request import RANKINGS
from query.resemblance import FEWEST_SCORES, Line, line_of_chance, scores_at_random
from query.why.explain import explain_hits
from query.words_nowhere import MAX_ASKED, nowhere_notices, words_nowhere
from tests.finding import found_for
from tests.library import NEW_REPORT, OLD_REPORT, fill
from tests.memory_index import MemoryIndex
from tests.random_pages import FINGERPRINT, document, page, unit_vectors
from tests.random_pages import query as query_of


@pytest.fixture(scope="module")
def library() -> MemoryIndex:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    return index


@pytest.mark.parametrize("ranking", RANKINGS)
def test_a_word_that_stands_nowhere_is_named(library: MemoryIndex, ranking: str) -> None:
    found = found_for(library, "quay xyzzyqq", ranking, 3)
    assert found.words_nowhere == ("xyzzyqq",)
    hits = (
        "these hold other words of the query" if ranking == BM25 else "these are the most similar"
    )
    assert f"No page holds xyzzyqq; {hits}." in found.notices


@pytest.mark.parametrize("ranking", RANKINGS)
def test_nothing_is_said_of_a_usual_search(library: MemoryIndex, ranking: str) -> None:
    found = found_for(library, "the containers by quay", ranking, 3)
    assert found.words_nowhere == ()
    assert not [notice for notice in found.notices if notice.startswith("No page")]


def test_a_word_of_a_page_below_the_hits_is_somewhere(library: MemoryIndex) -> None:
    assert found_for(library, "quay ferries", HAMMING_THEN_FLOAT, 1).words_nowhere == ()


def test_titles_and_file_names_count(library: MemoryIndex) -> None:
    assert found_for(library, "copy", HYBRID, 1).words_nowhere == ()


def test_the_index_is_not_asked_for_what_hits_hold(
    library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = found_for(library, "containers by quay", FLOAT, 1)
    monkeypatch.setattr(library, "search", None)
    assert words_nowhere(library, "containers by quay", found.shown) == ()


def test_a_page_without_a_word_says_by_what_it_was_found(library: MemoryIndex) -> None:
    assert (
        "found by resemblance" in found_for(library, "quay", FLOAT, 6).hit_words[5].why_no_snippet
    )
    by_parts = found_for(library, "quay-77", BM25, 6).hit_words
    assert {words.why_no_snippet for words in by_parts} == {""}  # the part is shown


def test_so_many_words_are_asked_for_and_no_more(library: MemoryIndex) -> None:
    query = " ".join(f"qx{n}z" for n in range(5000))
    assert len(words_nowhere(library, query, ())) == MAX_ASKED


def test_several_words_are_listed_and_long_ones_shortened() -> None:
    (said,) = nowhere_notices(["ab", "cd", "ef"], BM25, 1)
    assert said == "No page holds ab, cd or ef; these hold other words of the query."
    assert nowhere_notices(["ab"], BM25, 0) == ()
    (said,) = nowhere_notices(["x" * 1000], FLOAT, 1)
    assert said == f"No page holds {'x' * 40}…; these are the most similar."


def test_hits_without_a_word_of_the_query_stand_below_the_line(library: MemoryIndex) -> None:
    found = found_for(library, "quay", HAMMING_THEN_FLOAT, 6)
    assert found.line == Line(0.6, words_do=True)
    assert found.n_above_line == 2
    assert {hit.document_id for hit in found.shown[:2]} == {OLD_REPORT, NEW_REPORT}
    assert [words.matched_by for words in found.hit_words] == ["words"] * 2 + ["resemblance"] * 4


def test_all_stand_below_where_no_page_holds_a_word(library: MemoryIndex) -> None:
    assert found_for(library, "xyzzyqq", HYBRID, 6).n_above_line == 0


@pytest.mark.parametrize("ranking", [HAMMING_THEN_FLOAT, HYBRID])
def test_a_typing_error_is_no_chance(library: MemoryIndex, ranking: str) -> None:
    found = found_for(library, "cotnainerz", ranking, 6)
    assert found.n_above_line == 2
    assert found.hit_words[0].matched_by == "spelling"
    assert found.hit_words[0].snippet.matched_words == ("Containers",)
    assert (
        "No page holds cotnainerz; these are the most similar. Nearest in spelling: containers."
        in (found.notices)
    )


def test_hybrid_looks_for_what_a_mistyped_word_may_be(library: MemoryIndex) -> None:
    found = found_for(library, "cotnainerz", HYBRID, 6)
    right = found_for(library, "containers", BM25, 6)
    assert found.spelled_alike == ("containers",)
    assert found.shown[0].halves[BM25] == right.shown[0].score
    (first, *_) = explain_hits(library, found)
    assert [word.text for word in first.words if word.on_page] == ["containers"]


def test_a_lone_letter_of_a_compound_finds_nothing(library: MemoryIndex) -> None:
    assert found_for(library, "a-quay", BM25, 6).shown == found_for(library, "quay", BM25, 6).shown


def test_bm25_marks_nothing_that_it_did_not_find(library: MemoryIndex) -> None:
    found = found_for(library, "cotnainers quay", BM25, 6)
    assert found.words_nowhere == ("cotnainers",)
    assert {word for hit in found.hit_words for word in hit.snippet.matched_words} == {"quay"}


def test_a_page_with_parts_of_a_code_alone_is_below_the_line_in_bm25(library: MemoryIndex) -> None:
    assert found_for(library, "quay", BM25, 6).n_above_line == 2
    found = found_for(library, "quay-77", BM25, 6)
    assert (len(found.shown), found.n_above_line) == (2, 0)


def test_pages_as_queries_draw_no_line(library: MemoryIndex) -> None:
    like = found_for(library, "quay crane", FLOAT, 6, except_page_id=f"{OLD_REPORT}-2")
    assert (like.line, like.n_above_line) == (None, len(like.groups))


def test_the_line_is_drawn_by_scores_where_vectors_are_of_looks() -> None:
    rng = np.random.default_rng(3)
    scores = sorted(rng.normal(0.4, 0.02, 300).tolist(), reverse=True)
    line = line_of_chance(scores, 300)
    assert line == pytest.approx(0.4 + 0.02 * math.sqrt(2 * math.log(300)), abs=0.01)
    assert line_of_chance([0.6, 0.55, *scores[:-2]], 300) == pytest.approx(line, abs=0.002)
    assert line_of_chance(scores, 100_000) > line  # more pages, more chance


def test_what_random_pages_reach_is_below_and_a_page_like_the_query_above() -> None:
    rng = np.random.default_rng(5)
    asked = query_of(unit_vectors(rng, 6), "anything")
    index = MemoryIndex(replace(FINGERPRINT, rendering="looks"))
    for n in range(40):
        index.put_document(document(n, f"/files/{n}.pdf"))
        index.put([page(n, 1, unit_vectors(rng, 30))])
    found = found_for(index, asked, HAMMING_THEN_FLOAT, 5)
    assert found.line is not None
    assert not found.line.words_do
    assert found.n_above_line <= 1
    index.put_document(document(40, "/files/40.pdf"))
    index.put([page(40, 1, np.concatenate([asked.vectors, unit_vectors(rng, 24)]))])
    found = found_for(index, asked, HAMMING_THEN_FLOAT, 5)
    assert found.shown[0].paths == ("/files/40.pdf",)
    assert found.n_above_line in (1, 2)
    assert "line" in found.result.timings_ms


def test_a_large_index_is_sampled_by_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query.resemblance.MOST_SCORES", 40)
    rng = np.random.default_rng(6)
    index = MemoryIndex(replace(FINGERPRINT, rendering="looks"))
    for n in range(100):  # ids begin with 5 where n does not divide by 4
        id_ = ("05"[n % 4 > 0] + "a30"[n % 3] + f"{n:030x}")[:32]
        index.put_document(replace(document(n, f"/files/{n}.pdf"), document_id=id_))
        index.put([replace(page(n, 1, unit_vectors(rng, 9)), document_id=id_)])
    asked = query_of(unit_vectors(rng, 3), "anything")
    scores = scores_at_random(index, asked, FLOAT, 100)
    assert scores == sorted(scores, reverse=True)
    some = Filters(document_id="5a")
    assert scores == [hit.score for hit in index.search(asked, FLOAT, 99, filters=some).hits]


def test_of_few_pages_nothing_is_known_of_chance() -> None:
    assert line_of_chance([0.5] * (FEWEST_SCORES - 1), 100) is None
    assert line_of_chance([0.5] * FEWEST_SCORES, 100) == 0.5


def test_a_line_says_what_is_below() -> None:
    assert Line(math.inf, words_do=True).said == "no word of the query below"
    assert Line(0.5, words_do=False).said.startswith("below: no more alike than")
