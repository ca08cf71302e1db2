"""VespaIndex where the server fails or answers half: what is written, in which order, what is told.

That it keeps the contract of an index is shown over Vespa's own Java parts by tests/index_contract.
"""

import os
import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import vespa_app.vespa_index
from index.errors import IndexMismatchError, ServerError, WrongUseError
from index.filters import Filters
from index.location import Location
from index.pages import Document, Fingerprint, Page, PageTexts, QueryVectors
from tests.faults.failing_server import FailingServer, does, drops, hangs, refuses, says
from tests.faults.fake_time import FakeTime
from tests.random_pages import FINGERPRINT, document, document_id, page, query, unit_vectors
from vespa_app.client import VespaClient
from vespa_app.endpoint import Endpoint
from vespa_app.parallel import N_THREADS
from vespa_app.patience import WRITING_S, Patience
from vespa_app.search_request import MAX_PATHS_AT_ONCE, MAX_TEXTS_AT_ONCE
from vespa_app.vespa_index import MOST_PAGES_SCANNED, VespaIndex
from vespa_app.wire import document_fields, manifest_fields

RNG = np.random.default_rng(1)
COVERAGE = {"coverage": 100, "documents": 9, "full": True, "nodes": 1, "results": 1}
TIMED_OUT = {"coverage": 61, "full": False, "degraded": {"timeout": True, "match-phase": False}}


@pytest.fixture
def server() -> Iterator[FailingServer]:
    with FailingServer() as server:
        server.always("POST", "/search/", says(200, answer()))
        yield server


@pytest.fixture
def index(server: FailingServer) -> Iterator[VespaIndex]:
    index = index_at(server)
    yield index
    index.close()


def index_at(
    server: FailingServer, candidates: str = "scan", patience_s: float = WRITING_S
) -> VespaIndex:
    """Opened, with the patience of a writer, which takes no time here."""
    client = VespaClient(Endpoint(server.url), FakeTime().patience(patience_s))
    return VespaIndex(client, FINGERPRINT, candidates)


def answer(
    *children: dict[str, object],
    coverage: dict[str, object] = COVERAGE,
    total: int | None = None,
    **more: object,
) -> dict[str, object]:
    count = len(children) if total is None else total
    fields = {"totalCount": count}
    return {"root": {"fields": fields, "coverage": coverage, "children": list(children), **more}}


def hit(n: int, number: int, relevance: object, **fields: object) -> dict[str, object]:
    here = {"document_id": document_id(n), "page_number": number}
    return {"id": f"id:{n}", "relevance": relevance, "fields": here | fields}


def counted(n_pages: int, n_patches: int) -> dict[str, object]:
    group = {"id": "group:root:0", "fields": {"count()": n_pages, "sum(n_patches)": n_patches}}
    return answer(group, total=n_pages)


def stats_answer(
    by_engine: dict[object, object], sum_of_patches: object = 30, total: int = 7
) -> dict[str, object]:
    """Two pages without vectors, three that wait, two with 30 vectors."""
    patches = {-1: (3, -3), 0: (2, 0), 1: (2, sum_of_patches)}
    listed = [
        {
            "label": "min(n_patches, 1)",
            "children": [
                {"value": str(value), "fields": {"count()": n, "sum(n_patches)": sum_}}
                for value, (n, sum_) in patches.items()
            ],
        },
        {
            "label": "ocr_engine",
            "children": [{"value": of, "fields": {"count()": n}} for of, n in by_engine.items()],
        },
    ]
    return answer({"id": "group:root:0", "children": listed}, total=total)


def some_pages(n: int, count: int) -> list[Page]:
    return [page(n, number, unit_vectors(RNG, 2)) for number in range(1, count + 1)]


def search(index: VespaIndex, ranking: str = "hamming", k: int = 10):
    return index.search(query(unit_vectors(RNG, 2)), ranking, k)


def answered_now(server: FailingServer, content: dict[str, object]) -> None:
    server.forget_faults()
    server.always("POST", "/search/", says(200, content))


# Writing


