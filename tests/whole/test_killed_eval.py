"""`pagelens eval` as a process, on a folder in BEIR's form; killed, it repeats nothing."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.documents import write_pdf

ROOT = Path(__file__).resolve().parents[2]
ANIMALS = ["aardvark", "badger", "camel", "dingo", "echidna", "ferret", "gecko", "heron"]
N_QUESTIONS = 200
SETTINGS = ("hamming-then-float", "bm25", "hybrid")


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    folder = tmp_path / "zoo"
    (folder / "corpus").mkdir(parents=True)
    write_pdf(folder / "corpus" / "animals.pdf", ANIMALS)
    numbered = [(n, ANIMALS[n % len(ANIMALS)]) for n in range(N_QUESTIONS)]
    queries = [{"_id": str(n), "text": f"{animal} {n}"} for n, animal in numbered]
    lines = "".join(json.dumps(query) + "\n" for query in queries)
    (folder / "queries.jsonl").write_text(lines)
    qrels = "".join(f"{n}\tanimals.pdf/{n % len(ANIMALS) + 1}\t1\n" for n, _ in numbered)
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{qrels}")
    return folder


def command() -> Sequence[str]:
    rankings = [word for name in SETTINGS for word in ("--ranking", name)]
    asked = ["eval", "zoo", "--index", "index", "--encoder", "lexical", "--json", *rankings]
    return [sys.executable, "-m", "pagelens", *asked]


def keys(runs: Path) -> list[tuple[str, str]]:
    """Ranking and query of every answer that is kept as a whole line."""
    lines = runs.read_bytes().split(b"\n")[:-1] if runs.exists() else []
    rows = [json.loads(line) for line in lines]
    return [(row["ranking"], row["query"]) for row in rows]


def test_killed_twice_it_goes_on(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    runs = zoo.parent / "zoo.runs.jsonl"
    n_all = N_QUESTIONS * len(SETTINGS)
    for n_before in (n_all // 5, n_all // 2):
        with subprocess.Popen(command(), cwd=zoo.parent, stderr=subprocess.PIPE) as process:
            while len(keys(runs)) < n_before and process.poll() is None:
                time.sleep(0.01)
            process.kill()
        assert n_before <= len(keys(runs)) < n_all
    done = subprocess.run(command(), cwd=zoo.parent, capture_output=True, text=True, check=True)
    assert f" of {n_all} answers are from zoo.runs.jsonl." in done.stderr
    assert len(keys(runs)) == len(set(keys(runs))) == n_all
    result: dict[str, Any] = json.loads(done.stdout)
    assert (result["n_questions"], result["n_pages"]) == (N_QUESTIONS, len(ANIMALS))
    assert [setting["measures"]["recall@1"] for setting in result["settings"]] == [1, 1, 1]
    again = subprocess.run(command(), cwd=zoo.parent, capture_output=True, text=True, check=True)
    assert again.stdout == done.stdout
    assert len(keys(runs)) == n_all
