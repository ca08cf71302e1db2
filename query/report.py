"""Hits as a person or a program reads them. Knows nothing of how they were found."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from index.pages import Hit
from index.wording import count, score_text, shown_path
from query.search import DocumentHits, Found
from query.snippet import snippet

SHOWN_OTHER_PAGES = 5
_WIDE = 10_000  # columns where nothing wraps: a file or a pipe is not a screen


def found_as_json(found: Found, reasons: Mapping[str, object]) -> str:
    """One JSON object, on one line, in ASCII: it survives any terminal, pipe and log.

    Args:
        found: to be shown.
        reasons: what else the object is to hold, of types JSON has; see query/reasons.py.
    """
    text, result = found.query.text, found.result
    answer = {
        "query": text,
        "ranking": found.request.ranking,
        "n_candidates": result.n_candidates,
        "hits": [
            _hit_as_json(rank, text, group.best)
            | {"other_pages": [_score_as_json(other) for other in group.others]}
            for rank, group in enumerate(found.groups, 1)
        ],
        "notices": list(result.notices),
        "timings_ms": {stage: round(ms, 3) for stage, ms in result.timings_ms.items()},
        **reasons,
    }
    return json.dumps(answer, allow_nan=False)


def _hit_as_json(rank: int, text: str, hit: Hit) -> dict[str, object]:
    found = snippet(hit.text, text)
    return {
        "rank": rank,
        **_score_as_json(hit),
        "document_id": hit.document_id,
        "paths": list(hit.paths),
        "title": hit.title,
        "snippet": found.text,
        "matched_words": list(found.matched_words),
    }


def _score_as_json(hit: Hit) -> dict[str, object]:
    return {
        "page_id": hit.page_id,
        "page_number": hit.page_number,
        "score": hit.score,
        "score_sum": hit.score_sum,
    }


def print_found(found: Found) -> None:
    """Print a table of the hits, at least one, and one line below it.

    A terminal gets colours and lines of its width; a file or a pipe plain lines, one for each hit.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("#", justify="right", style="cyan", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("file", overflow="fold")
    table.add_column("page", justify="right", no_wrap=True)
    table.add_column("text", overflow="fold")
    ranking, result = found.request.ranking, found.result
    for rank, group in enumerate(found.groups, 1):
        page = group.best
        text, score = _text(found.query.text, group), score_text(page.score, ranking)
        table.add_row(str(rank), score, _file(page), str(page.page_number), text)
    n_candidates, ms = result.n_candidates, sum(result.timings_ms.values())
    summary = f"{len(found.groups)} of {count(n_candidates, 'page')}, {ranking}, {ms:.0f} ms"
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table, Text(summary, "dim"))
        return
    console.width = _WIDE
    with console.capture() as plain:
        console.print(table, summary)
    for line in plain.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def _file(hit: Hit) -> Text:
    """The document's first path, a link where the terminal can; how many others it has."""
    if not hit.paths:
        return Text(hit.name)
    shown = Text(shown_path(hit.name, Path.cwd()), f"link {Path(hit.name).as_uri()}")
    if len(hit.paths) > 1:
        shown.append(f" (+{len(hit.paths) - 1})")
    return shown


def _text(query: str, hit: DocumentHits) -> Text:
    """The snippet with the query's words marked, and the document's other pages."""
    found = snippet(hit.best.text, query)
    text = Text(found.text)
    for start, end in found.spans:
        text.stylize("bold yellow", start, end)
    if hit.others:
        numbers = ", ".join(str(other.page_number) for other in hit.others[:SHOWN_OTHER_PAGES])
        more = ", …" if len(hit.others) > SHOWN_OTHER_PAGES else ""
        text.append(f" [also page {numbers}{more}]", "dim")
    return text
