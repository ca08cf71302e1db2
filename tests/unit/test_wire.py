"""Wire: what goes to Vespa comes back, bit for bit; and no answer is believed unread."""

import base64
import json
import re
import sys
import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.codec import failures_to_json, patch_map_to_bytes, words_from_bytes
from index.errors import DamagedIndexError, IndexMismatchError, ServerError
from index.pages import (
    Document,
    Failure,
    FileRecord,
    Fingerprint,
    Page,
    PageVectors,
    PageWords,
    PatchMap,
    QueryVectors,
)
from index.quantize import from_bfloat16, pack_sign_bits, to_bfloat16
from tests.random_pages import FINGERPRINT, document, document_id, query, unit_vectors
from tests.random_pages import page as random_page
from vespa_app.tensors import sign_bit_blocks
from vespa_app.wire import (
    MANIFEST_ID,
    bits_input,
    document_fields,
    document_from_fields,
    fingerprint_text,
    float_input,
    from_wire_text,
    manifest_fields,
    manifest_from_fields,
    page_fields,
    page_from_fields,
    place_fields,
    to_wire_text,
    token_bits_inputs,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # surrogates and noncharacters too
HOSTILE = st.text(
    st.sampled_from("␛0a1;\x00\x1f\t\n\x7f\x85\ud800\udfff\ufdd0\ufffe\U0010ffff/é漢")
)
HARD = ANY_TEXT | HOSTILE
WORD = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), min_size=1)
LONG = st.integers(-(2**63), 2**63 - 1)
DOCUMENT_IDS = st.integers(0, 2**128 - 1).map(document_id)

A_PAGE = random_page(
    1, 2, unit_vectors(np.random.default_rng(1), 5), text="two words", language="en"
)
A_DOCUMENT = document(1, "/a/b.pdf", "/c.pdf", page_count=3, title="A title")


