"""Request bodies: what is asked, and that nothing a user writes gets into the YQL."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import WrongUseError
from index.filters import Filters
from index.interface import BM25, INDEX_RANKINGS
from index.pages import QueryVectors
from index.words.cut import cut_query
from tests.random_pages import document_id, query, unit_vectors
from vespa_app import search_request
from vespa_app.search_request import (
    ANN,
    MAX_HITS,
    MAX_NEAREST,
    MAX_PATHS_AT_ONCE,
    MAX_TEXT_CHARACTERS,
    SCAN,
    count_body,
    count_waiting_body,
    ocr_engines_body,
    owners_body,
    page_stats_body,
    search_body,
    texts_body,
)
from vespa_app.tensors import float_blocks, sign_bit_blocks
from vespa_app.wire import to_wire_text

ANY_TEXT = st.text(st.characters(exclude_categories=()))
THREE_TOKENS = replace(query(unit_vectors(np.random.default_rng(3), 3)), text="2023-0042")
OF_A_CODE = {
    "wanted_0_0": "2023",
    "wanted_1_0": "0042",
    "wanted_2_0": "2023dash0042",
    "wanted_2_1": "20230042",
}
NO_FILTERS = Filters()

FLOATS = {"input.query(qt)": float_blocks(THREE_TOKENS.vectors)}
BITS = {"input.query(qtb)": sign_bit_blocks(THREE_TOKENS.vectors)}


def body(
    of: QueryVectors = THREE_TOKENS,
    ranking: str = "hamming-then-float",
    k: int = 10,
    rerank: int = 200,
    filters: Filters = NO_FILTERS,
    candidates: str = SCAN,
) -> dict[str, object]:
    return search_body(of, ranking, k, rerank, filters, candidates=candidates)


def condition(asked: dict[str, object]) -> str:
    return str(asked["yql"]).partition(" where ")[2]


def wanted(asked: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in asked.items() if name.startswith("wanted_")}


def test_a_search_as_a_whole() -> None:
    assert body() == {
        "yql": "select document_id, page_number, n_patches from page where n_paths > 0 and "
        "n_patches > 0",
        "model.restrict": "page",
        "ranking": "hamming-then-float",
        "hits": 10,
        "presentation.timing": True,
        "ranking.secondPhase.totalRerankCount": 200,
        **BITS,
        **FLOATS,
    }


def test_texts_are_asked_for_by_document() -> None:
    one, other = document_id(1), document_id(2)
    assert texts_body([f"{one}-3", f"{other}-1", f"{one}-12"]) == {
        "yql": "select document_id, page_number, paths, title, text, language, ocr_engine from "
        "page where (document_id contains @wanted_document0 and page_number in (3, 12)) or "
        "(document_id contains @wanted_document1 and page_number in (1))",
        "model.restrict": "page",
        "ranking": "unranked",
        "hits": 3,
        "wanted_document0": one,
        "wanted_document1": other,
    }
    with pytest.raises(WrongUseError, match="is not a page id"):
        texts_body(["1) or true or (page_number = 1"])


@pytest.mark.parametrize(
    ("ranking", "tensors"),
    [
        ("hamming", BITS),
        ("hamming-then-bits", BITS | FLOATS),
        ("hamming-then-float", BITS | FLOATS),
        ("float", FLOATS),
        ("bm25", {}),
    ],
)
def test_a_ranking_is_sent_the_tensors_its_phases_read(
    ranking: str, tensors: dict[str, object]
) -> None:
    asked = body(ranking=ranking)
    assert {name: asked[name] for name in asked if name.startswith("input.")} == tensors
    assert ("ranking.secondPhase.totalRerankCount" in asked) == ("-then-" in ranking)


@pytest.mark.parametrize(("k", "rerank", "total"), [(10, 200, 200), (300, 200, 300), (1, 1, 1)])
def test_phase_2_scores_no_fewer_pages_than_are_asked_for(k: int, rerank: int, total: int) -> None:
    asked = body(k=k, rerank=rerank)
    assert (asked["hits"], asked["ranking.secondPhase.totalRerankCount"]) == (k, total)


def test_more_hits_than_vespa_gives_are_refused() -> None:
    assert body(k=MAX_HITS)["hits"] == MAX_HITS
    with pytest.raises(
        WrongUseError, match="^-k 10001 is too many: Vespa gives 10000 hits at most.$"
    ):
        body(k=MAX_HITS + 1)


def test_each_token_and_the_words_nominate_candidates() -> None:
    asked = body(candidates=ANN, rerank=50)
    assert condition(asked) == (
        "n_paths > 0 and n_patches > 0 and ("
        "({totalTargetHits: 1000}nearestNeighbor(region_bits, rq0)) or "
        "({totalTargetHits: 1000}nearestNeighbor(region_bits, rq1)) or "
        "({totalTargetHits: 1000}nearestNeighbor(region_bits, rq2)) or "
        "({totalTargetHits: 50}weakAnd(default contains @wanted_0_0, "
        "default contains @wanted_1_0, default contains equiv(@wanted_2_0, @wanted_2_1))))"
    )
    assert wanted(asked) == OF_A_CODE
    bits = sign_bit_blocks(THREE_TOKENS.vectors)["blocks"]
    assert [asked[f"input.query(rq{token})"] for token in range(3)] == list(bits.values())


def test_a_token_nominates_no_fewer_pages_than_phase_2_takes() -> None:
    asked = condition(body(candidates=ANN, rerank=3_000))
    assert asked.count("totalTargetHits: 3000}") == 4
    assert "1000" not in asked


def test_of_a_long_query_the_first_tokens_nominate_and_all_rank() -> None:
    long = query(unit_vectors(np.random.default_rng(1), MAX_NEAREST + 1))
    asked = body(long, candidates=ANN)
    assert condition(asked).count("nearestNeighbor") == MAX_NEAREST
    assert f"input.query(rq{MAX_NEAREST})" not in asked
    assert asked["input.query(qt)"] == float_blocks(long.vectors)


def test_any_word_is_enough_for_bm25_however_candidates_are_found() -> None:
    asked = body(ranking=BM25)
    assert condition(asked) == (
        "n_paths > 0 and (default contains @wanted_0_0 or default contains @wanted_1_0 or "
        "default contains equiv(@wanted_2_0, @wanted_2_1))"
    )
    assert wanted(asked) == OF_A_CODE
    assert body(ranking=BM25, candidates=ANN) == asked


@pytest.mark.parametrize("text", ["", " ", "!!!", '"', "😀", "\x00\ud800", "\u0301"])
def test_a_text_without_words_finds_nothing_and_nominates_nothing(text: str) -> None:
    of = replace(THREE_TOKENS, text=text)
    asked = body(of, ranking=BM25)
    assert condition(asked) == "n_paths > 0 and false"
    near = body(of, candidates=ANN)
    assert "contains" not in condition(near)
    assert condition(near).endswith("nearestNeighbor(region_bits, rq2)))")
    assert wanted(asked) == wanted(near) == {}


def test_of_a_long_text_the_beginning_is_searched() -> None:
    of = QueryVectors.text_only(" , ".join(f"{n:05d}" for n in range(10_000)))
    words = wanted(body(of, ranking=BM25)).values()
    assert len(words) == MAX_TEXT_CHARACTERS // 8
    assert set(words) == {f"{n:05d}" for n in range(MAX_TEXT_CHARACTERS // 8)}


def test_a_run_of_japanese_is_searched_by_pairs() -> None:
    asked = body(QueryVectors.text_only("東京都, 42"), ranking=BM25)
    assert list(wanted(asked).values()) == ["東京", "京都", "42"]


@pytest.mark.parametrize(
    ("filters", "conditions", "parameters"),
    [
        (
            Filters(path_glob="2023/*.pdf"),
            "filter_paths matches @wanted_path",
            {"wanted_path": r"(?s)^(?:.*/)?2023/.*\.pdf\z"},
        ),
        (
            Filters(document_id="00ab"),
            "document_id contains ({prefix: true}@wanted_document)",
            {"wanted_document": "00ab"},
        ),
        (Filters(document_id=""), "", {}),
        (Filters(first_page=2), "page_number >= 2", {}),
        (Filters(last_page=9), "page_number <= 9", {}),
        (
            Filters(first_page=-(10**12), last_page=10**12),
            "page_number >= -2147483647 and page_number <= 2147483647",
            {},
        ),
        (Filters(language="de"), "language contains @wanted_language", {"wanted_language": "de"}),
        (Filters(language=""), '!(language matches ".")', {}),
        (Filters(not_document_id="", not_path_glob=None), "", {}),
        (Filters(first_year=2020, last_year=10**12), "year >= 2020 and year <= 2147483647", {}),
        (Filters(not_first_year=2020, not_last_year=2021), "(year < 2020 or year > 2021)", {}),
        (Filters(not_last_year=2021), "(year < 0 or year > 2021)", {}),
        (Filters(kind="pdf"), "kind contains @wanted_kind", {"wanted_kind": "pdf"}),
        (
            Filters(not_kind="pdf"),
            "!(kind contains @wanted_not_kind)",
            {"wanted_not_kind": "pdf"},
        ),
        (
            Filters("a", not_path_glob="drafts/*", not_document_id="b", not_language="de"),
            "filter_paths matches @wanted_path and !(filter_paths matches @wanted_not_path)"
            " and !(document_id contains ({prefix: true}@wanted_not_document))"
            " and !(language contains @wanted_not_language)",
            {
                "wanted_path": r"(?s)^(?:.*/)?a\z",
                "wanted_not_path": r"(?s)^(?:.*/)?drafts/.*\z",
                "wanted_not_document": "b",
                "wanted_not_language": "de",
            },
        ),
        (Filters(not_first_page=3), "(page_number < 3)", {}),
        (Filters(not_last_page=10**12), "(page_number < 1 or page_number > 2147483647)", {}),
        (Filters(not_language=""), 'language matches "."', {}),
        (
            Filters(phrases=("2023 11",), without=("42",)),
            "(text_words contains phrase(@wanted_phrase0_0_0, @wanted_phrase0_0_1))"
            " and !(text_words contains @wanted_not_phrase0_0_0)"
            " and !(text_forms contains @wanted_not_word0_0)",
            {
                "wanted_phrase0_0_0": "2023",
                "wanted_phrase0_0_1": "11",
                "wanted_not_phrase0_0_0": "42",
                "wanted_not_word0_0": "42",
            },
        ),
        (Filters(phrases=("...",), without=("...",)), "false", {}),
        (
            Filters("a", "b", 1, 2, "de"),
            "filter_paths matches @wanted_path"
            " and document_id contains ({prefix: true}@wanted_document)"
            " and page_number >= 1 and page_number <= 2"
            " and language contains @wanted_language",
            {
                "wanted_path": r"(?s)^(?:.*/)?a\z",
                "wanted_document": "b",
                "wanted_language": "de",
            },
        ),
    ],
)
def test_a_filter_is_one_more_condition(
    filters: Filters, conditions: str, parameters: dict[str, object]
) -> None:
    asked = body(filters=filters)
    expected = "n_paths > 0 and n_patches > 0" + (f" and {conditions}" if conditions else "")
    assert condition(asked) == expected
    assert wanted(asked) == parameters


OF_YQL = re.compile(
    r"(?:select|from|where|and|or|false|true|contains|matches|equiv|phrase|prefix|weakAnd"
    r"|nearestNeighbor|totalTargetHits|rq[0-2]|50|200|1000|0|default|page|document_id|page_number"
    r"|paths|title|text|n_paths|n_patches|region_bits|text_forms|text_words|filter_paths|language"
    r"""|ocr_engine|[ ,(){}:>!@"'.])*"""
)


