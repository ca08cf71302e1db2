"""Hits and explanations as a person reads them. Knows nothing of how they were found."""

import math
import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from index.pages import Hit
from index.wording import (
    HALF_NAMES,
    as_cosine,
    count,
    half_text,
    printable,
    score_text,
    shown_path,
)
from pagelens.terminal import print_results
from query.found import Found
from query.fusion import HYBRID
from query.groups import HitGroup
from query.heat.hot_words import HotWord
from query.hit_words import HitWords
from query.request import SHOWN_OTHER_PAGES
from query.token_matches import TokenMatch
from query.why.explain import PageExplanation
from query.why.phases import TWO_PHASES
from query.why.query_words import QueryWord


def print_found(found: Found) -> None:
    """Print a table of the hits, at least one, and one line below it.

    A terminal gets colours and lines of its width; a file or a pipe plain lines, one for each hit.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("#", justify="right", style="cyan", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    ranking, result = found.request.ranking, found.result
    halves = HALF_NAMES if ranking == HYBRID else {}
    for name in halves.values():
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("file", overflow="fold")
    table.add_column("page", justify="right", no_wrap=True)
    table.add_column("text", overflow="fold")
    hits = zip(found.groups, found.hit_words, found.ties, strict=True)
    for rank, (group, words, tie) in enumerate(hits, 1):
        if found.line and rank == found.n_above_line + 1:
            line = Text(f"── {found.line.said} ──", "dim")
            table.add_row("", "", *("" for _ in halves), "", "", line)
        page = group.best
        text, score = _text(words, group), score_text(page.score, ranking)
        parts = [half_text(page.halves, half) for half in halves]
        place = f"={rank}" if tie else str(rank)
        table.add_row(place, score, *parts, _file(page), str(page.page_number), text)
    n_candidates, ms = result.n_candidates, sum(result.timings_ms.values())
    summary = f"{len(found.groups)} of {count(n_candidates, 'page')}, {ranking}, {ms:.0f} ms"
    if any(found.ties):
        summary += "; =: too close to the one above to tell which is better"
    print_results(table, Text(summary, "dim"))


def _file(hit: Hit) -> Text:
    """The document's first path, a link where the terminal can; how many others it has."""
    if not hit.paths:
        return Text(hit.name)
    shown = Text(shown_path(hit.name, Path.cwd()), f"link {Path(hit.name).as_uri()}")
    if len(hit.paths) > 1:
        shown.append(f" (+{len(hit.paths) - 1})")
    return shown


def _text(words: HitWords, hit: HitGroup) -> Text:
    """The snippet with the query's words marked, or why there is none; the hit's other pages."""
    text = Text(words.snippet.text)
    for start, end in words.snippet.spans:
        text.stylize("bold yellow", start, end)
    text.append(words.why_no_snippet, "dim italic")
    if hit.best.is_waiting:
        text.append(" [vectors to come]", "dim")
    if hit.best.ocr_engine:
        text.append(" [words read by OCR]", "dim")
    if hit.others:
        listed = ", ".join(_other(other, hit.best) for other in hit.others[:SHOWN_OTHER_PAGES])
        page = "page " if hit.others[0].document_id == hit.best.document_id else ""
        more = ", …" if len(hit.others) > SHOWN_OTHER_PAGES else ""
        text.append(f" [also {page}{listed}{more}]", "dim")
    return text


def _other(hit: Hit, best: Hit) -> str:
    """A page beside the best: its number, with the file's name where that is another one."""
    if hit.document_id == best.document_id:
        return str(hit.page_number)
    return f"{shown_path(hit.name, Path.cwd())} page {hit.page_number}"


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
