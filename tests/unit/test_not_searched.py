"""ingest/not_searched.py: what a PDF holds beside its pages is said, once."""

from pathlib import Path

import pytest

from ingest.render import read_facts
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


def test_a_list_of_attachments_that_fails_is_no_failure_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakePrograms(tmp_path, monkeypatch)
    fake.crash("pdfdetach")
    assert facts_of(tmp_path / "a.pdf", ATTACHED % b"(a) 6 0 R") == ""
    fake.be_killed("pdfdetach")
    assert facts_of(tmp_path / "a.pdf", XFA) == "a form in XFA"
