"""OCR at the command line and at the door for Python: what is said, and what options do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pagelens
from ingest.ocr import engine
from pagelens.main import main
from tests.scanned_pdfs import write_scans

Shell = Callable[..., tuple[str, str]]


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """Runs `pagelens` in this process, from a folder that holds pdfs/; gives stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAGELENS_INDEX", raising=False)
    Path("pdfs").mkdir()
    write_scans(Path("pdfs/mixed.pdf"), ["typed silver bell", "copper lamp", "typed wooden spoon"])

    def run(*arguments: str, expect: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        out, err = capsys.readouterr()
        assert exit_.value.code == expect, out + err
        return out, err

    return run


INGEST = ("ingest", "pdfs", "--encoder", "lexical")


def as_json(shell: Shell, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(shell(*arguments, "--json")[0])
    return answer


def test_a_run_says_how_many_pages_need_ocr_and_how_many_were_read(shell: Shell) -> None:
    out, err = shell(*INGEST)
    assert "1 of 3 pages needs OCR." in err
    assert "Added 1 document (3 pages)" in out and "1 page read by OCR." in out
    assert f"1 page read by {engine.engine_name()}" in shell("status")[0]
    found = as_json(shell, "query", "lamp")["hits"][0]
    assert (found["page_number"], found["ocr_engine"]) == (2, engine.engine_name())
    assert "OCR" not in shell(*INGEST)[0]


def test_a_dry_run_says_what_ocr_will_take_and_writes_nothing(shell: Shell) -> None:
    out, _ = shell(*INGEST, "--dry-run")
    assert "\n1 of 3 pages needs OCR, about " in out
    planned = as_json(shell, *INGEST, "--dry-run")
    assert planned["ocr_pages"] == 1 and planned["ocr_seconds"] > 0
    assert as_json(shell, *INGEST, "--dry-run", "--ocr", "always")["ocr_pages"] == 3
    assert as_json(shell, *INGEST, "--dry-run", "--ocr", "never")["ocr_pages"] == 0
    assert not Path("pagelens-index").exists()


def test_of_a_large_plan_some_pages_are_looked_at(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.estimate.OCR_SAMPLE_PAGES", 2)  # the first and the last
    assert "About 0" not in shell(*INGEST, "--dry-run")[0]
    write_scans(Path("pdfs/mixed.pdf"), ["copper lamp", "typed silver bell", "typed spoon"])
    assert "About 2 of 3 pages need OCR, about " in shell(*INGEST, "--dry-run")[0]


def test_without_ocr_and_later_with_it(shell: Shell) -> None:
    out, err = shell(*INGEST, "--ocr", "never")
    assert "OCR" not in out + err
    assert "1 page without words" in out
    out, err = shell("ingest", "pdfs")
    assert "Skipped 1 document (3 pages)" in out  # nothing is forced
    planned = as_json(shell, "ingest", "pdfs", "--redo-ocr", "--dry-run")
    assert [d["pages"] for d in planned["read_again"]] == [3] and planned["add"] == []
    out, _ = shell("ingest", "pdfs", "--redo-ocr")
    assert out.startswith("Read again 1 document (1 page) in ")
    assert as_json(shell, "query", "lamp")["hits"][0]["page_number"] == 2
    assert "read by OCR" not in shell("ingest", "pdfs", "--redo-ocr")[0]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ("--ocr", "never", "--redo-ocr"),
            2,
            "Error: --redo-ocr has pages read by OCR, and --ocr never has none read.\n",
        ),
        (("--ocr", "sometimes"), 2, "'sometimes' is not one of 'auto', 'always', 'never'."),
    ],
)
def test_wrong_use_is_told_in_a_line(
    shell: Shell, arguments: tuple[str, ...], code: int, message: str
) -> None:
    assert message in shell(*INGEST, *arguments, expect=code)[1]
    assert not Path("pagelens-index").exists()


MISSING = (
    "To read words from pictures of pages, the package rapidocr is needed. "
    "Install it: pip install rapidocr onnxruntime; or leave OCR out: --ocr never"
)


@pytest.fixture
def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda name: None)


@pytest.mark.usefixtures("without_engine")
@pytest.mark.parametrize("option", [("--ocr", "always"), ("--redo-ocr",)])
def test_ocr_that_was_asked_for_and_is_not_installed_is_an_error(
    shell: Shell, option: tuple[str, ...]
) -> None:
    assert shell(*INGEST, *option, expect=4)[1] == f"Error: {MISSING}\n"
    assert not Path("pagelens-index").exists()


@pytest.mark.usefixtures("without_engine")
def test_where_it_is_not_installed_the_rest_goes_on(shell: Shell) -> None:
    out, err = shell(*INGEST)
    note = f"Note: scans stay without words. {MISSING}. Later --redo-ocr reads them.\n"
    assert note == err
    assert "Added 1 document (3 pages)" in out


def test_the_door_for_python_does_the_same(shell: Shell) -> None:
    report = pagelens.ingest("pdfs", encoder="lexical", ocr="never")
    assert report.pages_read_by_ocr == 0
    done = []
    report = pagelens.ingest("pdfs", redo_ocr=True, on_progress=lambda p: done.append(str(p)))
    assert report.pages_read_by_ocr == 1
    assert done == ["1 of 3 pages", "2 of 3 pages", "3 of 3 pages"]
    with pagelens.open("pagelens-index") as index:
        assert index.search("lamp")[0].ocr_engine == engine.engine_name()
    with pytest.raises(pagelens.PagelensError, match="No --ocr 'sometimes'"):
        pagelens.ingest("pdfs", ocr="sometimes")


@pytest.mark.usefixtures("without_engine")
def test_the_door_for_python_warns_where_it_was_called(shell: Shell) -> None:
    with pytest.warns(UserWarning, match="scans stay without words") as warned:
        pagelens.ingest("pdfs", encoder="lexical")
    assert warned[0].filename == __file__
