"""The text index of a folder: FTS5 tables of terms, what they are asked, and bm25 over their forms.

Nothing a user types is FTS5 syntax: an expression is made of quoted terms, OR and column names.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from index.embedded.database import Database
from index.embedded.postings import TextLengths, bm25, term_counts
from index.words.cut import Token
from index.words.stored_text import (
    AskedWord,
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

_HELD = (
    "SELECT 1 FROM page_text JOIN pages ON page_key = page_text.rowid "
    "JOIN files USING(document_key) WHERE page_text MATCH ? LIMIT 1",
    "SELECT 1 FROM document_text JOIN pages ON document_key = document_text.rowid "
    "JOIN files USING(document_key) WHERE document_text MATCH ? LIMIT 1",
)

MOST_REMEMBERED = 4_000_000
"""Pages whose scores for a term are remembered, over all terms: 64 MB. Function words stand on most
pages and in most questions."""
MOST_TERMS_REMEMBERED = 4096

Keys = NDArray[np.int64]
Scores = NDArray[np.float64]
_Scored = tuple[Keys, Scores]
_Remembered = dict[tuple[str, bool], _Scored]
"""Rows of a table and their scores, by term and whether it was typed."""


class TextSearch:
    """The text index in a catalog's database; writes are within the catalog's transactions."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._remembered: dict[str, _Remembered] = {}
        self._lengths: dict[str, TextLengths] = {}

    def create(self) -> None:
        """Make the tables."""
        for statement in _SCHEMA:
            self._db.run(statement)

    def put_page(self, page_key: int, text: str, language: str) -> None:
        """Make a page's text found."""
        self.forget()
        self._db.run(
            "INSERT INTO page_text(rowid, words, also) VALUES(?, ?, ?)",
            (page_key, *_columns(text, language)),
        )

    def delete_page(self, page_key: int, text: str, language: str) -> None:
        """Take a page out; a contentless index wants the text that was put for it."""
        self.forget()
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
        self.forget()
        self._db.run("DELETE FROM document_text WHERE rowid = ?", (document_key,))

    def scores(self, query: str, page_key: Keys, document_key: Keys) -> Scores:
        """How well pages match the words of a query, by their text, title and file names.

        A word of the query counts once, by the form of it that scores highest: BM25 adds up
        what it is given, and a word of many forms would outweigh one of few. The parts of a code
        count little where a page has it whole.

        Args:
            query: what the user typed.
            page_key: int64 (n_pages,).
            document_key: int64 (n_pages,), of the pages' documents.

        Returns:
            float64 (n_pages,), higher is better, 0 where no word stands.
        """
        words = asked_words(query)
        on_pages = self._with_words("page_text", words)
        on_documents = self._with_words("document_text", words)
        found = [
            (_best(of_page, page_key), PLACE_WEIGHT * _best(of_document, document_key))
            for of_page, of_document in zip(on_pages, on_documents, strict=True)
        ]
        held = {
            word.forms[0]
            for word, of_page, (_, by_place) in zip(words, on_pages, found, strict=True)
            if any(len(keys) for keys, _ in of_page) or by_place.any()
        }
        total = np.zeros(len(page_key))
        for word, parts in zip(words, found, strict=True):
            weight = word.n_parts if held.isdisjoint(word.wholes) else PART_WEIGHT
            for scores in parts:
                total += scores * weight
        return total

    def _with_words(self, table: str, words: Sequence[AskedWord]) -> list[list[_Scored]]:
        """Rows of a table with each form of each word, and the scores they give."""
        asked = {(form, n == 0) for word in words for n, form in enumerate(word.forms)}
        known = self._remembered.setdefault(table, {})
        new = [one for one in asked if one not in known]
        lengths = self._lengths_of(table)
        counted = zip(new, term_counts(self._db, table, [term for term, _ in new]), strict=True)
        # the longest first: where it wants the lengths of all texts, the others find them read
        for one, counts in sorted(counted, key=lambda pair: -len(pair[1].keys)):
            typed = 1.0 if one[1] else FORM_WEIGHT
            known[one] = counts.keys, bm25(counts, lengths, typed, FORM_WEIGHT)
        found = [[known[form, n == 0] for n, form in enumerate(word.forms)] for word in words]
        for one in asked:
            known[one] = known.pop(one)  # asked last
        self._forget_oldest(known)
        return found

    def _forget_oldest(self, known: _Remembered) -> None:
        """Keep what was asked last."""
        n_rows = sum(len(keys) for keys, _ in known.values())
        for one in list(known):
            if n_rows <= MOST_REMEMBERED and len(known) <= MOST_TERMS_REMEMBERED:
                break
            n_rows -= len(known.pop(one)[0])

    def _lengths_of(self, table: str) -> TextLengths:
        if table not in self._lengths:
            self._lengths[table] = TextLengths(self._db, table)
        return self._lengths[table]

    def forget(self) -> None:
        """Forget what was found: the state of the database is another one."""
        self._remembered.clear()
        self._lengths.clear()

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
        return self._db.integers("rowid", "FROM page_text WHERE page_text MATCH ?", (expression,))

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


def _best(found: Sequence[_Scored], keys: Keys) -> Scores:
    """For each of some keys the highest of its scores, 0 where it has none."""
    highest = max(int(of.max(initial=0)) for of in (keys, *(of for of, _ in found)))
    best = np.zeros(1 + highest)
    for of, scores in found:
        best[of] = np.maximum(best[of], scores)
    return best[keys]
