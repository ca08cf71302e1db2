"""What Vespa understands of each request: its own reading, typing and rewriting of a query.

A tree is the query as Vespa writes it: `field:<0;]` is field > 0, `+a -b` is a and not b, and a
word with `*` is a prefix.
"""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from index.filters import Filters
from index.interface import BM25, INDEX_RANKINGS
from index.pages import QueryVectors
from index.words.cut import cut_query
from index.words.stored_text import asked_words, stored_text
from tests.random_pages import query, unit_vectors
from tests.vespa_java.application_copy import APPLICATION, copy_with
from tests.vespa_java.jvm import VespaError, VespaJava
from vespa_app.search_request import (
    ANN,
    MAX_HITS,
    MAX_NEAREST,
    MAX_PATHS_AT_ONCE,
    MAX_TEXTS_AT_ONCE,
    PAGES_PER_TOKEN,
    SCAN,
    count_body,
    count_failed_body,
    count_found_body,
    count_waiting_body,
    count_with_word_body,
    documents_at_body,
    documents_by_path_body,
    facets_body,
    ocr_engines_body,
    owners_body,
    page_stats_body,
    search_body,
    texts_body,
)
from vespa_app.tensors import float_blocks, sign_bit_blocks
from vespa_app.wire import to_wire_text

CATS = replace(query(unit_vectors(np.random.default_rng(3), 3)), text="two cats")
MAXSIM_RANKINGS = [ranking for ranking in INDEX_RANKINGS if ranking != BM25]
NO_FILTERS = Filters()

SEARCHABLE = "n_paths:<0;]"
RANKED = "n_patches:<0;]"

EACH_FILTER = {
    "path_glob": ("2023/*.[pP]df", r"REGEXP filter_paths:(?s)^(?:.*/)?2023/.*\.[pP]df\z"),
    "document_id": ("00ab", "document_id:00ab*"),
    "first_page": (2, "page_number:[2;]"),
    "last_page": (9, "page_number:[;9]"),
    "language": ("de", "language:de"),
    "kind": ("pdf", "kind:pdf"),
}
EACH_NEGATION = {
    "not_path_glob": ("drafts/*", r"REGEXP filter_paths:(?s)^(?:.*/)?drafts/.*\z"),
    "not_document_id": ("00ab", "document_id:00ab*"),
    "not_language": ("de", "language:de"),
    "not_kind": ("pdf", "kind:pdf"),
}
"""A value for each field of Filters, and the item of the tree that it becomes."""

SIGNS = [
    '"',
    "'",
    '") or true //',
    '"; select * from pdf',
    "| all(output(count()))",
    "@wanted_path @text",
    "{a: [1, 2]}",
    "a\nb\r\n\tc",
    "title:secret -x +y *",
    '"exact words" OR (a AND NOT b) NEAR/3',
    'weakAnd(a, b) rank(c) ~ ^ $ \\ \\" %22 &amp; <b>',
    "\x00\x1b\ud800\udfff\ufdd0",
    "\u2028\u2029\u200f\ufeff",
    "Ã ¤ Ã ¶ â € ™",
    "x'x'x'x'x'x'x'x'x'x'x'x'x'x",
    "a a a a a a a a a a a a a a a a",
    "עברית العربية ไทย हिन्दी 한국어 Ελληνικά",
    "東京都は日本の首都です",
    "😀👩\u200d👩\u200d👧",
    "word " * 2_000,
    "東" * 10_000,
    "x" * 10_000,
    "",
    " ",
    "...",
]


def parse(vespa_java: VespaJava, body: dict[str, object]) -> dict[str, Any]:
    parsed: dict[str, Any] = vespa_java.call("parse-query", application=str(APPLICATION), body=body)
    return parsed


def body(
    of: QueryVectors = CATS,
    ranking: str = "hamming-then-float",
    k: int = 10,
    rerank: int = 200,
    filters: Filters = NO_FILTERS,
    candidates: str = SCAN,
) -> dict[str, object]:
    return search_body(of, ranking, k, rerank, filters, candidates=candidates)


