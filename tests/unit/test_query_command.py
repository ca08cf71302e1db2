"""`pagelens query`: what it prints, where, and with which exit code."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from PIL import Image

import pagelens.open_hit
import pagelens.query_command
import pagelens.show_hit
from encoders.lexical import LexicalEncoder
from index.errors import MissingDependencyError
from index.interface import RERANK_SAID
from index.pages import Fingerprint, QueryVectors
from pagelens.main import main
from query.request import RANKINGS
from tests.library import JAPANESE, NEW_REPORT, OLD_REPORT, SCAN, TEXTS, fill, put_copy
from tests.memory_index import MemoryIndex


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        assert self.out == ""
        assert self.err.startswith("Error: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("Error: ").removesuffix("\n")


Run = Callable[..., Ran]


class Keyboard(io.StringIO):
    """A standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> MemoryIndex:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    fill(index)
    monkeypatch.setattr(
        pagelens.query_command, "open_index", lambda location, candidates, **_: index
    )
    return index


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Fingerprint, str | None, str]]:
    """The arguments of every time an encoder was loaded."""
    calls: list[tuple[Fingerprint, str | None, str]] = []

    def load(fingerprint: Fingerprint, model: str | None, device: str) -> LexicalEncoder:
        calls.append((fingerprint, model, device))
        return LexicalEncoder()

    monkeypatch.setattr(pagelens.query_command, "load_encoder", load)
    return calls


