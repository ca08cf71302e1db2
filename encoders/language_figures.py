"""What is published of how well a model finds by the language of the question.

Computed from the results that https://github.com/embeddings-benchmark/results holds at f4cc6c8
(August 2026): the mean over the data sets that are asked in several languages. Of ViDoRe v3 those
are ten, asked in six, with pages in English or French; of v2 three, asked in four. The same results
and the models' cards name English as the one language of every model here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

ENGLISH = "en"

WEAK_BELOW = 2 / 3
"""Of what is found in English. ColSmol 256M has half of it or less in every language measured; 500M
has three quarters in French and Spanish, of which nobody is warned."""

BETTER_FROM = 1.25
"""Times what a model finds in a language another one must find, to be worth its name there."""


@dataclass(frozen=True)
class LanguageFigures:
    """How well one model finds by the language of the question.

    Attributes:
        model: its hub id.
        measure: what the figures are, and of which benchmark.
        ndcg: by ISO 639-1 code, 0 to 1; English among them.
    """

    model: str
    measure: str
    ndcg: Mapping[str, float]

    def is_weak_in(self, language: str) -> bool:
        """Whether the model finds far less in this language than in English.

        Without a figure it is: the model is published as one for English.
        """
        return self.ndcg.get(language, 0.0) < WEAK_BELOW * self.ndcg[ENGLISH]


_V3, _V2 = "nDCG@10 on ViDoRe v3", "nDCG@5 on ViDoRe v2"
_FIGURES = (
    LanguageFigures(
        "vidore/colSmol-256M",
        _V3,
        {ENGLISH: 0.399, "fr": 0.195, "es": 0.184, "it": 0.181, "pt": 0.181, "de": 0.144},
    ),
    LanguageFigures(
        "vidore/colSmol-256M", _V2, {ENGLISH: 0.507, "fr": 0.280, "es": 0.251, "de": 0.184}
    ),
    LanguageFigures(
        "vidore/colSmol-500M", _V2, {ENGLISH: 0.520, "fr": 0.405, "es": 0.381, "de": 0.282}
    ),
    LanguageFigures(
        "ModernVBERT/colmodernvbert",
        _V3,
        {ENGLISH: 0.454, "fr": 0.295, "pt": 0.241, "es": 0.230, "it": 0.193, "de": 0.151},
    ),
)


def language_figures(model: str) -> LanguageFigures | None:
    """What is published of a model; None where nothing is known of it.

    Args:
        model: as a fingerprint names it, a hub id or an absolute folder. How it ends counts: a
            folder of downloaded weights has the model's name.

    >>> language_figures("vidore/colSmol-500M@1aa9325").ndcg["de"], language_figures("me/my-model")
    (0.282, None)
    """
    name = _name(model)
    return next((figures for figures in _FIGURES if _name(figures.model) == name), None)


def better_model(model: str, language: str) -> tuple[LanguageFigures, LanguageFigures] | None:
    """The model that finds most more than this one in a language, by one and the same measure.

    Args:
        model: as in `language_figures`.
        language: ISO 639-1.

    Returns:
        The figures of this model and of the better one; None where no published one is.
    """
    name = _name(model)
    pairs = [
        (mine, other)
        for mine in _FIGURES
        for other in _FIGURES
        if _name(mine.model) == name and other.measure == mine.measure
        if language in mine.ndcg and language in other.ndcg
    ]
    gains = [other.ndcg[language] / mine.ndcg[language] for mine, other in pairs]
    gain = max(gains, default=0.0)
    return pairs[gains.index(gain)] if gain >= BETTER_FROM else None


def _name(model: str) -> str:
    path = model if model.startswith("/") else model.partition("@")[0]
    return PurePosixPath(path).name.casefold()