def words_of(text: str) -> str:
    """The items that the words of a text become."""
    items = []
    for forms in (word.forms for word in asked_words(text)):
        terms = " ".join(f"default:{form}" for form in forms)
        items.append(f"(EQUIV {terms})" if len(forms) > 1 else terms)
    return " ".join(items)


def nominated(n_tokens: int, pages: int, words: str) -> str:
    per_token = f"totalTargetHits={max(PAGES_PER_TOKEN, pages)}"
    near = [
        f"NEAREST_NEIGHBOR {{field=region_bits,queryTensorName=rq{token},{per_token}}}"
        for token in range(n_tokens)
    ]
    return f"(OR {' '.join(near)} (WEAKAND {{totalTargetHits={pages}}} {words}))"


def parts(tree: str) -> list[str]:
    """The items of an AND without order: Vespa puts cheap ones first."""
    assert tree.startswith("AND ")
    # what holds unless said otherwise: 8.659 writes it out, 8.700 does not
    tree = tree.replace("distanceThreshold=Infinity,approximate=true,", "")
    items, depth = [""], 0
    for character in tree.removeprefix("AND "):
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(character, 0)
        if character == " " and depth == 0 and items[-1] != "REGEXP":
            items.append("")
        else:
            items[-1] += character
    return sorted(items)


# -- every kind of search


@pytest.mark.parametrize("candidates", [SCAN, ANN])
@pytest.mark.parametrize("ranking", INDEX_RANKINGS)
def test_a_search_is_what_was_asked(vespa_java: VespaJava, ranking: str, candidates: str) -> None:
    parsed = parse(vespa_java, body(ranking=ranking, k=7, rerank=50, candidates=candidates))
    words = words_of(CATS.text)
    if ranking == BM25:
        expected = [f"(OR {words})"]
    elif candidates == ANN:
        expected = [RANKED, nominated(3, 50, words)]
    else:
        expected = [RANKED]
    assert parts(parsed.pop("tree")) == sorted([SEARCHABLE, *expected])
    assert set(parsed.pop("inputs")) == set(inputs(CATS, ranking, candidates))
    assert sorted(parsed.pop("summaryFields")) == ["document_id", "n_patches", "page_number"]
    assert parsed == {
        "error": None,
        "profile": ranking,
        "hits": 7,
        "offset": 0,
        "timeoutMs": 20_000,
        "softTimeoutFactor": 0.7,
        "totalRerankCount": 50 if "-then-" in ranking else None,
        "schemas": ["page"],
        "sources": ["page"],
        "grouping": "[]",
        "sorting": [],
        "timing": True,
    }


def inputs(of: QueryVectors, ranking: str, candidates: str) -> dict[str, dict[str, object]]:
    """The tensors a search's content nodes should get, as Vespa writes them in hex."""
    bits = sign_bit_blocks(of.vectors)
    expected: dict[str, dict[str, object]] = {}
    if ranking.startswith("hamming"):
        expected["query(qtb)"] = {"type": "tensor<int8>(querytoken{},v[16])", **bits}
    if ranking in ("float", "hamming-then-float", "hamming-then-bits"):
        expected["query(qt)"] = {
            "type": "tensor<float>(querytoken{},v[128])",
            **float_blocks(of.vectors),
        }
    if candidates == ANN and ranking != BM25:
        for token, digits in list(bits["blocks"].items())[:MAX_NEAREST]:
            expected[f"query(rq{token})"] = {"type": "tensor<int8>(v[16])", "values": digits}
    return expected


def in_lower_case(tensor: dict[str, Any]) -> dict[str, Any]:
    """Vespa writes hex digits in capitals."""
    values = {name: value for name, value in tensor.items() if name != "type"}
    if "blocks" in values:
        values["blocks"] = {label: cells.lower() for label, cells in values["blocks"].items()}
    else:
        values["values"] = values["values"].lower()
    return {"type": tensor["type"], **values}


