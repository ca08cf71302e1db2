"""The commands that make and keep an index, as a user types them."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.status import Status

from ingest.files import LeftOut
from pagelens import shown_sync
from pagelens.left_out_report import left_out_lines
from pagelens.main import main
from tests.documents import write_pdf, write_spelled_pdf
from tests.fakes import Mounts, cannot_be_listed


class Shell:
    """Runs `pagelens` in this process, from a folder that holds `pdfs/`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def run(self, *arguments: str, expect: int = 0) -> str:
        """What the command wrote on stdout, or, where it is to fail, on stderr."""
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        out, err = self._capsys.readouterr()
        assert exit_.value.code == expect, out + err
        return err if expect in (2, 4, 5, 7) and not out else out

    def json(self, *arguments: str, expect: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", expect=expect))


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAGELENS_INDEX", raising=False)
    Path("pdfs").mkdir()
    write_pdf(Path("pdfs/animals.pdf"), ["aardvark", "badger", "camel"], title="Animals")
    write_pdf(Path("pdfs/plants.pdf"), ["acacia", "birch"])
    return Shell(capsys)


def failure(path: Path, reason: str, *, is_passing: bool = False) -> dict[str, object]:
    """A whole file's, as JSON has it."""
    return {
        "path": str(path.resolve()),
        "page": None,
        "last_page": None,
        "reason": reason,
        "is_passing": is_passing,
        "has_words": False,
        "is_of_ocr": False,
    }


INGEST = ("ingest", "pdfs", "--encoder", "lexical")


def test_ingest_says_what_it_did(shell: Shell) -> None:
    assert shell.run(*INGEST).startswith("Added 2 documents (5 pages) in ")
    assert shell.run("ingest", "pdfs").startswith("Skipped 2 documents (5 pages) in ")
    assert Path("pagelens-index/manifest.json").exists()


def test_ingest_as_json(shell: Shell) -> None:
    Path("pdfs/broken.pdf").write_text("<html>")
    report = shell.json(*INGEST, expect=3)
    none = {"documents": 0, "pages": 0}
    assert report.pop("seconds") > 0
    assert report.pop("failed") == [
        failure(Path("pdfs/broken.pdf"), "not a PDF (starts with b'<html>')")
    ]
    assert report == {
        "added": {"documents": 2, "pages": 5},
        "replaced": none,
        "moved": none,
        "removed": none,
        "skipped": none,
        "read_again": none,
        "pages_without_vectors": 0,
        "pages_waiting": 0,
        "pages_with_unreadable_text": 0,
        "pages_read_by_ocr": 0,
        "not_searched": [],
        "lost_roots": [],
        "interrupted": False,
        "left_out": {
            "links": [],
            "excluded": [],
            "junk": [],
            "hidden": [],
            "other_kinds": [],
            "idle_patterns": [],
        },
    }


def test_what_failed_is_named_until_it_is_mended(shell: Shell) -> None:
    Path("pdfs/broken.pdf").write_text("<html>")
    first = shell.run(*INGEST, expect=3)
    assert "1 could not be read (--retry-failed tries these again):" in first
    assert "pdfs/broken.pdf: not a PDF" in first
    assert "pdfs/broken.pdf: not a PDF" in shell.run("ingest", "pdfs", expect=3)
    assert "pdfs/broken.pdf: not a PDF" in shell.run("ingest", "pdfs", "--retry-failed", expect=3)
    write_pdf(Path("pdfs/broken.pdf"), ["mended"])
    assert shell.run("ingest", "pdfs").startswith("Replaced 1 document (1 page), skipped 2 ")


def test_a_dry_run_shows_the_plan_and_writes_nothing(shell: Shell) -> None:
    plan = shell.run(*INGEST, "--dry-run")
    assert "add 2 documents, 5 pages" in plan
    assert "pdfs/animals.pdf (3 pages)" in plan
    assert "5 pages to render and encode, about " in plan
    assert "Nothing was written (--dry-run)." in plan
    assert not Path("pagelens-index").exists()

    shell.run(*INGEST)
    Path("pdfs/animals.pdf").rename("pdfs/beasts.pdf")
    Path("pdfs/plants.pdf").unlink()
    write_pdf(Path("pdfs/new.pdf"), ["new"])
    plan = shell.run("ingest", "pdfs", "--dry-run")
    assert "add 1 document, 1 page\n" in plan
    assert "move 1 document, 3 pages\n" in plan
    assert "remove 1 document, 2 pages\n" in plan
    as_json = shell.json("ingest", "pdfs", "--dry-run")
    assert [Path(d["paths"][0]).name for d in as_json["move"]] == ["beasts.pdf"]
    assert (as_json["pages"], as_json["dry_run"]) == (1, True)
    assert as_json["estimated_seconds"] > 0
    assert (as_json["tiles"], as_json["choices"]) == (0, [])
    assert shell.json("status")["n_pages"] == 5


def test_vanished_files_leave_unless_kept(shell: Shell) -> None:
    shell.run(*INGEST)
    Path("pdfs/plants.pdf").unlink()
    assert "Skipped 2 documents" in shell.run("ingest", "pdfs", "--keep-missing")
    assert "removed 1 document (2 pages)" in shell.run("ingest", "pdfs").lower()


def test_status_shows_what_the_index_holds(shell: Shell) -> None:
    Path("pdfs/broken.pdf").write_text("<html>")
    shell.run(*INGEST, expect=3)
    status = shell.run("status")
    for line in (
        "Encoder    lexical",
        "Documents  2; 1 with failures",
        "Pages      5",
        "Vectors    5",
    ):
        assert line in status
    assert "pdfs/broken.pdf: not a PDF" in status
    facts = shell.json("status")
    assert (facts["n_documents"], facts["n_pages"], facts["n_vectors"]) == (2, 5, 5)
    assert facts["encoder"]["encoder"] == "lexical"
    assert facts["bytes_per_page"] > 0
    assert [Path(f["path"]).name for f in facts["failed"]] == ["broken.pdf"]


def test_check_finds_damage(shell: Shell) -> None:
    shell.run(*INGEST)
    assert "2 documents, 5 pages" in shell.run("check")
    assert shell.json("check")["problems"] == []
    path = Path("pagelens-index/vectors-000001.bin")
    path.write_bytes(bytes(path.stat().st_size))
    assert "animals.pdf page 1: its vectors in vectors-000001.bin differ" in shell.run(
        "check", expect=7
    )


def test_pages_whose_text_cannot_be_decoded_are_told(shell: Shell) -> None:
    write_spelled_pdf(Path("pdfs/glyphs.pdf"), [["\ue001\ue002\ue003", "\ue004\ue005"]])
    told = "1 page with a text layer that cannot be read, or hardly: its fonts do not tell which"
    assert told in shell.run(*INGEST)
    assert told not in shell.run("ingest", "pdfs")
    report = shell.json("ingest", "pdfs", "--index", "another", "--encoder", "lexical")
    assert report["pages_with_unreadable_text"] == 1


def test_pages_the_encoder_cannot_see_are_told(shell: Shell) -> None:
    write_pdf(Path("pdfs/scan.pdf"), ["", ""])
    told = "2 pages without words: the lexical encoder sees nothing there"
    assert told in shell.run(*INGEST)
    assert told in shell.run("status")
    assert told not in shell.run("ingest", "pdfs")
    assert [h["title"] for h in shell.json("query", "scan", "--ranking", "bm25")["hits"]] == [
        "",
        "",
    ]


def test_compact_says_what_it_freed(shell: Shell) -> None:
    shell.run(*INGEST)
    Path("pdfs/plants.pdf").unlink()
    shell.run("ingest", "pdfs")
    assert 'can be freed with "pagelens compact"' in shell.run("status")
    assert shell.run("compact").startswith("Freed ")
    assert shell.run("compact") == "Freed 0 bytes.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("ingest", "nowhere"), 2, "Error: No folder nowhere. Check the name"),
        (("ingest", "empty"), 2, "Error: No PDF or image in empty. Name a folder"),
        (("ingest", "pdfs", "--index", "pdfs"), 2, "Error: pdfs holds other files (animals.pdf)"),
        (
            ("check", "--index", "http://localhost:8080"),
            2,
            "Error: http://localhost:8080 is a server, and this works on the files of a folder",
        ),
        (
            ("compact", "--index", "HTTPS://localhost"),
            2,
            "Error: HTTPS://localhost is a server, and this works on the files of a folder",
        ),
        (("status",), 2, "Error: No index at pagelens-index. Make one with"),
        (("check",), 2, "Error: No index at pagelens-index."),
        (("compact",), 2, "Error: No index at pagelens-index."),
        (
            ("ingest", "pdfs", "--encoder", "lexical", "--model", "x"),
            2,
            "Error: --encoder lexical uses no model.",
        ),
    ],
)
def test_mistakes_get_one_line(
    shell: Shell, arguments: tuple[str, ...], code: int, message: str
) -> None:
    Path("empty").mkdir()
    said = shell.run(*arguments, expect=code)
    assert said.startswith(message)
    assert len(said.splitlines()) == 1


