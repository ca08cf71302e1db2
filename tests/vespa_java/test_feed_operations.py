"""What Vespa holds after our feed operations, read by Vespa's own JSON reader: bit for bit ours.

Every operation is read both ways Vespa does: as a line of a feed file, and as a request to
/document/v1, recorded as our client sends it. What is expected is taken from the page itself, not
from the JSON.
"""

import base64
import io
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.codec import patch_map_to_bytes, words_to_bytes
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import (
    Document,
    Failure,
    FileRecord,
    Fingerprint,
    Page,
    PageVectors,
    PageWords,
    PatchMap,
    page_id,
)
from index.quantize import pack_sign_bits, to_bfloat16
from pagelens.ingest_command import ingest
from tests.random_pages import FINGERPRINT, document, document_id, unit_vectors
from tests.random_pages import page as random_page
from tests.vespa_java.application_copy import APPLICATION
from tests.vespa_java.jvm import VespaError, VespaJava
from vespa_app.client import VespaClient
from vespa_app.endpoint import Endpoint
from vespa_app.feed import put_manifest, put_page, put_record, write_feed
from vespa_app.patience import READING_S, Patience
from vespa_app.regions import region_means
from vespa_app.wire import (
    document_from_fields,
    from_wire_text,
    page_from_fields,
    place_fields,
    vector_fields,
)

SAMPLES = Path(__file__).parents[2] / "samples"
N_SAMPLE_DOCUMENTS, N_SAMPLE_PAGES = 12, 41

TYPES = {
    "embedding": "tensor<bfloat16>(patch{},v[128])",
    "embedding_bits": "tensor<int8>(patch{},v[16])",
    "region_bits": "tensor<int8>(region{},v[16])",
}
SCRIPTS = "Ünïcödé Ελληνικά Русский עברית العربية हिन्दी ไทย 한국어 日本語 漢字 👩‍🔬🏳️‍🌈 𝔘𝔫𝔦 e\u0301"
HOSTILE = "\x00\x01\t\n\r\x1f\x7f\x85 \ud800 \udfff \ufdd0 \ufffe \U0010ffff ␛ ␛1; \\ \" ' </x>"
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
WORD = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)


@dataclass(frozen=True)
class Request:
    """What came in over HTTP."""

    method: str
    path: str
    body: str


class Recorder(ThreadingHTTPServer):
    """Says yes to every request, and keeps the last."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RecordingHandler)
        self.last = Request("", "", "")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class RecordingHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorder

    def _record(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.last = Request(self.command, self.path, body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_PUT = do_DELETE = _record  # noqa: N815 - names the HTTP server looks for

    def log_message(self, format: str, *args: object) -> None:
        pass


class Reader:
    """Lets Vespa's code read operations, in the form of a feed file and in that of requests."""

    KINDS = {"POST": "put", "PUT": "update", "DELETE": "remove"}  # as DocumentV1ApiHandler has it

    def __init__(self, java: VespaJava, recorder: Recorder, client: VespaClient) -> None:
        self.client = client
        self._java = java
        self._recorder = recorder

    def line(self, line: str) -> Any:
        """A line of a feed file."""
        return self._java.call("read-operation", application=str(APPLICATION), line=line)

    def request(self, kind: str, key: str, body: str) -> Any:
        """A request to /document/v1."""
        return self._java.call(
            "read-operation", application=str(APPLICATION), kind=kind, id=key, body=body
        )

    def sent(self) -> Any:
        """What the client sent last; both ways must give the same."""
        sent = self._recorder.last
        kind, url = self.KINDS[sent.method], urlsplit(sent.path)
        creates = parse_qs(url.query).get("create", ["false"])
        assert creates == ["false"]  # an update would make an empty page
        _, document, version, namespace, schema, docid, own_id = url.path.split("/")
        assert (document, version, docid) == ("document", "v1", "docid")
        key = f"id:{namespace}:{schema}::{own_id}"
        body = json.loads(sent.body) if sent.body else {}
        read = self.line(json.dumps({kind: key} | body))
        assert (read["kind"], read["id"]) == (kind, key)
        if kind != "remove":  # Vespa reads no body there
            assert self.request(kind, key, sent.body) == read
        return read

    def put(self, operation: dict[str, Any]) -> Any:
        """The fields Vespa holds after a put: as the client sends it, and as a feed file has it."""
        _, _, schema, _, own_id = operation["put"].split(":")
        self.client.put("put", schema, own_id, operation["fields"])
        read = self.sent()
        assert self.line(json.dumps(operation, ensure_ascii=False)) == read
        assert without_types(read["fields"]) == operation["fields"]
        return read["fields"]