@given(st.sampled_from(INDEX_RANKINGS), st.sampled_from([SCAN, ANN]), *[ANY_TEXT] * 4)
def test_what_a_user_writes_is_never_part_of_the_yql(
    ranking: str, candidates: str, text: str, glob: str, document_id: str, language: str
) -> None:
    filters = Filters(
        path_glob=glob,
        document_id=document_id,
        language=language,
        phrases=(text, glob),
        without=(document_id,),
    )
    asked = body(replace(THREE_TOKENS, text=text), ranking, filters=filters, candidates=candidates)
    yql = re.sub(r"@wanted_\w+", "@", str(asked["yql"]))
    assert OF_YQL.fullmatch(yql)
    json.dumps(asked, ensure_ascii=False).encode()  # no lone surrogate is left


@given(st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_owners_are_asked_for_by_parameters(paths: list[str]) -> None:
    asked = owners_body(paths)
    assert asked["model.restrict"] == "pdf"
    assert (asked["hits"], asked["ranking"]) == (MAX_HITS, "unranked")
    names = re.findall(r"paths contains @(\w+)", str(asked["yql"]))
    assert asked["yql"] == "select document_id from pdf where " + " or ".join(
        f"paths contains @{name}" for name in names
    )
    assert [asked[name] for name in names] == [to_wire_text(path) for path in paths]


def test_owners_of_as_many_paths_as_may_be_asked_at_once_stay_a_small_request() -> None:
    asked = owners_body(
        [f"/home/somebody/papers/2023/{n:032x}.pdf" for n in range(MAX_PATHS_AT_ONCE)]
    )
    assert len(json.dumps(asked)) < 50_000


def test_counts_ask_for_no_hits() -> None:
    shared = {"model.restrict": "page", "ranking": "unranked"}
    assert count_body() == shared | {
        "yql": "select * from page where n_paths > 0 limit 0"
        " | all(output(count(), sum(n_patches)))",
    }
    assert count_waiting_body() == shared | {
        "yql": "select * from page where n_paths > 0 and n_patches = -1 limit 0",
    }
    assert page_stats_body() == shared | {
        "yql": "select * from page where n_paths > 0 limit 0"
        " | all(all(group(min(n_patches, 1)) each(output(count(), sum(n_patches))))"
        " all(group(ocr_engine) max(1000) each(output(count()))))",
    }


def test_engines_are_asked_for_whether_or_not_the_document_can_be_found() -> None:
    assert ocr_engines_body("ab", 10_001) == {
        "yql": "select page_number, ocr_engine from page where document_id contains "
        "({prefix: true}@wanted_document) and page_number >= 10001 and page_number <= 20000 "
        'and ocr_engine matches "."',
        "model.restrict": "page",
        "ranking": "unranked",
        "hits": MAX_HITS,
        "wanted_document": "ab",
    }


ARGUMENTS = {
    "texts_body": ([f"{document_id(1)}-1"],),
    "owners_body": (["/a.pdf"],),
    "documents_body": (0, 10),
    "documents_by_path_body": (0, 10),
    "documents_at_body": ("a.pdf",),
    "facets_body": (NO_FILTERS,),
    "ocr_engines_body": ("ab", 1),
    "count_with_word_body": (cut_query("quay")[0],),
}
"""Of the bodies that want some, but for `search_body`."""


def test_every_request_names_its_ranking() -> None:
    # where none is named Vespa takes "default", which is there for other programs
    for name, make in vars(search_request).items():
        if name.endswith("_body") and not name.startswith("_") and name != "search_body":
            assert make(*ARGUMENTS.get(name, ()))["ranking"] == "unranked", name
    for ranking in INDEX_RANKINGS:
        assert body(ranking=ranking)["ranking"] == ranking
