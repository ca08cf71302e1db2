"""query/quality/beir.py: a folder in BEIR's layout with pages as corpus."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from index.errors import WrongUseError
from index.pages import Document, FileRecord
from query.quality.beir import is_beir_folder, read_beir
from query.quality.questions import ONLY_PAGE, Question, resolve

QUERIES = (
    '{"_id": "q1", "text": "who paid", "metadata": {"language": "french", "kind": "table"}}\n'
    '\n{"_id": 2, "text": "when", "metadata": {}}\n{"_id": "q3", "text": "asked in vain"}\n'
)
QRELS = (
    "query-id\tcorpus-id\tscore\nq1\treport.pdf/3\t2\nq1\tscans/017\t1\n2\tscans/17.png\t1\n"
    "2\treport.pdf/1\t0\n2\treport/2\t1\nq3\treport.pdf/1\t0\n"
)
CORPUS = (
    "report.pdf",
    "scans/017.jpg",
    "scans/17.png",
    "scans/.DS_Store",
    "twice.pdf",
    "twice.png",
)


def made(folder: Path, **files: str) -> Path:
    """A folder in this layout; a keyword gives a file, by its name with _ for what is no letter."""
    texts: Mapping[str, str] = {"queries.jsonl": QUERIES, "qrels/test.tsv": QRELS}
    for name, text in texts.items():
        text = files.get(name.replace(".", "_").replace("/", "_"), text)
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for name in CORPUS:
        (folder / "corpus" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "corpus" / name).touch()
    return folder


def test_questions_their_pages_and_what_is_known_of_them(tmp_path: Path) -> None:
    read = read_beir(made(tmp_path))
    assert read.folder == tmp_path / "corpus"
    assert read.questions.questions == (
        Question(
            "q1",
            "who paid",
            {("report.pdf", 3): 2, ("scans/017.jpg", ONLY_PAGE): 1},
            "fr",
            "table",
        ),
        Question("2", "when", {("scans/17.png", ONLY_PAGE): 1, ("report.pdf", 2): 1}),
    )


def test_queries_and_qrels_as_tables_of_the_folder_itself(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "queries.jsonl").unlink()
    (folder / "queries.tsv").write_text("query-id\ttext\tlanguage\nq1\twho paid\tde\n")
    (folder / "qrels/test.tsv").rename(folder / "qrels.tsv")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ttwice.pdf/9\t1\n")
    questions = read_beir(folder).questions.questions
    assert questions == (Question("q1", "who paid", {("twice.pdf", 9): 1}, "de"),)


def test_a_file_whose_name_others_below_have_too_is_called_by_more(tmp_path: Path) -> None:
    folder = made(tmp_path, qrels_test_tsv=HEADER + "q1\treport/3\t1\n2\told/report/1\t1\n")
    (folder / "corpus" / "old").mkdir()
    (folder / "corpus" / "old" / "report.pdf").touch()
    questions = read_beir(folder).questions
    assert [list(q.grades) for q in questions.questions] == [
        [("corpus/report.pdf", 3)],
        [("old/report.pdf", 1)],
    ]
    paths = [folder / "corpus" / "report.pdf", folder / "corpus" / "old" / "report.pdf"]
    documents = [
        Document(str(n) * 32, (FileRecord(path.as_posix(), 9, 1),), "", 3, True)
        for n, path in enumerate(paths)
    ]
    assert resolve(questions, documents) == {"q1": {"0" * 32 + "-3": 1}, "2": {"1" * 32 + "-1": 1}}


def test_a_folder_of_pdfs_is_none(tmp_path: Path) -> None:
    assert is_beir_folder(made(tmp_path))
    assert not is_beir_folder(tmp_path / "corpus")


HEADER = "query-id\tcorpus-id\tscore\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"qrels_test_tsv": HEADER + "q9\treport.pdf/1\t1\n"},
         "{folder}/qrels/test.tsv, line 2: no query has the id q9. Add it to the queries, or "
         "delete the line."),
        ({"qrels_test_tsv": HEADER + "q1\treport.pdf/1\tyes\n"},
         "{folder}/qrels/test.tsv, line 2: score 'yes' is no whole number."),
        ({"qrels_test_tsv": HEADER + "q1\tgone/2\t1\n"},
         "{folder}/qrels/test.tsv, line 2: {folder}/corpus has no file gone/2. Write FILE/PAGE, "
         "as in report.pdf/3, or for a file of one page FILE."),
        ({"qrels_test_tsv": HEADER + "q1\ttwice\t1\n"},
         "{folder}/qrels/test.tsv, line 2: twice may be any of twice.pdf, twice.png in "
         "{folder}/corpus. Write the file's whole name."),
        ({"qrels_test_tsv": HEADER + "q1\treport.pdf/3\t0\n"},
         "{folder}/qrels/test.tsv names no right page. Give some a score of 1 or more."),
        ({"qrels_test_tsv": "q1\t0\treport.pdf\t1\n"},
         "{folder}/qrels/test.tsv, line 1: the header lacks query-id, corpus-id, score. It names "
         "q1, 0, report.pdf, 1."),
        ({"queries_jsonl": "who paid\n"},
         "{folder}/queries.jsonl, line 1: not JSON (Expecting value: line 1 column 1 (char 0)). "
         "Write one object a line."),
        ({"queries_jsonl": QUERIES + '{"id": 1, "text": "x"}'},
         '{folder}/queries.jsonl, line 5: not a query. Write an object such as {{"_id": "1", '
         '"text": "..."}}.'),
        ({"queries_jsonl": '{"_id": 1, "text": " "}'},
         "{folder}/queries.jsonl, line 1: a query needs an id and a text that are not empty."),
        ({"queries_jsonl": '{"_id": 1, "text": "a"}\n{"_id": "1", "text": "b"}'},
         "{folder}/queries.jsonl, line 2: the id 1 is that of {folder}/queries.jsonl, line 1 too. "
         "Give each query an id of its own."),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_one_line(
    tmp_path: Path, files: Mapping[str, str], message: str
) -> None:
    with pytest.raises(WrongUseError) as error:
        read_beir(made(tmp_path, **files))
    assert str(error.value) == message.format(folder=tmp_path)


def test_what_a_folder_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match=r"lacks queries\.jsonl or queries\.tsv\.$"):
        read_beir(tmp_path)
    (tmp_path / "queries.jsonl").write_text(QUERIES)
    with pytest.raises(WrongUseError, match=r"lacks the folder corpus with the PDFs or page image"):
        read_beir(tmp_path)
    (tmp_path / "corpus").mkdir()
    with pytest.raises(WrongUseError, match=r"lacks qrels/test\.tsv or qrels\.tsv\.$"):
        read_beir(tmp_path)
