"""The text index of a folder: FTS5 tables of terms, what they are asked, and bm25 over their forms.

Nothing a user types is FTS5 syntax: an expression is made of quoted terms, OR and column names.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from index.embedded.database import Database
from index.words.cut import Token
from index.words.stored_text import (
    Terms,
    asked_words,
    phrase_ways,
    place_text,
    stored_forms,
    stored_text,
    word_ways,
)

PLACE_WEIGHT = 0.5
"""Share of a title or file name match in `bm25`: it is the same for all pages of a document, so it
must lift them together without burying the page that says the word itself."""

FORM_WEIGHT = 0.7
"""Of how many words as they are typed a word counts that matches by another form: so a page with
the very word comes before one with another form of it, and not before one with two of the query's
words."""

PART_WEIGHT = 0.1
"""Of a part of a code, a date or an amount that some page has whole; the whole counts as all of its
parts. BM25 takes from a long page what it gives to a short one, and a short page with parts alone
came before a long one with the whole."""

_SCHEMA = (
    "CREATE VIRTUAL TABLE page_text USING fts5(words, also, content='', "
    "tokenize='unicode61 remove_diacritics 0')",
    "CREATE VIRTUAL TABLE document_text USING fts5(words, also, "
    "tokenize='unicode61 remove_diacritics 0')",
)

_FOUND = (
    "SELECT rowid, -bm25(page_text, :typed, :form) FROM page_text WHERE page_text MATCH :term",
    "SELECT page_key, -bm25(document_text, :typed, :form) * :place FROM document_text "
    "JOIN pages ON document_key = document_text.rowid WHERE document_text MATCH :term",
)
"""Pages that hold a term, and pages whose document's title or file name does, with their scores."""

_HELD = (
    "SELECT 1 FROM page_text JOIN pages ON page_key = page_text.rowid "
    "JOIN files USING(document_key) WHERE page_text MATCH ? LIMIT 1",
    "SELECT 1 FROM document_text JOIN pages ON document_key = document_text.rowid "
    "JOIN files USING(document_key) WHERE document_text MATCH ? LIMIT 1",
)

Keys = NDArray[np.int64]
Scores = NDArray[np.float64]


class TextSearch:
    """The text index in a catalog's database; writes are within the catalog's transactions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def create(self) -> None:
        """Make the tables."""
        for statement in _SCHEMA:
            self._db.run(statement)

    def put_page(self, page_key: int, text: str, language: str) -> None:
        """Make a page's text found."""
        self._db.run(
            "INSERT INTO page_text(rowid, words, also) VALUES(?, ?, ?)",
            (page_key, *_columns(text, language)),
        )

    def delete_page(self, page_key: int, text: str, language: str) -> None:
        """Take a page out; a contentless index wants the text that was put for it."""
        self._db.run(
            "INSERT INTO page_text(page_text, rowid, words, also) VALUES('delete', ?, ?, ?)",
            (page_key, *_columns(text, language)),
        )

    def put_document(self, document_key: int, title: str, paths: Iterable[str]) -> None:
        """Make a document's pages found by its title and the names of its files."""
        self.delete_document(document_key)
        self._db.run(
            "INSERT INTO document_text(rowid, words, also) VALUES(?, ?, ?)",
            (document_key, *_columns(place_text(title, paths))),
        )

    def delete_document(self, document_key: int) -> None:
        """Take a document out."""
        self._db.run("DELETE FROM document_text WHERE rowid = ?", (document_key,))

    def scores(self, query: str) -> tuple[Keys, Scores]:
        """Pages that hold any word of the query, or whose document's title or file name does.

        A word of the query counts once, by the form of it that scores highest: BM25 adds up
        what it is given, and a word of many forms would outweigh one of few. The parts of a code
        count little where a page has it whole.

        Returns:
            page keys int64 (n,), ascending, and their BM25 scores float64 (n,), higher is better:
            SQLite's bm25() with its sign turned
            (https://www.sqlite.org/fts5.html#the_bm25_function).
        """
        words = asked_words(query)
        found = [[self._with_word(sql, word.forms) for sql in _FOUND] for word in words]
        held = {
            word.forms[0]
            for word, parts in zip(words, found, strict=True)
            if any(len(keys) for keys, _ in parts)
        }
        weighed = [
            (keys, scores * (word.n_parts if held.isdisjoint(word.wholes) else PART_WEIGHT))
            for word, parts in zip(words, found, strict=True)
            for keys, scores in parts
        ]
        keys, scores = _joined(weighed)
        keys, place = np.unique(keys, return_inverse=True)
        return keys, np.bincount(place, scores, len(keys)).astype(np.float64)

    def _with_word(self, sql: str, forms: Terms) -> tuple[Keys, Scores]:
        """Each page once, with the score of the form that scores highest on it."""
        return _best_of(self._with_term(sql, form, is_typed=n == 0) for n, form in enumerate(forms))

    def _with_term(self, sql: str, term: str, *, is_typed: bool) -> tuple[Keys, Scores]:
        typed = 1.0 if is_typed else FORM_WEIGHT
        rows = self._db.rows(
            sql,
            {"term": f'"{term}"', "typed": typed, "form": FORM_WEIGHT, "place": PLACE_WEIGHT},
        )
        return np.array([r[0] for r in rows], np.int64), np.array([r[1] for r in rows], np.float64)

    def pages_with_phrase(self, text: str) -> Keys:
        """Keys of the pages on which these words stand one after the other, as they are typed."""
        return self._matching(_phrases(phrase_ways(text)))

    def pages_with_word(self, text: str) -> Keys:
        """Keys of the pages on which a word stands, in any of its forms."""
        phrases, forms = word_ways(text)
        return self._matching(" OR ".join(filter(None, [_phrases(phrases), _any(forms)])))

    def _matching(self, expression: str) -> Keys:
        """Keys int64 (n,); none for an empty expression."""
        if not expression:
            return np.zeros(0, np.int64)
        rows = self._db.rows("SELECT rowid FROM page_text WHERE page_text MATCH ?", (expression,))
        return np.array(rows, np.int64).reshape(-1)

    def holds(self, token: Token) -> bool:
        """Whether a page that can be found, or its document's title or file name, has the word."""
        expression = _any(stored_forms(token))
        return any(self._db.rows(sql, (expression,)) for sql in _HELD)


def _columns(text: str, language: str = "") -> tuple[str, str]:
    stored = stored_text(text, language)
    return stored.words, stored.also


def _any(terms: Sequence[str]) -> str:
    """Any of these terms, in either column."""
    return " OR ".join(f'"{term}"' for term in terms)


def _phrases(ways: Iterable[Terms]) -> str:
    phrases = " OR ".join(f'"{" ".join(way)}"' for way in ways)
    return f"words : ({phrases})" if phrases else ""


def _best_of(found: Iterable[tuple[Keys, Scores]]) -> tuple[Keys, Scores]:
    """Each key once, with the highest of its scores."""
    parts = [part for part in found if len(part[0])]
    if len(parts) == 1:
        return parts[0]
    keys, scores = _joined(parts)
    keys, place = np.unique(keys, return_inverse=True)
    best = np.zeros(len(keys))
    np.maximum.at(best, place, scores)
    return keys, best


def _joined(found: Sequence[tuple[Keys, Scores]]) -> tuple[Keys, Scores]:
    return (
        np.concatenate([np.zeros(0, np.int64), *(keys for keys, _ in found)]),
        np.concatenate([np.zeros(0), *(scores for _, scores in found)]),
    )
