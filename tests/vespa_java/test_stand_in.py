"""The stand-in server, asked by an unmodified pyvespa: what comes back is what went in.

Other tests stand on it, so what is ours in it is held here to what Vespa would do.
"""

import json
import math
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from vespa.application import Vespa
from vespa.exceptions import VespaError
from vespa.io import VespaQueryResponse, VespaResponse

from index.filters import Filters
from index.interface import BM25, FLOAT, HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT
from index.maxsim import bits_maxsim, float_maxsim, hamming_maxsim
from index.pages import Document, Page, QueryVectors
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from index.words.stored_text import stored_text
from tests.random_pages import FINGERPRINT, document, page, query, unit_vectors
from tests.vespa_java.stand_in import StandIn
from vespa_app.search_request import search_body
from vespa_app.wire import (
    NAMESPACE,
    bits_input,
    document_fields,
    document_from_fields,
    float_input,
    page_fields,
    page_from_fields,
    token_bits_inputs,
)

CLUSTER = "pages"
WHOLE_PAGE = {"format.tensors": "hex"}
ALL = "select document_id, page_number from page where true"
HOSTILE = (
    "\"' or true) ; select * from page where @x contains ([{}]) \\ \u202e 漢字 é 😀 % <i> &amp;"
)


@pytest.fixture
def app(stand_in: StandIn) -> Vespa:
    stand_in.clear()
    return Vespa(stand_in.url)


def put_page(app: Vespa, page: Page, document: Document) -> None:
    fields = page_fields(page, document, FINGERPRINT)
    app.feed_data_point("page", page.page_id, fields, namespace=NAMESPACE)


def put_document(app: Vespa, document: Document) -> None:
    app.feed_data_point("pdf", document.document_id, document_fields(document), NAMESPACE)


def get_fields(app: Vespa, schema: str, data_id: str, **parameters: Any) -> dict[str, object]:
    answer = app.get_data(schema, data_id, namespace=NAMESPACE, **parameters)
    assert answer.status_code == 200
    fields: dict[str, object] = answer.json["fields"]
    return fields


def update(app: Vespa, page: Page, fields: Mapping[str, object], **options: Any) -> VespaResponse:
    return app.update_data("page", page.page_id, dict(fields), namespace=NAMESPACE, **options)


def ask(app: Vespa, yql: str, **parameters: object) -> VespaQueryResponse:
    return search(app, {"yql": yql, "ranking": "unranked", **parameters})


def search(app: Vespa, body: dict[str, object]) -> VespaQueryResponse:
    answer = app.query(body=body)
    assert isinstance(answer, VespaQueryResponse)
    return answer


def page_numbers(answer: VespaQueryResponse) -> list[int]:
    return [hit["fields"]["page_number"] for hit in answer.hits]


def relevances(answer: VespaQueryResponse) -> list[float]:
    return [hit["relevance"] for hit in answer.hits]


def random_page(number: int, n_patches: int = 3, **texts: str) -> Page:
    return page(1, number, unit_vectors(np.random.default_rng(number), n_patches), **texts)


A_DOCUMENT = document(1, "/a/Änderung 1.pdf", "/b%2Fc.pdf", page_count=3, title="Jahresbericht")
PAGES = [
    random_page(1, 1, text="alpha beta", language="de"),
    random_page(2, 5, text="beta beta gamma"),
    random_page(3, 9, text="gamma Delta", language="en"),
]


@pytest.fixture
def fed(app: Vespa) -> Vespa:
    put_document(app, A_DOCUMENT)
    for it in PAGES:
        put_page(app, it, A_DOCUMENT)
    return app


def assert_same_page(got: Page, put: Page) -> None:
    rounded = from_bfloat16(to_bfloat16(put.vectors.vectors))
    np.testing.assert_array_equal(got.vectors.vectors, rounded)
    np.testing.assert_array_equal(
        got.vectors.patch_map.vector_index, put.vectors.patch_map.vector_index
    )
    assert got.words.texts == put.words.texts
    assert (got.page_id, got.language, got.preview) == (put.page_id, put.language, put.preview)
    assert (got.width_pt, got.height_pt) == (put.width_pt, put.height_pt)


# Storing


@pytest.mark.parametrize("n_patches", [0, 1, 64, 1088])
@pytest.mark.parametrize("tensors", ["hex", "short", "long"])
def test_a_page_comes_back_bit_for_bit(app: Vespa, n_patches: int, tensors: str) -> None:
    put = random_page(7, n_patches, text=HOSTILE, language="ja")
    put_page(app, put, document(1, f"/{HOSTILE}.pdf", title=HOSTILE))
    fields = get_fields(app, "page", put.page_id, **{"format.tensors": tensors})
    assert_same_page(page_from_fields(fields), put)
    assert fields["paths"] == [f"/{HOSTILE}.pdf"]
    assert fields["title"] == HOSTILE