def test_pages_that_fail_are_named_and_the_others_are_sent(
    server: FailingServer, index: VespaIndex
) -> None:
    index.put_document(document(1, page_count=20, is_complete=False))
    for number in (4, 17):
        server.always("POST", f"{document_id(1)}-{number}", refuses(507, "disk is full"))
    with pytest.raises(ServerError) as raised:
        index.put(some_pages(1, 20))
    first, second = f"{document_id(1)}-4", f"{document_id(1)}-17"
    assert str(raised.value) == (
        f"2 of 20 pages were not put: {first}, {second}. The first: Cannot put page {first} at "
        f"{server.url}: HTTP 507 (disk is full). Vespa takes no more documents, though searches "
        "and removals go on: its limit is a share of the whole disk or memory, whoever fills it, "
        "80 % (75 % until March 2026). Free some, give the content nodes more, or add nodes, and "
        "run the same command again."
    )
    put = [path for path in server.documents if "/page/" in path]
    assert len(put) == 18


def test_one_page_that_fails_is_told_alone(server: FailingServer, index: VespaIndex) -> None:
    index.put_document(document(1, page_count=2, is_complete=False))
    server.always("POST", f"{document_id(1)}-2", refuses(403))
    with pytest.raises(ServerError, match=f"^Cannot put page {document_id(1)}-2 at .*: HTTP 403"):
        index.put(some_pages(1, 2))


def test_a_storm_of_push_back_is_ridden_out(server: FailingServer) -> None:
    # threads wait at once, and here one after the other
    index = index_at(server, patience_s=N_THREADS * WRITING_S)
    index.put_document(document(1, page_count=20, is_complete=False))
    server.fail("POST", "/page/", *[refuses(429)] * 30, *[drops()] * 5)
    index.put(some_pages(1, 20))
    assert server.count("POST", "/page/") == 55
    assert len([path for path in server.documents if "/page/" in path]) == 20
    index.close()


def test_requests_in_flight_are_bounded(server: FailingServer, index: VespaIndex) -> None:
    index.put_document(document(1, page_count=40, is_complete=False))
    together = threading.Barrier(N_THREADS)  # opens when so many are there at once
    for _ in range(5):
        waiting = [does(lambda: together.wait(30) and None, says(200, {}))] * N_THREADS
        server.fail("POST", "/page/", *waiting)
    index.put(some_pages(1, 40))
    assert server.most_at_once == N_THREADS


def test_a_page_twice_in_a_put_is_put_once_as_the_last(
    server: FailingServer, index: VespaIndex
) -> None:
    index.put_document(document(1, is_complete=False))
    index.put([page(1, 1, unit_vectors(RNG, 1), text=text) for text in ("first", "last")])
    assert server.count("POST", "/page/") == 1
    (put,) = (d for path, d in server.documents.items() if "/page/" in path)
    assert put["fields"]["text"] == "last"


def test_the_record_of_a_document_is_asked_for_once_for_each_batch_of_its_pages(
    server: FailingServer, index: VespaIndex
) -> None:
    index.put_document(document(1, page_count=2, is_complete=False))
    asked = len(server.requests)
    index.put(some_pages(1, 1))
    index.put(some_pages(1, 2))
    assert [r.method for r in server.requests[asked:]] == ["GET", "POST", "GET", "POST", "POST"]


def test_ctrl_c_in_a_put_is_heard_and_no_page_is_begun_after_it(
    server: FailingServer, index: VespaIndex
) -> None:
    index.put_document(document(1, page_count=20, is_complete=False))
    server.fail("POST", "/page/", does(lambda: os.kill(os.getpid(), signal.SIGINT), hangs()))
    server.always("POST", "/page/", hangs())
    with pytest.raises(KeyboardInterrupt):
        index.put(some_pages(1, 20))
    assert server.count("POST", "/page/") <= N_THREADS


