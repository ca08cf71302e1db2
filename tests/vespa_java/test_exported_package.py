"""What `pagelens deploy --export DIR` writes, read by the same code of Vespa as the package."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.filters import Filters
from index.interface import BM25, INDEX_RANKINGS
from index.quantize import pack_sign_bits
from pagelens.main import main
from tests.random_pages import FINGERPRINT, document, page, query, unit_vectors
from tests.vespa_java.application_copy import APPLICATION
from tests.vespa_java.jvm import VespaJava
from tests.vespa_java.test_application import unexpected
from vespa_app.feed import put_page
from vespa_app.search_request import ANN, search_body


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deploy") / "application"
    with pytest.raises(SystemExit) as exit_:
        main(["deploy", "--export", str(folder)])
    assert exit_.value.code == 0
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_it_is_the_package_byte_for_byte(exported: Path) -> None:
    assert files(exported) == files(APPLICATION)


def test_it_passes_what_vespa_prepare_runs(vespa_java: VespaJava, exported: Path) -> None:
    prepared = vespa_java.call("prepare", application=str(exported))
    assert unexpected(prepared["messages"]) == []
    assert set(prepared["schemas"]) == {"page", "pdf"}


def test_it_reads_our_feed(vespa_java: VespaJava, exported: Path) -> None:
    vectors = unit_vectors(np.random.default_rng(5), 40)
    operation = put_page(page(1, 2, vectors, text="two cats"), document(1, "a.pdf"), FINGERPRINT)
    line = json.dumps(operation)
    read = vespa_java.call("read-operation", application=str(exported), line=line)
    assert (read["kind"], read["id"]) == ("put", operation["put"])
    bits = read["fields"]["embedding_bits"]
    assert bits["type"] == "tensor<int8>(patch{},v[16])"
    assert {int(label): bytes.fromhex(digits) for label, digits in bits["blocks"].items()} == {
        patch: row.tobytes() for patch, row in enumerate(pack_sign_bits(vectors))
    }


@pytest.mark.parametrize("ranking", INDEX_RANKINGS)
def test_it_understands_our_searches(vespa_java: VespaJava, exported: Path, ranking: str) -> None:
    cats = query(unit_vectors(np.random.default_rng(6), 3), text="two cats")
    filters = Filters(path_glob="2023/*.pdf", language="de")
    body = search_body(cats, ranking, 10, 200, filters, candidates=ANN)
    parsed: dict[str, Any] = vespa_java.call("parse-query", application=str(exported), body=body)
    assert parsed["error"] is None
    assert parsed["profile"] == ranking
    assert ("query(rq2)" in parsed["inputs"]) == (ranking != BM25)
