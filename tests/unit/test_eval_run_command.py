"""`pagelens eval`: what it measures, prints and keeps; interrupted, and gone on with."""

import json
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import query.quality.sweep
from pagelens.main import main
from tests.documents import write_pdf
from tests.library import make_index

QUESTIONS = """\
# Written for these tests.
query\tfile\tpages\tkind\tlanguage
annual report of the harbour\t2022/report.pdf\t1\ttext\ten
containers by quay\t2022/report.pdf\t2\tchart\ten
ferries, arrivals\t2022/report.pdf\t3\ttext\ten
機械学習\t機械学習.pdf\t1\ttext\tja
nothing to be seen\tscan.pdf\t2\tscan\t
"""


class Shell:
    """Runs `pagelens` in this process, from a folder with an index and questions."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.err = ""

    def run(self, *arguments: str, expect: int = 0) -> str:
        """What the command wrote on stdout; what it wrote on stderr is kept."""
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        out, self.err = self._capsys.readouterr()
        assert stop.value.code == expect, out + self.err
        return out

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def error(self, *arguments: str, expect: int = 2) -> str:
        assert self.run(*arguments, expect=expect) == ""
        assert self.err.count("\n") == 1
        return self.err.removeprefix("Error: ").rstrip("\n")


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAGELENS_INDEX", raising=False)
    make_index(tmp_path / "pagelens-index")
    Path("queries.tsv").write_text(QUESTIONS, encoding="utf-8")
    return Shell(capsys)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """Counts the searches that are run, by ranking and text."""
    counted: Counter[tuple[str, str]] = Counter()
    ranked = query.quality.sweep.ranked

    def counting(index: Any, asked: Any, request: Any) -> Any:
        counted[request.ranking, request.text] += 1
        return ranked(index, asked, request)

    monkeypatch.setattr(query.quality.sweep, "ranked", counting)
    return counted


RANKINGS = ("--ranking", "hamming-then-float", "--ranking", "bm25")


def test_tables_say_what_each_setting_gives(shell: Shell) -> None:
    lines = [line.rstrip() for line in shell.run("eval", "queries.tsv", *RANKINGS).splitlines()]
    assert lines[:2] == ["5 questions over 8 pages", "Written for these tests."]
    settings, gains, languages, kinds = (
        lines[lines.index(title) + 1 :]
        for title in (
            "",
            "nDCG@5 against hamming-then-float",
            "nDCG@5 by language of n questions",
            "nDCG@5 by kind of n questions",
        )
    )
    assert settings[0].split() == ["nDCG", "nDCG", *["recall"] * 4]
    assert settings[1].split() == [
        "setting",
        "@5",
        "95%",
        "@10",
        "@1",
        "@5",
        "@10",
        "@100",
        "MRR",
        "ms",
    ]
    assert settings[3].split()[:-1] == [
        "hamming-then-float",
        "0.800",
        "0.40–1.00",
        *["0.800"] * 6,
    ]
    assert gains[2].split()[0] == "bm25"
    assert [line.split()[:3] for line in languages[3:6]] == [
        ["en", "3", "1.000"],
        ["(none)", "1", "0.000"],
        ["ja", "1", "1.000"],
    ]
    assert [line.split()[:3] for line in kinds[3:6]] == [
        ["text", "3", "1.000"],
        ["chart", "1", "1.000"],
        ["scan", "1", "0.000"],
    ]


def test_json_holds_the_same(shell: Shell) -> None:
    result = shell.json("eval", "queries.tsv", *RANKINGS, "--rerank", "200", "--rerank", "20")
    assert (result["queries"], result["origin"], result["index"]) == (
        "queries.tsv",
        "Written for these tests.",
        "pagelens-index",
    )
    assert (result["n_pages"], result["n_questions"]) == (8, 5)
    first, shallow, words = result["settings"]
    assert first["measures"]["nDCG@5"] == first["ndcg_at_5"]["mean"] == 0.8
    assert first["difference_to_first"] == {"mean": 0, "low": 0, "high": 0}
    assert (shallow["setting"], shallow["rerank"]) == ("hamming-then-float, rerank 20", 20)
    assert shallow["measures"]["recall@100"] is None
    assert (words["setting"], words["rerank"]) == ("bm25", None)
    assert [group["name"] for group in result["by_kind"]] == ["text", "chart", "scan"]
    assert result["by_kind"][1]["ndcg_at_5"]["bm25"]["low"] is None  # one question
    for moved in result["moved"]:
        assert len(set(moved["places"].values())) > 1


def test_all_rankings_are_measured_unless_some_are_named(shell: Shell) -> None:
    settings = shell.json("eval", "queries.tsv")["settings"]
    assert [setting["setting"] for setting in settings] == [
        "hamming-then-float",
        "hamming-then-bits",
        "hamming",
        "float",
        "bm25",
        "hybrid",
    ]


def test_answers_are_kept_until_the_index_changes(
    shell: Shell, searched: Counter[tuple[str, str]]
) -> None:
    first = shell.json("eval", "queries.tsv", *RANKINGS)
    assert shell.err == ""
    assert set(searched.values()) == {1}
    assert len(searched) == 10
    assert shell.json("eval", "queries.tsv", *RANKINGS) == first
    assert shell.err == (
        "Note: 10 of 10 answers are from queries.runs.jsonl. Delete it to search for all of them "
        "again.\n"
    )
    Path("queries.tsv").write_text(QUESTIONS.replace("3\ttext", "1\ttext"), encoding="utf-8")
    assert shell.json("eval", "queries.tsv", *RANKINGS) != first  # another right page
    assert searched.total() == 10
    shell.run("remove", "scan.pdf")
    Path("queries.tsv").write_text(QUESTIONS.partition("nothing")[0], encoding="utf-8")
    shell.run("eval", "queries.tsv", *RANKINGS)
    assert searched.total() == 18


def test_answers_are_kept_where_one_says(shell: Shell) -> None:
    result = shell.json("eval", "queries.tsv", *RANKINGS, "--runs", "kept.jsonl")
    assert result["runs"] == "kept.jsonl"
    assert len(Path("kept.jsonl").read_text().splitlines()) == 10
    assert not Path("queries.runs.jsonl").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_says_how_to_go_on_and_then_searches_nothing_twice(
    shell: Shell,
    searched: Counter[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    counting: Callable[..., Any] = query.quality.sweep.ranked

    def interrupted(*arguments: Any) -> Any:
        if searched.total() == 4:
            signal.raise_signal(number)
        return counting(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(query.quality.sweep, "ranked", interrupted)
        assert shell.run("eval", "queries.tsv", *RANKINGS, expect=130) == ""
    assert shell.err == (
        "Stopped after 4 of 10 answers; they are kept in queries.runs.jsonl. Run the same command "
        "again to go on.\n"
    )
    shell.run("eval", "queries.tsv", *RANKINGS)
    assert shell.err.startswith("Note: 4 of 10 answers are from queries.runs.jsonl. ")
    assert (len(searched), searched.total()) == (10, 10)


def test_the_picture_is_drawn(shell: Shell) -> None:
    shell.run("eval", "queries.tsv", *RANKINGS, "--picture", "eval.png")
    with Image.open("eval.png") as image:
        assert image.format == "PNG"


def test_what_cannot_be_written_is_refused_before_the_work(
    shell: Shell, searched: Counter[tuple[str, str]]
) -> None:
    asked = ("eval", "queries.tsv")
    assert shell.error(*asked, "--picture", "eval.jpg") == (
        "--picture eval.jpg must be the name of a PNG, such as eval.png."
    )
    assert shell.error(*asked, "--picture", "none/eval.png") == (
        "--picture none/eval.png: there is no folder none. Make it first."
    )
    assert shell.error(*asked, "--runs", "none/runs") == (
        "Cannot write to none/runs (No such file or directory). Name another file with --runs."
    )
    assert shell.error(*asked, "--runs", "queries.tsv") == (
        "queries.tsv line 1 is not what pagelens eval writes. Name another file with --runs."
    )
    assert Path("queries.tsv").read_text(encoding="utf-8") == QUESTIONS
    assert searched == {}


@pytest.mark.parametrize("source", ["questions.tsv", "pagelens-index", "my documents/2023"])
def test_what_are_no_questions_is_refused(shell: Shell, source: str) -> None:
    assert shell.error("eval", source) == (
        f"No questions in {source}. Name a table (a file with the columns query, file, pages), "
        "a folder in BEIR's form, or a data set of the hub (vidore/...). "
        '"pagelens eval make FOLDER" drafts a table.'
    )


def test_right_pages_that_the_index_lacks_are_named(shell: Shell) -> None:
    Path("queries.tsv").write_text("query\tfile\tpages\nharbour\tnone.pdf\t1\n")
    assert "no file none.pdf" in shell.error("eval", "queries.tsv")
    assert not Path("queries.runs.jsonl").exists()


# Folders in BEIR's form


@pytest.fixture
def zoo() -> Path:
    """Questions with a corpus of two files."""
    folder = Path("zoo")
    (folder / "corpus").mkdir(parents=True)
    write_pdf(folder / "corpus" / "animals.pdf", ["aardvark", "badger", "camel"])
    write_pdf(folder / "corpus" / "plants.pdf", ["acacia", "birch"])
    (folder / "queries.jsonl").write_text(
        '{"_id": "1", "text": "badger"}\n{"_id": "2", "text": "birch"}\n'
    )
    (folder / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\n1\tanimals/2\t1\n2\tplants.pdf/2\t1\n"
    )
    return folder


def test_its_corpus_is_ingested_once(shell: Shell, zoo: Path) -> None:
    asked = ("eval", "zoo", "--index", "zoo-index", "--encoder", "lexical", *RANKINGS)
    result = shell.json(*asked)
    assert (result["n_pages"], result["n_questions"]) == (5, 2)
    assert result["settings"][0]["measures"]["recall@1"] == 1
    assert "Added 2 documents (5 pages) in " in shell.err
    assert shell.json(*asked) == result
    assert "Added" not in shell.err
    assert shell.err.startswith("Note: 4 of 4 answers are from zoo.runs.jsonl. ")


def test_an_index_of_something_else_is_left_alone(shell: Shell, zoo: Path) -> None:
    assert shell.run("eval", "zoo", expect=2) == ""
    note, error = shell.err.splitlines()
    assert note == (
        "Note: pagelens-index holds documents from elsewhere, which are searched too, so "
        "zoo/corpus is not ingested into it. Name a new --index, or run pagelens ingest yourself."
    )
    assert error.startswith("Error: 2 of 2 pages that the questions ask for cannot be found")
    assert shell.json("status")["n_pages"] == 8
    shell.run("ingest", "zoo/corpus")
    assert shell.json("eval", "zoo", *RANKINGS)["n_pages"] == 13


def test_a_stopped_ingest_ends_it_and_goes_on(
    shell: Shell, zoo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pagelens.shown_sync

    carry_out = pagelens.shown_sync.carry_out

    def stopped(*arguments: Any, stop: Any, **others: Any) -> Any:
        stop.set()
        return carry_out(*arguments, stop=stop, **others)

    asked = ("eval", "zoo", "--index", "zoo-index", "--encoder", "lexical", *RANKINGS)
    with monkeypatch.context() as patch:
        patch.setattr(pagelens.shown_sync, "carry_out", stopped)
        assert shell.run(*asked, expect=130) == ""
    assert "Run the same command again to go on." in shell.err
    assert not Path("zoo.runs.jsonl").exists()
    assert shell.json(*asked)["n_pages"] == 5


def test_poolings_are_compared_without_encoding_a_page(
    shell: Shell,
    searched: Counter[tuple[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n_vectors: dict[str, int] = {}
    ranked = query.quality.sweep.ranked

    def looking(index: Any, asked: Any, request: Any) -> Any:
        n_vectors.setdefault(index.fingerprint.pooling, index.stats().n_vectors)
        return ranked(index, asked, request)

    monkeypatch.setattr(query.quality.sweep, "ranked", looking)
    before = sorted(path.name for path in tmp_path.iterdir())
    pools = ("--pool", "1", "--pool", "3", "--pool", "1000")
    report = shell.json("eval", "queries.tsv", *RANKINGS, *pools)
    assert [(s["ranking"], s["pool"]) for s in report["settings"]] == [
        ("hamming-then-float", None),
        ("hamming-then-float", 3),
        ("hamming-then-float", 1000),
        ("bm25", None),  # has no vectors: measured once
    ]
    assert n_vectors["ward-1000"] < 8  # one a page that has any, of 8
    assert n_vectors["none"] / 3 < n_vectors["ward-3"] < n_vectors["none"] / 3 + 8
    assert searched.total() == 4 * 5
    after = sorted(path.name for path in tmp_path.iterdir())
    assert after == sorted([*before, "queries.runs.jsonl"])
    shell.run("eval", "queries.tsv", *RANKINGS, *pools)  # from the file
    assert searched.total() == 4 * 5
    assert "20 of 20 answers" in shell.err


def test_an_index_pooled_before_is_not_pooled_again(shell: Shell) -> None:
    shell.run("copy", "pagelens-index", "pooled", "--pool", "3")
    as_it_is = shell.json("eval", "queries.tsv", *RANKINGS, "--index", "pooled", "--pool", "3")
    assert [s["pool"] for s in as_it_is["settings"]] == [None, None]
    for other in ("1", "2"):
        arguments = ("eval", "queries.tsv", "--index", "pooled", "--pool", other)
        assert shell.error(*arguments) == (
            f"Index pooled has pooling ward-3, and --pool {other} starts from the vectors of every "
            "patch. Name an index with pooling none, or leave out --pool."
        )