@pytest.fixture(scope="module")
def reader(vespa_java: VespaJava) -> Iterator[Reader]:
    with Recorder() as recorder:
        serving = threading.Thread(target=recorder.serve_forever)
        serving.start()
        client = VespaClient(Endpoint(recorder.url), Patience(READING_S))
        yield Reader(vespa_java, recorder, client)
        client.close()
        recorder.shutdown()
        serving.join()


def without_types(fields: dict[str, Any]) -> dict[str, Any]:
    """Tensors as they are written."""
    return {
        name: {"blocks": value["blocks"]} if isinstance(value, dict) else value
        for name, value in fields.items()
    }


def cells(fields: dict[str, Any], name: str, dtype: str) -> dict[str, NDArray[Any]]:
    """A tensor's bit patterns by label."""
    assert fields[name]["type"] == TYPES[name]
    return {
        label: np.frombuffer(bytes.fromhex(digits), dtype)
        for label, digits in fields[name]["blocks"].items()
    }


def assert_rows(read: dict[str, NDArray[Any]], expected: NDArray[Any]) -> None:
    assert sorted(read, key=int) == [str(row) for row in range(len(expected))]
    for label, row in read.items():
        assert (row == expected[int(label)]).all(), label


def assert_holds(fields: dict[str, Any], page: Page, of: Document, made_by: Fingerprint) -> None:
    """Vespa holds this page, with what searches need of its document."""
    vectors = page.vectors.vectors
    assert_rows(cells(fields, "embedding", ">u2"), to_bfloat16(vectors))
    assert_rows(cells(fields, "embedding_bits", "u1"), pack_sign_bits(vectors))
    assert fields["n_patches"] == len(vectors)
    assert (fields["document_id"], fields["page_number"]) == (page.document_id, page.page_number)
    assert (fields["page_count"], fields["n_paths"]) == (of.page_count, len(of.files))
    assert (fields["width_pt"], fields["height_pt"]) == (page.width_pt, page.height_pt)
    assert from_wire_text(fields["text"]) == page.words.text
    assert from_wire_text(fields["title"]) == of.title
    assert from_wire_text(fields["language"]) == page.language
    assert [from_wire_text(path) for path in fields["paths"]] == [f.path for f in of.files]
    assert from_wire_text(fields["fingerprint"]).startswith(f"encoder={made_by.encoder} ")
    assert base64.b64decode(fields["preview"]) == page.preview
    assert base64.b64decode(fields["words"]) == words_to_bytes(page.words)
    assert base64.b64decode(fields["patch_map"]) == patch_map_to_bytes(page.vectors.patch_map)
    # and all of it comes back as a page
    read = page_from_fields(without_types(fields))
    assert read.words.texts == page.words.texts
    assert (to_bfloat16(read.vectors.vectors) == to_bfloat16(vectors)).all()


# -- pages


