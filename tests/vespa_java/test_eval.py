"""`pagelens eval` over a Vespa server: by vectors what an index in a folder gives."""

import json
from pathlib import Path

import pytest

from index.interface import BM25
from pagelens.main import main
from query.request import RANKINGS
from query.search import HYBRID
from tests.changing_folder import WORDS, write_first_state
from tests.vespa_java.stand_in import StandIn

N_ANSWERS = len(WORDS) * len(RANKINGS)


def test_the_same_measures_over_vespa(
    stand_in: StandIn,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    stand_in.clear()

    write_trees(Path("trees"))
    results = []
    for index in (stand_in.url, "here"):
        asked = ["eval", "trees", "--index", index, "--encoder", "lexical", "--json"]
        for n_found in (0, N_ANSWERS):
            with pytest.raises(SystemExit) as stop:
                main(asked)
            out, err = capsys.readouterr()
            assert stop.value.code == 0, out + err
            assert (f"{n_found} of {N_ANSWERS} answers are from " in err) == (n_found > 0)
            results.append(json.loads(out))
    in_vespa, again, here, _ = results
    assert again == in_vespa
    assert in_vespa["n_pages"] == here["n_pages"] == 15
    by_vectors = [setting for setting in RANKINGS if setting not in (BM25, HYBRID)]
    for name in by_vectors:
        ours, theirs = (
            next(s["measures"] for s in result["settings"] if s["setting"] == name)
            for result in (in_vespa, here)
        )
        assert ours == theirs
        assert ours["recall@10"] == 1


def write_trees(folder: Path) -> None:
    """Trees by name, and a question for each, in BEIR's form."""
    folder.mkdir()
    write_first_state(folder / "corpus")
    queries = [{"_id": str(n), "text": f"a {word}"} for n, word in enumerate(WORDS)]
    (folder / "queries.jsonl").write_text("".join(json.dumps(q) + "\n" for q in queries))
    qrels = "".join(f"{n}\t{n}.pdf/1\t1\n" for n in range(len(WORDS)))
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{qrels}")
