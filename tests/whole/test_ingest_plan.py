"""What an ingest with a model says before it starts, and after its first batch."""

import json
from pathlib import Path

import pytest

from pagelens import forecast_report
from pagelens.main import main
from tests.documents import write_pdf


def test_tiles_time_and_choices_are_said(
    tmp_path: Path,
    tiny_colsmol_folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*arguments: str) -> tuple[str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(("ingest", "pdfs", "--model", str(tiny_colsmol_folder), *arguments))
        out, err = capsys.readouterr()
        assert exit_.value.code == 0, out + err
        return out, err

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(forecast_report, "MANY_PAGES_FOR_A_CPU", 2)
    Path("pdfs").mkdir()
    write_pdf(Path("pdfs/animals.pdf"), ["aardvark", "badger", "camel"])
    shorter = ["A CPU takes long for 3 pages. What helps:"]
    shorter += [f"  {choice}" for choice in forecast_report.CHOICES]

    planned = run("--device", "cpu", "--dry-run")[0].splitlines()
    start = planned.index(shorter[0])
    assert planned[start - 1].startswith("3 pages of 39 tiles to render and encode, about ")
    assert planned[start - 1].endswith(" of memory so far.")
    assert planned[start : start + len(shorter)] == shorter
    as_json = json.loads(run("--device", "cpu", "--dry-run", "--json")[0])
    assert (as_json["tiles"], as_json["choices"]) == (39, list(forecast_report.CHOICES))
    assert as_json["seconds_per_page"] > 0
    assert as_json["memory_bytes"] > 100_000_000

    said = run("--device", "cpu")[1].splitlines()
    start = said.index("3 pages of 39 tiles to encode.")
    assert said[start + 1 : start + 1 + len(shorter)] == shorter
    assert said[start + 1 + len(shorter)] == "Words find every page now; the vectors follow."
    assert said[-1].startswith("The rest will take about ")
    assert run("--device", "cpu")[1] == ""  # nothing is left to do