def ties_to_even(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    """Vectors whose every cell lies exactly between two bfloat16."""
    bits = unit_vectors(rng, n).view(np.uint32)
    tied: NDArray[np.uint32] = (bits & np.uint32(0xFFFF0000)) | np.uint32(0x8000)
    return tied.view(np.float32)


def with_tiny_cells(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    """Vectors with cells of both zeros, denormals and the smallest normals in every row."""
    tiny = np.float32([0.0, -0.0, 1e-45, -1e-45, 9.2e-41, -9.2e-41, 5e-39, -5e-39, 1.2e-38])
    vectors = unit_vectors(rng, n)
    vectors[:, : len(tiny)] = 0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[:, : len(tiny)] = tiny
    return vectors


VECTORS = {"random": unit_vectors, "ties": ties_to_even, "tiny": with_tiny_cells}


@pytest.mark.parametrize("kind", VECTORS)
@pytest.mark.parametrize("n_patches", [0, 1, 2, 17, 832, 1088])
def test_a_put_page_is_held_bit_for_bit(reader: Reader, n_patches: int, kind: str) -> None:
    rng = np.random.default_rng(n_patches)
    page = random_page(1, 7, VECTORS[kind](rng, n_patches), text=SCRIPTS, language="el")
    page = replace(page, preview=rng.bytes(40_000), width_pt=595.276, height_pt=1e-3 + 842)
    of = document(1, "/a/b.pdf", "/c d.pdf", page_count=7, title="A title")
    assert_holds(reader.put(put_page(page, of, FINGERPRINT)), page, of, FINGERPRINT)


def test_ties_and_tiny_cells_are_what_they_say() -> None:
    rng = np.random.default_rng(1)
    lower = ties_to_even(rng, 3).view(np.uint32) >> 16
    rounded = to_bfloat16(ties_to_even(np.random.default_rng(1), 3))
    assert (rounded == lower + (lower & 1)).all()
    assert ((rounded != lower).any(), (rounded == lower).any()) == (True, True)
    halves = to_bfloat16(with_tiny_cells(rng, 1))[0, :6]
    assert halves.tolist() == [0, 0x8000, 0, 0x8000, 1, 0x8001]


def test_regions_are_held_bit_for_bit(reader: Reader) -> None:
    rng = np.random.default_rng(3)
    anywhere = PatchMap(rng.random((64, 4), np.float32), np.arange(64, dtype=np.int32))
    page = replace(
        random_page(1, 1, unit_vectors(rng, 1)),
        vectors=PageVectors(unit_vectors(rng, 64), anywhere),
    )
    fields = reader.put(put_page(page, document(1, "/a.pdf"), FINGERPRINT))
    read = page_from_fields(without_types(fields))
    regions, means = region_means(read.vectors)
    assert len(regions) > 4
    bits = cells(fields, "region_bits", "u1")
    assert sorted(bits, key=int) == [str(region) for region in regions]
    for region, row in zip(regions, pack_sign_bits(means), strict=True):
        assert (bits[str(region)] == row).all()


@st.composite
def pages(draw: st.DrawFn) -> Page:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    texts = tuple(draw(st.lists(WORD, max_size=5)))
    n_patches = draw(st.sampled_from([0, 1, 3]))
    cell_map = PatchMap(rng.random((n_patches, 4), np.float32), np.arange(n_patches, dtype="i4"))
    return Page(
        document_id=draw(st.integers(0, 2**128 - 1).map(document_id)),
        page_number=draw(st.integers(1, 2**31 - 1)),
        width_pt=draw(st.floats(1e-3, 1e9)),
        height_pt=draw(st.floats(1e-3, 1e9)),
        language=draw(st.sampled_from(["", "de", "zh"])),
        words=PageWords(texts, rng.random((len(texts), 4), np.float32)),
        vectors=PageVectors(unit_vectors(rng, n_patches), cell_map),
        preview=draw(st.binary()),
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    long = st.integers(-(2**63), 2**63 - 1)
    paths = draw(st.lists(ANY_TEXT, max_size=3, unique=True))
    failures = st.builds(Failure, st.none() | st.integers(1, 2**31 - 1), ANY_TEXT)
    return Document(
        document_id=draw(st.integers(0, 2**128 - 1).map(document_id)),
        files=tuple(
            FileRecord(path, draw(long), draw(long), draw(ANY_TEXT)) for path in sorted(paths)
        ),
        title=draw(ANY_TEXT),
        page_count=draw(st.integers(0, 2**31 - 1)),
        is_complete=draw(st.booleans()),
        failures=tuple(draw(st.lists(failures, max_size=3))),
        not_searched=draw(ANY_TEXT),
    )


in_a_few_examples = settings(
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@given(page=pages(), of=documents())
@in_a_few_examples
def test_any_page_of_any_document_is_held(reader: Reader, page: Page, of: Document) -> None:
    assert_holds(reader.put(put_page(page, of, FINGERPRINT)), page, of, FINGERPRINT)


AWKWARD = replace(
    document(2, page_count=3, title=f"{SCRIPTS} {HOSTILE}"),
    files=(
        FileRecord("/" + HOSTILE, 0, -1, "/" + HOSTILE),
        FileRecord("/" + SCRIPTS, 2**63 - 1, -(2**63)),
    ),
    failures=(Failure(None, HOSTILE), Failure(2, SCRIPTS)),
)


def test_text_in_every_script_and_what_is_no_text_arrive(reader: Reader) -> None:
    words = tuple(SCRIPTS.split()) + ("\ufffe", "\U0001ffff", "\ufdd0", "\\u0001", "␛")
    page = random_page(2, 1, unit_vectors(np.random.default_rng(4), 2))
    page = replace(page, words=PageWords(words, np.zeros((len(words), 4), np.float32)))
    fields = reader.put(put_page(page, AWKWARD, FINGERPRINT))
    assert_holds(fields, page, AWKWARD, FINGERPRINT)


# -- records, updates, removals


@given(of=documents())
@in_a_few_examples
def test_any_record_comes_back(reader: Reader, of: Document) -> None:
    assert document_from_fields(reader.put(put_record(of))) == of


def test_a_record_with_failures_comes_back(reader: Reader) -> None:
    assert document_from_fields(reader.put(put_record(AWKWARD))) == AWKWARD


def test_the_manifest_comes_back(reader: Reader) -> None:
    made_by = Fingerprint("colsmol", f"/models/{SCRIPTS}\x01", "a1b2", "none", "2048 px")
    fields = reader.put(put_manifest(made_by))
    assert fields["document_id"] == "manifest"
    assert json.loads(fields["manifest"])["fingerprint"] == asdict(made_by)


@pytest.mark.parametrize("of", [AWKWARD, document(2)], ids=["two paths", "none"])
def test_an_update_assigns_place_and_title_and_nothing_else(reader: Reader, of: Document) -> None:
    fields = place_fields(of)
    reader.client.update("update", "page", page_id(of.document_id, 2), fields)
    read = reader.sent()
    assert (read["kind"], read["id"]) == ("update", f"id:pagelens:page::{of.document_id}-2")
    assert read["fields"] == fields
    assert [from_wire_text(path) for path in read["fields"]["paths"]] == [f.path for f in of.files]
    assert read["fields"]["n_paths"] == len(of.files)
    assert from_wire_text(read["fields"]["title"]) == of.title


@pytest.mark.parametrize("n_patches", [0, 3])
def test_vectors_that_come_later_are_those_of_a_put(reader: Reader, n_patches: int) -> None:
    whole = random_page(1, 1, unit_vectors(np.random.default_rng(4), n_patches), text="words")
    waiting = replace(whole, vectors=PageVectors.none(), is_waiting=True)
    of = document(1, "/a.pdf")
    expected = reader.put(put_page(whole, of, FINGERPRINT))
    put = reader.put(put_page(waiting, of, FINGERPRINT))
    assert page_from_fields(without_types(put)).is_waiting
    reader.client.update("update", "page", whole.page_id, vector_fields(whole.vectors))
    assert put | reader.sent()["fields"] == expected


def test_removals_name_the_page_and_the_record(reader: Reader) -> None:
    one = document_id(3)
    for schema, own_id in (("page", page_id(one, 12)), ("pdf", one)):
        reader.client.remove("remove", schema, own_id)
        key = f"id:pagelens:{schema}::{own_id}"
        assert reader.sent() == {"kind": "remove", "id": key, "fields": {}}


# -- what Vespa refuses, so that the tests above can fail


def broken(change: dict[str, object]) -> dict[str, Any]:
    page = random_page(1, 1, unit_vectors(np.random.default_rng(1), 1))
    put: dict[str, Any] = put_page(page, document(1, "/a.pdf"), FINGERPRINT)
    return put | {"fields": put["fields"] | change}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"embedding": {"blocks": {"0": "3f80" * 127}}},
            "Could not parse field 'embedding' of type tensor<bfloat16>(patch{},v[128])",
        ),
        ({"embedding": {"blocks": {"0": "3f8g" * 128}}}, "Invalid digit 'g' at index 3"),
        (
            {"embedding_bits": {"blocks": {"0": "ff" * 17}}},
            "Could not parse field 'embedding_bits' of type tensor<int8>(patch{},v[16])",
        ),
        ({"colour": "red"}, "ield 'colour' "),
        ({"page_number": "two"}, "Could not parse field 'page_number' of type int"),
        ({"page_number": 2**31}, 'of type int: For input string: "2147483648"'),
        ({"text": "a\x01b"}, "The string field value contains illegal code point 0x1"),
        ({"title": "\ufffe"}, "The string field value contains illegal code point 0xFFFE"),
        ({"width_pt": "wide"}, "Could not parse field 'width_pt' of type double"),
    ],
)
def test_vespa_refuses_a_broken_operation(
    reader: Reader, change: dict[str, object], message: str
) -> None:
    operation = broken(change)
    for read in (
        lambda: reader.line(json.dumps(operation)),
        lambda: reader.request(
            "put", str(operation["put"]), json.dumps({"fields": operation["fields"]})
        ),
    ):
        with pytest.raises(VespaError) as error:
            read()
        assert message in str(error.value)


