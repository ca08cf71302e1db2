"""The quality corpus and its questions are well formed; the PDFs themselves are elsewhere."""

import csv
import re
from collections import Counter
from pathlib import Path

QUALITY = Path(__file__).resolve().parents[1] / "bench" / "quality"
KINDS = {"text", "table", "picture", "number", "paraphrase", "question"}


def rows(name: str) -> list[dict[str, str]]:
    """The rows below the comments; a row with a column too many or too few is an error."""
    lines = (QUALITY / name).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("#")
    table = [line for line in lines if not line.startswith("#")]
    assert len({line.count("\t") for line in table}) == 1, name
    return list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


CORPUS = rows("corpus.tsv")
QUERIES = rows("queries.tsv")


def test_corpus() -> None:
    columns = ["file", "repository", "path", "commit", "pages", "language", "kind"]
    assert list(CORPUS[0]) == columns
    assert len({row["file"] for row in CORPUS}) == len(CORPUS)
    for row in CORPUS:
        assert all(row.values()), row
        assert re.fullmatch(r"[0-9a-f]{40}", row["commit"]), row
        assert re.fullmatch(r"[a-z]+/[A-Za-z0-9-]+\.pdf", row["file"].replace("_", "-")), row
        assert 1 <= int(row["pages"]) <= 60, row


def test_queries_name_pages_of_the_corpus() -> None:
    assert list(QUERIES[0]) == ["query", "file", "pages", "kind", "language"]
    n_pages = {row["file"]: int(row["pages"]) for row in CORPUS}
    for row in QUERIES:
        numbers = [int(page) for page in row["pages"].split(",")]
        assert numbers == sorted(set(numbers)), row
        assert numbers[0] >= 1 and numbers[-1] <= n_pages[row["file"]], row
        assert row["kind"] in KINDS, row
        assert row["query"] == row["query"].strip() != "", row


def test_each_query_stands_once() -> None:
    times = Counter(row["query"].casefold() for row in QUERIES)
    assert [query for query, n in times.items() if n > 1] == []


def test_every_source_and_language_has_enough_to_tell_rankings_apart() -> None:
    sources = Counter(row["file"].split("/")[0] for row in QUERIES)
    assert sources.keys() == {row["file"].split("/")[0] for row in CORPUS}
    assert min(sources.values()) >= 20
    languages = Counter(row["language"] for row in QUERIES)
    assert min(languages["de"], languages["ja"]) >= 25


def test_readme_counts_what_is_there() -> None:
    pages = sum(int(row["pages"]) for row in CORPUS)
    readme = (QUALITY / "README.md").read_text(encoding="utf-8")
    assert f"{len(CORPUS)} public PDFs with {pages} pages" in readme
