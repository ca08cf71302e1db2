"""What Vespa's indexing scripts make of our feed: every field as it was sent, every word one term.

A container runs the statements of the schemas before a content node sees an operation; a statement
too many would change a field, one too few would lose it.
"""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.embedded.embedded_index import EmbeddedIndex
from index.pages import Document, PageVectors
from tests.random_pages import FINGERPRINT, document, unit_vectors
from tests.random_pages import page as random_page
from tests.vespa_java.application_copy import APPLICATION, copy_with
from tests.vespa_java.jvm import VespaError, VespaJava
from vespa_app.feed import put_manifest, put_page, write_feed
from vespa_app.wire import place_fields, vector_fields

CUT_INTO_TERMS = {"text_words", "text_forms", "text_codes", "place_forms"}

SCRIPTS = [
    "Die Häuser, in denen wir laufen; les œuvres; İstanbul ısı ΣΑΣ ß ẞ ﬁ",
    "C++ 3.14 U.S.A. 10.1038/s41586 e-mail don't a_b m² x₂ ½ Ⅷ ①② INV-2023/0815",
    "東京都は日本の首都です 中华人民共和国 한국어 안녕하세요",
    "ภาษาไทย हिन्दी नमस्ते العربية שלום မြန်မာ ខ្មែរ ລາວ བོད་",
    "𝔘𝔫𝔦 𐐷 😀 a😀b e\u0301 \x01 \u2028 \ufffd",
]


def indexed(java: VespaJava, operation: dict[str, object], application: Path = APPLICATION) -> Any:
    line = json.dumps(operation)
    return java.call("index-operation", application=str(application), line=line)


def assert_as_sent(java: VespaJava, operation: dict[str, object]) -> Any:
    """After the scripts every field is what it was, and every word to search for is a term."""
    sent = java.call("read-operation", application=str(APPLICATION), line=json.dumps(operation))
    after = indexed(java, operation)
    assert after["operation"] == sent
    for name in CUT_INTO_TERMS & set(sent["fields"]):
        # Vespa's lower case beside Python's fold: Cherokee has the one, and asks with it too
        words = sent["fields"][name].lower().split()
        assert after["terms"].get(name, []) == words, name
    assert set(after["terms"]) <= CUT_INTO_TERMS
    return after


def put(text: str, of: Document, language: str = "") -> dict[str, Any]:
    vectors = unit_vectors(np.random.default_rng(1), 3)
    page = random_page(1, 7, vectors, text=text, language=language)
    return put_page(page, of, FINGERPRINT)


@pytest.mark.parametrize("language", ["", "de", "zh", "ar"])
@pytest.mark.parametrize("text", SCRIPTS)
def test_text_of_every_script_is_kept_word_for_word(
    vespa_java: VespaJava, text: str, language: str
) -> None:
    of = document(1, f"/{text}/a.pdf", "/b.pdf", title=text)
    after = assert_as_sent(vespa_java, put(text, of, language))
    assert after["terms"]["text_words"]
    assert after["terms"]["place_forms"]


def update(fields: dict[str, object]) -> dict[str, object]:
    assigned = {name: {"assign": value} for name, value in fields.items()}
    return {"update": f"id:pagelens:page::{'0' * 31}1-7", "fields": assigned}


def test_a_move_makes_the_words_of_its_place_anew(vespa_java: VespaJava) -> None:
    before = document(1, "/a/old name.pdf", title="Report")
    after = document(1, "/b/Größe der Häuser.pdf", title="Report")
    was = assert_as_sent(vespa_java, put("text", before))["terms"]["place_forms"]
    moved = assert_as_sent(vespa_java, update(place_fields(after)))
    assert "old" in was
    assert "old" not in moved["terms"]["place_forms"]
    whole = assert_as_sent(vespa_java, put("text", after))
    assert moved["terms"]["place_forms"] == whole["terms"]["place_forms"]
    # and nothing else than a put of the page at its new place would make
    changed = moved["operation"]["fields"]
    assert changed.items() <= whole["operation"]["fields"].items()
    assert not {"text_words", "text_forms", "text_codes", "embedding"} & set(changed)


