"""`pagelens eval` on a data set in ViDoRe's structures: loaded, ingested, measured, once."""

import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from pagelens.main import main
from tests.data_sets import write_as_one_table, write_in_parts


@pytest.mark.parametrize("write", [write_in_parts, write_as_one_table])
def test_its_pages_are_ingested_and_its_questions_measured(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    write: Any,
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    monkeypatch.chdir(tmp_path)
    Path("set").mkdir()
    write(Path("set"))

    def run() -> tuple[dict[str, Any], str]:
        with pytest.raises(SystemExit) as stop:
            main(["eval", "set", "--index", "index", "--encoder", "lexical", "--json"])
        out, err = capsys.readouterr()
        assert stop.value.code == 0, out + err
        return json.loads(out), err

    result, told = run()
    n_questions = 1 if write is write_in_parts else 2
    assert (result["n_pages"], result["n_questions"]) == (3, n_questions)
    assert "Added 3 documents (3 pages) in " in told
    assert len(list(Path("set.pages").iterdir())) == 3
    again, told = run()
    assert again == result
    assert "Added" not in told
    assert f"Note: {6 * n_questions} of {6 * n_questions} answers are from set.runs.jsonl." in told
