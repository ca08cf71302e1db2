"""`pagelens ingest` and `pagelens query` with a model of the ColSmol kind."""

import json
from pathlib import Path
from typing import Any

import pytest

from pagelens.main import main
from tests.documents import write_pdf


def test_a_colsmol_model_in_a_folder_goes_through_both_commands(
    tmp_path: Path,
    tiny_colsmol_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Real ColIdefics3 classes and processor, random weights: which page wins means nothing."""

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        out, err = capsys.readouterr()
        assert exit_.value.code == 0, out + err
        return out

    def answered(*arguments: str) -> Any:
        return json.loads(run(*arguments, "--json"))

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAGELENS_INDEX", raising=False)
    Path("pdfs").mkdir()
    write_pdf(Path("pdfs/animals.pdf"), ["aardvark", "badger", "camel"])
    write_pdf(Path("pdfs/plants.pdf"), ["acacia", "birch"])
    model = str(tiny_colsmol_folder)
    run("ingest", "pdfs", "--model", model, "--device", "cpu")
    status = answered("status")
    assert status["encoder"]["encoder"] == "colsmol"
    assert status["n_vectors"] == 5 * 832  # A5: twelve tiles and the global view, 64 cells each
    answer = answered("query", "a black badger", "-k", "5")
    assert len(answer["hits"]) == 5
    assert {"load", "encode", "phase_2"} <= set(answer["timings_ms"])
    exact = answered("query", "a black badger", "-k", "5", "--ranking", "float")
    assert [h["page_id"] for h in exact["hits"]] == [h["page_id"] for h in answer["hits"]]
    assert [h["score"] for h in exact["hits"]] == [h["score"] for h in answer["hits"]]
    assert "Skipped 2 documents" in run("ingest", "pdfs")


def test_a_pooled_colsmol_index_is_made_searched_and_drawn(
    tmp_path: Path,
    tiny_colsmol_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        out, err = capsys.readouterr()
        assert exit_.value.code == 0, out + err
        return out

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAGELENS_INDEX", raising=False)
    Path("pdfs").mkdir()
    write_pdf(Path("pdfs/animals.pdf"), ["aardvark", "badger"])
    run("ingest", "pdfs", "--model", str(tiny_colsmol_folder), "--device", "cpu", "--pool", "3")
    status = json.loads(run("status", "--json"))
    assert status["encoder"]["pooling"] == "ward-3"
    # 278 of 832, or fewer where blank tiles are equal to the bit
    assert 2 <= status["n_vectors"] <= 2 * 278
    assert status["size_bytes"]["vectors"] == 256 * status["n_vectors"]
    answer = json.loads(run("query", "a badger", "--heatmap", "heat", "--json"))
    assert len(answer["hits"]) == 2
    assert len(list(Path("heat").glob("*.png"))) >= 2
    assert "Skipped 1 document" in run("ingest", "pdfs", "--pool", "3")