def written(server: FailingServer, since: int) -> list[str]:
    """Writes in short: what, schema, document's number and page."""
    short = []
    for request in server.requests[since:]:
        schema, _, id_ = request.path.removeprefix("/document/v1/pagelens/").partition("/docid/")
        if request.method != "GET" and schema in ("page", "pdf"):
            number, _, page_number = id_.partition("-")
            short.append(f"{request.method} {schema} {int(number, 16)} {page_number}".strip())
    return short


def test_pages_are_written_before_the_records_that_speak_of_them(
    server: FailingServer, index: VespaIndex
) -> None:
    """Document 2 takes document 1's path; a stop after any of these writes is made good."""
    index.put_document(document(1, "/a/x.pdf", page_count=2))
    index.put(some_pages(1, 2))
    index.put_document(document(2, page_count=2, is_complete=False))
    index.put(some_pages(2, 2))
    since = len(server.requests)
    answered_now(server, answer(hit(1, 1, 0.0), hit(2, 1, 0.0)))

    index.put_document(document(2, "/a/x.pdf", page_count=2))

    writes = written(server, since)
    assert [sorted(writes[:2]), sorted(writes[2:4]), writes[4:]] == [
        ["PUT page 2 1", "PUT page 2 2"],
        ["PUT page 1 1", "PUT page 1 2"],
        ["POST pdf 1", "POST pdf 2"],
    ]
    updates = [r for r in server.requests[since:] if r.method == "PUT"]
    assert all("create=false" in r.query for r in updates)
    assert updates[0].body["fields"]["paths"] == {"assign": ["/a/x.pdf"]}
    assert updates[2].body["fields"]["paths"] == {"assign": []}
    assert updates[2].body["fields"]["n_paths"] == {"assign": 0}


def test_a_step_that_fails_ends_the_row_and_the_same_call_makes_it_good(
    server: FailingServer, index: VespaIndex
) -> None:
    index.put_document(document(1, "/a/x.pdf", page_count=3))
    index.put(some_pages(1, 3))
    before = dict(server.documents)[f"/pagelens/pdf/docid/{document_id(1)}"]
    moved = document(1, "/a/y.pdf", page_count=3)
    server.fail("PUT", "-2", refuses(507, "full"))
    with pytest.raises(ServerError, match=f"^Cannot update page {document_id(1)}-2 at .*HTTP 507"):
        index.put_document(moved)
    assert server.documents[f"/pagelens/pdf/docid/{document_id(1)}"] == before
    index.put_document(moved)
    pages = [d for path, d in server.documents.items() if "/page/" in path]
    assert [p["fields"]["paths"] for p in pages] == [["/a/y.pdf"]] * 3


TAKING_A_PATH = [
    *[("PUT", f"/page/docid/{document_id(n)}-{number}") for n in (2, 1) for number in (1, 2)],
    *[("POST", f"/pdf/docid/{document_id(n)}") for n in (1, 2)],
]
"""Every write by which document 2 takes document 1's path."""


@pytest.mark.parametrize(("method", "path"), TAKING_A_PATH)
def test_a_row_of_writes_cut_anywhere_is_made_good_by_the_same_call(
    server: FailingServer, index: VespaIndex, method: str, path: str
) -> None:
    index.put_document(document(1, "/a/x.pdf", page_count=2))
    index.put(some_pages(1, 2))
    index.put_document(document(2, page_count=2, is_complete=False))
    index.put(some_pages(2, 2))
    answered_now(server, answer(hit(1, 1, 0.0)))
    server.fail(method, path, refuses(507))
    with pytest.raises(ServerError):
        index.put_document(document(2, "/a/x.pdf", page_count=2))
    index.put_document(document(2, "/a/x.pdf", page_count=2))
    fields = {path: put["fields"] for path, put in server.documents.items()}
    assert [fields[p]["paths"] for p in sorted(fields)] == [
        *[[]] * 2,
        *[["/a/x.pdf"]] * 2,
        [],
        ["/a/x.pdf"],
    ]
    assert [fields[p]["n_paths"] for p in sorted(fields) if "/page/" in p] == [0, 0, 1, 1]


