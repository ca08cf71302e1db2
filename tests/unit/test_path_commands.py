"""`pagelens remove` and `pagelens relocate`: what they do, say and refuse."""

import json
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from index.embedded.embedded_index import EmbeddedIndex
from pagelens.main import main
from tests.library import JAPANESE, NEW_REPORT, OLD_REPORT, SCAN, make_index


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_index(tmp_path / "index")


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]):
    def run_command(*arguments: str, index: Path = folder) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--index", str(index)])
        out, err = capsys.readouterr()
        return Ran(ended.value.code, " ".join(out.split()), err.strip())

    return run_command


def documents(folder: Path) -> dict[str, tuple[str, ...]]:
    with closing(EmbeddedIndex.open(folder)) as index:
        return {document.document_id: document.paths for document in index.documents()}


def test_remove_takes_out_what_no_longer_exists(run, folder: Path) -> None:
    before = documents(folder)
    dry = run("remove", "/library/2022", "--dry-run")
    assert dry == (0, "Would remove 1 document (3 pages): /library/2022/report.pdf", "")
    assert documents(folder) == before
    assert run("remove", "/library/2022") == (0, "Removed 1 document (3 pages).", "")
    assert OLD_REPORT not in documents(folder)


def test_remove_leaves_a_document_its_other_paths(run, folder: Path) -> None:
    ran = run("remove", "copy.pdf", "scan.pdf")
    assert ran.out == ("Removed 1 document (2 pages). 1 document with other paths: kept by those.")
    left = documents(folder)
    assert left[NEW_REPORT] == ("/library/2023/report.pdf",)
    assert SCAN not in left


def test_remove_as_json(run) -> None:
    facts = json.loads(run("remove", "*/report.pdf", "--json").out)
    assert facts == {
        "dry_run": False,
        "removed": [["/library/2022/report.pdf"]],
        "pages": 3,
        "other_paths_left": [["/library/2023/copy.pdf"]],
    }


def test_remove_of_nothing_is_refused(run, folder: Path, tmp_path: Path) -> None:
    assert run("remove", "nowhere/*") == (
        2,
        "",
        f"Error: No document of {folder} lies at nowhere/*. Write the path as "
        '"pagelens query" shows it, or a pattern in quotes.',
    )
    ran = run("remove", "x", index=tmp_path / "none")
    assert ran.code == 2
    assert ran.err.startswith("Error: No index at ")
    assert not (tmp_path / "none").exists()


def test_relocate_gives_documents_their_new_paths(run, folder: Path, tmp_path: Path) -> None:
    new = tmp_path / "archive"
    new.mkdir()
    before = documents(folder)
    dry = run("relocate", "/library", str(new), "--dry-run")
    assert dry == (0, f"Would relocate 4 documents to {new}.", "")
    assert documents(folder) == before
    assert run("relocate", "/library/", str(new)).out == f"Relocated 4 documents to {new}."
    assert documents(folder)[JAPANESE] == (f"{new}/機械学習.pdf",)
    assert documents(folder)[NEW_REPORT] == (f"{new}/2023/copy.pdf", f"{new}/2023/report.pdf")
    facts = json.loads(run("relocate", f"{new}/2022", str(tmp_path), "--json").out)
    assert facts == {
        "dry_run": False,
        "relocated": [[f"{tmp_path}/report.pdf"]],
        "taken": [],
    }


def test_relocate_keeps_what_lies_where_another_document_is(
    run, folder: Path, tmp_path: Path
) -> None:
    run("relocate", "/library", str(tmp_path))
    (tmp_path / "2023").mkdir()
    ran = run("relocate", f"{tmp_path}/2022", f"{tmp_path}/2023")
    assert ran.out == (
        f"Relocated 0 documents to {tmp_path}/2023. 1 path kept: another document lies at the new "
        f"one, such as {tmp_path}/2022/report.pdf."
    )


def test_relocate_refuses_what_cannot_be(run, folder: Path, tmp_path: Path) -> None:
    assert run("relocate", "/library", str(tmp_path / "none")) == (
        2,
        "",
        f"Error: No folder {tmp_path}/none. Name where OLD is now, or mount the drive it is on.",
    )
    assert run("relocate", "/nowhere", str(tmp_path)) == (
        2,
        "",
        f'Error: No document of {folder} lies in /nowhere. Write OLD as "pagelens query" shows it.',
    )
