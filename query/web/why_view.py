"""Why a page came up, or why not, as text and numbers; the template only sets it."""

import math
from dataclasses import dataclass

from index.wording import HALF_NAMES, as_cosine, count, printable, short_score
from query.token_matches import TokenMatch
from query.web.fact import Fact
from query.why.explain import PageExplanation
from query.why.in_a_sentence import in_a_sentence
from query.why.phases import TWO_PHASES

SHOWN_TOKENS = 12
"""Rows of a table that is read at a glance. Of a longer query, or of a page as a query, those with
the largest shares are shown, the largest first."""


@dataclass(frozen=True)
class TokenRow:
    """What one token of the query adds; `meter` is its share against the largest, 0 to 1."""

    text: str
    share: str
    similarity: str
    meter: float


@dataclass(frozen=True)
class WordRow:
    """A word of the query, and its forms on the page."""

    text: str
    on_page: str


@dataclass(frozen=True)
class Why:
    """Why the page came up, or why not.

    Attributes:
        said: why, in a sentence.
        share_of: what the tokens' shares are parts of.
        ocr_said: that OCR has read the page's words, "" where it has not.
    """

    heading: str
    why_not: str
    said: str
    steps: tuple[Fact, ...]
    share_of: str
    tokens: tuple[TokenRow, ...]
    others_said: str
    words: tuple[WordRow, ...]
    ocr_said: str


def why_view(explanation: PageExplanation) -> Why:
    """Lay out an explanation: content tokens one by one, all others together."""
    content = [match for match in explanation.tokens if match.is_content]
    if len(content) > SHOWN_TOKENS:
        content = sorted(content, key=lambda match: -match.share)[:SHOWN_TOKENS]
    shown = {match.token_index for match in content}
    others = [match for match in explanation.tokens if match.token_index not in shown]
    largest = max((abs(match.share) for match in content), default=0.0) or 1.0
    rows = [
        TokenRow(
            printable(match.token),
            f"{match.share:.0%}",
            f"{as_cosine(match.similarity):.2f}",
            _part(match, largest),
        )
        for match in content
    ]
    return Why(
        heading="Why this page" if explanation.place else "Why this page did not come up",
        why_not=explanation.why_not or "",
        said=in_a_sentence(explanation),
        steps=_steps(explanation),
        share_of="share by vectors" if explanation.fused else "share of the score",
        tokens=tuple(rows),
        others_said=_others_said(others),
        words=tuple(
            WordRow(printable(word.text), printable(", ".join(word.on_page)) or "not on this page")
            for word in explanation.words
        ),
        ocr_said=printable(explanation.ocr_said),
    )


def _part(match: TokenMatch, largest: float) -> float:
    return min(1.0, max(0.0, match.share / largest))


def _others_said(others: list[TokenMatch]) -> str:
    """What the tokens without a row add together: they count in the score like all others."""
    if not others:
        return ""
    share = sum(match.share for match in others)
    return f"{count(len(others), 'other token')}: {share:.0%}"


def _steps(explanation: PageExplanation) -> tuple[Fact, ...]:
    """From all candidates to the final place, in the order it happens."""
    steps = [Fact("pages compared", f"{explanation.n_candidates:,}")]
    if explanation.ranking in TWO_PHASES:
        below = f"below the best {explanation.phase_1_depth:,}"
        steps.append(Fact("by Hamming distance", _place(explanation.phase_1_place) or below))
    for part in explanation.fused:
        said = "not found"
        if part.score is not None:
            said = f"{_place(part.place)}, score {short_score(part.score, part.ranking)}"
        name = f"by {HALF_NAMES[part.ranking]}"
        steps.append(Fact(name, f"{said}, {part.share:.0%} of the score"))
    has_last_phase = explanation.ranking in TWO_PHASES and not explanation.fused
    name = "after phase 2" if has_last_phase else "in the end"
    steps.append(Fact(name, _place(explanation.place) or "not among the hits"))
    if math.isfinite(explanation.score):
        steps.append(Fact("score", short_score(explanation.score, explanation.ranking)))
    return tuple(steps)


def _place(place: int | None) -> str:
    return "" if place is None else f"place {place:,}"