@st.composite
def pages(draw: st.DrawFn) -> Page:
    n_patches = draw(st.sampled_from([0, 1, 2, 11, 64]))
    n_cells = draw(st.integers(0, 80)) if n_patches else 0
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    texts = tuple(draw(st.lists(WORD, max_size=5)))
    return Page(
        document_id=draw(DOCUMENT_IDS),
        page_number=draw(st.integers(1, 2**31 - 1)),
        width_pt=draw(st.floats(1, 1e5)),
        height_pt=draw(st.floats(1, 1e5)),
        language=draw(st.sampled_from(["", "de", "zh"])),
        words=PageWords(texts, random_boxes(rng, len(texts)), random_confidences(rng, len(texts))),
        vectors=PageVectors(
            unit_vectors(rng, n_patches),
            PatchMap(
                random_boxes(rng, n_cells), rng.integers(0, n_patches or 1, n_cells, np.int32)
            ),
        ),
        preview=draw(st.binary()),
        ocr_engine=draw(HARD),
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    files = draw(st.lists(st.builds(FileRecord, HARD, LONG, LONG, HARD), max_size=4))
    numbers = st.none() | st.integers(1, 2**31 - 1)
    failures = st.builds(Failure, numbers, HARD, numbers, st.booleans(), st.booleans())
    return Document(
        draw(DOCUMENT_IDS),
        tuple(files),
        draw(HARD),
        draw(st.integers(0, 2**31 - 1)),
        draw(st.booleans()),
        tuple(draw(st.lists(failures, max_size=4))),
        draw(HARD),
    )


def random_boxes(rng: np.random.Generator, n: int) -> np.ndarray:
    """Boxes that the index's 16 bits hold exactly."""
    return rng.integers(0, 65536, (n, 4)).astype(np.float32) / np.float32(65535)


def random_confidences(rng: np.random.Generator, n: int) -> np.ndarray:
    """Those of OCR, as the index's 8 bits hold them exactly, and NaN."""
    return np.where(rng.random(n) < 0.5, rng.integers(1, 256, n) / 255, np.nan).astype(np.float32)


def over_the_wire(fields: object) -> dict[str, object]:
    """Through JSON in UTF-8, which no lone surrogate survives."""
    received: dict[str, object] = json.loads(json.dumps(fields, ensure_ascii=False).encode())
    return received


def assert_same_page(read: Page, put: Page) -> None:
    plain = (
        *("document_id", "page_number", "width_pt", "height_pt", "language", "preview"),
        "ocr_engine",
    )
    assert [getattr(read, name) for name in plain] == [getattr(put, name) for name in plain]
    assert read.words.texts == put.words.texts
    assert read.words.boxes.tobytes() == put.words.boxes.tobytes()
    assert np.array_equal(read.words.confidences, put.words.confidences, equal_nan=True)
    assert read.vectors.patch_map.boxes.tobytes() == put.vectors.patch_map.boxes.tobytes()
    assert (read.vectors.patch_map.vector_index == put.vectors.patch_map.vector_index).all()
    expected = from_bfloat16(to_bfloat16(put.vectors.vectors))
    assert read.vectors.vectors.dtype == np.float32
    assert read.vectors.vectors.tobytes() == expected.tobytes()


# -- pages


@given(pages(), documents())
def test_a_page_comes_back_bit_for_bit(page: Page, of: Document) -> None:
    fields = over_the_wire(page_fields(page, of, FINGERPRINT))
    read = page_from_fields(fields)
    assert_same_page(read, page)
    assert page_fields(read, of, FINGERPRINT) == fields  # so a copy of a copy is the same


@given(st.integers(1, 1088))
@settings(max_examples=15)
def test_a_page_of_any_size_comes_back_bit_for_bit(n_patches: int) -> None:
    rng = np.random.default_rng(n_patches)
    cells = PatchMap(random_boxes(rng, n_patches), rng.permutation(n_patches).astype(np.int32))
    vectors = PageVectors(unit_vectors(rng, n_patches), cells)
    page = replace(A_PAGE, words=PageWords.none(), vectors=vectors)
    fields = over_the_wire(page_fields(page, A_DOCUMENT, FINGERPRINT))
    assert_same_page(page_from_fields(fields), page)
    assert fields["embedding_bits"] == sign_bit_blocks(page.vectors.vectors)
    assert fields["n_patches"] == n_patches


def test_the_fields_are_those_of_the_schema() -> None:
    fields = page_fields(A_PAGE, A_DOCUMENT, FINGERPRINT)
    blobs = {name: fields.pop(name) for name in ("words", "patch_map", "preview")}
    tensors = {
        name: fields.pop(name)["blocks"] for name in ("embedding", "embedding_bits", "region_bits")
    }
    assert fields == {
        "document_id": "0" * 31 + "1",
        "page_number": 2,
        "page_count": 3,
        "paths": ["/a/b.pdf", "/c.pdf"],
        "n_paths": 2,
        "filter_paths": ["/a/b.pdf", "/c.pdf"],
        "folders": ["/a"],
        "year": 1970,
        "kind": "pdf",
        "title": "A title",
        "place_forms": "a title b c",
        "language": "en",
        "ocr_engine": "",
        "width_pt": 595.0,
        "height_pt": 842.0,
        "fingerprint": "encoder=lexical revision=test pooling=none rendering=words prompts=",
        "n_patches": 5,
        "text": "two words",
        "text_words": "two words",
        "text_forms": "two words word",
        "text_codes": "",
    }
    read = {name: base64.b64decode(blob) for name, blob in blobs.items()}
    assert words_from_bytes(read["words"]).texts == ("two", "words")
    assert read["patch_map"] == patch_map_to_bytes(A_PAGE.vectors.patch_map)
    assert read["preview"] == b"preview of 1-2"
    assert {len(block) for block in tensors["embedding"].values()} == {512}
    assert {len(block) for block in tensors["embedding_bits"].values()} == {32}
    # the centres lie at (1, 2), (5, 6), (9, 10), (13, 14), (17, 18) nineteenths of the page
    assert list(tensors["region_bits"]) == ["0", "5", "9", "10", "15"]
    last_row_first = A_PAGE.vectors.vectors[::-1]
    assert tensors["region_bits"]["0"] == sign_bit_blocks(last_row_first[:1])["blocks"]["0"]


def test_what_a_page_says_of_its_document_is_all_that_a_move_changes() -> None:
    moved = document(1, "/東京/e\u0301\x01.pdf", title="首都")
    fields = page_fields(A_PAGE, moved, FINGERPRINT)
    place = place_fields(moved)
    assert place == {
        "paths": ["/東京/e\u0301␛1;.pdf"],
        "n_paths": 1,
        "filter_paths": ["/東京/é\ufffd.pdf"],
        "folders": ["/東京"],
        "year": 1970,
        "kind": "pdf",
        "title": "首都",
        "place_forms": "首都 e 首 都",
    }
    before = page_fields(A_PAGE, A_DOCUMENT, FINGERPRINT)
    changed = {name for name, value in fields.items() if value != before[name]}
    same = {"year", "kind"}  # of these two
    assert changed == {*place, "page_count"} - same  # another document, of another length
    assert place_fields(document(1))["n_paths"] == 0


def test_a_page_in_chinese_or_japanese_is_found_by_pairs() -> None:
    page = random_page(1, 1, np.zeros((0, 128), np.float32), text="see 東京都 map")
    fields = page_fields(page, A_DOCUMENT, FINGERPRINT)
    assert fields["text"] == "see 東京都 map"
    assert fields["text_words"] == "see 東京 京都 map"
    assert set(str(fields["text_forms"]).split()) == {
        "see",
        "東京",
        "京都",
        "map",
        "東",
        "京",
        "都",
    }


def test_words_that_a_lines_end_has_broken_are_told_whole() -> None:
    none = np.zeros((0, 128), np.float32)
    fields = page_fields(
        random_page(1, 1, none, text="all docu- ments in 東 京"), A_DOCUMENT, FINGERPRINT
    )
    assert fields["text"] == "all docu- ments in 東京"
    assert fields["text_words"] == "all documents in 東京"
    assert {"docu", "ments", "東"} <= set(str(fields["text_forms"]).split())


def test_a_page_without_vectors_has_empty_tensors_and_may_come_back_without_them() -> None:
    page = random_page(1, 1, np.zeros((0, 128), np.float32))
    fields = page_fields(page, A_DOCUMENT, FINGERPRINT)
    for name in ("embedding", "embedding_bits", "region_bits"):
        assert fields.pop(name) == {"blocks": {}}
    for name in ("language", "text", "title"):
        fields.pop(name, None)
    assert_same_page(page_from_fields(fields), page)


def test_a_page_put_before_there_was_ocr_comes_back() -> None:
    fields = page_fields(A_PAGE, A_DOCUMENT, FINGERPRINT)
    del fields["ocr_engine"]
    assert page_from_fields(fields).ocr_engine == ""


def test_sizes_may_come_back_as_whole_numbers() -> None:
    fields = page_fields(A_PAGE, A_DOCUMENT, FINGERPRINT) | {"width_pt": 595, "height_pt": 842}
    width = page_from_fields(fields).width_pt
    assert (width, type(width)) == (595.0, float)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("embedding", {"0": "3f80"}, "a tensor's block must be 512 hex digits, not 4: '3f80'"),
        ("page_number", "2", "field page_number must be int, not '2'"),
        ("n_patches", True, "field n_patches must be int, not True"),
        ("width_pt", None, "field width_pt must be float, not None"),
        ("language", ["en"], "field language must be str, not ['en']"),
        ("words", 7, "field words must be str, not 7"),
        ("preview", "a b", "field preview must be base64, not 'a b'"),
        ("patch_map", "é", r"field patch_map must be base64, not '\xe9'"),
    ],
)
def test_a_page_of_other_types_is_refused(field: str, value: object, reason: str) -> None:
    fields = page_fields(A_PAGE, A_DOCUMENT, FINGERPRINT) | {field: value}
    message = (
        f"Page {fields['document_id']}-{fields['page_number']} as Vespa gave it cannot be used: "
        f'{reason}. Deploy the application of this version with "pagelens deploy", and try again.'
    )
    with pytest.raises(ServerError, match=f"^{re.escape(message)}$"):
        page_from_fields(fields)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


