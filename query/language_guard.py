"""Does the index's model know the language? Says so where it is published that it hardly does."""

from collections import Counter
from collections.abc import Sequence

from encoders.language import detect_language
from encoders.language_figures import ENGLISH, LanguageFigures, better_model, language_figures
from index.pages import Hit

LOOKED_AT_HITS = 5  # 3 ms a page; the first few tell what the rest is written in

QUESTION_PROBABILITY = 0.6
"""From which on a question's language is told: a few words do not reach what a page has to. Of the
questions of tests/bench/quality none of 188 in English is taken for another language, and 69 of 86
in others for their own."""

LANGUAGE_NAMES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "es": "Spanish",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese or Japanese",  # characters that both write
}


def language_notices(model: str, question: str, hits: Sequence[Hit]) -> tuple[str, ...]:
    """Say that the model is weak in the question's or most pages' language, and what helps.

    Nothing is said of a model of which nothing is published; the lexical encoder is such a one.

    Args:
        model: of the index, as its fingerprint names it.
        question: as it was typed.
        hits: found by the model, best first.

    Returns:
        One line, or none.
    """
    figures = language_figures(model)
    if figures is None:
        return ()
    asked = detect_language(question, QUESTION_PROBABILITY)
    written = _most_common([detect_language(hit.text) for hit in hits[:LOOKED_AT_HITS]])
    if asked and figures.is_weak_in(asked):
        helps = _ASK_IN_ENGLISH if written == ENGLISH else _what_helps(figures.model, asked)
        return (f"The question seems to be in {_name(asked)}. {_how_weak(figures, asked)} {helps}",)
    if written and figures.is_weak_in(written):
        why = _for_english(figures.model)
        return (f"Most pages found are in {_name(written)}, and {why} {_BY_WORDS}",)
    return ()


_ASK_IN_ENGLISH = "Ask in English, which most of the pages found are written in."
_BY_WORDS = "The rankings hybrid and bm25 also go by the words."


def _how_weak(figures: LanguageFigures, language: str) -> str:
    if language not in figures.ndcg:
        return _for_english(figures.model)
    there, english = figures.ndcg[language], figures.ndcg[ENGLISH]
    return (
        f"{figures.model} finds far less in it than in English ({figures.measure}: {there:.3f} "
        f"against {english:.3f})."
    )


def _for_english(model: str) -> str:
    return f"{model} is published as a model for English."


def _what_helps(model: str, language: str) -> str:
    """Rankings that read the words, and a model that is published to know the language better."""
    found = better_model(model, language)
    if found is None:
        return _BY_WORDS
    mine, better = found
    return (
        f"{_BY_WORDS} {better.model} finds more in it ({mine.measure}: {better.ndcg[language]:.3f} "
        f"against {mine.ndcg[language]:.3f})."
    )


def _most_common(languages: Sequence[str]) -> str:
    """The language of more than half of those known; "" where there is none."""
    known = Counter(filter(None, languages))
    return next((code for code, n in known.items() if 2 * n > sum(known.values())), "")


def _name(language: str) -> str:
    """A language as a person says it.

    >>> _name("de"), _name("eu")
    ('German', 'another language than English (eu)')
    """
    return LANGUAGE_NAMES.get(language, f"another language than English ({language})")