def test_a_document_comes_back(fed: Vespa) -> None:
    fields = get_fields(fed, "pdf", A_DOCUMENT.document_id)
    assert document_from_fields(fields) == A_DOCUMENT


def test_an_attribute_without_a_value_is_left_out_as_vespa_does(app: Vespa) -> None:
    put_page(app, random_page(1), A_DOCUMENT)
    put_document(app, document(2))
    assert "language" not in get_fields(app, "page", random_page(1).page_id)
    assert "paths" not in get_fields(app, "pdf", document(2).document_id)


def test_only_the_fields_of_a_field_set_are_given(fed: Vespa) -> None:
    fields = get_fields(fed, "page", PAGES[0].page_id, fieldSet="page:page_number,title")
    assert fields == {"page_number": 1, "title": "Jahresbericht"}


def test_an_update_changes_what_it_names_and_nothing_else(fed: Vespa) -> None:
    answer = update(fed, PAGES[1], {"title": "New", "paths": ["/moved.pdf"]})
    assert answer.status_code == 200
    fields = get_fields(fed, "page", PAGES[1].page_id, **WHOLE_PAGE)
    assert (fields["title"], fields["paths"]) == ("New", ["/moved.pdf"])
    assert_same_page(page_from_fields(fields), PAGES[1])


def test_an_update_of_a_missing_page_succeeds_and_makes_none(app: Vespa) -> None:
    # as MessageBusAsyncSession answers it: UpdateResponse counts "not found" as success
    assert update(app, PAGES[0], {"title": "New"}).status_code == 200
    assert app.get_data("page", PAGES[0].page_id, namespace=NAMESPACE).status_code == 404


def test_an_update_that_may_create_does(app: Vespa) -> None:
    update(app, PAGES[0], {"title": "New"}, create=True)
    assert get_fields(app, "page", PAGES[0].page_id) == {"title": "New"}


def test_a_removed_page_is_gone_and_can_be_removed_again(fed: Vespa) -> None:
    for _ in range(2):
        answer = fed.delete_data("page", PAGES[0].page_id, namespace=NAMESPACE)
        assert answer.status_code == 200
    assert fed.get_data("page", PAGES[0].page_id, namespace=NAMESPACE).status_code == 404
    assert page_numbers(ask(fed, ALL)) == [2, 3]


def test_an_id_may_hold_anything(app: Vespa) -> None:
    name = "ä b?c#d%2Fe+f&g=h/i"
    app.feed_data_point("pdf", name, {"title": "T"}, namespace=NAMESPACE)
    answer = app.get_data("pdf", name, namespace=NAMESPACE)
    assert answer.json["id"] == f"id:{NAMESPACE}:pdf::{name}"
    assert answer.json["fields"] == {"title": "T"}


def test_what_vespas_reader_refuses_is_refused_in_its_words(app: Vespa) -> None:
    with pytest.raises(VespaError, match="ield 'colour' .* type 'page'"):
        app.feed_data_point("page", "x", {"colour": "red"}, namespace=NAMESPACE)


def test_what_is_written_on_a_condition_is_written_where_it_holds(fed: Vespa) -> None:
    title = {"title": "New"}
    with pytest.raises(VespaError, match="Condition did not match document"):
        update(fed, PAGES[0], title, condition="page.page_number > 5")
    assert get_fields(fed, "page", PAGES[0].page_id)["title"] == "Jahresbericht"
    update(fed, PAGES[0], title, condition="page.page_number == 1")
    assert get_fields(fed, "page", PAGES[0].page_id)["title"] == "New"


def test_a_put_may_ask_for_what_is_not_there(app: Vespa) -> None:
    def put(title: str, condition: str) -> int:
        answer = app.feed_data_point(
            "pdf", "x", {"title": title}, NAMESPACE, condition=condition, create="true"
        )
        return answer.status_code

    assert put("First", "false") == 200
    with pytest.raises(VespaError, match="Condition did not match document"):
        put("Second", "false")
    assert put("Third", "pdf.failures == null") == 200
    assert get_fields(app, "pdf", "x")["title"] == "Third"