TOO_SHORT_MAP = encoded(patch_map_to_bytes(A_PAGE.vectors.patch_map)[:20])
FOREIGN_MAP = encoded(
    patch_map_to_bytes(PatchMap(np.zeros((1, 4), np.float32), np.array([5], np.int32)))
)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("embedding", {"blocks": {}}, "5 patches were put, 0 are there"),
        (
            "embedding",
            {"1": "3f80" * 128},
            "a tensor of 1 patches has none labelled '0': some are missing",
        ),
        (
            "embedding",
            {str(row): "0000" * 128 for row in range(5)},
            "Page vectors must have unit length, row 0 of 5 has length 0 (5 such rows). The model "
            "gave NaN, infinite or zero vectors; try --device cpu",
        ),
        ("patch_map", FOREIGN_MAP, "The patch map names vectors 5 to 5, the page has 5"),
        (
            "patch_map",
            TOO_SHORT_MAP,
            "A compressed record cannot be read (Error -5 while decompressing data: incomplete or "
            "truncated stream)",
        ),
    ],
)
def test_a_page_that_contradicts_itself_is_damaged(field: str, value: object, reason: str) -> None:
    fields = page_fields(A_PAGE, A_DOCUMENT, FINGERPRINT) | {field: value}
    message = (
        f"Page {A_PAGE.page_id} in Vespa is damaged: {reason}. "
        "Remove its document from Vespa and ingest its file again."
    )
    with pytest.raises(DamagedIndexError, match=f"^{re.escape(message)}$"):
        page_from_fields(fields)