def test_an_index_keeps_to_its_encoder(shell: Shell) -> None:
    shell.run(*INGEST)
    said = shell.run("ingest", "pdfs", "--encoder", "colsmol", expect=5)
    assert said == (
        "Error: Index pagelens-index was made with encoder lexical, not colsmol. Vectors of the "
        "two cannot be compared. Leave out --encoder and --model to go on with the index's own, or "
        "ingest into a new index with --index.\n"
    )


def test_without_poppler_the_user_learns_how_to_install_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    said = shell.run(*INGEST, expect=4)
    assert (
        "Install poppler (Debian: apt install poppler-utils; macOS: brew install poppler)" in said
    )
    assert not Path("pagelens-index").exists()


def test_the_index_may_be_named_by_the_environment(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGELENS_INDEX", "elsewhere")
    shell.run(*INGEST)
    assert Path("elsewhere/manifest.json").exists()


def test_an_index_inside_the_folder_is_not_ingested(shell: Shell) -> None:
    shell.run(*INGEST, "--index", "pdfs/index")
    assert "Skipped 2 documents" in shell.run("ingest", "pdfs", "--index", "pdfs/index")


def test_a_folder_that_cannot_be_listed_is_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("pdfs").resolve()
    with monkeypatch.context() as denied:
        cannot_be_listed(folder, denied)
        assert shell.run(*INGEST, expect=2).strip() == (
            f"Error: No PDF or image in pdfs. Could not be listed: {folder} (Permission denied). "
            "Name a folder that holds some."
        )
    shell.run(*INGEST)
    with monkeypatch.context() as denied:
        cannot_be_listed(folder, denied)
        report = shell.json("ingest", "pdfs", expect=3)
    assert report["removed"] == {"documents": 0, "pages": 0}
    assert report["failed"] == [
        failure(folder, "folder cannot be listed: Permission denied", is_passing=True)
    ]


def test_a_folder_that_lost_everything_keeps_it_unless_told(shell: Shell) -> None:
    shell.run(*INGEST)
    folder = Path("pdfs").resolve()
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    said = (
        f"{folder} has lost everything at once (2 documents): nothing of it is removed, and "
        "nothing added. Is its drive mounted? If all is to go, which would be 5 pages to render "
        "and encode again, say --allow-empty.\n"
    )
    assert said in shell.run("ingest", "pdfs", "--dry-run", expect=3)
    assert said in shell.run("ingest", "pdfs", expect=3)
    report = shell.json("ingest", "pdfs", expect=3)
    assert report["lost_roots"] == [{"path": str(folder), "documents": 2, "pages": 5}]
    assert shell.json("status")["n_documents"] == 2
    report = shell.json("ingest", "pdfs", "--allow-empty")
    assert (report["removed"], report["lost_roots"]) == ({"documents": 2, "pages": 5}, [])


def test_what_is_passed_over_is_said_and_listed(shell: Shell) -> None:
    Path("other").mkdir()
    write_pdf(Path("other/fungi.pdf"), ["agaric"])
    for name in ("@eaDir", "drafts", ".hidden"):
        Path("pdfs", name).mkdir()
        write_pdf(Path("pdfs", name, "x.pdf"), ["not wanted"])
    Path("pdfs/link").symlink_to(Path("other").resolve())
    for name in ("a.HEIC", "b.heic", "c.docx", "code.py", ".hidden.docx", "drafts/d.docx"):
        Path("pdfs", name).touch()
    folder = Path("pdfs").resolve()
    said = shell.run(*INGEST, "--exclude", "drafts/", "--exclude", "*.tif")
    assert said.startswith("Added 2 documents (5 pages)")
    assert said.splitlines()[1:] == [
        f"1 link to a folder not followed ({folder}/link); --follow-links looks behind.",
        f"Left out: 1 by --exclude or .pagelensignore ({folder}/drafts), 1 as bins or thumbnails "
        f"of other systems ({folder}/@eaDir), 1 as hidden ({folder}/.hidden).",
        "3 files of kinds that are not read: 2 .heic, 1 .docx.",
        "--exclude '*.tif' matches no document and no folder. Patterns are read as in .gitignore, "
        'from each folder named on: "*.tif", "drafts/", "/2019/*.pdf".',
    ]
    expected = {
        "links": [f"{folder}/link"],
        "excluded": [f"{folder}/drafts"],
        "junk": [f"{folder}/@eaDir"],
        "hidden": [f"{folder}/.hidden"],
        "other_kinds": [f"{folder}/{name}" for name in ("a.HEIC", "b.heic", "c.docx")],
        "idle_patterns": ["*.tif"],
    }
    options = ("--exclude", "drafts/", "--exclude", "*.tif")
    assert shell.json("ingest", "pdfs", *options)["left_out"] == expected
    assert shell.json("ingest", "pdfs", *options, "--dry-run")["left_out"] == expected

    report = shell.json("ingest", "pdfs", "--exclude", "drafts/", "--follow-links")
    assert (report["added"], report["left_out"]["links"]) == ({"documents": 1, "pages": 1}, [])
    assert "fungi.pdf" in shell.run("query", "agaric", "-k", "1")


def test_what_becomes_excluded_goes(shell: Shell) -> None:
    shell.run(*INGEST)
    Path("pdfs/.pagelensignore").write_text("plants.pdf")
    assert shell.json("ingest", "pdfs")["removed"] == {"documents": 1, "pages": 2}
    report = shell.json("ingest", "pdfs", "--exclude", "*")  # all of it, and no lost folder
    assert (report["removed"]["documents"], report["lost_roots"]) == (1, [])


def test_of_many_one_is_an_example() -> None:
    paths = tuple(Path("/d", str(n)) for n in range(1_000))
    assert left_out_lines(LeftOut(links=paths, hidden=paths)) == [
        "1,000 links to folders not followed (such as /d/0); --follow-links looks behind.",
        "Left out: 1,000 as hidden (such as /d/0).",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("ingest", "pdfs", "--exclude", "!"),
            "Error: --exclude '!' is no pattern. Write one as in .gitignore, such as \"*.tif\" or "
            '"drafts/".\n',
        ),
        (
            ("ingest", "pdfs", "--exclude", "*.pdf"),
            "Error: No PDF or image in pdfs. Left out: 2 by --exclude or .pagelensignore "
            "(such as {folder}/animals.pdf). Name a folder that holds some.\n",
        ),
    ],
)
def test_exclusions_that_leave_nothing_to_do(
    shell: Shell, arguments: tuple[str, ...], message: str
) -> None:
    folder = Path("pdfs").resolve()
    assert shell.run(*arguments, expect=2) == message.replace("{folder}", str(folder))


