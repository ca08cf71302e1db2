"""ingest/not_searched.py: what a PDF holds beside its pages is said, once."""

import zlib
from pathlib import Path

import pytest

from ingest.render import read_facts
from tests.cases import CASES
from tests.fakes import BLACK_SQUARE, PAGE_TREE, FakePrograms, pdf_page, pdf_stream, write_pdf

ATTACHED = b"/Names<</EmbeddedFiles<</Names[%b]>>>>"
XFA = b"/AcroForm<</Fields[]/XFA 5 0 R>>"


def facts_of(path: Path, more: bytes) -> str:
    catalog = PAGE_TREE[0].removesuffix(b">>") + more + b">>"
    file = b"<</Type/Filespec/F(a.txt)/EF<</F 5 0 R>>>>"
    objects = [catalog, *PAGE_TREE[1:], pdf_page(), BLACK_SQUARE, pdf_stream(b"<a/>"), file]
    return read_facts(write_pdf(path, objects)).not_searched


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (b"", ""),
        (ATTACHED % b"(a) 6 0 R", "1 attachment"),
        (ATTACHED % b"(a) 6 0 R (b) 6 0 R", "2 attachments"),
        (XFA, "a form in XFA"),
        (ATTACHED % b"(a) 6 0 R" + XFA, "1 attachment, a form in XFA"),
    ],
    ids=["nothing", "one", "two", "xfa", "both"],
)
def test_what_is_not_searched(tmp_path: Path, more: bytes, said: str) -> None:
    assert facts_of(tmp_path / "a.pdf", more) == said


NOTE = b"<</Type/Annot /Subtype /Text /Rect[0 0 9 9]/Contents(word)>>"


@pytest.mark.parametrize("is_packed", [False, True])
def test_notes_are_seen_also_in_a_stream_of_objects(tmp_path: Path, is_packed: bool) -> None:
    packed = pdf_stream(
        zlib.compress(b"5 0 " + NOTE) + b"what follows",
        more=b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode",
    )
    objects = [*PAGE_TREE, pdf_page(), BLACK_SQUARE, packed if is_packed else NOTE]
    path = write_pdf(tmp_path / "a.pdf", objects)
    assert read_facts(path).not_searched == "notes pinned to pages"


def test_text_in_other_places_is_no_note(tmp_path: Path) -> None:
    damaged = pdf_stream(b"no zlib", more=b"/Type/ObjStm")
    other = b"<</Type/Metadata/Subtype/TextBook>>"
    path = write_pdf(tmp_path / "a.pdf", [*PAGE_TREE, pdf_page(), BLACK_SQUARE, damaged, other])
    assert read_facts(path).not_searched == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("annot-note.pdf", "notes pinned to pages"),
        ("portfolio.pdf", "1 attachment"),
        ("xfa-please-wait.pdf", "a form in XFA"),
        ("receipt-long.pdf", ""),
    ],
)
def test_the_cases(name: str, said: str) -> None:
    assert said in read_facts(CASES / name).not_searched


def test_a_list_of_attachments_that_fails_is_no_failure_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakePrograms(tmp_path, monkeypatch)
    fake.crash("pdfdetach")
    assert facts_of(tmp_path / "a.pdf", ATTACHED % b"(a) 6 0 R") == ""
    fake.be_killed("pdfdetach")
    assert facts_of(tmp_path / "a.pdf", XFA) == "a form in XFA"
