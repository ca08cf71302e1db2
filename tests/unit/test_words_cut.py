"""Tokens: their terms, places and order; whatever the text, bounded."""

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.words.cut import Token, cut, cut_query, forms
from index.words.spelling import canonical, fold, plain_marks
from index.words.stop_words import is_stop_word
from index.words.tokens import LONGEST_TERM

MIXED = st.text(
    "aAbZßœÉéİıςäöü019 \t\n-–'’.,/:_&+#@°§$€%()\u00ad\u200b\u0301\u00a0"
    "日本語カｶﾞ々ไทยษา한글가정кйёأحمدّقשלוםहिन्दी😀ﬁ²¹ＡＢ１"
)


def terms(text: str) -> list[str]:
    return [token.term for token in cut(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(State-of-the-Art)", ["state", "of", "the", "art"]),
        ("ISO-9001", ["iso", "9001", "iso9001"]),
        ("A-17b", ["a", "17b", "a17b"]),
        ("12.03.2024", ["12", "03", "2024", "2024-03-12"]),
        ("page's", ["page"]),
        ("l’analyse", ["analyse"]),
        ("U.S.A.", ["usa"]),
        ("results1", ["results", "1", "results1"]),
        ("H2O", ["h2o"]),
        ("2024年度", ["2024", "年度"]),
        ("Wi-Fi接続", ["wi", "fi", "接続"]),
        ("機械学習", ["機械", "械学", "学習"]),
        ("機械 学習。", ["機械", "械学", "学習"]),
        ("東京。大阪", ["東京", "大阪"]),
        ("本", ["本"]),
        ("C++ and C#", ["c++", "and", "c#"]),
        ("§ 14a", ["§14a"]),
        ("5 km", ["5", "km", "5km"]),
        ("2.12.1", ["2.12.1"]),
        ("ISO-9001:2015", ["iso", "9001", "iso9001", "2015", "iso9001-2015"]),
        ("INV-2023-0042", ["inv", "2023", "0042", "inv2023-0042"]),
        ("12 March 2024", ["12", "march", "2024", "2024-03-12"]),
        ("docu- ments", ["docu", "ments", "documents"]),
        ("A1,A2,A3", ["a1", "a2", "a3"]),
        ("—", []),
        ("😀", []),
        ("$ % & …", []),
        ("्", []),
        ("", []),
    ],
)
def test_terms_of_a_text(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "term", "place"),
    [
        ("The Œuvre of", "oeuvre", "Œuvre"),
        ("die Stra\u00adße", "strasse", "Stra\u00adße"),
        ("cafe\u0301 noir", "cafe", "cafe\u0301"),
        ("am 12. Ma\u0308rz 2024.", "2024-03-12", "12. Ma\u0308rz 2024"),
        ("a ﬁnancial", "financial", "ﬁnancial"),
        ("(l’eau)", "eau", "eau"),
        ("page's end", "page", "page"),
        ("see INV-2023-0042.", "inv2023-0042", "INV-2023-0042"),
        ("see INV-2023-0042.", "2023", "2023"),
        ("of 5 km.", "5km", "5 km"),
        ("on 12 March 2024, at", "2024-03-12", "12 March 2024"),
        ("all docu- ments of", "documents", "docu- ments"),
        ("は機械 学習の", "械学", "械 学"),
        ("は機械 学習の", "機械", "機械"),
        ("getUserName()", "user", "User"),
        ("of § 14a BGB", "§14a", "14a"),
        ("(C++)", "c++", "C++"),
        ("ｶﾞｲﾄﾞ", "ガイ", "ｶﾞｲ"),
    ],
)
def test_a_token_says_where_it_stands(text: str, term: str, place: str) -> None:
    (token,) = (token for token in cut(text) if token.term == term)
    assert text[token.start : token.end] == place


@pytest.mark.parametrize("cutter", [cut, cut_query])
@given(text=MIXED)
def test_tokens_of_any_text_are_in_order_and_within_it(cutter, text: str) -> None:  # type: ignore[no-untyped-def]
    tokens: list[Token] = cutter(text)
    assert [token.end for token in tokens] == sorted(token.end for token in tokens)
    for token in tokens:
        assert 0 <= token.start < token.end <= len(text)
        assert any(map(str.isalnum, token.term))
        assert token.term not in token.also
        assert len(set(token.also)) == len(token.also)
        assert all(0 < len(form) <= LONGEST_TERM and " " not in form for form in forms(token))


@given(MIXED)
def test_how_accents_are_composed_makes_no_difference(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    assert terms(unicodedata.normalize("NFD", text)) == terms(composed)


@given(MIXED)
@example("\u0450\u0308")  # yo with a stress
@example("\u0435\u0308\u0308")
@example("\u0667\u0301")  # an Arabic digit with an accent
@example("\u064b\u0310")  # an accent on a point that is dropped
def test_canonical_spelling_is_its_own(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once


@given(MIXED)
def test_places_of_folded_characters_ascend(text: str) -> None:
    folded, edges = fold(text)
    assert len(edges) == len(folded) + 1
    assert edges == sorted(edges)
    assert edges[-1] == len(text)


@given(st.text())
def test_plain_marks_move_nothing(text: str) -> None:
    assert len(plain_marks(text)) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "ab1" * 33_000,
        "-".join(["part"] * 20_000),
        "1," * 50_000,
        "1.111" * 20_000,
        "字" * 50_000,
        "e" + "\u0301" * 100_000,
        "क" + "्" * 100_000,
        "ﷺ" * 1000,
        "1 " * 50_000,
        "123 " * 25_000,
        "- " * 50_000,
        "a & " * 20_000,
        "12." * 30_000,
        "a/b/" * 20_000,
        "'a" * 50_000,
        "§ 1a " * 10_000,
        "A1" * 50_000,
        "+1 " * 30_000,
        "de12 " * 20_000,
        "de12" * 20_000,
        "aB" * 50_000,
        "ก" * 50_000,
        "한" * 100_000,
        "(0)" * 30_000,
        "+" * 100_000,
        "2024 " * 20_000,
        "20 march " * 10_000,
        "a1 1 " * 20_000,
        "12 ab34 " * 10_000,
        '"א' * 50_000,
        "https://" + "a.b/" * 20_000,
        "字 " * 50_000,
        "a" * 200_000 + " " + "b" * 200_000,
        "1:" * 50_000,
        "5km" * 30_000,
    ],
    ids=range(36),
)
def test_hostile_text_is_cut_in_bounded_time(text: str) -> None:
    started = time.process_time()
    tokens = cut(text)
    assert time.process_time() - started < 20  # a second at most as a rule; quadratic, minutes
    assert all(len(form) <= LONGEST_TERM for token in tokens for form in forms(token))
    assert max((len(token.also) for token in tokens), default=0) <= 48


def test_a_word_typed_five_thousand_times_is_cut() -> None:
    assert len(cut_query("harbour " * 5000)) == 5000


@pytest.mark.parametrize("word", ["the", "der", "für", "est", "qué", "não", "het", "です", "DONT"])
def test_function_words_of_each_language_are_stop_words(word: str) -> None:
    assert set(map(is_stop_word, terms(word))) == {True}


@pytest.mark.parametrize(
    "word", ["report", "car", "war", "son", "AI", "EU", "van", "7", "東京", "カー", "Brücke", "C++"]
)
def test_words_that_name_something_are_not_stop_words(word: str) -> None:
    assert set(map(is_stop_word, terms(word))) == {False}
