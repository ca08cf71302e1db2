"""Explanations as a person or a program reads them. Knows nothing of how they were made."""

import math
import string
from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from index.wording import as_cosine, score_text
from query.explain import PageExplanation
from query.hot_words import HotWord
from query.phases import TWO_PHASES
from query.query_words import QueryWord
from query.token_matches import TokenMatch

_WIDE = 10_000  # columns where nothing wraps: a file or a pipe is not a screen


def explanation_as_json(explanation: PageExplanation) -> dict[str, object]:
    """What an explanation says, of types JSON has; a score of -inf (no vectors) is null."""
    return {
        "page_id": explanation.page_id,
        "ranking": explanation.ranking,
        "score": _finite(explanation.score),
        "score_sum": _finite(explanation.score_sum),
        "place": explanation.place,
        "phase_1_place": explanation.phase_1_place,
        "phase_1_depth": explanation.phase_1_depth,
        "n_candidates": explanation.n_candidates,
        "tokens": [_token_as_json(match) for match in explanation.tokens],
        "words": [{"text": word.text, "on_page": list(word.on_page)} for word in explanation.words],
        "fused": [
            {
                "ranking": part.ranking,
                "place": part.place,
                "contribution": part.contribution,
                "share": part.share,
            }
            for part in explanation.fused
        ],
        "why_not": explanation.why_not,
    }


def _token_as_json(match: TokenMatch) -> dict[str, object]:
    return {
        "token": match.token,
        "token_index": match.token_index,
        "is_content": match.is_content,
        "patch": match.patch,
        "boxes": [[round(edge, 5) for edge in box] for box in match.boxes.tolist()],
        "similarity": match.similarity,
        "contribution": match.contribution,
        "share": match.share,
    }


def _finite(score: float) -> float | None:
    return score if math.isfinite(score) else None


def print_explanation(explanation: PageExplanation, name: str) -> None:
    """Print why a page came up or why not.

    Args:
        explanation: of the page.
        name: of its file and its number, as a person is to read it.
    """
    _print(Group(*_explained(explanation, name)))


def print_hot_words(words: Mapping[str, Sequence[HotWord]]) -> None:
    """Print the words that stand where each picture is hot, a line each.

    Args:
        words: hottest first, by the picture's name.
    """
    for name, found in words.items():
        listed = ", ".join(dict.fromkeys(word.text.strip(string.punctuation) for word in found))
        _print(Text(f"{name}: {listed or 'no word stands where it is hot'}"))


def _print(shown: RenderableType) -> None:
    """Print as wide as a terminal is; into a file or a pipe plain whole lines."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(shown)
        return
    console.width = _WIDE
    with console.capture() as plain:
        console.print(shown)
    for line in plain.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def _explained(explanation: PageExplanation, name: str) -> Iterator[RenderableType]:
    yield Text(f"{name}: {_places(explanation)}", "bold")
    if explanation.why_not is not None:
        yield Text(explanation.why_not)
    for part in explanation.fused:
        place = "not found" if part.place is None else f"place {part.place}"
        yield Text(f"{part.ranking}: {place}, {part.share:.0%} of the score")
    if explanation.words:
        yield Text(f"words: {', '.join(map(_word, explanation.words))}")
    if explanation.tokens:
        yield _token_table(explanation)


def _places(explanation: PageExplanation) -> str:
    score = "no score"
    if _finite(explanation.score) is not None:
        score = f"score {score_text(explanation.score, explanation.ranking)}"
    place = "not shown" if explanation.place is None else f"place {explanation.place}"
    found = f"{place} of {explanation.n_candidates:,}, {score}"
    if explanation.ranking not in TWO_PHASES:
        return found
    if explanation.phase_1_place is not None:
        return f"{found}, place {explanation.phase_1_place} after phase 1"
    if explanation.phase_1_depth < explanation.n_candidates:
        return f"{found}, below place {explanation.phase_1_depth:,} after phase 1"
    return f"{found}, without a place after phase 1"


def _word(word: QueryWord) -> str:
    if not word.on_page:
        return f"{word.text} (not on the page)"
    if word.on_page == (word.text,):
        return word.text
    return f"{word.text} ({', '.join(word.on_page)})"


def _token_table(explanation: PageExplanation) -> Table:
    """Content tokens in a row each, all others together in the last: they count too."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("token", overflow="fold")
    for name in ("similarity", "share"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("best place, % from the left and from the top", overflow="fold")
    others = [match for match in explanation.tokens if not match.is_content]
    for match in explanation.tokens:
        if match.is_content:
            numbers = (f"{as_cosine(match.similarity):.3f}", f"{match.share:.1%}")
            table.add_row(Text(match.token), *numbers, _where(match))
    if others:
        similarity = sum(match.similarity for match in others) / len(others)
        share = sum(match.share for match in others)
        numbers = (f"{similarity:.3f}", f"{share:.1%}")
        table.add_row(Text(f"({len(others)} others)", "dim"), *numbers, "")
    return table


def _where(match: TokenMatch) -> str:
    """The first area of the best vector in percent, and how many more it stands for.

    Whole percents name a place on a page to within a few millimetres.
    """
    if len(match.boxes) == 0:
        return ""
    x0, y0, x1, y1 = (round(100 * edge) for edge in match.boxes[0].tolist())
    more = f" and {len(match.boxes) - 1} more" if len(match.boxes) > 1 else ""
    return f"{x0}–{x1}, {y0}–{y1}{more}"
