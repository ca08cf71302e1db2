"""PDFs from the page and by REST: who may send them, what becomes of them, and their removal."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from encoders.lexical import LexicalEncoder
from index.pages import Document, Failure, FileRecord
from ingest.source_file import PDF, kind_of
from query.service.ingest_state import IngestState
from query.service.service import SearchService
from query.service.upload_folder import UploadFolder
from query.web.app import create_app
from tests.library import fill
from tests.memory_index import MemoryIndex

A_PDF, ANOTHER = b"%PDF-1.7 one", b"%PDF-1.7 two"
MAX_BYTES = 1000
TOKEN = "0123456789abcdef"
HOSTILE = "<img src=x onerror=alert(1)>'\".pdf"
FORGED = {"Origin": "http://evil.example"}
FOREIGN = ({"Sec-Fetch-Site": "cross-site"}, FORGED, {"Origin": "null"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "up").mkdir()
    return tmp_path / "up"


@pytest.fixture
def index() -> MemoryIndex:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    return index


@pytest.fixture
def app_of(folder: Path, index: MemoryIndex) -> Callable[..., FastAPI]:
    def make(**options: object) -> FastAPI:
        uploads = UploadFolder(folder, MAX_BYTES, lambda head: kind_of(head) == PDF)
        options = {"token": None, "uploads": uploads, **options}
        service = SearchService(lambda: index, lambda _: LexicalEncoder())
        return create_app(service, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def client(app_of: Callable[..., FastAPI]) -> Iterator[TestClient]:
    with TestClient(app_of(), base_url="http://localhost", follow_redirects=False) as client:
        yield client


def put_record(index: MemoryIndex, path: Path, **changes: object) -> None:
    """What an ingest of a file that lies in the folder leaves in the index."""
    found = path.stat()
    record = FileRecord(path.as_posix(), found.st_size, found.st_mtime_ns)
    document = Document("a" * 32, (record,), "", 3, is_complete=True)
    index.put_document(replace(document, **changes))  # type: ignore[arg-type]


def states(client: TestClient) -> dict[str, str]:
    return {one["file"]: one["state"] for one in client.get("/api/uploads").json()}


def test_a_pdf_goes_into_the_folder(client: TestClient, folder: Path) -> None:
    answer = client.post("/api/documents", files={"file": ("../../report.pdf", A_PDF)})
    assert (answer.status_code, answer.json()) == (201, {"file": "report.pdf", "size_bytes": 12})
    assert (folder / "report.pdf").read_bytes() == A_PDF
    again = client.post("/api/documents", files={"file": ("report.pdf", ANOTHER)})
    assert again.json()["file"] == "report (2).pdf"
    assert [path.name for path in folder.parent.iterdir()] == ["up"]


@pytest.mark.parametrize(
    ("data", "status", "detail"),
    [
        (b"<html>", 415, "report.pdf is not a PDF, by its first bytes. Only PDFs are taken."),
        (A_PDF + bytes(MAX_BYTES), 413, "report.pdf is too large; at most 1.0 kB are taken."),
        (bytes(200_000), 413, "The request is too large; at most 20,100,000 bytes are taken."),
    ],
)
def test_what_is_not_taken_leaves_nothing(
    client: TestClient, folder: Path, data: bytes, status: int, detail: str
) -> None:
    if "request" in detail:
        data *= 101
    answer = client.post("/api/documents", files={"file": ("report.pdf", data)})
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    assert list(folder.iterdir()) == []


def test_a_request_without_a_file_is_refused(client: TestClient) -> None:
    assert client.post("/api/documents").status_code == 422
    assert client.post("/api/documents", data={"file": "text"}).status_code == 422


def test_larger_files_are_taken_here_and_nowhere_else(
    app_of: Callable[..., FastAPI], folder: Path
) -> None:
    large = A_PDF + bytes(30_000_000)
    uploads = UploadFolder(folder, 40_000_000, lambda head: kind_of(head) == PDF)
    with TestClient(app_of(uploads=uploads), base_url="http://localhost") as client:
        assert client.post("/api/documents", files={"file": ("a.pdf", large)}).status_code == 201
        elsewhere = client.post("/api/search/image", files={"file": ("a.pdf", large)})
        assert elsewhere.status_code == 413


@pytest.mark.parametrize("headers", FOREIGN)
def test_pages_of_other_sites_can_do_nothing(
    client: TestClient, folder: Path, headers: dict[str, str]
) -> None:
    client.post("/api/documents", files={"file": ("mine.pdf", A_PDF)})
    for send in (
        lambda: client.post("/api/documents", files={"file": ("a.pdf", A_PDF)}, headers=headers),
        lambda: client.delete("/api/uploads/mine.pdf", headers=headers),
        lambda: client.post("/api/uploads/mine.pdf/restore", headers=headers),
        lambda: client.post("/uploads", files={"file": ("a.pdf", A_PDF)}, headers=headers),
        lambda: client.post("/uploads/remove", data={"file": "mine.pdf"}, headers=headers),
        lambda: client.post("/uploads/restore", data={"file": "mine.pdf"}, headers=headers),
    ):
        assert send().status_code == 403
    assert [path.name for path in folder.iterdir()] == ["mine.pdf"]


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://localhost"}, {**FORGED, "Sec-Fetch-Site": "same-origin"}, {}]
)
def test_our_own_pages_and_programs_can(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/documents", files={"file": ("a.pdf", A_PDF)}, headers=headers)
    assert answer.status_code == 201


def test_the_access_token_is_asked_for(app_of: Callable[..., FastAPI], folder: Path) -> None:
    with TestClient(app_of(token=TOKEN), base_url="http://library.example") as client:
        files = {"file": ("a.pdf", A_PDF)}
        assert client.post("/api/documents", files=files).status_code == 401
        assert client.get("/uploads").status_code == 401
        assert client.delete("/api/uploads/a.pdf").status_code == 401
        assert list(folder.iterdir()) == []
        known = {"Authorization": f"Bearer {TOKEN}"}
        assert client.post("/api/documents", files=files, headers=known).status_code == 201


def test_none_are_taken_unless_allowed(app_of: Callable[..., FastAPI]) -> None:
    with TestClient(app_of(uploads=None), base_url="http://localhost") as client:
        answer = client.post("/api/documents", files={"file": ("a.pdf", A_PDF)})
        assert answer.status_code == 405
        for address in ("/uploads", "/api/uploads"):
            assert client.get(address).status_code == 404
        assert "/uploads" not in client.get("/").text


def test_what_became_of_each_file(client: TestClient, index: MemoryIndex, folder: Path) -> None:
    for name in ("new.pdf", "found.pdf"):
        client.post("/api/documents", files={"file": (name, A_PDF)})
    path = folder / "found.pdf"
    put_record(index, path)
    assert states(client) == {"new.pdf": "waiting", "found.pdf": "searchable"}
    [found] = [one for one in client.get("/api/uploads").json() if one["file"] == "found.pdf"]
    assert (found["document_id"], found["n_pages"], found["reason"]) == ("a" * 32, 3, "")
    put_record(index, path, is_complete=False)
    assert states(client)["found.pdf"] == "waiting"
    put_record(index, path, page_count=0, failures=(Failure(None, "encrypted"),))
    [failed] = [one for one in client.get("/api/uploads").json() if one["file"] == "found.pdf"]
    assert (failed["state"], failed["reason"]) == ("failed", "encrypted")
    put_record(index, path)
    path.write_bytes(A_PDF + b" changed since")
    assert states(client)["found.pdf"] == "waiting"


def test_removed_by_rest_and_put_back(client: TestClient) -> None:
    client.post("/api/documents", files={"file": ("50% ä?.pdf", A_PDF)})
    assert states(client) == {"50% ä_.pdf": "waiting"}
    address = "/api/uploads/50%25%20%C3%A4_.pdf"
    assert client.delete(address).status_code == 204
    assert states(client) == {"50% ä_.pdf": "removed"}
    assert client.delete(address).status_code == 404
    back = client.post(f"{address}/restore")
    assert (back.status_code, back.json()["file"]) == (200, "50% ä_.pdf")
    assert client.post(f"{address}/restore").status_code == 404


@pytest.mark.parametrize(
    "name", ["..%2Fsecret.pdf", "%2E%2E%2Fsecret.pdf", "..%5Csecret.pdf", "%00", "secret.pdf"]
)
def test_no_name_leads_out_of_the_folder(client: TestClient, folder: Path, name: str) -> None:
    secret = folder.parent / "secret.pdf"
    secret.write_bytes(A_PDF)
    assert client.delete(f"/api/uploads/{name}").status_code == 404
    assert client.post(f"/api/uploads/{name}/restore").status_code == 404
    removed = client.post("/uploads/remove", data={"file": "../secret.pdf"})
    assert removed.status_code == 404
    assert secret.exists()


def test_the_page_works_without_script(client: TestClient, folder: Path) -> None:
    assert "Nothing yet." in client.get("/uploads").text
    taken = client.post("/uploads", files={"file": ("report.pdf", A_PDF)})
    assert (taken.status_code, taken.headers["location"]) == (303, "/uploads")
    page = client.get("/uploads").text
    assert "report.pdf" in page
    assert "waiting to be read" in page
    assert client.post("/uploads/remove", data={"file": "report.pdf"}).status_code == 303
    assert "Put back" in client.get("/uploads").text
    assert client.post("/uploads/restore", data={"file": "report.pdf"}).status_code == 303
    assert (folder / "report.pdf").exists()
    refused = client.post("/uploads", files={"file": ("report.pdf", b"junk")})
    assert refused.status_code == 415
    assert "Only PDFs are taken" in refused.text


def test_hostile_names_stay_text(client: TestClient, folder: Path) -> None:
    (folder / HOSTILE).write_bytes(A_PDF)  # as the operator may have put it there
    (folder / "\u202egpj.pdf").write_bytes(A_PDF)
    page = client.get("/uploads").text
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "\u202egpj" not in page.replace('value="\u202egpj', "")
    assert client.post("/uploads/remove", data={"file": HOSTILE}).status_code == 303
    assert not (folder / HOSTILE).exists()


def test_every_page_and_the_status_say_how_far_an_ingest_is(
    app_of: Callable[..., FastAPI],
) -> None:
    state = IngestState("reading", 12, 340, n_read=7)
    with TestClient(app_of(ingest_state=lambda: state), base_url="http://localhost") as client:
        said = "New files are being read: 12 of 340 pages."
        for address in ("/", "/overview", "/uploads", "/nowhere"):
            assert said in client.get(address).text
        assert client.get("/api/status").json()["ingest"] == {
            "phase": "reading",
            "n_done": 12,
            "n_pages": 340,
            "n_read": 7,
            "since": "",
            "said": said,
        }


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (IngestState(), ""),
        (IngestState("looking"), ""),
        (
            IngestState("elsewhere", since="2026-11-28 10:15:42"),
            "Another process has been adding to this index since 10:15.",
        ),
        (
            IngestState("ended"),
            "New files are not looked for at the moment: the server's terminal says why.",
        ),
    ],
)
def test_states_in_a_sentence(state: IngestState, said: str) -> None:
    assert state.said == said
