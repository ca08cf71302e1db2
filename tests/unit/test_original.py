"""query/service/original.py: which bytes are given out, and which never are."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from index.pages import Document
from query.service import original
from query.service.original import Originals, may_be_original
from query.service.refusals import NoOriginalError
from tests.documents import write_pdf
from tests.stored_files import document_of

WAY_OUT = (
    ", so it is not shown. Search its pages as they were, or bring the index up to date: "
    "pagelens ingest FOLDER"
)


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    return write_pdf(tmp_path / "report.pdf", ["aardvark", "badger"])


def refusal(document: Document) -> str:
    with pytest.raises(NoOriginalError) as caught:
        Originals().open(document)
    return str(caught.value)


def n_open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_the_bytes_that_were_indexed(pdf: Path) -> None:
    opened = Originals().open(document_of(pdf))
    with opened.file as file:
        assert file.read() == pdf.read_bytes()
    assert (opened.path, opened.media_type) == (pdf, "application/pdf")
    assert opened.is_still_there()


def test_a_new_time_alone_changes_nothing(pdf: Path) -> None:
    document = document_of(pdf)
    os.utime(pdf, (1, 1))
    Originals().open(document).file.close()


def test_other_bytes_of_the_same_size_and_time(pdf: Path) -> None:
    document, before = document_of(pdf), pdf.stat()
    originals = Originals()
    originals.open(document).file.close()  # it knows the file
    data = pdf.read_bytes()
    pdf.write_bytes(data.replace(b"PDF", b"PDQ"))
    os.utime(pdf, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert may_be_original(document)  # as far as a look tells
    with pytest.raises(NoOriginalError) as caught:
        originals.open(document)
    assert str(caught.value) == f"{pdf} has changed since it was indexed{WAY_OUT}"


def test_a_longer_file_is_not_read(pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = document_of(pdf)
    pdf.write_bytes(pdf.read_bytes() + b"%")
    monkeypatch.setattr(original, "_document_id", lambda fd: pytest.fail("it was read"))
    assert refusal(document) == f"{pdf} has changed since it was indexed{WAY_OUT}"
    assert not may_be_original(document)


def test_a_file_that_is_gone(pdf: Path) -> None:
    document = document_of(pdf)
    pdf.unlink()
    assert refusal(document) == f"{pdf} is not there any more{WAY_OUT}"
    assert not may_be_original(document)


def test_a_folder_a_pipe_or_a_device_in_its_place(pdf: Path, tmp_path: Path) -> None:
    document = document_of(pdf)
    said = f"{pdf} is not a regular file any more{WAY_OUT}"
    pdf.unlink()
    pdf.mkdir()
    assert refusal(document) == said
    pdf.rmdir()
    os.mkfifo(pdf)  # nobody writes to it: to wait would be for ever
    assert refusal(document) == said
    pdf.unlink()
    pdf.symlink_to("/dev/zero")
    assert refusal(document) == said


def test_a_link_that_leads_elsewhere_by_now(pdf: Path, tmp_path: Path) -> None:
    link, secret = tmp_path / "link.pdf", tmp_path / "secret"
    link.symlink_to(pdf)
    document = document_of(link)
    Originals().open(document).file.close()
    secret.write_bytes(b"s" * pdf.stat().st_size)
    link.unlink()
    link.symlink_to(secret)
    assert refusal(document) == f"{link} has changed since it was indexed{WAY_OUT}"
    link.unlink()
    link.symlink_to(link)  # in a circle
    assert "cannot be read: " in refusal(document)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read(pdf: Path) -> None:
    document = document_of(pdf)
    pdf.chmod(0)
    assert refusal(document) == f"{pdf} cannot be read: Permission denied{WAY_OUT}"


def test_the_first_path_that_still_has_the_bytes(pdf: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.pdf"
    copy.write_bytes(pdf.read_bytes())
    document = document_of(pdf, copy)
    pdf.write_bytes(b"%PDF-1.4 another")
    opened = Originals().open(document)
    opened.file.close()
    assert opened.path == copy
    copy.unlink()
    assert refusal(document).startswith(f"{pdf} has changed")


def test_names_that_would_do_harm_are_shown_harmless(tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "a\nb\u202e.pdf", ["aardvark"])
    document = document_of(pdf)
    pdf.unlink()
    assert refusal(document) == f"{tmp_path}/a\ufffdb\ufffd.pdf is not there any more{WAY_OUT}"
    nowhere = replace(document.files[0], path="/a\0b.pdf")
    assert "cannot be read: " in refusal(replace(document, files=(nowhere,)))


def test_a_document_without_a_path(pdf: Path) -> None:
    document = replace(document_of(pdf), files=())
    assert refusal(document) == f"Document {document.document_id} has no file any more."


def test_what_is_open_stays_what_it_was(pdf: Path, tmp_path: Path) -> None:
    data = pdf.read_bytes()
    with Originals().open(document_of(pdf)).file as file:
        other = write_pdf(tmp_path / "other.pdf", ["zebra"])
        other.replace(pdf)
        assert file.read() == data


def test_what_is_changed_while_it_is_compared(pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document, read = document_of(pdf), original._document_id

    def read_and_change(fd: int) -> str:
        id_ = read(fd)
        pdf.write_bytes(pdf.read_bytes()[::-1])
        return id_

    monkeypatch.setattr(original, "_document_id", read_and_change)
    assert "has changed since" in refusal(document)


def test_a_file_is_compared_once(pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, calls = original._document_id, []
    monkeypatch.setattr(original, "_document_id", lambda fd: calls.append(fd) or read(fd))
    originals, document = Originals(), document_of(pdf)
    for _ in range(3):
        originals.open(document).file.close()
    assert len(calls) == 1


def test_no_file_stays_open(pdf: Path) -> None:
    document = document_of(pdf)
    before = n_open_files()
    Originals().open(document).file.close()
    pdf.write_bytes(pdf.read_bytes()[::-1])
    for _ in range(5):
        refusal(document)
    assert n_open_files() == before
