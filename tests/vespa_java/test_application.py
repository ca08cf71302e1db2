"""What "vespa prepare" would say of the application: Vespa's own model and validators."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from index.interface import INDEX_RANKINGS, VESPA_RERANK_COUNT
from tests.vespa_java.application_copy import APPLICATION, copy_with
from tests.vespa_java.jars import POM, VERSION_VARIABLE
from tests.vespa_java.jvm import VespaError, VespaJava

EXPECTED_MESSAGES = {
    # Vespa asks its C++ engine to check the rank setup, and goes on without where there is none.
    # What this leaves unseen, names of features and functions, test_schema_shapes.py looks at.
    "WARNING Unable to execute 'vespa-verify-ranksetup-bin '",
}
"""The beginnings of all messages a deployer without the engine is shown."""

PAGE = "schemas/page.sd"
BASE = "schemas/page/base.profile"


@pytest.fixture(scope="module")
def prepared(vespa_java: VespaJava) -> dict[str, Any]:
    result: dict[str, Any] = vespa_java.call("prepare", application=str(APPLICATION))
    return result


def unexpected(messages: list[str]) -> list[str]:
    return [m for m in messages if not m.startswith(tuple(EXPECTED_MESSAGES))]


def test_the_application_passes_without_an_unexpected_warning(prepared: dict[str, Any]) -> None:
    assert unexpected(prepared["messages"]) == []
    assert set(prepared["schemas"]) == {"page", "pdf"}


def test_every_ranking_is_a_rank_profile(prepared: dict[str, Any]) -> None:
    profiles = set(prepared["schemas"]["page"]["rankProfiles"])
    assert profiles - {"base", "candidates", "default", "unranked"} == set(INDEX_RANKINGS)


MAXSIM_PHASES = {
    "hamming": ("hamming_maxsim", None),
    "hamming-then-bits": ("hamming_maxsim", "bits_maxsim"),
    "hamming-then-float": ("hamming_maxsim", "float_maxsim"),
    "float": ("float_maxsim", None),
}


@pytest.mark.parametrize("ranking", MAXSIM_PHASES)
def test_a_phase_is_one_function_as_vespa_derives_it(
    prepared: dict[str, Any], ranking: str
) -> None:
    properties = prepared["schemas"]["page"]["rankProfiles"][ranking]
    for phase, function in zip(("firstphase", "secondphase"), MAXSIM_PHASES[ranking], strict=True):
        derived = properties.get(f"vespa.rank.{phase}")
        assert derived == (f"rankingExpression({function})" if function else None)
        assert function is None or f"rankingExpression({function}).rankingScript" in properties


def test_phase_2_scores_as_many_pages_as_pagelens_asks_for(prepared: dict[str, Any]) -> None:
    counts = {name: n for name, n in prepared["totalRerankCounts"].items() if n != -1}
    assert counts == dict.fromkeys(("hamming-then-bits", "hamming-then-float"), VESPA_RERANK_COUNT)


def test_a_hit_does_not_carry_what_is_read_one_page_at_a_time(prepared: dict[str, Any]) -> None:
    for fields in prepared["schemas"]["page"]["summaries"].values():
        assert not {"words", "patch_map", "preview", "embedding", "embedding_bits"} & set(fields)
        assert not {"filter_paths", "text_words", "text_forms", "text_codes", "place_forms"} & set(
            fields
        )
    assert {"paths", "title", "text", "language", "ocr_engine"} <= set(
        prepared["schemas"]["page"]["summaries"]["default"]
    )


@pytest.mark.parametrize("name", ["words", "patch_map", "preview"])
def test_what_is_read_one_page_at_a_time_is_stored_as_it_came(
    prepared: dict[str, Any], name: str
) -> None:
    # the field has no indexing statement of its own: Vespa writes this one
    assert f"input {name} | passthrough {name}" in prepared["schemas"]["page"]["indexing"]


@pytest.mark.parametrize("name", ["text_words", "text_forms", "text_codes", "place_forms"])
def test_words_are_indexed_as_they_were_cut(prepared: dict[str, Any], name: str) -> None:
    (statement,) = (
        line for line in prepared["schemas"]["page"]["indexing"] if f"index {name};" in line
    )
    assert "tokenize |" in statement


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        pytest.param(BASE, ",v)),max,", ",v)),maxx,", '<IDENTIFIER> "maxx"', id="typo"),
        pytest.param(
            BASE,
            "hamming(query(qtb),attribute(embedding_bits))",
            "hamming(query(qtb),attribute(bits))",
            "Unknown feature 'attribute(bits)'",
            id="unknown attribute",
        ),
        pytest.param(
            BASE,
            "query(qtb) tensor<int8>(querytoken{}, v[16])",
            "query(qtb) tensor<int8>(querytoken{}, v[128])",
            "Unequal dimension v in tensor<int8>(querytoken{},v[128])",
            id="input of another type",
        ),
        pytest.param(
            PAGE,
            "tensor<bfloat16>(patch{}, v[128])",
            "tensor<bfloat16>(patch{}, v[64])",
            "Unequal dimension v in tensor<float>(querytoken{},v[128])",
            id="field of another type",
        ),
        pytest.param(
            PAGE,
            "attribute: paged",
            "attribute {\n paged\n fast-rank\n }",
            "The 'paged' attribute setting is not supported for fast-rank tensor",
            id="paged and fast-rank",
        ),
        pytest.param(
            PAGE,
            "indexing: attribute | index",
            "indexing: attribute",
            "must also specify 'index' in 'indexing'",
            id="a graph without an index",
        ),
        pytest.param(
            "services.xml",
            'type="pdf"',
            'type="doc"',
            "Document type 'doc' not found",
            id="services",
        ),
        pytest.param(
            "services.xml", "<search/>", "<serch/>", 'element "serch" not allowed here', id="xml"
        ),
    ],
)
def test_a_broken_copy_is_refused_with_vespas_message(
    vespa_java: VespaJava, tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    broken = copy_with(tmp_path, file, old, new)
    with pytest.raises(VespaError) as error:
        vespa_java.call("prepare", application=str(broken))
    assert message in str(error.value)


def test_an_older_vespa_is_refused_and_this_is_the_release_that_was_asked_for(
    vespa_java: VespaJava, tmp_path: Path
) -> None:
    pinned = re.search(r"<vespa.version>(.*)</", POM.read_text(encoding="utf-8"))
    release = os.environ.get(VERSION_VARIABLE) or (pinned and pinned[1])
    newer = copy_with(tmp_path, "services.xml", '"8.658.52"', '"8.9999.0"')
    with pytest.raises(VespaError) as error:
        vespa_java.call("prepare", application=str(newer))
    assert str(error.value).endswith(
        "minimum required Vespa version is specified as 8.9999.0 in services.xml, "
        f"this Vespa version is {release}."
    )


@pytest.mark.parametrize("name", ["qt", "qtb"])
def test_a_missing_input_is_warned_of(vespa_java: VespaJava, tmp_path: Path, name: str) -> None:
    broken = copy_with(tmp_path, BASE, f"query({name}) tensor", f"query({name}x) tensor")
    messages = unexpected(vespa_java.call("prepare", application=str(broken))["messages"])
    assert any(
        "not declared and will be interpreted as scalars" in m and f"[query({name})]" in m
        for m in messages
    )


def test_paged_with_a_graph_is_warned_of(vespa_java: VespaJava, tmp_path: Path) -> None:
    hnsw = "indexing: attribute | index\n attribute: paged\n index {\n hnsw {\n }\n }"
    broken = copy_with(tmp_path, PAGE, "indexing: attribute\n            attribute: paged", hnsw)
    messages = unexpected(vespa_java.call("prepare", application=str(broken))["messages"])
    assert any("strongly discouraged" in m and "embedding" in m for m in messages)
