"""FTS5's blocks read by us against what SQLite says of them."""

import numpy as np
import pytest

from index.embedded import doclists
from index.embedded.database import Database
from index.embedded.doclists import STRUCTURE_ID, counts_of_frequent, varints
from index.embedded.postings import _counts_by_sql
from index.embedded.text_search import TextSearch

# as long as each other or not, the beginning of each other or not
TERMS = ["a", "ab", "abc", "abd", "b", "ba", "über", "z" * 60, *(f"t{n:03}" for n in range(40))]
N_TEXTS = 400
SMALLEST_LEAF = 64  # bytes


@pytest.fixture(params=[SMALLEST_LEAF, 120])
def database(tmp_path, request, monkeypatch):
    """An empty text index whose leaves are small, so that few texts fill many."""
    monkeypatch.setattr(doclists, "FEWEST_LEAVES", 1)
    database = Database(tmp_path / "catalog.sqlite", writable=True)
    TextSearch(database).create()
    database.run("INSERT INTO page_text(page_text, rank) VALUES('pgsz', ?)", (request.param,))
    yield database
    database.close()


def random_text(rng) -> str:
    """None, some or many terms; some many times."""
    ranks = rng.zipf(1.2, rng.integers(0, 90)) % len(TERMS)
    return " ".join(TERMS[rank] for rank in ranks)


def random_texts(seed, keys):
    rng = np.random.default_rng(seed)
    return [(int(key), random_text(rng), random_text(rng)) for key in keys]


def put(database, texts):
    with database.transaction():
        for text in texts:
            database.run("INSERT INTO page_text(rowid, words, also) VALUES(?, ?, ?)", text)


def take_out(database, texts):
    with database.transaction():
        for text in texts:
            database.run(
                "INSERT INTO page_text(page_text, rowid, words, also) VALUES('delete', ?, ?, ?)",
                text,
            )


def assert_as_sqlite_says(database) -> set[str]:
    """Compare every term; those that were read from blocks."""
    found = counts_of_frequent(database, "page_text", TERMS)
    for term, expected in zip(TERMS, _counts_by_sql(database, "page_text", TERMS), strict=True):
        if term in found:
            for got, wanted in zip(found[term], expected, strict=True):
                assert got.dtype == np.int64
                assert got.tolist() == wanted.tolist(), term
    return set(found)


def test_one_segment(database):
    put(database, random_texts(1, range(1, N_TEXTS)))
    assert "ab" in assert_as_sqlite_says(database)


def test_keys_far_apart(database):
    put(database, random_texts(2, np.arange(1, N_TEXTS) * 70_001))
    assert assert_as_sqlite_says(database)


def test_texts_longer_than_a_leaf(database):
    long = " ".join(["a b"] * 500)
    texts = [(n, long if n % 3 else "a", long if n % 5 == 0 else "b") for n in range(1, 60)]
    put(database, texts)
    assert {"a", "b"} <= assert_as_sqlite_says(database)


def test_places_whose_distance_looks_like_the_mark_of_a_column(database):
    """129 is stored for 127, and its last byte is a 1."""
    put(database, [(n, "ab " + "b " * 126 + "ab", "ab" if n % 2 else "") for n in range(1, 200)])
    assert "ab" in assert_as_sqlite_says(database)


def test_terms_that_end_alike_in_a_leaf(database):
    """Of each is stored only what differs from the one before."""
    put(database, [(n, "abd bd" if n > 1 else "abc abcd ba", "") for n in range(1, N_TEXTS)])
    found = counts_of_frequent(database, "page_text", ["abd", "bad", "bd"])
    assert {term: len(counts.keys) for term, counts in found.items()} == {
        "abd": N_TEXTS - 2,
        "bd": N_TEXTS - 2,
    }


def test_many_segments_with_texts_taken_out_and_put_again(database):
    database.run("INSERT INTO page_text(page_text, rank) VALUES('automerge', 0)")
    for seed in range(8):
        put(database, random_texts(seed, range(50 * seed + 1, 50 * seed + 51)))
    take_out(database, random_texts(2, range(101, 151))[::2])
    take_out(database, random_texts(5, range(251, 301)))
    put(database, random_texts(77, range(251, 301)))
    assert len(doclists._Leaves(database, "page_text")._segments) > 8
    assert "ab" in assert_as_sqlite_says(database)


def test_a_text_replaced_in_one_commit(database):
    texts = random_texts(3, range(1, N_TEXTS))
    put(database, texts)
    with database.transaction():
        others = random_texts(4, range(N_TEXTS))
        for (key, *old), (_, *new) in zip(texts[::3], others, strict=False):
            database.run(
                "INSERT INTO page_text(page_text, rowid, words, also) VALUES('delete', ?, ?, ?)",
                (key, *old),
            )
            database.run("INSERT INTO page_text(rowid, words, also) VALUES(?, ?, ?)", (key, *new))
    assert "ab" in assert_as_sqlite_says(database)


def test_a_merge_that_goes_on_step_by_step(database):
    database.run("INSERT INTO page_text(page_text, rank) VALUES('automerge', 0)")
    for seed in range(6):
        put(database, random_texts(seed, range(50 * seed + 1, 50 * seed + 51)))
    database.run("INSERT INTO page_text(page_text, rank) VALUES('usermerge', 2)")
    for _ in range(6):  # a few leaves each
        database.run("INSERT INTO page_text(page_text, rank) VALUES('merge', 2)")
        assert assert_as_sqlite_says(database)
    database.run("INSERT INTO page_text(page_text) VALUES('optimize')")
    assert assert_as_sqlite_says(database)


def test_a_term_of_few_leaves_is_left_to_sql(database, monkeypatch):
    put(database, random_texts(1, range(1, N_TEXTS)))
    n_leaves = sum(len(one.starts) for one in doclists._Leaves(database, "page_text").lists("ab"))
    monkeypatch.setattr(doclists, "FEWEST_LEAVES", n_leaves)
    assert "ab" in counts_of_frequent(database, "page_text", TERMS)
    monkeypatch.setattr(doclists, "FEWEST_LEAVES", n_leaves + 1)
    assert "ab" not in counts_of_frequent(database, "page_text", TERMS)


def test_no_term_and_no_text(database):
    assert counts_of_frequent(database, "page_text", []) == {}
    assert counts_of_frequent(database, "page_text", TERMS) == {}


@pytest.mark.parametrize(
    "block", [b"", b"\0\0\0\0", b"\0\0\0\0\xff\x00\x00\x01\x01", b"\0\0\0\0\x05"]
)
def test_another_layout_or_damage_is_left_to_sqlite(database, block):
    put(database, random_texts(1, range(1, N_TEXTS)))
    database.run("UPDATE page_text_data SET block = ? WHERE id = ?", (block, STRUCTURE_ID))
    assert counts_of_frequent(database, "page_text", TERMS) == {}


def test_a_damaged_leaf_is_left_to_sqlite(database):
    put(database, random_texts(1, range(1, N_TEXTS)))
    database.run(f"UPDATE page_text_data SET block = x'' WHERE id > {STRUCTURE_ID}")
    assert counts_of_frequent(database, "page_text", TERMS) == {}


def test_numbers_of_one_to_eight_bytes():
    numbers = [n for power in range(56) for n in (2**power - 1, 2**power)]
    data = b""
    for number in numbers:
        digits = [number >> 7 * n & 0x7F for n in range(max(1, -(-number.bit_length() // 7)))]
        data += bytes([*(digit | 0x80 for digit in digits[:0:-1]), digits[0]])
    assert varints(data).tolist() == numbers
    assert varints(b"").tolist() == []