@pytest.mark.parametrize("n_tokens", [1, 3, MAX_NEAREST, MAX_NEAREST + 1])
@pytest.mark.parametrize("candidates", [SCAN, ANN])
@pytest.mark.parametrize("ranking", MAXSIM_RANKINGS)
def test_the_tensors_are_ours_bit_for_bit_and_typed_as_the_profile_says(
    vespa_java: VespaJava, ranking: str, candidates: str, n_tokens: int
) -> None:
    of = query(unit_vectors(np.random.default_rng(n_tokens), n_tokens))
    parsed = parse(vespa_java, body(of, ranking, candidates=candidates))
    assert parsed["error"] is None
    read = {name: in_lower_case(tensor) for name, tensor in parsed["inputs"].items()}
    assert read == inputs(of, ranking, candidates)


@pytest.mark.parametrize("candidates", [SCAN, ANN])
@pytest.mark.parametrize("ranking", INDEX_RANKINGS)
def test_every_combination_of_filters_is_anded(
    vespa_java: VespaJava, ranking: str, candidates: str
) -> None:
    plain = parts(parse(vespa_java, body(ranking=ranking, candidates=candidates))["tree"])
    for n_filters in range(1, len(EACH_FILTER) + 1):
        for names in itertools.combinations(EACH_FILTER, n_filters):
            filters = Filters(**{name: EACH_FILTER[name][0] for name in names})
            asked = body(ranking=ranking, filters=filters, candidates=candidates)
            parsed = parse(vespa_java, asked)
            assert parsed["error"] is None
            items = {EACH_FILTER[name][1] for name in names}
            if {"first_page", "last_page"} <= set(names):  # Vespa makes one range of the two
                items = items - {"page_number:[2;]", "page_number:[;9]"} | {"page_number:[2;9]"}
            assert parts(parsed["tree"]) == sorted([*plain, *items])


def test_pages_of_unknown_language_are_those_without_one(vespa_java: VespaJava) -> None:
    parsed = parse(vespa_java, body(filters=Filters(language="")))
    assert parsed["tree"] == f"+(AND {SEARCHABLE} {RANKED}) -REGEXP language:."


def test_negations_are_taken_away(vespa_java: VespaJava) -> None:
    asked = {name: value for name, (value, _) in EACH_NEGATION.items()}
    filters = Filters(path_glob="2023/*", language="en", **asked)
    parsed = parse(vespa_java, body(filters=filters))
    assert parsed["error"] is None
    wanted, *taken_away = parsed["tree"].split(" -")
    assert sorted(taken_away) == sorted(item for _, item in EACH_NEGATION.values())
    assert parts(wanted.removeprefix("+(").removesuffix(")")) == sorted(
        [r"REGEXP filter_paths:(?s)^(?:.*/)?2023/.*\z", "language:en", SEARCHABLE, RANKED]
    )


def test_page_numbers_left_out_are_two_ranges(vespa_java: VespaJava) -> None:
    parsed = parse(vespa_java, body(filters=Filters(not_first_page=3, not_last_page=5)))
    assert parsed["error"] is None
    assert "(OR page_number:<3 page_number:>5)" in parsed["tree"]


def test_the_largest_numbers_are_taken(vespa_java: VespaJava) -> None:
    filters = Filters(first_page=-(2**70), last_page=2**70)
    parsed = parse(vespa_java, body(k=MAX_HITS, rerank=10**6, filters=filters))
    assert parsed["error"] is None
    assert (parsed["hits"], parsed["totalRerankCount"]) == (MAX_HITS, 10**6)
    assert "page_number:[-2147483647;2147483647]" in parsed["tree"]


# -- what users write


ONLY_WORDS = {"(OR", "(EQUIV", "AND", SEARCHABLE}


def is_only_words(tree: str) -> bool:
    """Whether a bm25 query holds no more than words of the default fields."""
    return all(
        item in ONLY_WORDS or item.startswith("default:") and ":" not in item[8:]
        for item in tree.replace(")", "").split(" ")
    )


