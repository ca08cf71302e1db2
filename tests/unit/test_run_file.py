"""Answers kept in a file: what another run finds of them, and what voids them."""

from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import WrongUseError
from index.pages import FileRecord
from query.quality.run_file import Answer, RunFile, state_of
from query.quality.settings import Setting
from tests.random_pages import FINGERPRINT, document

WORDS = Setting("bm25")
BITS = Setting("hamming-then-bits", 50)
ANSWER = Answer(("a-1", "b-2"), 1.5)


def write(path: Path, state: str = "s") -> None:
    with RunFile(path, state) as runs:
        runs.add(WORDS, "海", ANSWER, is_kept=True)
        runs.add(BITS, "sea", ANSWER, is_kept=True)
        runs.add(BITS, "not for long", ANSWER, is_kept=False)
        assert len(runs.answers) == 3


def read(path: Path, state: str = "s") -> dict[tuple[Setting, str], Answer]:
    with RunFile(path, state) as runs:
        return runs.answers


def test_the_next_run_finds_what_was_kept(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    assert read(tmp_path / "runs") == {(WORDS, "海"): ANSWER, (BITS, "sea"): ANSWER}


def test_a_pooling_is_part_of_the_setting_and_lines_without_one_are_of_the_index_as_it_is(
    tmp_path: Path,
) -> None:
    path, pooled = tmp_path / "runs", Setting("hamming", pool=3)
    with RunFile(path, "s") as runs:
        runs.add(pooled, "sea", ANSWER, is_kept=True)
        runs.add(Setting("hamming"), "sea", Answer((), 1.0), is_kept=True)
    assert read(path)[pooled, "sea"] == ANSWER
    path.write_text(path.read_text().replace(', "pool": null', ""))
    assert list(read(path)) == [(pooled, "sea"), (Setting("hamming"), "sea")]


def test_answers_of_another_state_stay_and_are_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "runs")
    write(tmp_path / "runs", "t")
    assert read(tmp_path / "runs", "u") == {}
    assert len(read(tmp_path / "runs")) == len(read(tmp_path / "runs", "t")) == 2


def test_a_line_cut_off_anywhere_is_dropped_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "runs"
    write(path)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        assert list(read(path)) == [(WORDS, "海")]
        assert path.read_bytes() == whole[:first]
    write(path)
    assert len(read(path)) == 2


@pytest.mark.parametrize("text", ["query\tfile\tpages\n", "[1]\n", '{"state": "s"}\n', "x", "{"])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "queries.tsv"
    path.write_text(text)
    if text == "{":  # so begins a line of ours
        assert read(path) == {}
        return
    with pytest.raises(WrongUseError) as error:
        RunFile(path, "s")
    assert str(error.value) == (
        f"{path} line 1 is not what pagelens eval writes. Name another file with --runs."
    )
    assert path.read_text() == text


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError) as error:
        RunFile(tmp_path / "none" / "runs", "s")
    assert str(error.value) == (
        f"Cannot write to {tmp_path}/none/runs (No such file or directory). "
        "Name another file with --runs."
    )


def test_whatever_a_search_depends_on_is_in_the_state() -> None:
    first, second = document(1, "/a.pdf", page_count=2), document(2, "/b.pdf")
    state = state_of(FINGERPRINT, [first, second], "/index")
    assert state == state_of(FINGERPRINT, [first, second], "/index")
    moved = replace(first, files=(FileRecord("/c.pdf", 1, 1),))
    others = [
        state_of(replace(FINGERPRINT, revision="2"), [first, second], "/index"),
        state_of(FINGERPRINT, [first], "/index"),
        state_of(FINGERPRINT, [first, second], "http://localhost:8080"),
        state_of(FINGERPRINT, [replace(first, page_count=1), second], "/index"),
        state_of(FINGERPRINT, [replace(first, title="t"), second], "/index"),
        state_of(FINGERPRINT, [replace(first, is_complete=False), second], "/index"),
        state_of(FINGERPRINT, [moved, second], "/index"),
    ]
    assert len({state, *others}) == 1 + len(others)
