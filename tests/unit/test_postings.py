"""Counts and BM25 in numpy against SQLite's own, to the last bit."""

import numpy as np
import pytest

from index.embedded import text_search
from index.embedded.database import Database
from index.embedded.postings import TextLengths, bm25, term_counts
from index.embedded.text_search import FORM_WEIGHT, TextSearch

TERMS = [f"t{n}" for n in range(30)]


def random_text(rng) -> str:
    ranks = rng.zipf(1.3, rng.integers(0, 60)) % len(TERMS)
    return " ".join(TERMS[rank] for rank in ranks)


@pytest.fixture
def database(tmp_path):
    """Six hundred texts of 0 to 118 terms, of which a third was taken out again."""
    rng = np.random.default_rng(5)
    database = Database(tmp_path / "catalog.sqlite", writable=True)
    TextSearch(database).create()
    with database.transaction():
        texts = [(n, random_text(rng), random_text(rng)) for n in range(1, 601)]
        for text in texts:
            database.run("INSERT INTO page_text(rowid, words, also) VALUES(?, ?, ?)", text)
        for text in texts[::3]:
            database.run(
                "INSERT INTO page_text(page_text, rowid, words, also) VALUES('delete', ?, ?, ?)",
                text,
            )
    yield database
    database.close()


@pytest.mark.parametrize("word_weight", [1.0, FORM_WEIGHT])
def test_scores_are_sqlites_own_to_the_last_bit(database, word_weight):
    lengths = TextLengths(database, "page_text")
    for term, counts in zip(TERMS, term_counts(database, "page_text", TERMS), strict=True):
        rows = database.rows(
            "SELECT rowid, -bm25(page_text, ?, ?) FROM page_text WHERE page_text MATCH ?",
            (word_weight, FORM_WEIGHT, term),
        )
        assert rows, term
        assert counts.keys.tolist() == [key for key, _ in rows]
        scores = bm25(counts, lengths, word_weight, FORM_WEIGHT)
        assert scores.tolist() == [score for _, score in rows], term


def test_a_term_that_stands_nowhere_has_no_rows(database):
    (counts,) = term_counts(database, "page_text", ["nowhere"])
    assert not len(counts.keys)
    assert not len(bm25(counts, TextLengths(database, "page_text"), 1.0, FORM_WEIGHT))


def test_lengths_are_the_same_however_many_are_asked_for(database):
    (common,) = term_counts(database, "page_text", ["t1"])
    one_by_one = TextLengths(database, "page_text")
    few = [one_by_one.of(common.keys[n : n + 1])[0] for n in range(50)]
    assert few == TextLengths(database, "page_text").of(common.keys)[:50].tolist()


def test_an_empty_table_has_texts_of_no_length(tmp_path):
    database = Database(tmp_path / "catalog.sqlite", writable=True)
    TextSearch(database).create()
    lengths = TextLengths(database, "page_text")
    assert (lengths.n_texts, lengths.mean) == (0, 0.0)
    database.close()


def test_what_is_remembered_is_bounded_and_changes_no_score(database, monkeypatch):
    keys = np.arange(601, dtype=np.int64)
    queries = [" ".join(TERMS[n : n + 3]) for n in range(20)]
    everything = TextSearch(database)
    expected = [everything.scores(query, keys, keys) for query in queries]
    monkeypatch.setattr(text_search, "MOST_REMEMBERED", 1000)
    bounded = TextSearch(database)
    for query, scores in zip([*queries, *queries], [*expected, *expected], strict=True):
        assert bounded.scores(query, keys, keys).tolist() == scores.tolist()
        n_rows = sum(len(of) for of, _ in bounded._remembered["page_text"].values())
        assert n_rows <= text_search.MOST_REMEMBERED


def test_what_was_remembered_is_forgotten_when_a_page_is_put(database):
    keys = np.arange(602, dtype=np.int64)
    search = TextSearch(database)
    assert not search.scores("zebra", keys, keys).any()
    with database.transaction():
        search.put_page(601, "a zebra", "en")
    assert np.flatnonzero(search.scores("zebra", keys, keys)).tolist() == [601]