@pytest.mark.parametrize("text", SIGNS, ids=lambda text: ascii(text[:20]))
def test_signs_in_a_text_are_no_syntax(vespa_java: VespaJava, text: str) -> None:
    of = replace(CATS, text=f"{text} cats")
    for candidates, ranking in ((SCAN, BM25), (ANN, "hamming")):
        parsed = parse(vespa_java, body(of, ranking, candidates=candidates))
        assert parsed["error"] is None
        if ranking == BM25:
            assert is_only_words(parsed["tree"])
            assert "default:cats" in parsed["tree"] or len(text) >= 10_000
        alone = parse(vespa_java, body(replace(of, text=text), ranking, candidates=candidates))
        assert alone["error"] is None
        assert ranking != BM25 or is_only_words(alone["tree"]) or "FALSE" in alone["tree"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=()), max_size=30))
@example("Ⅷ ﬁne Straße don't")
def test_any_text_at_all_is_only_words(vespa_java: VespaJava, text: str) -> None:
    parsed = parse(vespa_java, body(QueryVectors.text_only(text), BM25))
    assert parsed["error"] is None
    assert is_only_words(parsed["tree"]) or parsed["tree"] == f"AND FALSE {SEARCHABLE}"


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b\ud800c",
        "Cats RUNNING",
        "crème Straße",
        "cats OR -dogs",
        "東京都 map",
        "茶",
        "3.14 foo_bar v2.12.1",
        "don't go",
        "C++ C# .NET R&D",
        "Йод ёлка हिन्दी ไทย 한국어 עברית العربية",
        "12.03.2024 INV-2023-0042 25 °C $1,000",
        "😀 ½ Ⅷ ﬁne x²",
    ],
)
def test_words_are_looked_for_as_they_are_indexed(vespa_java: VespaJava, text: str) -> None:
    tree = parse(vespa_java, body(QueryVectors.text_only(text), BM25))["tree"]
    (words,) = (item for item in parts(tree) if item != SEARCHABLE)
    assert words in (words_of(text), f"(OR {words_of(text)})")
    stored = stored_text(text).all
    assert vespa_java.call("tokenize", text=stored) == stored.split()
    for forms in (word.forms for word in asked_words(text)):
        assert vespa_java.call("tokenize", text=" ".join(forms)) == list(forms)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_what_is_stored_is_kept_as_it_is(vespa_java: VespaJava, text: str) -> None:
    stored = stored_text(text).all.lower()  # as Vespa does both when it feeds and when it looks
    assert vespa_java.call("tokenize", text=stored) == stored.split()


def test_phrases_and_words_left_out_are_conditions_on_the_words(vespa_java: VespaJava) -> None:
    filters = Filters(phrases=("2023 report",), without=("42",))
    parsed = parse(vespa_java, body(filters=filters))
    assert parsed["error"] is None
    assert parsed["tree"] == (
        f'+(AND text_words:"2023 report" {SEARCHABLE} {RANKED}) -text_words:42 -text_forms:42'
    )


def test_whether_a_page_has_a_word_is_a_count(vespa_java: VespaJava) -> None:
    parsed = parse(vespa_java, count_with_word_body(cut_query("42")[0]))
    assert (parsed["error"], parsed["tree"]) == (None, f"AND default:42 {SEARCHABLE}")
    assert (parsed["hits"], parsed["profile"]) == (0, "unranked")


@pytest.mark.parametrize("sign", SIGNS[:-3], ids=lambda text: ascii(text[:20]))
def test_signs_in_a_filter_are_no_syntax(vespa_java: VespaJava, sign: str) -> None:
    filters = Filters(not_path_glob=sign, not_document_id=sign, not_language=sign)
    assert parse(vespa_java, body(filters=filters))["error"] is None
    filters = Filters(path_glob=sign, document_id=sign, language=sign)
    parsed = parse(vespa_java, body(filters=filters))
    assert parsed["error"] is None
    assert parsed["tree"].startswith("AND REGEXP filter_paths:(?s)^(?:.*/)?")
    written = to_wire_text(sign).lower()  # both attributes ignore case
    assert f" document_id:{written}* language:{written} {SEARCHABLE} {RANKED}" in parsed["tree"]


@pytest.mark.parametrize("sign", SIGNS, ids=lambda text: ascii(text[:20]))
def test_a_path_is_looked_for_as_it_is_written(vespa_java: VespaJava, sign: str) -> None:
    path = f"/É {sign}.PDF"
    parsed = parse(vespa_java, owners_body([path, "/b, c"]))
    assert parsed["error"] is None
    assert parsed["tree"] == f"OR paths:{to_wire_text(path)} paths:/b, c"


