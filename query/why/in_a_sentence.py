"""Why a page came up, in one sentence for people; the numbers behind it are explain.py's."""

import numpy as np

from index.wording import count, printable
from query.token_matches import TokenMatch
from query.why.explain import PageExplanation
from query.why.query_words import QueryWord

_LARGEST_PLACE = 0.5
"""Of a page's width and of its height: what is larger lies in no one place."""


def in_a_sentence(explanation: PageExplanation) -> str:
    """How many of the query's words stand on the page, and which part of it matches best where.

    "" where there is nothing to say: a page without vectors, none of whose words are compared.
    """
    said = [_words_said(explanation.words), _best_said(explanation.tokens)]
    text = "; ".join(part for part in said if part)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _words_said(words: tuple[QueryWord, ...]) -> str:
    n, n_here = len(words), sum(bool(word.on_page) for word in words)
    if not n:
        return ""
    if n == 1:
        return f"“{printable(words[0].text)}” {'stands here' if n_here else 'does not stand here'}"
    if n == 2 and n_here != 1:
        return "both words stand here" if n_here else "neither word stands here"
    if n_here in (0, n):
        return f"{'all' if n_here else 'none'} of the {count(n, 'word')} stand here"
    return f"{n_here} of {count(n, 'word')} {'stands' if n_here == 1 else 'stand'} here"


def _best_said(tokens: tuple[TokenMatch, ...]) -> str:
    content = [match for match in tokens if match.is_content]
    if not content:
        return ""
    best = max(content, key=lambda match: match.similarity)
    place = _place(best)
    return f"“{printable(best.token)}” matches best" + (f", {place}" if place else "")


def _place(match: TokenMatch) -> str:
    """Where on the page, in thirds; "" where that is all over it."""
    if not len(match.boxes):
        return ""
    left, top = match.boxes[:, :2].min(axis=0)
    right, bottom = match.boxes[:, 2:].max(axis=0)
    if max(right - left, bottom - top) > _LARGEST_PLACE:
        return ""
    row, column = (int(np.clip(3 * at, 0, 2)) for at in ((top + bottom) / 2, (left + right) / 2))
    said = (("at the top", "in the middle", "at the bottom")[row], ("left", "", "right")[column])
    return " ".join(part for part in said if part)