def test_a_record_put_again_writes_no_page(server: FailingServer, index: VespaIndex) -> None:
    index.put_document(document(1, "/a/x.pdf", page_count=3))
    since = len(server.requests)
    index.put_document(replace(document(1, "/a/x.pdf", page_count=3), is_complete=False))
    assert written(server, since) == ["POST pdf 1"]
    assert server.count("POST", "/search/") == 1  # nobody else can have a path that is its own


def test_owners_are_asked_for_a_bounded_number_of_paths(
    server: FailingServer, index: VespaIndex
) -> None:
    paths = [f"/a/{n}.pdf" for n in range(MAX_PATHS_AT_ONCE + 1)]
    index.put_document(document(1, *paths))
    assert server.count("POST", "/search/") == 2


def test_owners_are_not_taken_from_a_degraded_answer(
    server: FailingServer, index: VespaIndex
) -> None:
    answered_now(server, answer(coverage=TIMED_OUT))
    with pytest.raises(ServerError) as raised:
        index.put_document(document(1, "/a/x.pdf"))
    assert str(raised.value) == (
        f"Cannot find the documents that had these paths at {server.url}: Vespa looked at 61 % of "
        "its documents: time ran out. Run the same command again later."
    )
    assert server.documents == {}


def test_a_delete_removes_pages_first_and_the_record_last(
    server: FailingServer, index: VespaIndex
) -> None:
    index.put_document(document(1, page_count=2))
    since = len(server.requests)
    index.delete([document_id(1), document_id(9), document_id(1)])
    writes = written(server, since)
    assert writes[0] == "POST pdf 1"  # it is not complete any more
    assert sorted(writes[1:3]) == ["DELETE page 1 1", "DELETE page 1 2"]
    assert writes[3:] == ["DELETE pdf 1"]


def test_a_delete_that_fails_keeps_the_record(server: FailingServer, index: VespaIndex) -> None:
    index.put_document(document(1, page_count=3))
    for number in (1, 3):
        server.fail("DELETE", f"-{number}", refuses(500, "no"))
    with pytest.raises(ServerError) as raised:
        index.delete([document_id(1)])
    assert str(raised.value) == (
        "2 of 3 writes failed (remove pages). First: Cannot remove page "
        f"{document_id(1)}-1 at {server.url}: HTTP 500 (no). "
        "Look into the log on that machine: vespa-logfmt -l error,warning."
    )
    assert f"/pagelens/pdf/docid/{document_id(1)}" in server.documents
    index.delete([document_id(1)])
    assert server.documents == {}


def test_page_numbers_are_not_guessed_where_a_page_cannot_be_asked_for(
    server: FailingServer, index: VespaIndex
) -> None:
    index.put_document(document(1, page_count=3))
    server.always("GET", "-2", refuses(500))
    with pytest.raises(ServerError, match=f"Cannot look for page {document_id(1)}-2 at"):
        index.page_numbers(document_id(1))
    assert [r.query for r in server.requests if "/page/" in r.path][0].startswith(
        "fieldSet=page:n_patches&"
    )


# Searching


def test_hits_are_in_order_of_score_document_and_page(
    server: FailingServer, index: VespaIndex
) -> None:
    children = [hit(2, 1, 4.0), hit(1, 10, 4.0), hit(1, 2, 4.0, n_patches=-1), hit(3, 1, 5.0)]
    timing = {"querytime": 0.25, "summaryfetchtime": 0.5, "searchtime": 0.75}
    answered_now(server, answer(*children, total=77, timing=timing))
    found = search(index)
    assert [(int(h.document_id, 16), h.page_number) for h in found.hits] == [
        (3, 1),
        (1, 2),
        (1, 10),
        (2, 1),
    ]
    best, second = found.hits[:2]
    assert (best.score_sum, best.score) == (5.0, 2.5)
    assert (best.is_waiting, second.is_waiting) == (False, True)
    assert second.page_id == f"{document_id(1)}-2"
    assert found.n_candidates == 77
    assert found.notices == ()
    assert list(found.timings_ms) == ["ranking", "hits", "request"]
    assert (found.timings_ms["ranking"], found.timings_ms["hits"]) == (250, 500)