def test_eight_threads_may_feed(app: Vespa) -> None:
    pages = [random_page(number, 40) for number in range(1, 41)]
    answers: list[int] = []
    app.feed_iterable(
        ({"id": it.page_id, "fields": page_fields(it, A_DOCUMENT, FINGERPRINT)} for it in pages),
        schema="page",
        namespace=NAMESPACE,
        callback=lambda answer, _: answers.append(answer.status_code),
        max_workers=8,
    )
    assert answers == [200] * 40
    for it in pages:
        assert_same_page(page_from_fields(get_fields(app, "page", it.page_id)), it)


# Visiting


def visited(app: Vespa, **options: Any) -> list[list[str]]:
    """The ids each answer brought."""
    slices = app.visit(CLUSTER, namespace=NAMESPACE, **options)
    return [[it["id"] for it in answer.documents] for answers in slices for answer in answers]


@pytest.mark.parametrize(("wanted", "slices"), [(1, 1), (3, 1), (500, 1), (2, 3)])
def test_a_visit_sees_each_document_of_a_schema_once(fed: Vespa, wanted: int, slices: int) -> None:
    documents = [document(n, f"/{n}.pdf") for n in range(2, 20)]
    for it in documents:
        put_document(fed, it)
    answers = visited(fed, schema="pdf", wanted_document_count=wanted, slices=slices)
    ids = [f"id:{NAMESPACE}:pdf::{it.document_id}" for it in [A_DOCUMENT, *documents]]
    assert sorted(sum(answers, [])) == ids
    if wanted == 1:
        assert len(answers) > 10  # goes on where the last answer ended
    if wanted == 500:
        assert len(answers) == 1


def test_a_visit_can_select_and_leave_out_fields(fed: Vespa) -> None:
    (answers,) = fed.visit(
        CLUSTER, "page", NAMESPACE, selection="page.page_number > 1", fieldSet="page:page_number"
    )
    found = [it["fields"] for answer in answers for it in answer.documents]
    assert sorted(it["page_number"] for it in found) == [2, 3]
    assert all(len(it) == 1 for it in found)


def test_a_visit_of_an_unknown_cluster_is_refused(fed: Vespa) -> None:
    with pytest.raises(Exception, match="no content cluster 'nope'"):
        list(next(iter(fed.visit("nope", "page", NAMESPACE))))


# Matching


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("true", [1, 2, 3]),
        ("false", []),
        ("page_number >= 2", [2, 3]),
        ("page_number < 2 or page_number = 3", [1, 3]),
        ("range(page_number, 2, 2)", [2]),
        ("page_number in (1, 3)", [1, 3]),
        ("!(page_number = 2)", [1, 3]),
        ("language contains 'DE'", [1]),
        ("language in ('de', 'en')", [1, 3]),
        ("language matches '^D'", [1]),
        ("document_id contains ({prefix: true}'00000')", [1, 2, 3]),
        ("document_id contains '00000'", []),
        ("text_words contains 'delta'", [3]),
        ("text_words contains 'DELTA'", [3]),
        ("text_words contains phrase('beta', 'gamma')", [2]),
        ("text_words contains phrase('gamma', 'beta')", []),
        ("place_forms contains 'jahresbericht' and text_forms contains 'alpha'", [1]),
        ("place_forms contains 'anderung'", [1, 2, 3]),
        ("default contains equiv('alpha', 'delta')", [1, 3]),
        ("userInput('alpha delta')", [1, 3]),
        ("rank(page_number = 1, text_forms contains 'gamma')", [1]),
    ],
)
def test_terms_match_as_in_vespa(fed: Vespa, where: str, numbers: list[int]) -> None:
    answer = ask(fed, f"select page_number from page where {where}")
    assert page_numbers(answer) == numbers
    assert answer.number_documents_retrieved == len(numbers)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("paths contains '/a/Änderung 1.pdf'", True),
        ("paths contains '/A/änderung 1.pdf'", False),
        ("paths contains '/a/Änderung'", False),
        ("is_complete = true", True),
        ("is_complete = false", False),
    ],
)
def test_paths_are_matched_whole_and_with_their_case(fed: Vespa, where: str, found: bool) -> None:
    answer = ask(fed, f"select document_id from pdf where {where}")
    assert answer.number_documents_retrieved == int(found)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("^/a/", True), (r"\.pdf$", True), ("^/A/", False), ("^a", False)],
)
def test_a_pattern_is_looked_for_anywhere(fed: Vespa, pattern: str, found: bool) -> None:
    answer = ask(fed, "select page_number from page where filter_paths matches @p", p=pattern)
    assert answer.number_documents_retrieved == (3 if found else 0)


