"""Data sets of three pages, in both of ViDoRe's structures, as files that `datasets` loads."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import datasets
from PIL import Image

COLOURS = ("white", "black", "grey")
_PARTS = """---
configs:
- config_name: corpus
  data_files: [{split: test, path: corpus.parquet}]
- config_name: queries
  data_files: [{split: test, path: queries.parquet}]
- config_name: qrels
  data_files: [{split: test, path: qrels.parquet}]
---
"""
Columns = Mapping[str, Sequence[object]]

QUERIES: Columns = {"query-id": [7, 8], "query": ["a dark page", "asked by nobody"]}
QRELS: Columns = {"query-id": [7, 7, 8], "corpus-id": [1, 2, 0], "score": [2, 1, 0]}


def images() -> list[Image.Image]:
    return [Image.new("RGB", (64, 16), colour) for colour in COLOURS]


def write_in_parts(
    folder: Path,
    queries: Columns = QUERIES,
    qrels: Columns = QRELS,
    corpus: Columns | None = None,
) -> Path:
    """Version 2's structure."""
    corpus = corpus or {"corpus-id": [0, 1, 2], "image": images()}
    for name, columns in (("corpus", corpus), ("queries", queries), ("qrels", qrels)):
        write_table(folder / f"{name}.parquet", columns)
    (folder / "README.md").write_text(_PARTS)
    return folder


def write_as_one_table(folder: Path) -> Path:
    """Version 1's: a page that nobody asks for, and one that two rows hold."""
    columns = {
        "query": ["a dark page", None, "a dark page", "the second query"],
        "image_filename": ["data/dark.png", "nothing.png", "grey.png", "data/dark.png"],
        "image": [*images(), images()[0]],
    }
    write_table(folder / "test.parquet", columns)
    return folder


def write_table(path: Path, columns: Columns) -> None:
    table = datasets.Dataset.from_dict(dict(columns))
    if "image" in columns:
        table = table.cast_column("image", datasets.Image())
    table.to_parquet(path)