def test_texts_are_read_in_one_go(server: FailingServer, index: VespaIndex) -> None:
    more = {"paths": ["/a\u241b1;.pdf"], "title": "T\u241b7f;", "text": "words"}
    more |= {"language": "de", "ocr_engine": "e\u241b1;"}
    answered_now(server, answer(hit(1, 2, 0.0, **more), hit(2, 1, 0.0)))
    first, second, gone = (f"{document_id(n)}-{number}" for n, number in ((1, 2), (2, 1), (3, 1)))
    n_before = len(server.requests)
    assert index.texts([first, second, gone]) == {
        first: PageTexts(("/a\x01.pdf",), "T\x7f", "words", "de", "e\x01"),
        second: PageTexts((), "", ""),
    }
    assert len(server.requests) == n_before + 1


def test_many_texts_are_read_in_several_goes(server: FailingServer, index: VespaIndex) -> None:
    n_before = len(server.requests)
    assert index.texts([f"{document_id(1)}-{n}" for n in range(1, MAX_TEXTS_AT_ONCE + 2)]) == {}
    asked = [request.body["hits"] for request in server.requests[n_before:]]
    assert asked == [MAX_TEXTS_AT_ONCE, 1]


@pytest.mark.parametrize(
    ("fields", "missing"), [({"paths": "/a"}, "paths"), ({"title": 7}, "title")]
)
def test_texts_of_another_shape_are_refused(
    server: FailingServer, index: VespaIndex, fields: dict[str, object], missing: str
) -> None:
    answered_now(server, answer(hit(1, 1, 0.0, **fields)))
    with pytest.raises(ServerError, match=f"^Vespa's answer to a search has not {missing}: "):
        index.texts([f"{document_id(1)}-1"])


def test_a_bm25_score_is_not_divided(server: FailingServer, index: VespaIndex) -> None:
    answered_now(server, answer(hit(1, 1, 5.0)))
    assert search(index, "bm25").hits[0].score == 5.0


def test_where_nothing_matches_the_pages_the_filters_left_are_counted(
    server: FailingServer, index: VespaIndex
) -> None:
    server.forget_faults()
    server.fail("POST", "/search/", says(200, answer()), says(200, counted(7, 30)))
    found = index.search(query(unit_vectors(RNG, 2)), "bm25", 9, filters=Filters(last_page=3))
    assert (found.hits, found.n_candidates) == ((), 7)
    asked = [r.body["yql"] for r in server.requests]
    assert ["count()" in yql for yql in asked] == [False, True]
    assert all("page_number <= 3" in yql for yql in asked)


MORE_TIME = (
    "To have all of them looked at, raise persearch in services.xml up to the cores of a node, or "
    "add nodes; --candidates ann looks only at those that promise something."
)
GRAPH_NOT_SEARCHED = (
    "Vespa's time ran out while it searched its graph over regions, so pages may be missing that "
    "only the graph would have named. Go without it (--candidates scan), or add nodes."
)


