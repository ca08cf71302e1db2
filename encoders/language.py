"""In which language is a page or a question: ISO 639-1, or "" where its text does not tell."""

import functools
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_PROBABILITY = 0.8  # one sentence of ten words has 0.9 and more, a heading or a table under 0.2
MAX_CHARACTERS = 2000  # no page changed its language beyond; 3 ms instead of 7 on a full one
_NO_LANGUAGE = "zxx"  # the model's own class for codes, tables and the like
_LOADING = threading.Lock()


def detect_language(text: str, min_probability: float = MIN_PROBABILITY) -> str:
    """The language most of a text is written in.

    The same text always has the same answer. May be called from any thread.

    Args:
        text: a page's words, or a question.
        min_probability: how sure the model must be, 0 to 1.

    Returns:
        An ISO 639-1 code; "" where the text is too short, mixed or no language at all.
    """
    if not any(map(str.isalpha, text)):
        return ""
    with _LOADING:
        identifier = _identifier()
    language, probability = identifier.classify(text[:MAX_CHARACTERS])
    return language if probability >= min_probability and language != _NO_LANGUAGE else ""


@functools.cache
def _identifier() -> "LanguageIdentifier":
    """The model, loaded at the first page rather than at import: it takes most of a second.

    Only languages with a two-letter code stay in it, so that a page in Egyptian Arabic is Arabic
    instead of unknown.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(
        [code for code in identifier.labels if len(code) == 2] + [_NO_LANGUAGE]
    )
    return identifier