@pytest.fixture
def run(
    library: MemoryIndex,
    loaded: list[object],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run the command on the library, in this process."""

    def run_query(*args: str, stdin: str | Keyboard = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin) if isinstance(stdin, str) else stdin)
        with pytest.raises(SystemExit) as stop:
            main(["query", *args])
        assert isinstance(stop.value.code, int)
        return Ran(stop.value.code, *capsys.readouterr())

    return run_query


# What is printed


def test_the_table(run: Run) -> None:
    ran = run("containers by quay", "-k", "2")
    lines = [line.split() for line in ran.out.splitlines() if line]
    assert ran.code == 0
    assert lines[0] == ["#", "score", "vectors", "words", "file", "page", "text"]
    assert lines[2][0] == "1"
    assert lines[2][4:] == ["/library/2022/report.pdf", "2", *TEXTS[OLD_REPORT][1].split()]
    assert lines[3][4:7] == ["/library/2023/copy.pdf", "(+1)", "2"]
    assert lines[4][:5] == ["2", "of", "8", "pages,", "hybrid,"]
    assert ran.err == ""


def test_a_file_gets_plain_whole_lines(run: Run) -> None:
    ran = run("containers by quay")
    assert "\x1b" not in ran.out
    assert all(line == line.rstrip() for line in ran.out.splitlines())
    assert any(line.endswith(TEXTS[OLD_REPORT][1]) for line in ran.out.splitlines())


def test_a_terminal_gets_colours_and_lines_of_its_width(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    out = run("containers by quay").out
    assert "\x1b[1;33mContainers\x1b[0m handled" in out
    assert f"{TEXTS[OLD_REPORT][1]}" not in out  # wrapped


def test_what_the_user_must_know_of_an_answer_is_said_beside_it(
    run: Run, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = library.search
    monkeypatch.setattr(
        library, "search", lambda *a, **k: replace(whole(*a, **k), notices=("Half was seen.",))
    )
    ran = run("containers by quay")
    assert ran.err == "Note: Half was seen.\n"
    assert "Half was seen" not in ran.out
    assert json.loads(run("containers by quay", "--json").out)["notices"] == ["Half was seen."]
    both = run("containers by quay", "--ranking", "hybrid")  # asks twice, says it once
    assert both.err == "Note: Half was seen.\n"


def test_words_need_no_quotes(run: Run) -> None:
    quoted, bare = (json.loads(run(*words, "--json").out) for words in (["a b"], ["a", "b"]))
    assert quoted["query"] == bare["query"] == "a b"


def test_operators_stand_beside_the_query(run: Run) -> None:
    found = json.loads(run('"by the quay" containers -ferry', "--json").out)
    assert found["query"] == "by the quay containers"
    assert (found["phrases"], found["without"]) == (["by the quay"], ["ferry"])


def test_a_word_to_leave_out_wants_quotes_around_the_query(run: Run) -> None:
    ran = run("containers", "-ferry")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.endswith(
        "Error: No such option: -ferry. To leave a word out of a query, put all of the query in "
        "quotes: pagelens query 'budget -ferry'\n"
    )
    assert "quotes" not in run("containers", "--rankng", "bm25").err


def test_the_json_object(run: Run) -> None:
    ran = run("containers by quay", "-k", "1", "--json")
    assert ran.out.count("\n") == 1
    found = json.loads(ran.out)
    keys = ["query", "phrases", "without", "ranking", "n_candidates", "n_waiting"]
    keys += ["offset", "next_offset", "hits", "words_nowhere", "notices", "timings_ms"]
    assert list(found) == keys
    assert found["query"] == "containers by quay"
    assert found["ranking"] == "hybrid"
    assert found["n_candidates"] == 8
    stages = ["load", "encode", "phase_1", "phase_2", "bm25", "fuse", "hits", "words"]
    assert list(found["timings_ms"]) == stages
    (hit,) = found["hits"]
    assert hit.pop("score") == hit.pop("score_sum") == 1
    halves = hit.pop("halves")
    assert list(halves) == ["hamming-then-float", "bm25"]
    assert halves["hamming-then-float"] == pytest.approx(1, abs=0.01)
    assert halves["bm25"] > 0
    assert hit == {
        "rank": 1,
        "page_id": f"{OLD_REPORT}-2",
        "page_number": 2,
        "document_id": OLD_REPORT,
        "paths": ["/library/2022/report.pdf"],
        "title": "Harbour report 2022",
        "snippet": TEXTS[OLD_REPORT][1],
        "matched_words": ["Containers", "quay"],
        "matched_by": "words",
        "below_line": False,
        "is_waiting": False,
        "ocr_engine": "",
        "ties_with_previous": False,
        "other_pages": [],
    }


def test_json_is_ascii_whatever_the_script(run: Run) -> None:
    out = run("機械学習", "--json").out
    assert out.isascii()
    assert json.loads(out)["hits"][0]["snippet"] == "機械学習の入門 ガイド"


@pytest.mark.parametrize("ranking", RANKINGS)
def test_every_ranking_can_be_asked_for(run: Run, ranking: str) -> None:
    ran = run("ferries", "--ranking", ranking, "-k", "1", "--json")
    found = json.loads(ran.out)
    assert (ran.code, found["ranking"]) == (0, ranking)
    assert found["hits"][0]["page_id"] == f"{OLD_REPORT}-3"


def test_grouped_by_document(run: Run) -> None:
    found = json.loads(run("harbour report", "--group-by", "document", "-k", "2", "--json").out)
    documents = [hit["document_id"] for hit in found["hits"]]
    assert sorted(documents) == [OLD_REPORT, NEW_REPORT]
    others = {hit["document_id"]: hit["other_pages"] for hit in found["hits"]}
    assert sorted(page["page_number"] for page in others[OLD_REPORT]) == [2, 3]
    assert set(others[NEW_REPORT][0]) == {
        "page_id",
        "page_number",
        "score",
        "score_sum",
        "halves",
        "is_waiting",
        "ocr_engine",
        "document_id",
        "paths",
    }


def test_the_table_names_the_other_pages_of_a_document(run: Run) -> None:
    out = run("harbour report 2023", "--group-by", "document", "-k", "1").out
    assert "[also page 2]" in out


def test_pages_that_look_the_same_are_one_hit(run: Run, library: MemoryIndex) -> None:
    newer = "6" * 32
    put_copy(library, newer, OLD_REPORT, 2)
    asked = ("containers by quay", "-k", "1", "--collapse")
    (hit,) = json.loads(run(*asked, "--json").out)["hits"]
    assert hit["document_id"] == newer
    (other,) = hit["other_pages"]
    assert (other["document_id"], other["paths"]) == (OLD_REPORT, ["/library/2022/report.pdf"])
    assert "[also /library/2022/report.pdf page 2]" in run(*asked).out
    ran = run(*asked, "--group-by", "document")
    assert (ran.code, ran.err.startswith("Error: Hits are grouped by document, or ")) == (2, True)


def test_a_word_that_stands_nowhere_is_named(run: Run) -> None:
    ran = run("xyzzyqq", "-k", "2")
    assert "Note: No page holds xyzzyqq; these are the most similar.\n" in ran.err
    first, *_, last, _ = [line for line in ran.out.splitlines() if line.strip()][2:]
    assert first.split() == ["──", "no", "word", "of", "the", "query", "below", "──"]
    assert "no word of the query stands here; found by resemblance" in last
    found = json.loads(run("xyzzyqq quay", "-k", "1", "--json").out)
    assert found["words_nowhere"] == ["xyzzyqq"]
    assert json.loads(run("zebra", "--ranking", "bm25", "--json").out)["words_nowhere"] == ["zebra"]


def test_hits_without_a_word_of_the_query_stand_below_a_line(run: Run) -> None:
    ran = run("quay", "-k", "3", "--ranking", "hamming-then-float")
    rows = [line.split()[0] for line in ran.out.splitlines() if "/library/" in line or "──" in line]
    assert rows[1:] == ["1", "=2", "──", "3"]
    assert "No page holds" not in ran.err
    hits = json.loads(run("quay", "-k", "3", "--json").out)["hits"]
    assert [hit["below_line"] for hit in hits] == [False, False, True]
    assert [hit["matched_by"] for hit in hits] == ["words", "words", "resemblance"]
    assert (hits[2]["snippet"], hits[2]["matched_words"]) == ("", [])
    assert "──" not in run("quay", "-k", "2").out.splitlines()[-2]


def test_hits_of_a_lower_score_are_left_out(run: Run) -> None:
    asked = ("quay", "--ranking", "hamming-then-float", "--min-score")
    assert len(json.loads(run(*asked, "0.9", "--json").out)["hits"]) == 2
    ran = run(*asked, "1.5")
    assert (ran.code, ran.out) == (0, "")
    assert "None of the 8 pages has a score of 1.5 or more: the best has " in ran.err
    assert "Ask for a lower one." in ran.err
    why = run("quay", "--ranking", "float", "--min-score", "0.9", "--why-not", "scan.pdf:1").out
    assert "It has no vectors" in why
    why = run(*asked, "0.9", "--why-not", "2022/report.pdf:3").out
    assert "is lower than the least that was asked for, 0.9." in why
    ran = run(*asked, "nan")
    assert ran.code == 2
    assert ran.err.startswith("Error: No score can be compared with nan. Give the least score ")


def test_hits_that_are_too_close_to_call_are_marked(run: Run) -> None:
    asked = ("containers by quay", "-k", "3", "--ranking")
    ran = run(*asked, "float")
    marks = [line.split()[0] for line in ran.out.splitlines() if "/library/" in line]
    assert marks == ["1", "=2", "3"]
    assert "=: too close to the one above to tell which is better" in ran.out
    assert "too close" not in run(*asked, "bm25").out
    found = json.loads(run(*asked, "float", "--json").out)
    assert [hit["ties_with_previous"] for hit in found["hits"]] == [False, True, False]
    said = run(*asked, "hamming").err
    assert said.startswith("Note: Hits 1 to 2 are too close to call: hamming cannot tell pages")


def test_rerank_reaches_the_index(
    run: Run, library: MemoryIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []
    plain_search = library.search

    def search(*args, rerank, filters):
        asked.append(rerank)
        return plain_search(*args, rerank=rerank, filters=filters)

    monkeypatch.setattr(library, "search", search)
    run("ferries", "--rerank", "7")
    run("ferries")
    assert asked == [7, 7, None, None]  # by vectors, and by words
    assert f"[default: {RERANK_SAID}]" in " ".join(run("--help").out.split())


# The encoder


def test_the_encoder_is_loaded_once_with_the_options_given(
    run: Run, library: MemoryIndex, loaded: list[object]
) -> None:
    ran = run("--model", "./m", "--device", "cpu", stdin="ferries\ncranes\n")
    assert ran.code == 0
    assert loaded == [(library.fingerprint, "./m", "cpu")]


def test_the_text_ranking_loads_no_encoder(run: Run, loaded: list[object]) -> None:
    assert run("ferries", "--ranking", "bm25").code == 0
    assert loaded == []


# Filters


@pytest.mark.parametrize(
    ("conditions", "pages"),
    [
        (["path=2022/*"], {f"{OLD_REPORT}-1", f"{OLD_REPORT}-2", f"{OLD_REPORT}-3"}),
        (["path=2023/report.pdf", "pages=2"], {f"{NEW_REPORT}-2"}),
        (["document=1", "pages=2-"], {f"{OLD_REPORT}-2", f"{OLD_REPORT}-3"}),
        (["document=1", "pages=-2"], {f"{OLD_REPORT}-1", f"{OLD_REPORT}-2"}),
        (["document=1", "pages=2-3"], {f"{OLD_REPORT}-2", f"{OLD_REPORT}-3"}),
        (["Language = JA"], {f"{JAPANESE}-1"}),
        (["document=1", "pages!=2"], {f"{OLD_REPORT}-1", f"{OLD_REPORT}-3"}),
        (["path=2022/*", "Not_Pages=2-"], {f"{OLD_REPORT}-1"}),
        (["path != *.pdf"], set()),
    ],
)
def test_filters(run: Run, conditions: list[str], pages: set[str]) -> None:
    options = [part for condition in conditions for part in ("--filter", condition)]
    found = json.loads(run("harbour", *options, "-k", "10", "--json").out)
    assert {hit["page_id"] for hit in found["hits"]} == pages


def test_a_wrong_filter_ends_with_2(run: Run) -> None:
    ran = run("ferries", "--filter", "pages=x")
    assert ran.code == 2
    assert ran.error.startswith("The filter pages=x is not a page range.")


# Nothing found, nothing asked


def test_an_empty_text_is_an_error(run: Run) -> None:
    ran = run("")
    assert ran.code == 2
    assert ran.error.startswith("The query is empty. Type what the page says or shows")


def test_an_empty_index(run: Run, library: MemoryIndex) -> None:
    library.delete(list(TEXTS))
    ran = run("ferries", "--index", "here")
    assert ran == (0, "", "Index here is empty. Fill it: pagelens ingest FOLDER --index here\n")


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        *(
            (
                [wrong],
                f"--filter {wrong!r} cannot be read. Write KEY=VALUE: path=2023/*.pdf, "
                "document=1f3a, pages=3-10, language=de, year=2023, kind=pdf. KEY!=VALUE is all "
                "but these.",
            )
            for wrong in ("folder=x", "path", "path=", "=x", "folder!=x", "path!=", "!=x")
        ),
        (
            ["pages=1", "pages=2"],
            "--filter pages is given twice (1, 2), and a page must meet all filters. "
            "Leave one out.",
        ),
        (
            ["path!=a", "not_path=b"],
            "--filter not_path is given twice (a, b), and each filter is read once. Leave one out.",
        ),
    ],
)
def test_filters_that_are_not_key_and_value(run: Run, conditions: list[str], message: str) -> None:
    options = [part for condition in conditions for part in ("--filter", condition)]
    ran = run("ferries", *options)
    assert (ran.code, ran.error) == (2, message)


def test_a_glob_may_hold_an_equals_sign(run: Run) -> None:
    assert run("ferries", "--filter", "path=a=b/*").err.startswith("None of the 8 pages passes")


def test_filters_that_no_page_passes(run: Run) -> None:
    ran = run("ferries", "--filter", "path=*.tiff")
    assert ran == (0, "", "None of the 8 pages passes the filters. Leave one out.\n")


def test_words_that_no_page_holds(run: Run) -> None:
    assert run("zebra", "--ranking", "bm25") == (
        0,
        "",
        "None of the 8 pages holds one of these words. Try others, or the ranking "
        "hamming-then-float, which finds similar ones too.\n",
    )


def test_pages_without_text(run: Run) -> None:
    assert run("zebra", "--filter", f"document={SCAN}") == (
        0,
        "",
        "None of the 2 pages has words, and this index was made from words. To search by "
        "looks, make another: pagelens ingest FOLDER --encoder colsmol --index NEW\n",
    )


def test_json_without_hits_is_still_one_object(run: Run) -> None:
    ran = run("zebra", "--ranking", "bm25", "--json")
    assert json.loads(ran.out)["hits"] == []
    assert ran.code == 0


# Where the index is


@pytest.fixture
def no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def query_alone(capsys: pytest.CaptureFixture[str], *args: str) -> Ran:
    with pytest.raises(SystemExit) as stop:
        main(["query", *args])
    assert isinstance(stop.value.code, int)
    return Ran(stop.value.code, *capsys.readouterr())


def test_no_index_in_the_usual_place(capsys: pytest.CaptureFixture[str], no_index: Path) -> None:
    ran = query_alone(capsys, "ferries")
    assert ran.code == 2
    assert "No index at pagelens-index" in ran.error
    assert "pagelens ingest FOLDER" in ran.error


def test_the_environment_names_the_index(
    capsys: pytest.CaptureFixture[str], no_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGELENS_INDEX", "elsewhere")
    assert "No index at elsewhere" in query_alone(capsys, "ferries").error
    assert "No index at here" in query_alone(capsys, "ferries", "--index", "here").error


def test_a_folder_has_no_graph_to_name_candidates(
    capsys: pytest.CaptureFixture[str], no_index: Path
) -> None:
    ran = query_alone(capsys, "ferries", "--index", "here", "--candidates", "ann")
    assert ran.code == 2
    assert "--candidates ann needs a Vespa server, and here is a folder" in ran.error


# The prompt


def type_at_prompt(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Answer `input()` as a person would; after the last line comes Ctrl-D."""
    typed = iter(lines)

    def from_keyboard(prompt: str) -> str:
        assert prompt == "query> "
        line = next(typed, None)
        if line is None:
            raise EOFError
        return line

    monkeypatch.setattr("builtins.input", from_keyboard)


@pytest.mark.parametrize("end", [[], ["", "cranes"], ["exit", "cranes"]])
def test_the_prompt_answers_until_it_is_left(
    run: Run, loaded: list[object], monkeypatch: pytest.MonkeyPatch, end: list[str]
) -> None:
    type_at_prompt(monkeypatch, "ferries", "機械学習", *end)
    ran = run("-k", "1", "--json", stdin=Keyboard())
    found = [json.loads(line)["query"] for line in ran.out.splitlines() if line]
    assert (ran.code, found) == (0, ["ferries", "機械学習"])
    assert ran.err == "Type a query; an empty line ends.\n"
    assert len(loaded) == 1


def test_an_error_does_not_end_the_prompt(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    type_at_prompt(monkeypatch, "?!", "ferries")
    ran = run(stdin=Keyboard())
    assert ran.code == 0
    assert "Error: No word to look for in '?!'" in ran.err
    assert "Ferries and passengers" in ran.out


def test_ctrl_c_at_the_prompt_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupt)
    ran = run(stdin=Keyboard())
    assert ran.code == 130
    assert "Traceback" not in ran.err


def test_from_a_pipe_every_line_is_a_query(run: Run) -> None:
    ran = run("--json", "-k", "1", stdin="ferries\n\n  exit \nquay")
    assert [json.loads(line)["query"] for line in ran.out.splitlines()] == [
        "ferries",
        "exit",
        "quay",
    ]
    said = "Note: No page holds exit; these are the most similar.\n"
    assert (ran.code, ran.err) == (0, said)


def test_from_a_pipe_a_failed_query_has_its_line(run: Run) -> None:
    ran = run("--json", stdin="?!\nferries\n")
    failed, found = (json.loads(line) for line in ran.out.splitlines())
    assert failed["query"] == "?!"
    assert failed["error"].startswith("No word to look for in '?!'")
    assert found["hits"]
    assert ran.code == 2


def test_from_a_pipe_the_first_failure_gives_the_exit_code(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_weights(*_: object) -> LexicalEncoder:
        raise MissingDependencyError("No weights.")

    monkeypatch.setattr(pagelens.query_command, "load_encoder", no_weights)
    ran = run(stdin="ferries\ncranes\n")
    assert ran == (4, "", "Error: ferries: No weights.\nError: cranes: No weights.\n")


def test_an_empty_pipe_is_an_error(run: Run) -> None:
    ran = run(stdin="\n \n")
    assert ran.code == 2
    assert ran.error == 'No query on standard input. Type one: pagelens query "text"'


# Pages as files


def test_pages_are_saved_with_a_contact_sheet(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pages"
    ran = run("containers by quay", "-k", "2", "--save-pages", str(folder))
    assert ran.code == 0
    assert ran.err == f"Saved the pages and contact-sheet.png in {folder}.\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        "01-report-p2.webp",
        "02-copy-p2.webp",
        "contact-sheet.png",
    ]
    for path in folder.iterdir():
        with Image.open(path) as image:
            image.verify()


def test_json_stays_alone_on_stdout_when_pages_are_saved(run: Run, tmp_path: Path) -> None:
    assert json.loads(run("ferries", "--json", "--save-pages", str(tmp_path)).out)["hits"]


def test_a_folder_that_cannot_be_written_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "pages"
    ran = run("ferries", "--json", "--save-pages", str(folder))
    assert ran.code == 2
    assert ran.err == (
        f"Error: Cannot write to {folder} (Not a directory). "
        "Name another folder with --save-pages.\n"
    )


def test_saving_pages_needs_a_text(run: Run) -> None:
    ran = run("--save-pages", "pages")
    assert ran.code == 2
    assert ran.error == '--save-pages needs a text: pagelens query "text" --save-pages DIR'


# Reasons


def test_explain_says_why_below_the_table(run: Run) -> None:
    ran = run("containers by quay", "-k", "2", "--explain")
    table, *explained = ran.out.split("/library/2022/report.pdf, page 2: ")
    assert "hybrid," in table
    assert explained[0].startswith("place 1 of 8, score 1.00")
    assert "hamming-then-float: place 1, score 1.00" in explained[0]
    assert "/library/2023/copy.pdf, page 2: place 2 of 8" in explained[0]
    assert ran.err == ""


def test_why_not_names_a_page_that_did_not_come_up(run: Run) -> None:
    ran = run("containers by quay", "-k", "1", "--why-not", "scan.pdf:1")
    assert "scan.pdf:1: not shown of 8" in ran.out
    assert "It has no vectors, because the encoder saw nothing on it" in ran.out


def test_why_not_of_a_page_that_came_up_explains_it(run: Run) -> None:
    ran = run("containers by quay", "--why-not", f"{OLD_REPORT}-2")
    assert f"{OLD_REPORT}-2: place 1 of 8" in ran.out


def test_why_not_where_nothing_was_found(run: Run) -> None:
    ran = run("zebra", "--ranking", "bm25", "--why-not", "scan.pdf:1")
    assert "It has no words, and the name of its file holds no word of the query." in ran.out
    assert ran.err.startswith("None of the 8 pages holds one of these words.")


def test_why_not_of_a_page_that_is_not_there(run: Run) -> None:
    ran = run("zebra", "--why-not", "zebra.pdf:1")
    assert ran.code == 2
    assert ran.error.startswith("No document of the index lies at zebra.pdf.")


def test_reasons_in_json(run: Run, tmp_path: Path) -> None:
    options = ("--explain", "--why-not", "scan.pdf:1", "--heatmap", str(tmp_path))
    found = json.loads(run("containers by quay", "-k", "2", "--json", *options).out)
    hits = [hit["page_id"] for hit in found["hits"]]
    assert [explained["page_id"] for explained in found["explanations"]] == hits
    assert [explained["place"] for explained in found["explanations"]] == [1, 2]
    assert found["why_not"]["page_id"] == f"{SCAN}-1"
    assert [picture["file"] for picture in found["heatmaps"]] == [
        "01-report-p2-heat.png",
        "02-copy-p2-heat.png",
    ]
    word = found["heatmaps"][0]["hot_words"][0]
    assert set(word) == {"page_number", "text", "box", "heat", "confidence"}
    assert (word["page_number"], word["text"]) == (2, "Containers")


def test_grouped_hits_are_explained_at_their_own_places(run: Run) -> None:
    grouped = ("--group-by", "document", "-k", "2", "--json", "--explain")
    found = json.loads(run("containers by quay 2022", *grouped).out)
    assert [e["page_id"] for e in found["explanations"]] == [h["page_id"] for h in found["hits"]]


@pytest.mark.parametrize("ranking", ["hamming-then-float", "hybrid", "bm25"])
def test_a_text_is_encoded_once_whatever_is_asked_about_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ranking: str
) -> None:
    encoded: list[str] = []

    class Counting(LexicalEncoder):
        def encode_query(self, text: str) -> QueryVectors:
            encoded.append(text)
            return super().encode_query(text)

    monkeypatch.setattr(pagelens.query_command, "load_encoder", lambda *_: Counting())
    asked = ("--explain", "--why-not", "scan.pdf:1", "--heatmap", str(tmp_path))
    assert run("ferries", "--ranking", ranking, *asked).code == 0
    assert encoded == ["ferries"]


def test_explaining_words_loads_no_encoder(run: Run, loaded: list[object]) -> None:
    assert "words: ferries (Ferries)" in run("ferries", "--ranking", "bm25", "--explain").out
    assert loaded == []


def test_heatmaps_are_written_and_their_words_listed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    ran = run("containers by quay", "-k", "2", "--heatmap", str(folder))
    assert ran.err == f"Saved a heatmap of each page in {folder}.\n"
    assert "01-report-p2-heat.png: Containers, quay" in ran.out
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["01-report-p2-heat.png", "02-copy-p2-heat.png"]
    with Image.open(folder / names[0]) as image:
        assert image.format == "PNG"


def test_heatmaps_of_a_ranking_of_words_load_the_encoder(
    run: Run, loaded: list[object], tmp_path: Path
) -> None:
    assert run("ferries", "--ranking", "bm25", "--heatmap", str(tmp_path)).code == 0
    assert len(loaded) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["01-report-p3-heat.png"]


def test_without_hits_no_heatmap_is_written(run: Run, tmp_path: Path) -> None:
    ran = run("zebra", "--ranking", "bm25", "--heatmap", str(tmp_path / "none"))
    assert "Saved" not in ran.err
    assert not (tmp_path / "none").exists()


def test_heatmaps_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run("ferries", "--heatmap", str(tmp_path / "file" / "folder"))
    assert ran.code == 2
    assert ran.error == (
        f"Cannot write to {tmp_path / 'file' / 'folder'} (Not a directory). "
        "Name another folder with --heatmap."
    )


def test_heatmaps_need_a_text(run: Run, tmp_path: Path) -> None:
    ran = run("--heatmap", str(tmp_path))
    assert ran.code == 2
    assert ran.error == '--heatmap needs a text: pagelens query "text" --heatmap DIR'


# A hit in a viewer, and in the terminal


@pytest.mark.parametrize("option", ["--open", "--show"])
def test_the_hit_that_is_named_is_opened_or_shown(run, monkeypatch, option):
    given = []
    monkeypatch.setattr(pagelens.open_hit, "open_hit", lambda hit: given.append(hit))
    monkeypatch.setattr(pagelens.show_hit, "show_hit", lambda hit, index: given.append(hit))
    ran = run("ferries", option, "1")
    assert (ran.code, [hit.page_id for hit in given]) == (0, [f"{OLD_REPORT}-3"])
    assert "report.pdf" in ran.out
    ran = run("harbour", "-k", "2", option, "2", "--group-by", "document")
    assert given[1].page_id in (f"{OLD_REPORT}-1", f"{NEW_REPORT}-1")


@pytest.mark.parametrize("option", ["--open", "--show"])
def test_a_hit_that_is_not_there_is_refused(run, option):
    ran = run("harbour", "-k", "2", option, "3")
    assert ran.code == 2
    assert ran.err == "Error: There is no hit 3: 2 hits came up. Ask for more with -k.\n"
    assert run(option, "1", stdin="harbour\n").error == (
        f'{option} needs a text: pagelens query "text" {option} 1'
    )
    nothing = run("volcano", "--ranking", "bm25", option, "1")
    assert nothing.code == 0
    assert nothing.err.startswith("None of the 8 pages holds one of these words.")


def test_showing_asks_no_terminal_where_there_is_none(run):
    assert run("ferries", "--show", "1").err.startswith("Note: a picture is shown in a terminal")
