"""The script for who has trained weights, over a small data set of both of ViDoRe's structures."""

from pathlib import Path

import datasets
import pytest
from PIL import Image

from tests.bench.real_weights import load, measure

COLOURS = ("white", "black", "grey")
PARTS = """---
configs:
- config_name: corpus
  data_files: [{split: test, path: corpus.parquet}]
- config_name: queries
  data_files: [{split: test, path: queries.parquet}]
- config_name: qrels
  data_files: [{split: test, path: qrels.parquet}]
---
"""


@pytest.fixture
def in_parts(tmp_path: Path) -> Path:
    images = [Image.new("RGB", (64, 16), colour) for colour in COLOURS]
    tables = {
        "corpus": {"corpus-id": [0, 1, 2], "image": images},
        "queries": {"query-id": [7, 8], "query": ["a dark page", "asked by nobody"]},
        "qrels": {"query-id": [7, 7], "corpus-id": [1, 2], "score": [2, 1]},
    }
    for name, columns in tables.items():
        table = datasets.Dataset.from_dict(columns)
        if name == "corpus":
            table = table.cast_column("image", datasets.Image())
        table.to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "README.md").write_text(PARTS)
    return tmp_path


@pytest.fixture
def as_one_table(tmp_path: Path) -> Path:
    columns = {
        "query": ["a dark page", None],
        "image_filename": ["dark.png", "nothing.png"],
        "image": [Image.new("RGB", (64, 16), colour) for colour in COLOURS[:2]],
    }
    table = datasets.Dataset.from_dict(columns).cast_column("image", datasets.Image())
    table.to_parquet(tmp_path / "test.parquet")
    return tmp_path


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


def test_a_data_set_in_parts(in_parts: Path) -> None:
    data = load(str(in_parts))
    assert data.queries == {"7": "a dark page"}
    assert data.relevant == {"7": {"1": 2, "2": 1}}
    assert [data.pages[id_].getpixel((0, 0)) for id_ in "012"] == [(255,) * 3, (0,) * 3, (128,) * 3]


def test_a_data_set_of_one_table(as_one_table: Path) -> None:
    data = load(str(as_one_table))
    assert (data.queries, data.relevant) == ({"0": "a dark page"}, {"0": {"dark.png": 1}})
    assert set(data.pages) == {"dark.png"}


def test_every_setting_is_measured(in_parts: Path, tiny_colsmol_folder: Path) -> None:
    """Random weights: the figures mean nothing."""
    results = measure(load(str(in_parts)), str(tiny_colsmol_folder), "cpu")
    assert list(results) == [
        "trained strings",
        "sign bits alone",
        "bits, then float of 200",
        "processor's own resizing, visual tokens",
        "processor's own resizing, all tokens",
        "library's strings",
    ]
    assert all(0 <= score <= 1 for score in results.values())