@pytest.mark.parametrize(
    ("coverage", "errors", "notices"),
    [
        (TIMED_OUT, [], [f"Vespa looked at 61 % of its documents: time ran out. {MORE_TIME}"]),
        (
            {**TIMED_OUT, "documents": 398_000},
            [],
            [f"Vespa looked at 61 % of its documents (398,000): time ran out. {MORE_TIME}"],
        ),
        (
            {**COVERAGE, "degraded": {"timeout": False, "anntimeout": True}},
            [],
            [GRAPH_NOT_SEARCHED],
        ),
        (
            {**TIMED_OUT, "degraded": {"timeout": True, "anntimeout": True}},
            [],
            [
                f"Vespa looked at 61 % of its documents: time ran out. {MORE_TIME}",
                GRAPH_NOT_SEARCHED,
            ],
        ),
        (
            {"coverage": 7, "full": False, "degraded": {"new-reason": True}},
            [],
            ["Vespa looked at 7 % of its documents: Vespa calls it 'new-reason'."],
        ),
        (
            COVERAGE,
            [
                {
                    "code": 8,
                    "summary": "Error in search reply.",
                    "message": "Search request soft doomed during query setup and initialization.",
                }
            ],
            [
                "Vespa's time ran out before it compared a page, while it searched its graph over "
                "regions or sorted out what the filters let through. Go without the graph "
                "(--candidates scan), filter less, or add nodes."
            ],
        ),
        (
            {"full": False, "degraded": {"adaptive-timeout": True, "non-ideal-state": True}},
            [],
            [
                "Vespa looked at a part of its documents: its slowest nodes did not answer in "
                "time, and nodes are missing or still being filled."
            ],
        ),
        (
            {"coverage": 50, "full": True, "degraded": {"match-phase": True}},
            [],
            [
                "Vespa looked at 50 % of its documents: it looked only at a part of them, as its "
                "configuration asks."
            ],
        ),
        ({"coverage": 99, "full": False}, [], ["Vespa looked at 99 % of its documents."]),
        (
            COVERAGE,
            [{"code": 12, "summary": "Timed out", "message": "Backend timeout."}] * 2 + [{}],
            ["Vespa says: Timed out: Backend timeout.", "Vespa says: error without text."],
        ),
    ],
)
def test_what_vespa_did_not_see_is_told(
    server: FailingServer,
    index: VespaIndex,
    coverage: dict[str, object],
    errors: list[dict[str, object]],
    notices: list[str],
) -> None:
    answered_now(server, answer(hit(1, 1, 1.0), coverage=coverage, errors=errors))
    found = search(index)
    assert list(found.notices) == notices
    assert len(found.hits) == 1


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (answer({"relevance": 1.0, "fields": {}}), "document_id"),
        (answer(hit(1, 1, None)), "a finite relevance"),
        (answer(hit(1, 1, "NaN")), "a finite relevance"),
        (answer({**hit(1, 1, 1.0), "fields": {"document_id": "x"}}), "page_number"),
        ({"root": {"children": {"a": 1}}}, "a list of children"),
        ({"root": {"children": [1]}}, "a list of children"),
        ({"root": {"coverage": COVERAGE}}, "totalCount"),
    ],
)
def test_an_answer_of_another_shape_is_refused(
    server: FailingServer, index: VespaIndex, content: dict[str, object], missing: str
) -> None:
    answered_now(server, content)
    with pytest.raises(ServerError) as raised:
        search(index)
    assert str(raised.value).startswith(f"Vespa's answer to a search has not {missing}: ")
    assert str(raised.value).endswith(
        'Deploy the application of this version with "pagelens deploy", and try again.'
    )


@pytest.mark.parametrize(
    ("n_pages", "operator"),
    [(MOST_PAGES_SCANNED, "n_patches > 0"), (MOST_PAGES_SCANNED + 1, "nearestNeighbor")],
)
def test_auto_counts_once_and_scans_what_can_be_scanned(
    server: FailingServer, n_pages: int, operator: str
) -> None:
    index = index_at(server, "auto")
    server.forget_faults()
    server.fail("POST", "/search/", says(200, counted(n_pages, 10)))
    server.always("POST", "/search/", says(200, answer(hit(1, 1, 1.0))))
    search(index)
    search(index)
    queries = [r.body["yql"] for r in server.requests]
    assert ["count()" in yql for yql in queries] == [True, False, False]
    assert all(operator in yql for yql in queries[1:])

    server.forget_faults()
    server.fail("POST", "/search/", says(200, counted(n_pages, 10)))
    server.always("POST", "/search/", says(200, answer(hit(1, 1, 1.0))))
    index.refresh()
    search(index)
    index.close()
    assert "count()" in server.requests[3].body["yql"]


