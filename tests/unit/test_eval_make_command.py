"""`pagelens eval make` as a user types it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import pagelens.eval_command
import pagelens.eval_make_command
from index.embedded.embedded_index import EmbeddedIndex
from index.pages import Document, FileRecord
from pagelens.main import main
from query.quality.questions import read_questions, resolve
from tests.ocr_pages import read_by_ocr
from tests.random_pages import FINGERPRINT
from tests.unit.test_draft import SENTENCES, TITLE, At, block, page

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `pagelens eval` in a folder with an index of five files; gives what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAGELENS_INDEX", raising=False)
    with closing(EmbeddedIndex.open_for_writing(Path("pagelens-index"), FINGERPRINT)) as index:
        for n, name in enumerate(("a/2022/report.pdf", "a/2023/report.pdf", "a/x.pdf", "b/x.pdf")):
            put(index, n, tmp_path / name, block(SENTENCES[n]))
        put(index, 4, tmp_path / "c" / "scan.pdf", [])

    def command(*arguments: str, expect: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(("eval", *arguments))
        out, err = capsys.readouterr()
        assert exit_.value.code == expect, out + err
        return out, err

    return command


def put(index: EmbeddedIndex, n: int, path: Path, lines: list[At]) -> None:
    id_ = str(n) * 32
    index.put_document(Document(id_, (FileRecord(path.as_posix(), 9, 1),), "", 1, True))
    index.put([page([TITLE, *lines], 1, id_)])


def files(table: str) -> list[str]:
    return [line.split("\t")[1] for line in table.splitlines() if not line.startswith("#")][1:]


def test_without_a_file_the_questions_are_printed_and_the_rest_is_beside_them(run: Run) -> None:
    out, err = run("make", "a/2022")
    assert out.startswith("# Drafted by rule from the pages' own headings")
    assert files(out) == ["2022/report.pdf"]
    assert err == "Drafted 1 question for 1 document: 1 of sentence.\n"


@pytest.mark.parametrize(
    ("n", "said"), [(1, "1 of them is of a page whose"), (2, "2 of them are of pages whose")]
)
def test_drafts_from_words_that_ocr_has_read_are_to_be_compared(
    run: Run, n: int, said: str
) -> None:
    with closing(EmbeddedIndex.open_for_writing(Path("pagelens-index"), FINGERPRINT)) as index:
        index.put([read_by_ocr(index.page(f"{str(i) * 32}-1")) for i in range(n)])
    _, err = run("make", ".")
    assert err.splitlines()[1] == (
        f"{said} words were read by OCR: compare with the page, for a misread word is as rare as "
        "a telling one."
    )


def test_a_file_is_called_by_as_much_of_its_path_as_makes_it_clear(
    run: Run, tmp_path: Path
) -> None:
    assert files(run("make", "a")[0]) == ["2022/report.pdf", "2023/report.pdf", "a/x.pdf"]
    assert files(run("make", ".")[0])[-1] == "b/x.pdf"
    assert files(run("make", "a/2022/report.pdf")[0]) == ["2022/report.pdf"]
    assert files(run("make", str(tmp_path / "b"))[0]) == ["b/x.pdf"]


def test_what_is_written_names_pages_of_the_index(run: Run) -> None:
    _, err = run("make", ".", "--out", "q.tsv")
    assert err == (
        "Drafted 4 questions for 4 documents: 4 of sentences. For 1 document there is none.\n"
        "Edit them in q.tsv, then: pagelens eval q.tsv --index pagelens-index\n"
    )
    with closing(EmbeddedIndex.open(Path("pagelens-index"))) as index:
        pages = resolve(read_questions(Path("q.tsv")), index.documents())
    assert [list(grades) for grades in pages.values()] == [[f"{str(n) * 32}-1"] for n in range(4)]


def test_a_file_that_is_there_is_left_alone(run: Run) -> None:
    Path("q.tsv").write_text("edited by hand")
    _, err = run("make", ".", "--out", "q.tsv", expect=2)
    assert err == (
        "Error: q.tsv is there already, and may hold edited questions. Name another file with "
        "--out, or delete it.\n"
    )
    assert Path("q.tsv").read_text() == "edited by hand"


def test_a_folder_of_which_nothing_is_in_the_index(run: Run) -> None:
    _, err = run("make", "elsewhere", "--out", "q.tsv", expect=2)
    assert err == (
        "Error: No document of pagelens-index lies in elsewhere. Ingest it first: pagelens ingest "
        "elsewhere --index pagelens-index\n"
    )
    assert not Path("q.tsv").exists()


def test_pages_that_say_nothing(run: Run) -> None:
    _, err = run("make", "c", "--out", "q.tsv", expect=2)
    assert err == (
        "Error: No question can be drafted from the 1 document in c: their pages have no words, "
        "or say nothing that stands on one page alone. Write questions by hand, a line each: "
        "query, file, pages, with tabs between.\n"
    )
    assert not Path("q.tsv").exists()


def test_ctrl_c_leaves_no_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pagelens.eval_make_command, "draft_questions", interrupted)
    run("make", ".", "--out", "q.tsv", expect=130)
    assert [path.name for path in Path().iterdir() if path.name != "pagelens-index"] == []


# -- two commands of one name


def test_make_is_one_command_and_anything_else_the_other(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[object]] = []
    monkeypatch.setattr(
        pagelens.eval_command.run,
        "callback",
        lambda **given: asked.append({*map(str, given.values())}),
    )
    run("./make")
    run("q.tsv")
    assert ["./make" in asked[0], "q.tsv" in asked[1]] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["--help"], "Usage: pagelens eval [OPTIONS] QUERIES\n"),
        (["make", "-h"], "Usage: pagelens eval make [OPTIONS] FOLDER\n"),
    ],
)
def test_each_has_its_help(run: Run, arguments: list[str], usage: str) -> None:
    assert run(*arguments)[0].startswith(usage)


def test_verbose_may_stand_behind_both_words(run: Run) -> None:
    assert "Traceback" in run("make", "elsewhere", "-v", expect=2)[1]
