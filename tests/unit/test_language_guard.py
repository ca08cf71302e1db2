"""query/language_guard.py: whom it warns of a language, and of what."""

from dataclasses import replace

import pytest

from encoders.language_figures import better_model, language_figures
from encoders.lexical import LexicalEncoder
from index.interface import BM25, HAMMING, HAMMING_THEN_FLOAT
from index.pages import Hit, page_id
from query.language_guard import language_notices
from query.request import SearchRequest
from query.search import HYBRID, find
from tests.library import OLD_REPORT, fill
from tests.memory_index import MemoryIndex

COLSMOL, LARGER = "vidore/colSmol-256M@a59110fdf114638b8018e6c9a018907e12f14855", "/m/colSmol-500M"
GERMAN = "Wie hoch ist der Wasserstand des Sees"
GERMAN_PAGE = "Der Wasserstand des Sees wird seit dem Bau der Staumauer jeden Morgen gemessen."
ENGLISH_PAGE = (
    "The water level of the lake has been measured every morning since the dam was built."
)
BY_WORDS = "The rankings hybrid and bm25 also go by the words."


def hits(*texts: str) -> list[Hit]:
    return [Hit(f"d-{n}", "d", n, 0.5, 0.5, (), "", text) for n, text in enumerate(texts, 1)]


def test_a_question_in_a_weak_language_is_told_with_figures_and_what_helps() -> None:
    assert language_notices(COLSMOL, GERMAN, hits(GERMAN_PAGE, GERMAN_PAGE, ENGLISH_PAGE)) == (
        "The question seems to be in German. vidore/colSmol-256M finds far less in it than in "
        f"English (nDCG@10 on ViDoRe v3: 0.144 against 0.399). {BY_WORDS} vidore/colSmol-500M "
        "finds more in it (nDCG@5 on ViDoRe v2: 0.282 against 0.184).",
    )


def test_words_do_not_help_where_the_pages_are_in_english() -> None:
    (notice,) = language_notices(LARGER, GERMAN, hits(ENGLISH_PAGE, "", "12 34"))
    assert notice == (
        "The question seems to be in German. vidore/colSmol-500M finds far less in it than in "
        "English (nDCG@5 on ViDoRe v2: 0.282 against 0.520). Ask in English, which most of the "
        "pages found are written in."
    )


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("富士山の最後の噴火はいつ", "Japanese"),
        ("годовой отчёт", "Russian"),
        ("الحرب العالمية", "Arabic"),
        ("연간 보고서", "Korean"),
        ("hoeveel mensen wonen in Berlijn", "Dutch"),
    ],
)
def test_a_language_nobody_measured_is_told_without_figures(question: str, language: str) -> None:
    assert language_notices(COLSMOL, question, []) == (
        f"The question seems to be in {language}. vidore/colSmol-256M is published as a model for "
        f"English. {BY_WORDS}",
    )


def test_pages_in_a_weak_language_are_told_where_the_question_tells_nothing() -> None:
    for question in ("ISO 9001", "how high is the water level of the lake"):
        assert language_notices(COLSMOL, question, hits(GERMAN_PAGE, "", GERMAN_PAGE)) == (
            "Most pages found are in German, and vidore/colSmol-256M is published as a model for "
            f"English. {BY_WORDS}",
        )
    assert language_notices(COLSMOL, "ISO 9001", hits(GERMAN_PAGE, ENGLISH_PAGE)) == ()


@pytest.mark.parametrize(
    "question",
    [
        "revenue by region",
        "who climbed Annapurna first",
        "invoice number",
        "solar radiation",
        "angle of the second rainbow",
        "ISO 9001",
        "Niederfinow",
        "",
    ],
)
def test_nothing_is_told_of_english_nor_of_words_that_may_be_anything(question: str) -> None:
    assert language_notices(COLSMOL, question, hits(ENGLISH_PAGE, ENGLISH_PAGE)) == ()


def test_nothing_is_told_of_a_language_the_model_finds_nearly_as_well() -> None:
    question = "combien de personnes habitent dans cette ville"
    assert language_notices(COLSMOL, question, [])
    assert language_notices(LARGER, question, []) == ()


@pytest.mark.parametrize("model", ["lexical", "me/my-model", "/models/fine-tuned"])
def test_nothing_is_claimed_of_a_model_nobody_measured(model: str) -> None:
    assert language_figures(model) is None
    assert language_notices(model, GERMAN, hits(GERMAN_PAGE)) == ()


def test_the_better_model_is_one_by_the_same_measure() -> None:
    for language in ("de", "es", "fr", "pt"):
        found = better_model(COLSMOL, language)
        assert found is not None
        mine, better = found
        assert mine.measure == better.measure
        assert better.ndcg[language] > mine.ndcg[language]
    assert better_model(COLSMOL, "ja") is None
    assert better_model(LARGER, "de") is None


def notices_of_search(model: str, **asked: object) -> tuple[str, ...]:
    index = MemoryIndex(replace(LexicalEncoder().fingerprint, model=model))
    fill(index)
    request = replace(SearchRequest(GERMAN, 3), **asked)
    notices = find(index, LexicalEncoder, request).advice
    return tuple(notice for notice in notices if not notice.startswith("No page holds"))


def test_every_search_by_the_model_alone_tells_it() -> None:
    for ranking in (HAMMING_THEN_FLOAT, HAMMING):
        notice, *_ = notices_of_search(COLSMOL, ranking=ranking)
        assert notice.startswith("The question seems to be in German. vidore/colSmol-256M")
    assert notices_of_search("lexical") == ()


def test_a_ranking_that_goes_by_the_words_needs_no_warning() -> None:
    assert notices_of_search(COLSMOL, ranking=BM25) == ()
    assert notices_of_search(COLSMOL, ranking=HYBRID) == ()


def test_a_page_or_an_image_whose_like_is_wanted_asks_no_question() -> None:
    seen = replace(LexicalEncoder().encode_query(GERMAN), text="")
    assert notices_of_search(COLSMOL, query=seen) == ()
    assert notices_of_search(COLSMOL, except_page_id=page_id(OLD_REPORT, 1)) == ()