def test_text_alone_counts_nothing_and_an_empty_one_asks_nothing(server: FailingServer) -> None:
    index = index_at(server, "auto")
    assert index.search(QueryVectors.text_only(" "), "bm25", 10).hits == ()
    assert server.requests == []
    answered_now(server, answer(hit(1, 1, 1.0)))
    index.search(QueryVectors.text_only("word"), "bm25", 10)
    assert len(server.requests) == 1
    index.close()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (lambda index: search(index, "best"), "No ranking 'best'. There are: hamming-then-float"),
        (lambda index: search(index, k=0), "-k 0 must be at least 1."),
        (lambda index: search(index, k=10_001), "-k 10001 is too many: Vespa gives 10000 hits at"),
        (
            lambda index: index.search(QueryVectors.text_only("word"), "float", 10),
            "Ranking float compares vectors, and the query has none. Use --ranking bm25 for a text",
        ),
    ],
)
def test_impossible_searches_are_refused_without_asking(
    server: FailingServer, index: VespaIndex, wanted, message: str
) -> None:
    with pytest.raises(WrongUseError) as raised:
        wanted(index)
    assert str(raised.value).startswith(message)
    assert server.requests == []


# Counting and reading


def test_stats_are_counted_by_vespa(server: FailingServer, index: VespaIndex) -> None:
    server.forget_faults()
    by_engine = {"": 3, "one": 3, "an␛7;other": 1}
    answers = (stats_answer(by_engine), answer(total=6), answer(total=4))
    server.fail("POST", "/search/", *(says(200, one) for one in answers))
    stats = index.stats()
    assert (stats.n_documents, stats.n_failed_documents) == (6, 4)
    assert (stats.n_pages, stats.n_vectors, stats.n_pages_without_vectors) == (7, 30, 2)
    assert stats.n_pages_waiting == 3
    assert stats.n_pages_by_ocr_engine == {"one": 3, "an\x07other": 1}
    assert stats.size_bytes == {"bits": 480, "vectors": 7680}
    assert stats.reclaimable_bytes == 0


def test_an_empty_index_has_no_group_to_count(server: FailingServer, index: VespaIndex) -> None:
    stats = index.stats()
    assert (stats.n_documents, stats.n_pages, stats.n_vectors) == (0, 0, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            answer(coverage=TIMED_OUT),
            "Cannot count the index's pages at URL: Vespa looked at 61 % of its documents: "
            "time ran out. Run the same command again later.",
        ),
        (answer(total=3), "Vespa's answer to a search has not all pages in groups by n_patches: "),
        (
            stats_answer({}, total=8),
            "Vespa's answer to a search has not all pages in groups by n_patches: ",
        ),
        (stats_answer({}, None), "Vespa's answer to a search has not sum(n_patches): "),
    ],
)
def test_counts_are_not_guessed(
    server: FailingServer, index: VespaIndex, content: dict[str, object], message: str
) -> None:
    answered_now(server, content)
    with pytest.raises(ServerError) as raised:
        index.stats()
    assert str(raised.value).replace(server.url, "URL").startswith(message)


@pytest.mark.parametrize(
    ("counts", "missing"), [({None: 3}, "an engine's name"), ({"one": "3"}, "count()")]
)
def test_counts_by_engine_are_not_guessed(
    server: FailingServer, index: VespaIndex, counts: dict[object, object], missing: str
) -> None:
    answered_now(server, stats_answer(counts))
    with pytest.raises(ServerError, match=f"answer to a search has not {re.escape(missing)}: "):
        index.stats()


def test_engines_of_more_pages_than_one_search_gives_are_asked_for_in_parts(
    server: FailingServer, index: VespaIndex
) -> None:
    index.put_document(document(1, "/a.pdf", page_count=10_001))
    server.forget_faults()
    server.fail(
        "POST",
        "/search/",
        says(200, answer(hit(1, 7, 0, ocr_engine="a␛7;b"), hit(1, 9_999, 0, ocr_engine="c"))),
        says(200, answer(hit(1, 10_001, 0, ocr_engine="c"))),
    )
    assert index.ocr_engines(document_id(1)) == {7: "a\x07b", 9_999: "c", 10_001: "c"}
    assert index.ocr_engines(document_id(2)) == {}  # and asks for nothing