# -- the other requests


def test_owners_of_many_paths_are_one_query(vespa_java: VespaJava) -> None:
    paths = [f"/home/somebody/papers/{n}.pdf" for n in range(MAX_PATHS_AT_ONCE)]
    parsed = parse(vespa_java, owners_body(paths))
    assert parsed["error"] is None
    assert parsed["tree"] == "OR " + " ".join(f"paths:{path}" for path in paths)
    assert (parsed["hits"], parsed["profile"]) == (MAX_HITS, "unranked")
    assert (parsed["schemas"], parsed["sources"]) == (["pdf"], ["pdf"])
    assert parsed["summaryFields"] == ["document_id"]
    one = parse(vespa_java, owners_body(["/a.pdf"]))
    assert (one["error"], one["tree"]) == (None, "paths:/a.pdf")


def test_documents_in_order_of_path_are_one_query(vespa_java: VespaJava) -> None:
    body = documents_by_path_body(100, 50, 'A "b" or true', only_failed=True)
    parsed = parse(vespa_java, body)
    assert parsed["error"] is None
    part = '(?i)A \\"b\\" or true'
    assert parsed["tree"] == (
        f"AND REGEXP paths:. (OR REGEXP title:{part} REGEXP paths:{part}) REGEXP failures:."
    )
    assert (parsed["hits"], parsed["offset"], parsed["profile"]) == (50, 100, "unranked")
    assert (parsed["schemas"], parsed["sorting"]) == (["pdf"], ["RawSorter ASCENDING:paths"])
    named = parse(vespa_java, documents_at_body("é.pdf"))
    assert (named["error"], named["sorting"]) == (
        None,
        ["LowerCaseSorter ASCENDING:lowercase(document_id)"],
    )
    assert named["tree"] == "REGEXP paths:(?s)^(?:.*/)?(?:é|e\u0301)\\.pdf\\z"
    for counting, tree in (
        (count_found_body(), "AND REGEXP paths:. is_without_pages:false"),
        (count_failed_body(), "REGEXP failures:."),
    ):
        counted = parse(vespa_java, counting)
        assert (counted["error"], counted["hits"], counted["tree"]) == (None, 0, tree)


def test_years_are_a_range(vespa_java: VespaJava) -> None:
    within = Filters(first_year=2020, last_year=2023, not_first_year=2021, not_last_year=2022)
    parsed = parse(vespa_java, facets_body(within))
    assert (parsed["error"], parsed["tree"]) == (
        None,
        f"AND (OR year:<2021 year:>2022) {SEARCHABLE} year:[2020;2023]",
    )


def test_texts_of_many_pages_are_one_query(vespa_java: VespaJava) -> None:
    one, other = "a" * 32, "b" * 32
    parsed = parse(vespa_java, texts_body([f"{one}-3", f"{other}-1", f"{one}-12"]))
    assert parsed["error"] is None
    assert parsed["tree"] == (
        f"OR (AND document_id:{one} NUMERIC_IN page_number{{3,12}}) "
        f"(AND document_id:{other} NUMERIC_IN page_number{{1}})"
    )
    assert (parsed["hits"], parsed["profile"], parsed["schemas"]) == (3, "unranked", ["page"])
    assert sorted(parsed["summaryFields"]) == [
        "document_id",
        "language",
        "ocr_engine",
        "page_number",
        "paths",
        "text",
        "title",
    ]
    ids = [f"{n:032x}-{n + 1}" for n in range(MAX_TEXTS_AT_ONCE)]
    assert parse(vespa_java, texts_body(ids))["error"] is None


