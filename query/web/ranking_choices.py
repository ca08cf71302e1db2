"""The rankings as the search form offers them: three for everybody, three more for experts."""

from dataclasses import dataclass

from index.interface import BM25, FLOAT, HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT
from query.fusion import HYBRID


@dataclass(frozen=True)
class RankingChoice:
    """A ranking as the form offers it.

    Attributes:
        name: one of RANKINGS, as the address has it.
        title: what it goes by, in words for people; "" for those that experts know by name.
    """

    name: str
    title: str
    explanation: str

    @property
    def is_for_experts(self) -> bool:
        """Whether it is folded away."""
        return not self.title


_BY_WORDS = "The words as they are written, in all their forms; needs no model."
_FOR_EXPERTS = (
    RankingChoice(
        HAMMING_THEN_BITS,
        "",
        "Phase 2 weighs one bit per dimension: less to read, a little less exact.",
    ),
    RankingChoice(HAMMING, "", "Bits alone: the quickest look at every page."),
    RankingChoice(FLOAT, "", "Every page exactly: slow, and what the others are measured against."),
)

OF_PICTURES = (
    RankingChoice(HYBRID, "Words and looks", "Half of each."),
    RankingChoice(BM25, "Words", _BY_WORDS),
    RankingChoice(HAMMING_THEN_FLOAT, "Looks", "What the page looks like, pictures and all."),
    *_FOR_EXPERTS,
)
"""For an index whose encoder has seen the pages."""

OF_WORDS = (
    RankingChoice(HYBRID, "Words and their like", "Half of each."),
    RankingChoice(BM25, "Words", _BY_WORDS),
    RankingChoice(
        HAMMING_THEN_FLOAT, "Likeness of words", "Words that are written nearly alike count too."
    ),
    *_FOR_EXPERTS,
)
"""For an index whose encoder has read the words alone."""


def ranking_title(name: str, choices: tuple[RankingChoice, ...]) -> str:
    """What a ranking goes by, with its name.

    >>> ranking_title("bm25", OF_PICTURES), ranking_title("float", OF_PICTURES)
    ('words (bm25)', 'float')
    """
    (title,) = (choice.title for choice in choices if choice.name == name)
    return f"{title[0].lower()}{title[1:]} ({name})" if title else name