def test_engines_are_not_taken_from_a_degraded_answer(
    server: FailingServer, index: VespaIndex
) -> None:
    index.put_document(document(1, "/a.pdf"))
    answered_now(server, answer(coverage=TIMED_OUT))
    with pytest.raises(ServerError, match="^Cannot look which pages of document 0+1 OCR has read"):
        index.ocr_engines(document_id(1))


def test_the_manifest_is_no_document(server: FailingServer, index: VespaIndex) -> None:
    put_manifest(server, FINGERPRINT)
    index.put_document(document(1))
    assert list(index.documents()) == [document(1)]


def test_a_preview_that_is_none_is_refused(server: FailingServer, index: VespaIndex) -> None:
    server.always("GET", "/page/", says(200, {"fields": {"preview": "?"}}))
    with pytest.raises(ServerError, match="The preview of page .* as Vespa gave it cannot be used"):
        index.image(f"{document_id(1)}-1")


def test_a_page_that_is_not_there(server: FailingServer, index: VespaIndex) -> None:
    id_ = f"{document_id(1)}-1"
    for read in (index.page, index.image):
        with pytest.raises(WrongUseError) as raised:
            read(id_)
        assert str(raised.value) == f"Index {server.url} holds no page {id_}."


# Opening


def put_manifest(server: FailingServer, fingerprint: Fingerprint) -> None:
    fields = manifest_fields(fingerprint)
    server.documents["/pagelens/pdf/docid/manifest"] = {"fields": fields}


def test_a_server_without_manifest_holds_no_index(server: FailingServer) -> None:
    assert VespaIndex.stored_fingerprint(Location(server.url)) is None
    with pytest.raises(WrongUseError) as raised:
        VespaIndex.open(Location(server.url + "/"))
    assert str(raised.value) == (
        f"The Vespa at {server.url} holds no index yet. Fill it with "
        f'"pagelens ingest FOLDER --index {server.url}", or with "pagelens copy".'
    )


def test_opening_for_writing_makes_the_index_once(server: FailingServer) -> None:
    location = Location(server.url)
    for _ in range(2):
        index = VespaIndex.open_for_writing(location, FINGERPRINT)
        assert index.fingerprint == FINGERPRINT
        index.close()
    assert server.count("POST", "/manifest") == 1
    assert VespaIndex.stored_fingerprint(location) == FINGERPRINT
    reader = VespaIndex.open(location)
    assert reader.fingerprint == FINGERPRINT
    reader.close()


def test_a_moved_model_is_the_same_index(server: FailingServer) -> None:
    put_manifest(server, FINGERPRINT)
    index = VespaIndex.open_for_writing(Location(server.url), replace(FINGERPRINT, model="/else"))
    assert index.fingerprint == FINGERPRINT
    index.close()


def test_another_fingerprint_is_refused(server: FailingServer) -> None:
    put_manifest(server, FINGERPRINT)
    with pytest.raises(IndexMismatchError) as raised:
        VespaIndex.open_for_writing(Location(server.url), replace(FINGERPRINT, pooling="factor 3"))
    assert str(raised.value).startswith(
        f"Index {server.url} was made with pooling none, not factor 3. Vectors of the two cannot be"
    )


def test_writers_wait_longer_than_readers(
    server: FailingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits_s = []

    def patience(limit_s: float) -> Patience:
        limits_s.append(limit_s)
        return Patience(limit_s)

    monkeypatch.setattr(vespa_app.vespa_index, "Patience", patience)
    put_manifest(server, FINGERPRINT)
    VespaIndex.stored_fingerprint(Location(server.url))
    VespaIndex.open(Location(server.url)).close()
    VespaIndex.open_for_writing(Location(server.url), FINGERPRINT).close()
    assert limits_s == [5, 5, 60]


def test_records_of_another_shape_are_refused(server: FailingServer, index: VespaIndex) -> None:
    fields = document_fields(Document(document_id(1), (), "", 1, True)) | {"page_count": "one"}
    server.documents[f"/pagelens/pdf/docid/{document_id(1)}"] = {"fields": fields}
    with pytest.raises(ServerError, match="field page_count must be int"):
        list(index.documents())
