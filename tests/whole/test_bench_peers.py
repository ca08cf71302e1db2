"""The bench of others runs: what it finds is right, and what cannot be measured is named."""

import json
import sys

import pytest

from tests.bench import bench_peers


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], systems: str) -> dict:
    arguments = ["--pages", "15", "--seeds", "1", "--queries", "1", "--systems", systems]
    monkeypatch.setattr(sys, "argv", ["bench_peers", *arguments])
    bench_peers.main()
    (size,) = json.loads(capsys.readouterr().out.splitlines()[-1])["sizes"]
    return size


def test_every_system_answers_the_same_queries_and_is_compared_with_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    size = run(monkeypatch, capsys, "ours,torch,faiss")
    assert size["left_out"] == {}
    assert list(size["systems"]) == ["ours", "torch", "faiss"]
    for name, system in size["systems"].items():
        assert system["disk_mb"] > 0
        assert system["rss_mb"] > 0
        for n_tokens in bench_peers.QUERY_TOKENS:
            row = system[f"{n_tokens}_tokens"]
            assert row["queries"] == len(bench_peers.COSINES)
            # all pages are scored in float at last; bfloat16 may exchange two that nearly tie
            assert row["recall_at_10"]["all"] > 0.9
            assert (row["over_ours"] == 1) == (name == "ours")


def test_a_system_that_cannot_be_built_is_left_out_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    size = run(monkeypatch, capsys, "ours,fast-plaid")  # which cannot be installed beside us
    assert list(size["systems"]) == ["ours"]
    assert size["left_out"] == {
        "fast-plaid": "build ended with 1: ModuleNotFoundError: No module named 'fast_plaid'"
    }


def test_an_unknown_system_is_refused_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, capsys, "ours,theirs")
    assert "no system ['theirs']; there are: ours, ours-exact, torch" in capsys.readouterr().err