def test_a_hostile_text_is_words_and_nothing_else(fed: Vespa) -> None:
    text = QueryVectors.text_only(f"{HOSTILE} alpha")
    body = search_body(text, BM25, 10, 10, Filters(), candidates="scan")
    assert page_numbers(search(fed, body)) == [1]


def test_the_nearest_are_picked_among_what_the_filters_let_through(fed: Vespa) -> None:
    third = query(PAGES[2].vectors.vectors[:1])
    near = "({totalTargetHits: 1}nearestNeighbor(embedding_bits, rq0))"
    inputs = {"ranking": HAMMING, **token_bits_inputs(third), **bits_input(third)}
    only = ask(fed, f"select page_number from page where {near}", **inputs)
    assert page_numbers(only) == [3]
    below = ask(fed, f"select page_number from page where {near} and page_number < 3", **inputs)
    assert below.number_documents_retrieved == 1
    either = f"({near} or text_forms contains 'alpha')"
    assert page_numbers(ask(fed, f"select page_number from page where {either}", **inputs)) == [
        3,
        1,
    ]


# Ranking


def tokens(n: int) -> QueryVectors:
    return query(unit_vectors(np.random.default_rng(99), n))


def hamming_scores(query: QueryVectors) -> list[float]:
    bits = pack_sign_bits(query.vectors)
    return [hamming_maxsim(bits, pack_sign_bits(it.vectors.vectors)) for it in PAGES]


def bits_scores(query: QueryVectors) -> list[float]:
    return [bits_maxsim(query.vectors, pack_sign_bits(it.vectors.vectors)) for it in PAGES]


def float_scores(query: QueryVectors) -> list[float]:
    return [
        float_maxsim(query.vectors, from_bfloat16(to_bfloat16(it.vectors.vectors))) for it in PAGES
    ]


@pytest.mark.parametrize(
    ("ranking", "scores"),
    [
        (HAMMING, hamming_scores),
        (HAMMING_THEN_BITS, bits_scores),
        (HAMMING_THEN_FLOAT, float_scores),
        (FLOAT, float_scores),
    ],
)
def test_pages_are_ranked_by_the_scores_of_maxsim(fed: Vespa, ranking: str, scores: Any) -> None:
    asked = tokens(4)
    answer = ask(fed, ALL, ranking=ranking, **bits_input(asked), **float_input(asked))
    expected = dict(enumerate(scores(asked), start=1))
    assert page_numbers(answer) == sorted(expected, key=lambda n: -expected[n])
    assert relevances(answer) == pytest.approx(sorted(expected.values(), reverse=True), rel=1e-5)


def test_what_phase_2_leaves_out_keeps_its_place_and_stays_below(fed: Vespa) -> None:
    asked = tokens(4)
    answer = ask(
        fed,
        ALL,
        ranking=HAMMING_THEN_FLOAT,
        **{"ranking.secondPhase.totalRerankCount": 2},
        **bits_input(asked),
        **float_input(asked),
    )
    first = dict(enumerate(hamming_scores(asked), start=1))
    second = dict(enumerate(float_scores(asked), start=1))
    by_first = sorted(first, key=lambda n: -first[n])
    reranked = sorted(by_first[:2], key=lambda n: -second[n])
    assert page_numbers(answer) == [*reranked, by_first[2]]
    *above, below = relevances(answer)
    assert above == pytest.approx([second[n] for n in reranked], rel=1e-5)
    assert below <= above[-1]


def test_without_tensors_every_page_scores_0_and_ties_are_in_order_of_id(fed: Vespa) -> None:
    answer = ask(fed, ALL, ranking=HAMMING)
    assert list(zip(page_numbers(answer), relevances(answer), strict=True)) == [
        (1, 0.0),
        (2, 0.0),
        (3, 0.0),
    ]


LENGTHS = [len(stored_text(it.words.text, it.language).all.split()) for it in PAGES]


def bm25(rarity: float, n: int, number: int) -> float:
    """What a word that stands n times on a page adds, by Vespa's formula."""
    share = LENGTHS[number - 1] / (sum(LENGTHS) / len(LENGTHS))
    return rarity * n * 2.2 / (n + 1.2 * (0.25 + 0.75 * share))


def test_bm25_is_vespas_formula(fed: Vespa) -> None:
    answer = ask(
        fed,
        "select page_number from page "
        "where text_forms contains 'beta' or text_forms contains 'gamma'",
        ranking=BM25,
    )
    of_two = math.log(1 + 1.5 / 2.5)  # both words stand on two pages of three
    assert page_numbers(answer) == [2, 1, 3]
    assert relevances(answer) == pytest.approx(
        [
            bm25(of_two, 2, 2) + bm25(of_two, 1, 2),
            bm25(of_two, 1, 1),
            bm25(of_two, 1, 3),
        ]
    )