class Terminal:
    """A terminal at which somebody answers; notes what is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
        self.asked: list[str] = []

        def confirm(question: str, *, err: bool) -> bool:
            self.asked.append(question)
            return answer

        for stream in (sys.stdin, sys.stderr):
            monkeypatch.setattr(stream, "isatty", lambda: True)
        monkeypatch.setattr(shown_sync.click, "confirm", confirm)


@pytest.mark.parametrize("answer", [False, True])
def test_at_a_terminal_a_lost_folder_is_asked_about(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    shell.run(*INGEST)
    folder = Path("pdfs").resolve()
    for file in folder.iterdir():
        file.unlink()
    terminal = Terminal(monkeypatch, answer)
    shell.run("ingest", "pdfs", "--dry-run", expect=3)
    assert terminal.asked == []
    report = shell.json("ingest", "pdfs", expect=0 if answer else 3)
    assert terminal.asked == [
        f"{folder} has lost everything at once: 2 documents, 5 pages. Remove them?"
    ]
    assert report["removed"]["documents"] == (2 if answer else 0)
    assert len(report["lost_roots"]) == (0 if answer else 1)


def test_a_stop_while_folders_are_looked_through_writes_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(status: object) -> object:
        return lambda n_files, n_documents: signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(shown_sync, "_counter", interrupt)
    said = shell.run(*INGEST, expect=130)
    assert said == ""
    assert not Path("pagelens-index").exists()


def test_the_look_through_folders_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    status = Status("", console=Console())
    monkeypatch.setattr(status, "update", said.append)
    monkeypatch.setattr(shown_sync, "_SHOW_INTERVAL_S", -1)
    shown_sync._counter(status)(12_340, 57)
    assert said == ["Looking through folders: 12,340 files, 57 documents"]


def test_who_lost_many_drives_is_asked_once(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, mounts: Mounts
) -> None:
    for n in range(4):
        Path(f"pdfs/{n}").mkdir()
        mounts.places.add(Path(f"pdfs/{n}").resolve())
        write_pdf(Path(f"pdfs/{n}/x.pdf"), [f"fungus {n}"])
    shell.run(*INGEST)
    mounts.places.clear()
    for n in range(4):
        Path(f"pdfs/{n}/x.pdf").unlink()
    terminal = Terminal(monkeypatch, answer=True)
    assert shell.json("ingest", "pdfs")["removed"] == {"documents": 4, "pages": 4}
    assert terminal.asked == [
        f"4 folders (such as {Path('pdfs/0').resolve()}) have lost everything at once: "
        "4 documents, 4 pages. Remove them?"
    ]


def test_an_index_of_one_pooling_refuses_another_with_both_and_what_to_do(shell: Shell) -> None:
    shell.run(*INGEST, "--pool", "3")
    assert "Pooling    ward-3" in shell.run("status")
    assert shell.json("status")["encoder"]["pooling"] == "ward-3"
    write_pdf(Path("pdfs/more.pdf"), ["dogwood"])
    for other, name in (("2", "ward-2"), ("1", "none")):
        for dry_run in ((), ("--dry-run",)):
            error = shell.run("ingest", "pdfs", "--pool", other, *dry_run, expect=5)
            assert error == (
                f"Error: Index pagelens-index was made with pooling ward-3, not {name}. Vectors of "
                "the two cannot be compared. Leave out --pool to go on with the index's own, or "
                "ingest into a new index with --index.\n"
            )
    assert shell.json("status")["n_pages"] == 5
    assert "Added 1 document" in shell.run("ingest", "pdfs")
    assert "Skipped 3 documents" in shell.run("ingest", "pdfs", "--pool", "3")
    assert shell.run("query", "dogwood", "-k", "1").count("more.pdf") == 1


def test_a_plain_index_refuses_pooling(shell: Shell) -> None:
    shell.run(*INGEST)
    error = shell.run("ingest", "pdfs", "--pool", "3", expect=5)
    assert "was made with pooling none, not ward-3." in error
    assert "Skipped 2 documents" in shell.run("ingest", "pdfs", "--pool", "1")
    assert "0 is not in the range x>=1" in shell.run("ingest", "pdfs", "--pool", "0", expect=2)


def test_a_pooled_index_is_whole_after_copy_compact_and_export(shell: Shell) -> None:
    write_pdf(Path("pdfs/text.pdf"), ["one two three four five six seven"])
    shell.run(*INGEST, "--pool", "3")
    n_vectors = shell.json("status")["n_vectors"]
    assert n_vectors == 5 + 3  # seven words are three vectors
    Path("pdfs/plants.pdf").unlink()
    shell.run("ingest", "pdfs")
    assert shell.run("compact").startswith("Freed ")
    shell.run("copy", "pagelens-index", "copied")
    assert "all checksums and counts agree" in shell.run("check", "--index", "copied")
    copied = shell.json("status", "--index", "copied")
    assert copied["encoder"]["pooling"] == "ward-3"
    assert copied["n_vectors"] == n_vectors - 2
    shell.run("export", "feed.jsonl")
    assert "pooling=ward-3" in Path("feed.jsonl").read_text()