@pytest.mark.parametrize(
    "field", ["page_number", "n_patches", "width_pt", "height_pt", "words", "patch_map", "preview"]
)
def test_a_page_without_a_field_is_damaged(field: str) -> None:
    fields = page_fields(A_PAGE, A_DOCUMENT, FINGERPRINT)
    del fields[field]
    with pytest.raises(DamagedIndexError, match=f"in Vespa is damaged: field {field} is missing. "):
        page_from_fields(fields)


# -- documents and the manifest


@given(documents())
def test_a_document_comes_back(put: Document) -> None:
    assert document_from_fields(over_the_wire(document_fields(put))) == put


def test_the_record_is_that_of_the_schema() -> None:
    failures = (Failure(None, "encrypted"), Failure(3, "time-out"))
    fields = document_fields(replace(A_DOCUMENT, failures=failures, not_searched="2 attachments"))
    assert fields == {
        "document_id": "0" * 31 + "1",
        "paths": ["/a/b.pdf", "/c.pdf"],
        "sizes": [1001, 1001],
        "mtimes": [5_000_000_000, 5_000_000_000],
        "drives": ["/", "/"],
        "title": "A title",
        "page_count": 3,
        "is_complete": True,
        "is_without_pages": True,
        "failures": failures_to_json(failures),
        "not_searched": "2 attachments",
    }


def test_a_document_may_come_back_without_its_empty_fields() -> None:
    put = document(1)
    fields = {name: value for name, value in document_fields(put).items() if value not in ("", [])}
    assert "paths" not in fields
    assert document_from_fields(fields) == put


@pytest.mark.parametrize(
    ("field", "value", "error", "reason"),
    [
        ("sizes", [1], DamagedIndexError, "damaged: 2 paths have 1 sizes, 2 times and 2 drives."),
        ("failures", "[7]", DamagedIndexError, "damaged: A list of failures cannot be read"),
        ("paths", "/a", ServerError, "cannot be used: field paths must be list, not '/a'."),
        ("paths", [1, 2], ServerError, "cannot be used: field paths must be str, not 1."),
        ("mtimes", [1, 2.5], ServerError, "cannot be used: field mtimes must be int, not 2.5."),
        ("is_complete", 1, ServerError, "cannot be used: field is_complete must be bool, not 1."),
    ],
)
def test_a_record_that_cannot_be_is_refused(
    field: str, value: object, error: type[Exception], reason: str
) -> None:
    fields = document_fields(A_DOCUMENT) | {field: value}
    name = f"Document {A_DOCUMENT.document_id} "
    with pytest.raises(error, match=f"^{name}.*{re.escape(reason)} "):
        document_from_fields(fields)


