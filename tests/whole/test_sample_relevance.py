"""How well the lexical encoder finds the sample pages: nDCG@5 on known-item queries.

Printed where the tests run in one process: python -m pytest tests/whole/test_sample_relevance.py
"""

import csv
from contextlib import closing
from pathlib import Path

import ir_measures
import pytest
from ir_measures import Qrel, ScoredDoc, nDCG

from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.interface import BM25, HAMMING, HAMMING_THEN_FLOAT
from query.search import HYBRID
from tests.finding import found_for

SAMPLES = Path(__file__).parents[2] / "samples"


def known_items() -> list[tuple[str, list[str]]]:
    """Each query whose page has a text layer, with its right pages as `file/page`."""
    with (SAMPLES / "queries.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        (row["query"], [f"{row['file']}/{page}" for page in row["pages"].split(",")])
        for row in rows
        if row["kind"] != "scan"
    ]


def ndcg_at_5(index: EmbeddedIndex, ranking: str) -> float:
    encoder = LexicalEncoder()
    relevant = [Qrel(text, page, 1) for text, pages in known_items() for page in pages]
    run = [
        # ir_measures orders by score alone: the rank stands in, so that ties stay as we broke them
        ScoredDoc(text, f"{Path(hit.paths[0]).name}/{hit.page_number}", -rank)
        for text, _ in known_items()
        for rank, hit in enumerate(
            found_for(index, text, ranking, 5, encoder=lambda: encoder).result.hits
        )
    ]
    return float(ir_measures.calc_aggregate([nDCG @ 5], relevant, run)[nDCG @ 5])


def test_known_pages_are_found(samples_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rankings = (HAMMING_THEN_FLOAT, HAMMING, BM25, HYBRID)
    with closing(EmbeddedIndex.open(samples_index)) as index:
        scores = {ranking: ndcg_at_5(index, ranking) for ranking in rankings}
    with capsys.disabled():
        figures = ", ".join(f"{ranking} {score:.3f}" for ranking, score in scores.items())
        print(f"\nnDCG@5 on {len(known_items())} sample queries: {figures}")  # noqa: T201
    assert scores[HAMMING_THEN_FLOAT] >= 0.9
