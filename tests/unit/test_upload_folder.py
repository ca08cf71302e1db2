"""The folder that strangers' files go into: names, contents, limits, removal with a way back."""

import io
import os
from datetime import date, timedelta
from pathlib import Path

import pytest

from index.errors import PagelensError
from ingest.source_file import PDF, kind_of
from query.service.refusals import NoSuchUploadError, NotAPdfError, UploadTooLargeError
from query.service.upload_folder import KEEP_DAYS, REMOVED_FOLDER, UploadFolder, safe_name

A_PDF, ANOTHER = b"%PDF-1.7 one", b"%PDF-1.7 two"
MAX_BYTES = 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a neighbour whose files are nobody's to touch."""
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "letter.pdf").write_bytes(A_PDF)
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"


@pytest.fixture
def uploads(folder: Path) -> UploadFolder:
    return UploadFolder(folder, MAX_BYTES, lambda head: kind_of(head) == PDF)


def store(uploads: UploadFolder, name: str, data: bytes = A_PDF) -> str:
    return uploads.store(name, io.BytesIO(data)).name


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("report.pdf", "report.pdf"),
        ("Report", "Report.pdf"),
        ("../../private/letter.pdf", "letter.pdf"),
        ("/etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\Q3: plan?.PDF", "Q3_ plan_.pdf"),
        ("..\\..\\up.pdf", "up.pdf"),
        ("", "document.pdf"),
        (".", "document.pdf"),
        ("..", "document.pdf"),
        (".pdf", "document.pdf"),
        (".hidden.pdf", "hidden.pdf"),
        ("~$locked.pdf", "locked.pdf"),
        ("a\x00b\n\x1b[2Jc.pdf", "ab[2Jc.pdf"),
        ("\u202egpj.fdp\u2066", "gpj.fdp.pdf"),
        ("\ud800lone.pdf", "lone.pdf"),
        ("  two   words  .pdf", "two words.pdf"),
        ("cafe\u0301.pdf", "caf\u00e9.pdf"),
        ("機械学習.pdf", "機械学習.pdf"),
        ("<img src=x onerror=alert(1)>.pdf", "_img src=x onerror=alert(1)_.pdf"),
        ("name.pdf/", "document.pdf"),
    ],
)
def test_names_are_made_safe(given: str, taken: str) -> None:
    assert safe_name(given) == taken


@pytest.mark.parametrize("letter", ["a", "語", "\U0001d49c"])
def test_names_are_no_longer_than_file_systems_take(folder: Path, letter: str) -> None:
    uploads = UploadFolder(folder, MAX_BYTES, lambda _: True)
    first, second = store(uploads, 1000 * letter), store(uploads, 1000 * letter, ANOTHER)
    assert len(second.encode()) < 200
    assert second == first.replace(".pdf", " (2).pdf")


def test_a_file_is_there_as_it_was_sent(uploads: UploadFolder, folder: Path) -> None:
    stored = uploads.store("report.pdf", io.BytesIO(A_PDF))
    assert (stored.name, stored.size_bytes) == ("report.pdf", len(A_PDF))
    assert stored.path == (folder / "report.pdf").as_posix()
    assert (folder / "report.pdf").read_bytes() == A_PDF
    assert names(folder) == ["report.pdf"]


def test_nothing_is_overwritten(uploads: UploadFolder, folder: Path) -> None:
    assert store(uploads, "report.pdf") == "report.pdf"
    assert store(uploads, "report.pdf", ANOTHER) == "report (2).pdf"
    assert store(uploads, "../report.pdf", A_PDF + ANOTHER) == "report (3).pdf"
    assert (folder / "report.pdf").read_bytes() == A_PDF


def test_the_same_sent_again_is_kept_once(uploads: UploadFolder, folder: Path) -> None:
    store(uploads, "report.pdf")
    assert store(uploads, "report.pdf") == "report.pdf"
    assert names(folder) == ["report.pdf"]


def test_a_link_in_the_way_is_not_written_through(uploads: UploadFolder, folder: Path) -> None:
    target = folder.parent / "private" / "new.pdf"
    (folder / "report.pdf").symlink_to(target)
    assert store(uploads, "report.pdf") == "report (2).pdf"
    assert not target.exists()
    (folder / "other.pdf").symlink_to(folder.parent / "private" / "letter.pdf")
    assert store(uploads, "other.pdf") == "other (2).pdf"  # nobody is told what the link leads to


@pytest.mark.parametrize("data", [b"", b"<html>%PDF", b"MZ\x90", b"\x89PNG\r\n\x1a\n" + b"%PDF-"])
def test_only_pdfs_are_taken_whatever_they_are_called(
    uploads: UploadFolder, folder: Path, data: bytes
) -> None:
    with pytest.raises(NotAPdfError) as refused:
        store(uploads, "report.pdf", data)
    assert str(refused.value) == (
        "report.pdf is not a PDF, by its first bytes. Only PDFs are taken."
    )
    assert names(folder) == []


