"""Stored terms: one token to SQLite, and different terms stay different."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.words.cut import cut, forms
from index.words.stored import LONGEST_STORED, stored_form

TERMS = """
c c++ c# f# .net net r&d at&t a/b i/o 3.14 314 2.12.1 2121 50% 5km 25°c §14a 14a inv2023-0042
inv20230042 8:15 815 2024-03-12 haus~de haus гросс 機械 ภา 한글 हिंदी ガイ שלום
"""


@pytest.mark.parametrize(
    ("term", "stored"),
    [
        ("report", "report"),
        ("c++", "cplusplus"),
        ("c#", "csharp"),
        (".net", "dotnet"),
        ("r&d", "randd"),
        ("3.14", "3dot14"),
        ("機械", "機械"),
    ],
)
def test_marks_are_spelled_out(term: str, stored: str) -> None:
    assert stored_form(term) == stored


def test_different_terms_are_stored_as_different_ones() -> None:
    assert len({stored_form(term) for term in TERMS.split()}) == len(TERMS.split())


def _tokens_of_fts5(texts: list[str]) -> list[str]:
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE VIRTUAL TABLE t USING fts5(x, tokenize='unicode61 remove_diacritics 0')"
    )
    database.execute("INSERT INTO t VALUES(?)", (" ".join(texts),))
    database.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, 'instance')")
    return [row[0] for row in database.execute("SELECT term FROM v ORDER BY offset")]


def test_sqlite_keeps_each_as_one_token() -> None:
    stored = [stored_form(term) for term in TERMS.split()]
    assert _tokens_of_fts5(stored) == stored


@given(st.text(min_size=1, max_size=80))
def test_sqlite_keeps_the_forms_of_any_text_as_one_token_each(text: str) -> None:
    stored = [stored_form(form) for token in cut(text) for form in forms(token)]
    assert all(0 < len(form) <= LONGEST_STORED for form in stored)
    assert _tokens_of_fts5(stored) == stored


def test_long_terms_differ_by_their_ends() -> None:
    one, other = stored_form("%" * 63 + "1"), stored_form("%" * 63 + "2")
    assert one != other
    assert len(one) == len(other) == LONGEST_STORED