def test_counts(vespa_java: VespaJava) -> None:
    counted = parse(vespa_java, count_body())
    assert (counted["error"], counted["tree"]) == (None, "n_paths:>0")
    assert counted["grouping"] == "[all(output(count(), sum(n_patches)))]"
    waiting = parse(vespa_java, count_waiting_body())
    assert (waiting["error"], waiting["tree"]) == (None, f"AND n_patches:-1 {SEARCHABLE}")
    stats = parse(vespa_java, page_stats_body())
    assert (stats["error"], stats["tree"]) == (None, "n_paths:>0")
    assert stats["grouping"] == (
        "[all(all(group(min(n_patches, 1)) each(output(count(), sum(n_patches))))"
        " all(group(ocr_engine) max(1000) each(output(count()))))]"
    )
    by_all = parse(vespa_java, facets_body(Filters(kind="pdf")))
    assert (by_all["error"], by_all["tree"]) == (None, f"AND kind:pdf {SEARCHABLE}")
    each = "max(1000) order(neg(count())) each(output(count())))"
    fields = ("language", "year", "kind", "folders")
    groupings = " ".join(f"all(group({field}) {each}" for field in fields)
    assert by_all["grouping"] == f"[all({groupings})]"
    for parsed in (counted, waiting, stats, by_all):
        assert (parsed["hits"], parsed["profile"], parsed["schemas"]) == (0, "unranked", ["page"])


def test_engines_of_a_documents_pages(vespa_java: VespaJava) -> None:
    parsed = parse(vespa_java, ocr_engines_body("a" * 32, 1))
    assert parsed["error"] is None
    assert parts(parsed["tree"]) == sorted(
        [f"document_id:{'a' * 32}*", "page_number:[1;10000]", "REGEXP ocr_engine:."]
    )
    assert (parsed["hits"], parsed["profile"]) == (MAX_HITS, "unranked")
    assert sorted(parsed["summaryFields"]) == ["ocr_engine", "page_number"]


# -- requests that Vespa refuses: the tests above can fail


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ranking": "nope"}, "No profile named 'nope' exists in schemas [page]"),
        (
            {"input.query(qt)": {"blocks": {"0": "3f800000" * 129}}},
            "Could not set 'ranking.features.query(qt)'",
        ),
        (
            {"input.query(rq0)": "80" * 15},
            "Could not set 'ranking.features.query(rq0)'",
        ),
        (
            {"yql": "select * from page where true | all(output(sum(page_count)))"},
            "references attribute 'page_count' which is not available",
        ),
        ({"hits": "many"}, "Could not set 'hits': 'many' is not a valid integer"),
    ],
)
def test_a_request_for_what_is_not_there_is_refused(
    vespa_java: VespaJava, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(VespaError) as error:
        parse(vespa_java, body(candidates=ANN) | changes)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("yql", "message"),
    [
        (
            "select * from page where ({totalTargetHits: 9}nearestNeighbor(region_bits, rq9))",
            "requires a tensor rank feature named 'query(rq9)' but this is not present",
        ),
        (
            "select * from page where ({totalTargetHits: 9}nearestNeighbor(text, rq0))",
            "field is not an attribute",
        ),
        ("select * from page where userInput(@wanted_nothing)", "Could not create query from YQL"),
        ("select * from page where n_paths > ", "Could not create query from YQL"),
        ("select * from page where nowhere contains 'x'", "Field 'nowhere' does not exist"),
        ("select * from page where true | all(output(sum(", "Could not create query from YQL"),
    ],
)
def test_yql_that_means_nothing_is_refused(vespa_java: VespaJava, yql: str, message: str) -> None:
    assert message in parse(vespa_java, body(candidates=ANN) | {"yql": yql})["error"]


def test_an_input_of_an_undeclared_token_is_no_tensor(vespa_java: VespaJava) -> None:
    more = {f"input.query(rq{MAX_NEAREST})": "80" * 16}
    parsed = parse(vespa_java, body(candidates=ANN) | more)
    assert f"query(rq{MAX_NEAREST})" not in parsed["inputs"]


def test_a_field_that_is_renamed_in_the_schema_is_missed(
    vespa_java: VespaJava, tmp_path: Path
) -> None:
    renamed = copy_with(tmp_path, "schemas/page.sd", "field n_paths type", "field places type")
    parsed = vespa_java.call("parse-query", application=str(renamed), body=body())
    assert "Field 'n_paths' does not exist" in parsed["error"]