def test_a_file_that_is_too_large_leaves_nothing(uploads: UploadFolder, folder: Path) -> None:
    with pytest.raises(UploadTooLargeError) as refused:
        store(uploads, "report.pdf", A_PDF + bytes(MAX_BYTES))
    assert str(refused.value) == "report.pdf is too large; at most 100 bytes are taken."
    assert names(folder) == []


class BrokenLine(io.BytesIO):
    def read(self, n: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().read(n)


def test_a_file_that_breaks_off_leaves_nothing(uploads: UploadFolder, folder: Path) -> None:
    with pytest.raises(PagelensError) as refused:
        uploads.store("report.pdf", BrokenLine(A_PDF))
    assert str(refused.value) == (
        "report.pdf cannot be stored: Input/output error. Whoever runs the server can look at the "
        "folder for uploads and its free space."
    )
    assert names(folder) == []


def test_what_a_kill_left_is_cleaned_up(uploads: UploadFolder, folder: Path) -> None:
    (folder / ".pagelens-upload-0123.part").write_bytes(A_PDF[:5])
    (folder / ".somebody-elses.part").write_bytes(A_PDF)
    store(uploads, "report.pdf")
    uploads.clean_up()
    assert names(folder) == [".somebody-elses.part", "report.pdf"]


def test_a_removed_file_can_be_put_back(uploads: UploadFolder, folder: Path) -> None:
    before = uploads.store("report.pdf", io.BytesIO(A_PDF))
    uploads.remove("report.pdf")
    assert (uploads.files(), [file.name for file in uploads.removed()]) == ([], ["report.pdf"])
    assert uploads.restore("report.pdf") == before  # its time too: it need not be hashed again
    assert (uploads.files(), uploads.removed()) == ([before], [])


def test_put_back_it_overwrites_nothing(uploads: UploadFolder, folder: Path) -> None:
    store(uploads, "report.pdf")
    uploads.remove("report.pdf")
    store(uploads, "report.pdf", ANOTHER)
    assert uploads.restore("report.pdf").name == "report (2).pdf"
    assert (folder / "report.pdf").read_bytes() == ANOTHER


def test_two_removed_of_one_name_are_both_kept(uploads: UploadFolder) -> None:
    for data in (A_PDF, ANOTHER):
        store(uploads, "report.pdf", data)
        uploads.remove("report.pdf")
    assert [file.name for file in uploads.removed()] == ["report (2).pdf", "report.pdf"]


@pytest.mark.parametrize(
    "name",
    [
        "../private/letter.pdf",
        "..",
        "",
        ".",
        "no.pdf",
        "link.pdf",
        "folder.pdf",
        "notes.txt",
        ".hidden.pdf",
        REMOVED_FOLDER,
        f"{REMOVED_FOLDER}/x.pdf",
        "report.pdf\x00",
        "\ud800.pdf",
    ],
)
def test_nothing_else_can_be_removed_or_put_back(
    uploads: UploadFolder, folder: Path, name: str
) -> None:
    letter = folder.parent / "private" / "letter.pdf"
    (folder / "link.pdf").symlink_to(letter)
    (folder / "folder.pdf").mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / ".hidden.pdf").write_bytes(A_PDF)
    (folder / os.fsdecode(b"\xff.pdf")).write_bytes(A_PDF)  # a name that no page can show
    store(uploads, "report.pdf")
    for act in (uploads.remove, uploads.restore):
        with pytest.raises(NoSuchUploadError) as refused:
            act(name)
        assert str(refused.value) == f"There is no file {name!r} here. It may have been removed."
    assert letter.read_bytes() == A_PDF
    assert [file.name for file in uploads.files()] == ["report.pdf"]


def test_what_was_removed_long_ago_is_deleted(uploads: UploadFolder, folder: Path) -> None:
    trash = folder / REMOVED_FOLDER
    days = {n: trash / (date.today() - timedelta(days=n)).isoformat() for n in (0, KEEP_DAYS, 30)}
    for day in (*days.values(), trash / "not-a-day"):
        day.mkdir(parents=True)
        (day / f"{day.name}.pdf").write_bytes(A_PDF)
    (days[30] / "kept").mkdir()  # nothing we made, so nothing we delete
    (trash / "2000-01-01").symlink_to(folder.parent / "private")
    uploads.clean_up()
    assert names(days[0]) == [f"{days[0].name}.pdf"]
    assert names(days[KEEP_DAYS]) == [f"{days[KEEP_DAYS].name}.pdf"]
    assert names(days[30]) == ["kept"]
    assert names(trash / "not-a-day") == ["not-a-day.pdf"]
    assert names(folder.parent / "private") == ["letter.pdf"]