def test_vectors_that_come_later_touch_no_words(vespa_java: VespaJava) -> None:
    seen: PageVectors = random_page(1, 7, unit_vectors(np.random.default_rng(2), 4)).vectors
    assert assert_as_sent(vespa_java, update(vector_fields(seen)))["terms"] == {}


def test_the_manifest_is_kept(vespa_java: VespaJava) -> None:
    assert_as_sent(vespa_java, put_manifest(FINGERPRINT))


MANY = [f"w{i:07d}" for i in range(120_000)]  # 9 characters each, with the space


@pytest.mark.parametrize(
    ("words", "terms"),
    [
        pytest.param(MANY, [*MANY[:111_111], "w"], id="1,000,000 characters"),
        pytest.param(["cat"] * 10_001, ["cat"] * 10_000, id="10,000 places of a term"),
    ],
)
def test_vespa_leaves_out_the_end_of_what_is_longer_than_any_page(
    vespa_java: VespaJava, words: list[str], terms: list[str]
) -> None:
    operation = put("x", document(1, "/a.pdf"))
    operation["fields"]["text_words"] = " ".join(words)
    after = indexed(vespa_java, operation)
    assert after["terms"]["text_words"] == terms
    assert after["operation"]["fields"]["text_words"] == " ".join(words)


@pytest.fixture(scope="module")
def samples(samples_index: Path) -> Iterator[EmbeddedIndex]:
    with closing(EmbeddedIndex.open(samples_index)) as index:
        yield index


def test_every_line_of_an_export_passes(vespa_java: VespaJava, samples: EmbeddedIndex) -> None:
    file = io.BytesIO()
    written = write_feed(file, samples, lambda: None)
    lines = file.getvalue().decode().splitlines()
    assert len(lines) == written.n_pages + written.n_documents + 1
    terms = [assert_as_sent(vespa_java, json.loads(line))["terms"] for line in lines]
    assert sum("text_forms" in it for it in terms) > written.n_pages / 2


# -- scripts that are broken, so that the tests above can fail

PAGE = "schemas/page.sd"
TEXT_FORMS = """field text_forms type string {
            indexing: index
            index: enable-bm25
            stemming: none
            normalizing: none"""


@pytest.mark.parametrize(
    ("old", "new", "terms"),
    [
        pytest.param("stemming: none", "", ["these", "house", "häuser"], id="stems"),
        pytest.param("normalizing: none", "", ["these", "houses", "hauser"], id="no accents"),
        pytest.param("stemming: none", "match: word", ["these houses häuser"], id="no words"),
        pytest.param("indexing: index", "indexing: summary", None, id="not searched"),
    ],
)
def test_a_script_that_cuts_otherwise_makes_other_terms(
    vespa_java: VespaJava, tmp_path: Path, old: str, new: str, terms: list[str] | None
) -> None:
    broken = copy_with(tmp_path, PAGE, TEXT_FORMS, TEXT_FORMS.replace(old, new))
    operation = put("x", document(1, "/a.pdf"))
    operation["fields"]["text_forms"] = "these houses häuser"
    assert indexed(vespa_java, operation, broken)["terms"].get("text_forms") == terms


@pytest.mark.parametrize(
    ("indexing", "message"),
    [
        pytest.param("nonsense | attribute", "nonsense | attribute", id="syntax"),
        pytest.param("to_int | attribute", "Expected string input, got int", id="another type"),
        pytest.param(
            "lowercase | attribute",
            "attempts to modify the value of the document field 'kind'",
            id="another value",
        ),
    ],
)
def test_a_script_that_cannot_be_run_is_refused(
    vespa_java: VespaJava, tmp_path: Path, indexing: str, message: str
) -> None:
    field = "field kind type string {\n            indexing: "
    broken = copy_with(tmp_path, PAGE, f"{field}attribute", field + indexing)
    with pytest.raises(VespaError) as error:
        vespa_java.call("prepare", application=str(broken))
    assert message in str(error.value)
