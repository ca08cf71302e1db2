"""Hits as a person reads them. Knows nothing of how they were found."""

from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from index.pages import Hit
from index.wording import HALF_NAMES, count, half_text, score_text, shown_path
from pagelens.terminal import print_results
from query.found import Found
from query.fusion import HYBRID
from query.groups import HitGroup
from query.hit_words import HitWords
from query.request import SHOWN_OTHER_PAGES


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
