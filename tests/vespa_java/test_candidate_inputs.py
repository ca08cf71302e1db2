"""Why candidates.profile has a line for each token: what Vespa makes of anything shorter."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.vespa_java.application_copy import APPLICATION, copy_with
from tests.vespa_java.jvm import VespaError, VespaJava
from tests.vespa_java.test_application import unexpected

CANDIDATES = "schemas/page/candidates.profile"
VECTOR = "tensor<int8>(v[16])"
BITS = "a0" * 16
NEAR = "select document_id from page where {totalTargetHits: 9}nearestNeighbor(region_bits, %s)"


def with_inputs(folder: Path, inputs: str) -> Path:
    """The application with other inputs for candidates."""
    lines = (APPLICATION / CANDIDATES).read_text(encoding="utf-8")
    declared = re.search(r"inputs \{.*?\}\n", lines, re.DOTALL)
    assert declared is not None
    return copy_with(folder, CANDIDATES, declared[0], f"inputs {{\n{inputs}\n}}\n")


def error_of(java: VespaJava, application: Path, body: dict[str, Any]) -> Any:
    return java.call("parse-query", application=str(application), body=body)["error"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        pytest.param(f"query(rq0), query(rq1) {VECTOR}", 'Encountered " "," ', id="a list"),
        pytest.param(f"query(rq[0-63]) {VECTOR}", 'Encountered " "[" ', id="a range"),
        pytest.param(f"query(rq*) {VECTOR}", 'Encountered: "*"', id="a pattern"),
    ],
)
def test_one_declaration_is_of_one_input(
    vespa_java: VespaJava, tmp_path: Path, inputs: str, message: str
) -> None:
    with pytest.raises(VespaError) as error:
        vespa_java.call("prepare", application=str(with_inputs(tmp_path, inputs)))
    assert message in str(error.value)


def test_two_in_a_line_are_warned_of(vespa_java: VespaJava, tmp_path: Path) -> None:
    two = with_inputs(tmp_path, f"query(rq0) {VECTOR} query(rq1) {VECTOR}")
    assert unexpected(vespa_java.call("prepare", application=str(two))["messages"]) == [
        "WARNING Expected newline between inputs query(rq0) and query(rq1)"
    ]


@pytest.mark.parametrize(
    "value", [BITS, f"{VECTOR}:[{', '.join('1' * 16)}]"], ids=["bits", "with its type"]
)
def test_an_input_that_is_not_declared_is_no_tensor(
    vespa_java: VespaJava, tmp_path: Path, value: str
) -> None:
    none = with_inputs(tmp_path, "")
    body = {"yql": NEAR % "rq0", "ranking": "hamming", "input.query(rq0)": value}
    assert "Expected 'query(rq0)' to be a tensor" in error_of(vespa_java, none, body)
    assert error_of(vespa_java, APPLICATION, body | {"input.query(rq0)": BITS}) is None


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("querytoken{}, v[16]", {"blocks": {"0": BITS}}),
        ("querytoken[2], v[16]", BITS * 2),
    ],
)
def test_nearest_neighbor_takes_one_vector(
    vespa_java: VespaJava, tmp_path: Path, declared: str, value: object
) -> None:
    one = with_inputs(tmp_path, f"query(rq) tensor<int8>({declared})")
    body = {"yql": NEAR % "rq", "ranking": "hamming", "input.query(rq)": value}
    assert "must have exactly 1, indexed dimension" in error_of(vespa_java, one, body)
