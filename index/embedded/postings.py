"""How often terms stand in the texts of an FTS5 table, and their BM25, page by page in numpy.

SQLite's own bm25() gives the same scores to the last bit. It takes four times as long, for it looks
up the length of each text anew and hands over a row for each.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.embedded.database import Database, integers_of
from index.embedded.doclists import TermCounts, counts_of_frequent, varints

K1, B = 1.2, 0.75
LEAST_IDF = 1e-6
"""Of a term that stands in more than half of the texts (all three: SQLite's bm25())."""

_AVERAGES_ID = 1  # of the row that holds the number of texts and the terms of each column
_MANY = 0.1  # part of the texts; to read the lengths of more one by one takes longer than all


class TextLengths:
    """How long the texts of a table are, in terms of both columns: read as they are asked for.

    FTS5 keeps them as varints: https://www.sqlite.org/fts5.html, appendix "FTS5 Data Structures".

    Args:
        database: holds the table.
        table: FTS5, with the columns `words` and `also`.
    """

    def __init__(self, database: Database, table: str) -> None:
        self._db, self._table = database, table
        averages = database.rows(f"SELECT block FROM {table}_data WHERE id = {_AVERAGES_ID}")
        numbers = varints(averages[0][0]).tolist() if averages else []
        self.n_texts: int = numbers[0] if numbers else 0
        total: int = sum(numbers[1:])
        self.mean = total / self.n_texts if self.n_texts else 0.0
        self._known = np.zeros(0)  # by rowid; 0 where it was not read yet

    def of(self, keys: NDArray[np.int64]) -> NDArray[np.float64]:
        """The lengths of some texts that have terms, float64 (n,).

        Args:
            keys: int64 (n,), ascending: rowids.
        """
        if len(keys) and keys[-1] >= len(self._known):
            self._known = np.pad(self._known, (0, int(keys[-1]) + 1 - len(self._known)))
        unknown = keys[self._known[keys] == 0]
        if len(unknown):
            self._read("" if len(unknown) > _MANY * self.n_texts else _among(unknown))
        return self._known[keys]

    def _read(self, where: str) -> None:
        # in two strings: a row for each text takes twice as long
        ((listed, sizes),) = self._db.rows(
            f"SELECT group_concat(id), group_concat(hex(sz), '') FROM {self._table}_docsize {where}"
        )
        keys = integers_of(listed)
        numbers = varints(bytes.fromhex(sizes))  # two a text, of two columns
        self._known = np.pad(self._known, (0, max(0, int(keys.max()) + 1 - len(self._known))))
        self._known[keys] = numbers[0::2] + numbers[1::2]


def _among(keys: NDArray[np.int64]) -> str:
    return f"WHERE id IN ({','.join(map(str, keys.tolist()))})"


def term_counts(database: Database, table: str, terms: Sequence[str]) -> list[TermCounts]:
    """Where each term stands, as it is stored.

    Args:
        database: holds the table.
        table: FTS5, with the columns `words` and `also`.
        terms: any number of them.
    """
    found = counts_of_frequent(database, table, terms)
    rare = [term for term in terms if term not in found]
    found |= zip(rare, _counts_by_sql(database, table, rare), strict=True)
    return [found[term] for term in terms]


def _counts_by_sql(database: Database, table: str, terms: Sequence[str]) -> list[TermCounts]:
    if not terms:
        return []
    instances = f"temp.{table}_instances"  # of this connection; a rollback takes it away
    database.run(
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {instances} USING fts5vocab(main, {table}, instance)"
    )
    rows = database.rows(
        f"WITH asked(term) AS (VALUES {', '.join(['(?)'] * len(terms))}) "
        "SELECT (SELECT group_concat(CASE col WHEN 'words' THEN doc ELSE -doc END) "
        f"FROM {instances} AS stored WHERE stored.term = asked.term) FROM asked",
        tuple(terms),
    )
    return [_counts(places) for (places,) in rows]


def _counts(places: str | None) -> TermCounts:
    """From a rowid for each place where a term stands, those in `also` negative."""
    if places is None:
        nothing = np.zeros(0, np.int64)
        return TermCounts(nothing, nothing, nothing)
    signed = integers_of(places)  # (n_places,)
    rowids = np.abs(signed)
    starts = np.flatnonzero(np.diff(rowids, prepend=-1))
    in_words = np.add.reduceat(signed > 0, starts, dtype=np.int64)
    together = np.diff(starts, append=len(signed))
    return TermCounts(rowids[starts], in_words, together - in_words)


def bm25(
    counts: TermCounts, lengths: TextLengths, word_weight: float, also_weight: float
) -> NDArray[np.float64]:
    """What a term gives to each text that holds it, float64 (n,), above 0.

    https://www.sqlite.org/fts5.html#the_bm25_function with its sign turned, and in its order of
    sums and products, so that there is no difference in the last bit.

    Args:
        counts: of the term.
        lengths: of the table's texts.
        word_weight: of a place in `words`.
        also_weight: of one in `also`.
    """
    n_texts, n_with_term = lengths.n_texts, len(counts.keys)
    idf = math.log((n_texts - n_with_term + 0.5) / (n_with_term + 0.5))
    idf = idf if idf > 0 else LEAST_IDF
    if not n_with_term:
        return np.zeros(0)
    frequency = _sums(counts, word_weight, also_weight)
    saturation = frequency + K1 * (1 - B + B * lengths.of(counts.keys) / lengths.mean)
    return idf * (frequency * (K1 + 1.0) / saturation)


def _sums(counts: TermCounts, word_weight: float, also_weight: float) -> NDArray[np.float64]:
    """The weights of a term's places in each text, added one by one as SQLite does."""
    most = int(counts.words.max(initial=0))
    sums = np.append(0.0, np.cumsum(np.full(most, word_weight)))[counts.words]
    left = np.flatnonzero(counts.also)
    n = 0
    while len(left):
        sums[left] += also_weight
        n += 1
        left = left[counts.also[left] > n]
    return sums