def test_vespa_refuses_a_control_character_that_is_not_escaped(reader: Reader) -> None:
    line = json.dumps(broken({"title": "a-b"})).replace("a-b", "a\x01b")
    with pytest.raises(VespaError, match=r"Illegal unquoted character \(\(CTRL-CHAR, code 1\)\)"):
        reader.line(line)


# -- a whole index


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedIndex]:
    folder = tmp_path_factory.mktemp("samples") / "index"
    result = CliRunner().invoke(
        ingest, [str(SAMPLES), "--index", str(folder), "--encoder", "lexical"]
    )
    assert result.exit_code == 0, result.output
    with closing(EmbeddedIndex.open(folder)) as index:
        yield index


def test_vespa_reads_every_line_of_an_exported_index(
    reader: Reader, samples: EmbeddedIndex
) -> None:
    file = io.BytesIO()
    written = write_feed(file, samples, lambda: None)
    assert (written.n_documents, written.n_pages) == (N_SAMPLE_DOCUMENTS, N_SAMPLE_PAGES)
    waiting: dict[int, Any] = {}
    records = []
    for line in file.getvalue().decode().splitlines():
        read = reader.line(line)
        assert read["fields"] == reader.put(json.loads(line))
        fields = read["fields"]
        if read["id"].startswith("id:pagelens:page::"):
            waiting[fields["page_number"]] = fields
        elif read["id"] != "id:pagelens:pdf::manifest":
            records.append(document_from_fields(fields))
            for number, page_fields in waiting.items():
                page = samples.page(page_id(records[-1].document_id, number))
                assert_holds(page_fields, page, records[-1], samples.fingerprint)
            waiting = {}
    assert records == list(samples.documents())
    assert sum(d.page_count for d in records) == N_SAMPLE_PAGES
    assert read["id"] == "id:pagelens:pdf::manifest"
