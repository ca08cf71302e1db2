"""What Vespa accepts in silence and would run wrong, slowly or in too much memory.

Plain text checks, without Java: a rewritten expression keeps its meaning and passes "vespa
prepare", and no test of scores would notice.
"""

import re

import pytest

from index.interface import INDEX_RANKINGS
from tests.vespa_java.application_copy import APPLICATION

PROFILES = APPLICATION / "schemas" / "page"

FUSED_SHAPES = {
    "hamming_maxsim": (
        "sum(reduce(1/(1+sum(hamming(query(qtb),attribute(embedding_bits)),v)),max,patch),querytoken)",
        "Vespa's SumMaxInvHammingFunction, 24 times faster than general tensor algebra: int8 on "
        "both sides, 1/(1+x) inside, one dimension per reduce",
    ),
    "bits_maxsim": (
        "sum(reduce(sum(query(qt)*unpack_bits(attribute(embedding_bits)),v),max,patch),querytoken)",
        "Vespa's UnpackBitsFunction and SumMaxDotProductFunction: float cells on both sides, no "
        "factor or term between the reduces (2*b-1 costs two more passes over the page)",
    ),
    "float_maxsim": (
        "sum(reduce(sum(query(qt)*cell_cast(attribute(embedding),float),v),max,patch),querytoken)",
        "Vespa's SumMaxDotProductFunction, 12 times faster: it takes float cells only, so the "
        "bfloat16 must be cast",
    ),
}
"""For each score, the one way to write it and what takes it (eval/optimize_tensor_function.cpp)."""


def without_comments(text: str) -> str:
    return re.sub(r"#.*", "", text)


def page_schema() -> str:
    return without_comments((APPLICATION / "schemas" / "page.sd").read_text(encoding="utf-8"))


def profile(name: str) -> str:
    return without_comments((PROFILES / f"{name}.profile").read_text(encoding="utf-8"))


def field(name: str) -> str:
    """A field's type and body; fields end with a brace at their own indentation."""
    match = re.search(
        rf"^( +)field {name} type (.*?)^\1\}}", page_schema(), re.DOTALL | re.MULTILINE
    )
    assert match is not None, f"page.sd has no field {name}"
    return match[2]


def functions() -> dict[str, str]:
    found = re.findall(r"function (\w+)\(\) \{\s*expression: (.*)\n\s*\}", profile("base"))
    return {name: expression.strip() for name, expression in found}


@pytest.mark.parametrize("name", FUSED_SHAPES)
def test_a_score_has_the_one_shape_that_vespa_runs_as_one_loop(name: str) -> None:
    shape, reason = FUSED_SHAPES[name]
    assert functions()[name] == shape, f"{name} left the shape for {reason}."


def test_there_is_no_score_whose_shape_nobody_checks() -> None:
    assert set(functions()) == set(FUSED_SHAPES)


def test_every_ranking_has_its_file_and_adds_only_phases_to_base() -> None:
    others = {"base", "candidates", "default"}
    assert {path.stem for path in PROFILES.iterdir()} == {*INDEX_RANKINGS, *others}
    for name in INDEX_RANKINGS:
        assert profile(name).lstrip().startswith(f"rank-profile {name} inherits base {{")
        assert not re.search(r"function|inputs", profile(name)), f"{name}: these belong in base"


@pytest.mark.parametrize("name", INDEX_RANKINGS)
def test_a_phase_names_what_exists(name: str) -> None:
    expressions = re.findall(r"expression: (.*)", profile(name))
    assert expressions
    for expression in expressions:
        fields = re.findall(r"bm25\((\w+)\)", expression)
        for searched in fields:
            assert "enable-bm25" in field(searched), f"bm25({searched}) is 0 without enable-bm25"
        if not fields:
            reason = "a phase must be one function of base: part of a shape is no shape"
            assert expression in FUSED_SHAPES, f"{name}: {expression!r}; {reason}"


def test_the_types_the_shapes_need() -> None:
    assert "query(qt) tensor<float>(querytoken{}, v[128])" in profile("base")
    assert "query(qtb) tensor<int8>(querytoken{}, v[16])" in profile("base")
    assert field("embedding").startswith("tensor<bfloat16>(patch{}, v[128])")
    assert field("embedding_bits").startswith("tensor<int8>(patch{}, v[16])")
    assert field("region_bits").startswith("tensor<int8>(region{}, v[16])")


def test_there_is_one_dense_input_for_each_of_the_first_64_tokens() -> None:
    inputs = re.findall(r"query\(rq(\d+)\) tensor<int8>\(v\[16\]\)", profile("candidates"))
    assert inputs == [str(i) for i in range(64)]


def test_no_tensor_has_fast_rank() -> None:
    assert "fast-rank" not in page_schema(), (
        "fast-rank rounds each page up to a power of two and adds an index: measured, 2.7 times "
        "the memory for 5 % of the time."
    )


def test_there_is_no_graph_over_patches() -> None:
    for name in ("embedding", "embedding_bits"):
        assert not re.search(r"hnsw|index", field(name).replace("indexing:", "")), (
            f"A graph over every patch of {name} is ten times as large as the bits and takes a "
            "thousand insertions a page; region_bits has one."
        )


def test_hamming_is_the_distance_of_bits() -> None:
    for name in ("embedding_bits", "region_bits"):
        assert "distance-metric: hamming" in field(name), "Vespa's default is euclidean"


def test_vectors_may_lie_on_disk_and_bits_may_not() -> None:
    assert "attribute: paged" in field("embedding"), "a page's 213 KB would be held in memory"
    assert "paged" not in field("embedding_bits"), "phase 1 reads every page's bits for every query"