def test_a_record_without_a_field_is_damaged() -> None:
    message = "Document x in Vespa is damaged: field page_count is missing. Remove its document"
    with pytest.raises(DamagedIndexError, match=f"^{message}"):
        document_from_fields({"document_id": "x"})


@given(st.builds(Fingerprint, *[ANY_TEXT] * 5))
def test_the_manifest_comes_back(fingerprint: Fingerprint) -> None:
    fields = over_the_wire(manifest_fields(fingerprint))
    assert fields["document_id"] == MANIFEST_ID
    assert manifest_from_fields(fields) == fingerprint


@pytest.mark.parametrize("manifest", ["", "[]", "7", "{}", '{"format_version": 3}', None])
def test_a_broken_manifest_says_what_to_do(manifest: str | None) -> None:
    fields = {} if manifest is None else {"manifest": manifest}
    message = r"^The index's manifest in Vespa cannot be read \(\w+: .*\)\. Remove all documents"
    with pytest.raises(DamagedIndexError, match=message):
        manifest_from_fields(fields)


@pytest.mark.parametrize("version", [2, 99])
def test_a_manifest_of_another_version_is_refused_with_both(version: int) -> None:
    message = (
        f"has format version {version}, this program reads 3. Use the program that made it, "
        "or ingest"
    )
    with pytest.raises(IndexMismatchError, match=message):
        manifest_from_fields(
            {"manifest": json.dumps({"format_version": version, "fingerprint": {}})}
        )


def test_a_moved_model_folder_keeps_its_pages_fingerprint() -> None:
    moved = replace(FINGERPRINT, model="/elsewhere")
    assert fingerprint_text(moved) == fingerprint_text(FINGERPRINT)
    for change in ("encoder", "revision", "pooling", "rendering"):
        assert fingerprint_text(replace(FINGERPRINT, **{change: "x"})) != fingerprint_text(
            FINGERPRINT
        )


# -- text


def is_noncharacter(code: int) -> bool:
    return 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def test_exactly_what_is_no_text_is_written_otherwise() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        is_text = unicodedata.category(character) not in ("Cc", "Cs") and not is_noncharacter(code)
        assert (to_wire_text(character) == character) == (is_text and character != "␛"), hex(code)


@given(ANY_TEXT | HOSTILE)
def test_any_text_comes_back_and_is_clean_on_the_wire(text: str) -> None:
    written = to_wire_text(text)
    assert from_wire_text(written) == text
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in written)
    assert not any(is_noncharacter(ord(c)) for c in written)


@pytest.mark.parametrize("text", ["␛", "␛1", "␛110000;", "␛G;", "␛;"])
def test_what_we_did_not_write_is_read_as_it_stands(text: str) -> None:
    assert from_wire_text(text) == text


# -- queries


@given(st.integers(0, 12))
def test_a_querys_tensors_hold_its_very_bits(n_tokens: int) -> None:
    asked = query(unit_vectors(np.random.default_rng(n_tokens), n_tokens))
    rows = {
        str(row): vector.astype(">f4").tobytes().hex() for row, vector in enumerate(asked.vectors)
    }
    assert over_the_wire(float_input(asked)) == {"input.query(qt)": {"blocks": rows}}
    bits = [row.tobytes().hex() for row in pack_sign_bits(asked.vectors)]
    by_token = {str(row): digits for row, digits in enumerate(bits)}
    assert over_the_wire(bits_input(asked)) == {"input.query(qtb)": {"blocks": by_token}}
    assert over_the_wire(token_bits_inputs(asked)) == {
        f"input.query(rq{token})": digits for token, digits in enumerate(bits)
    }


def test_a_query_of_text_alone_has_empty_tensors() -> None:
    asked = QueryVectors.text_only("words")
    assert float_input(asked) == {"input.query(qt)": {"blocks": {}}}
    assert bits_input(asked) == {"input.query(qtb)": {"blocks": {}}}
    assert token_bits_inputs(asked) == {}
