"""pagelens/reasons_report.py, query/as_json.py, page_name.py: explanations as text and JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from encoders.lexical import LexicalEncoder
from index.errors import WrongUseError
from index.interface import BM25, HAMMING_THEN_FLOAT
from pagelens.reasons_report import print_explanation, print_hot_words
from query.as_json import explanation_as_json
from query.fusion import HYBRID
from query.heat.hot_words import HotWord
from query.page_name import find_page
from query.why.explain import PageExplanation, explain
from tests.finding import found_for
from tests.library import JAPANESE, NEW_REPORT, OLD_REPORT, SCAN, fill
from tests.memory_index import MemoryIndex


@pytest.fixture(scope="module")
def library() -> MemoryIndex:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    return index


def explained(
    index: MemoryIndex, text: str, page_id: str, ranking: str = HAMMING_THEN_FLOAT, k: int = 3
) -> PageExplanation:
    return explain(index, found_for(index, text, ranking, k), page_id)


def printed(capsys: pytest.CaptureFixture[str], explanation: PageExplanation) -> list[str]:
    print_explanation(explanation, "report.pdf, page 2")
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_a_table_of_tokens(library: MemoryIndex, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(library, "containers quay", f"{OLD_REPORT}-2")
    first, header, _, *rows = printed(capsys, found)
    assert found.score == pytest.approx(1, abs=1e-3)
    score = f"{min(1.0, found.score):.4f}"
    assert first == f"report.pdf, page 2: place 1 of 8, score {score}, place 1 by Hamming distance"
    assert header == "token similarity share best place, % from the left and from the top"
    assert [row.split()[0] for row in rows] == ["containers", "quay"]
    assert [row.split()[2] for row in rows] == ["50.0%", "50.0%"]
    assert rows[0].endswith("10–16, 10–15")  # the first of 13 words between 10 and 90 %


def test_tokens_that_are_no_content_are_counted_together(
    library: MemoryIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    query = replace(
        LexicalEncoder().encode_query("containers quay month"),
        is_content=np.array([True, False, False]),
    )
    found = explain(library, found_for(library, query, HAMMING_THEN_FLOAT, 3), f"{OLD_REPORT}-2")
    rows = printed(capsys, found)[3:]
    assert [row.split()[0] for row in rows] == ["containers", "(2"]
    assert rows[1] == "(2 others) 1.000 66.7%"


def test_a_vector_of_several_places(
    library: MemoryIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    match = explained(library, "quay", f"{OLD_REPORT}-2").tokens[0]
    several = replace(match, boxes=np.float32([[0, 0, 0.1, 0.1]] * 3))
    whole = replace(explained(library, "quay", f"{OLD_REPORT}-2"), tokens=(several,))
    assert printed(capsys, whole)[-1].endswith("0–10, 0–10 and 2 more")
    nowhere = replace(whole, tokens=(replace(match, boxes=np.zeros((0, 4), np.float32)),))
    assert printed(capsys, nowhere)[-1].endswith("100.0%")


def test_hybrid_names_its_rankings_and_words(
    library: MemoryIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(capsys, explained(library, "quay crane", f"{OLD_REPORT}-2", HYBRID))
    found = explained(library, "quay crane", f"{OLD_REPORT}-2", HYBRID)
    vectors, words = (f"{part.score:.4f}" for part in found.fused)
    assert lines[0].startswith("report.pdf, page 2: place 1 of 8, score 1.0000")
    assert f"hamming-then-float: place 1, score {vectors}, 50% of the score" in lines
    assert f"bm25: place 1, score {words}, 50% of the score" in lines
    assert "words: quay, crane (cranes)" in lines


def test_bm25_has_words_alone(library: MemoryIndex, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(library, "quay volcano", f"{OLD_REPORT}-2", BM25)
    first, *others = printed(capsys, found)
    assert first == f"report.pdf, page 2: place 1 of 8, score {found.score:.4f}"
    assert others == ["words: quay, volcano (not on the page)"]


def test_function_words_are_named_where_they_are_all_there_is(
    library: MemoryIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(capsys, explained(library, "the volcano of ash", f"{OLD_REPORT}-1", BM25))
    assert lines[-1] == "words: the, volcano (not on the page), of, ash (not on the page)"


def test_without_vectors(library: MemoryIndex, capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(library, "quay", f"{SCAN}-1")
    assert printed(capsys, found) == [
        "report.pdf, page 2: not shown of 8, no score, without a place by Hamming distance",
        found.why_not,
    ]


def test_below_the_depth_of_phase_1(
    library: MemoryIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    query = LexicalEncoder().encode_query("quay")
    found = explain(
        library, found_for(library, query, HAMMING_THEN_FLOAT, 1, rerank=1), f"{JAPANESE}-1"
    )
    assert ", below place 1 by Hamming distance" in printed(capsys, found)[0]


def test_a_terminal_gets_lines_of_its_width(
    library: MemoryIndex, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_explanation(explained(library, "quay", f"{SCAN}-1"), "scan.pdf:1")
    out = capsys.readouterr().out
    assert "\x1b[1m" in out
    assert out.count("\n") > 2


def test_hot_words_by_picture(capsys: pytest.CaptureFixture[str]) -> None:
    box = (0.0, 0.0, 0.1, 0.1)
    words = [HotWord("quay,", box, 0.9, 2), HotWord("quay", box, 0.9, 2), HotWord("sea", box, 1, 2)]
    print_hot_words({"01-a.png": words, "02-b.png": []})
    assert capsys.readouterr().out == (
        "01-a.png: quay, sea\n02-b.png: no word stands where it is hot\n"
    )


def test_a_hot_word_that_may_be_misread_says_how_sure_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    box = (0.0, 0.0, 0.1, 0.1)
    words = [HotWord("quay,", box, 0.9, 2, 0.306), HotWord("sea", box, 0.9, 2, 0.6)]
    print_hot_words({"01-a.png": words})
    assert capsys.readouterr().out == "01-a.png: quay (31 % sure), sea\n"


def test_json(library: MemoryIndex) -> None:
    found = explanation_as_json(explained(library, "containers quay", f"{OLD_REPORT}-2", HYBRID))
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again == found
    assert list(found) == [
        *("page_id", "ranking", "score", "score_sum", "place", "phase_1_place", "phase_1_depth"),
        *("n_candidates", "tokens", "words", "fused", "why_not", "ocr_engine"),
    ]
    token = again["tokens"][0]
    assert token.pop("similarity") == pytest.approx(1, abs=0.01)
    assert token.pop("contribution") == pytest.approx(1, abs=0.01)
    assert token.pop("share") == pytest.approx(0.5, abs=0.01)
    ((x0, y0, x1, y1),) = token.pop("boxes")
    assert (x0, y0, y1) == (0.1, 0.1, 0.15)
    assert x0 < x1 < 0.2
    assert token == {"token": "containers", "token_index": 0, "is_content": True, "patch": 0}
    assert again["words"][1] == {"text": "quay", "on_page": ["quay"]}
    assert [part["place"] for part in again["fused"]] == [1, 1]
    assert [part["contribution"] for part in again["fused"]] == [0.5, 0.5]


def test_json_of_a_page_without_vectors_has_no_score(library: MemoryIndex) -> None:
    found = explanation_as_json(explained(library, "quay", f"{SCAN}-1"))
    assert json.loads(json.dumps(found, allow_nan=False))["score"] is None
    assert found["score_sum"] is None


# Pages by name


@pytest.mark.parametrize(
    ("name", "page_id"),
    [
        (f"{OLD_REPORT}-2", f"{OLD_REPORT}-2"),
        ("2022/report.pdf:3", f"{OLD_REPORT}-3"),
        ("/library/2022/report.pdf:3", f"{OLD_REPORT}-3"),
        ("copy.pdf:1", f"{NEW_REPORT}-1"),
        ("scan.pdf:2", f"{SCAN}-2"),
        ("機械学習.pdf:1", f"{JAPANESE}-1"),
    ],
)
def test_a_page_is_found_by_name(library: MemoryIndex, name: str, page_id: str) -> None:
    assert find_page(library, name) == page_id


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "report.pdf:1",
            "2 documents lie at report.pdf: /library/2022/report.pdf, /library/2023/report.pdf. "
            "Write more of the path.",
        ),
        (
            "port.pdf:1",
            'No document of the index lies at port.pdf. Write its path as "pagelens query" '
            "shows it.",
        ),
        (
            "scan.pdf:9",
            "/library/scan.pdf has no page 9 in the index; it has 2 pages there.",
        ),
        (
            "scan.pdf",
            "'scan.pdf' names no page. Write its file and number, as in report.pdf:2, or its page "
            "id: 32 hex digits, a dash and the number.",
        ),
    ],
)
def test_a_name_that_names_no_page(library: MemoryIndex, name: str, message: str) -> None:
    with pytest.raises(WrongUseError) as error:
        find_page(library, name)
    assert str(error.value) == message
