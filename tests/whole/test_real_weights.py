"""The script for who has trained weights, over a small data set."""

from pathlib import Path

import datasets
import pytest

from tests.bench.real_weights import load, measure
from tests.data_sets import write_in_parts


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


def test_every_setting_is_measured(tmp_path: Path, tiny_colsmol_folder: Path) -> None:
    """Random weights: the figures mean nothing."""
    data = load(str(write_in_parts(tmp_path)))
    assert data.relevant == {"7": {"1": 2, "2": 1}}
    results = measure(data, str(tiny_colsmol_folder), "cpu")
    assert list(results) == [
        "trained strings",
        "sign bits alone",
        "bits, then float of 200",
        "processor's own resizing, visual tokens",
        "processor's own resizing, all tokens",
        "library's strings",
    ]
    assert all(0 <= score <= 1 for score in results.values())