def test_words_of_an_equiv_are_one_word_to_bm25(fed: Vespa) -> None:
    answer = ask(
        fed,
        "select page_number from page where text_forms contains equiv('beta', 'gamma')",
        ranking=BM25,
    )
    of_three = math.log(1 + 0.5 / 3.5)
    assert relevances(answer) == pytest.approx(
        [bm25(of_three, 3, 2), bm25(of_three, 1, 1), bm25(of_three, 1, 3)]
    )


# Answers


def test_hits_and_offset_cut_the_list_and_the_total_stays(fed: Vespa) -> None:
    answer = ask(fed, ALL, hits=1, offset=1)
    assert page_numbers(answer) == [2]
    assert answer.number_documents_retrieved == 3
    assert answer.json["root"]["coverage"]["full"] is True


def test_a_hit_has_the_fields_selected_and_no_others(fed: Vespa) -> None:
    (hit,) = ask(fed, "select paths, title from page where page_number = 1").hits
    assert hit["fields"] == {"paths": ["/a/Änderung 1.pdf", "/b%2Fc.pdf"], "title": "Jahresbericht"}
    (hit,) = ask(fed, "select * from page where page_number = 1").hits
    assert hit["id"] == f"id:{NAMESPACE}:page::{PAGES[0].page_id}"
    assert not {"words", "preview", "embedding"} & set(hit["fields"])


def test_timing_is_in_the_answer_where_it_is_asked_for(fed: Vespa) -> None:
    answer = ask(fed, ALL, **{"presentation.timing": True})
    assert answer.json["timing"]["searchtime"] >= 0
    assert "timing" not in ask(fed, ALL).json


def test_pages_and_patches_are_counted(fed: Vespa) -> None:
    answer = ask(
        fed,
        "select * from page where page_number > 1 limit 0 | all(output(count(), sum(n_patches)))",
    )
    (group,) = answer.json["root"]["children"]
    assert group["fields"] == {"count()": 2, "sum(n_patches)": 14}


def test_pages_are_counted_by_value(fed: Vespa) -> None:
    yql = (
        "select * from page where true limit 0 | all(group(language) max(9) each(output(count())))"
    )
    (whole,) = ask(fed, yql).json["root"]["children"]
    (listed,) = whole["children"]
    counts = {group["value"]: group["fields"] for group in listed["children"]}
    assert counts == {it: {"count()": 1} for it in ("", "de", "en")}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"ranking": "nope"}, "schema 'page' does not contain requested rank profile 'nope'"),
        (
            {"ranking": "nope", "input.query(qtb)": {}},
            "No profile named 'nope' exists in schemas [page, pdf]",
        ),
        (
            {"yql": "select * from pdf where true", "ranking": HAMMING},
            "schema 'pdf' does not contain requested rank profile 'hamming'",
        ),
        ({"yql": "select from where"}, "Could not create query from YQL"),
        ({"yql": "select * from page where userInput(@gone)"}, "Could not create query from YQL"),
        ({"hits": 10_001}, "10001 hits requested, configured limit: 10000"),
        ({"ranking": HAMMING, "input.query(qtb)": "zz"}, "query(qtb)"),
        (
            {"yql": "select * from page where {targetHits: 1}nearestNeighbor(region_bits, rq0)"},
            "requires a tensor rank feature named 'query(rq0)'",
        ),
    ],
)
def test_a_bad_request_is_refused_in_vespas_words(
    fed: Vespa, parameters: dict[str, object], message: str
) -> None:
    status, answer = post(fed, {"yql": ALL, **parameters})
    assert status == 400
    (error,) = answer["root"]["errors"]
    assert message in error["message"]


def post(app: Vespa, body: dict[str, object]) -> tuple[int, dict[str, Any]]:
    """What pyvespa makes an exception of, as it is."""
    request = urllib.request.Request(
        f"{app.end_point}/search/",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as e:
        with e:
            return e.code, json.load(e)


def test_there_is_nothing_at_other_paths(stand_in: StandIn) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{stand_in.url}/nope")


def test_clear_forgets_all(fed: Vespa, stand_in: StandIn) -> None:
    stand_in.clear()
    assert ask(fed, ALL).number_documents_retrieved == 0
    assert visited(fed, schema="pdf") == [[]]
