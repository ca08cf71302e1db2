"""Explanations and hot words as a person reads them. Knows nothing of how they were found."""

import math
import string
from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from index.wording import as_cosine, printable, score_text
from pagelens.terminal import print_results
from query.heat.hot_words import HotWord
from query.token_matches import TokenMatch
from query.why.explain import PageExplanation
from query.why.phases import TWO_PHASES
from query.why.query_words import QueryWord


def print_explanation(explanation: PageExplanation, name: str) -> None:
    """Print why a page came up or why not.

    Args:
        explanation: of the page.
        name: of its file and its number, as a person is to read it.
    """
    print_results(Group(*_explained(explanation, name)))


def print_hot_words(words: Mapping[str, Sequence[HotWord]]) -> None:
    """Print the words that stand where each picture is hot, a line each.

    Args:
        words: hottest first, by the picture's name.
    """
    for name, found in words.items():
        listed = ", ".join(dict.fromkeys(_hot_word(word) for word in found))
        print_results(Text(f"{name}: {listed or 'no word stands where it is hot'}"))


def _hot_word(word: HotWord) -> str:
    text = word.text.strip(string.punctuation)
    return f"{text} ({word.doubt_said})" if word.is_unsure else text


def _explained(explanation: PageExplanation, name: str) -> Iterator[RenderableType]:
    yield Text(f"{name}: {_places(explanation)}", "bold")
    if explanation.why_not is not None:
        yield Text(explanation.why_not)
    for part in explanation.fused:
        found = "not found"
        if part.place is not None and part.score is not None:
            found = f"place {part.place}, score {score_text(part.score, part.ranking)}"
        yield Text(f"{part.ranking}: {found}, {part.share:.0%} of the score")
    if explanation.words:
        yield Text(f"words: {', '.join(map(_word, explanation.words))}")
    if explanation.ocr_engine:
        yield Text(printable(explanation.ocr_said))
    if explanation.tokens:
        yield _token_table(explanation)


def _places(explanation: PageExplanation) -> str:
    score = "no score"
    if math.isfinite(explanation.score):
        score = f"score {score_text(explanation.score, explanation.ranking)}"
    place = "not shown" if explanation.place is None else f"place {explanation.place}"
    found = f"{place} of {explanation.n_candidates:,}, {score}"
    if explanation.ranking not in TWO_PHASES:
        return found
    if explanation.phase_1_place is not None:
        return f"{found}, place {explanation.phase_1_place} by Hamming distance"
    if explanation.phase_1_depth < explanation.n_candidates:
        return f"{found}, below place {explanation.phase_1_depth:,} by Hamming distance"
    return f"{found}, without a place by Hamming distance"


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
