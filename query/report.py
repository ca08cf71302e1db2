"""Hits as a person or a program reads them. Knows nothing of how they were found."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from index.interface import BM25
from index.location import Location
from index.pages import Hit, SearchResult
from query.search import DEFAULT_RANKING, DocumentHits
from query.snippet import snippet

SHOWN_OTHER_PAGES = 5
_WIDE = 10_000  # columns where nothing wraps: a file or a pipe is not a screen


@dataclass(frozen=True)
class Answer:
    """What a query gave, ready to be shown.

    Attributes:
        text, ranking: as asked for.
        hits: those to show, best first; `others` is empty unless they are grouped by document.
        result: what the search gave.
    """

    text: str
    ranking: str
    hits: tuple[DocumentHits, ...]
    result: SearchResult


def answer_as_json(answer: Answer, reasons: Mapping[str, object]) -> str:
    """One JSON object, on one line, in ASCII: it survives any terminal, pipe and log.

    Args:
        answer: to be shown.
        reasons: what else the object is to hold, of types JSON has; see query/reasons.py.
    """
    found = {
        "query": answer.text,
        "ranking": answer.ranking,
        "n_candidates": answer.result.n_candidates,
        "hits": [
            _hit_as_json(rank, answer.text, hit.best)
            | {"other_pages": [_score_as_json(other) for other in hit.others]}
            for rank, hit in enumerate(answer.hits, 1)
        ],
        "notices": list(answer.result.notices),
        "timings_ms": {stage: round(ms, 3) for stage, ms in answer.result.timings_ms.items()},
        **reasons,
    }
    return json.dumps(found, allow_nan=False)


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


def print_answer(answer: Answer) -> None:
    """Print a table of the hits, at least one, and one line below it.

    A terminal gets colours and lines of its width; a file or a pipe plain lines, one for each hit.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("#", justify="right", style="cyan", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("file", overflow="fold")
    table.add_column("page", justify="right", no_wrap=True)
    table.add_column("text", overflow="fold")
    for rank, hit in enumerate(answer.hits, 1):
        page = hit.best
        text = _text(answer.text, hit)
        table.add_row(str(rank), f"{page.score:.4f}", _file(page), str(page.page_number), text)
    n_candidates, ms = answer.result.n_candidates, sum(answer.result.timings_ms.values())
    summary = f"{len(answer.hits)} of {n_candidates:,} pages, {answer.ranking}, {ms:.0f} ms"
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
        return Text(hit.document_id)
    path = hit.paths[0]
    shown = Text(shown_path(path, Path.cwd()), f"link {Path(path).as_uri()}")
    if len(hit.paths) > 1:
        shown.append(f" (+{len(hit.paths) - 1})")
    return shown


def shown_path(path: str, folder: Path) -> str:
    """A path as seen from a folder, where it lies inside; unprintable characters replaced.

    >>> shown_path("/a/b/c.pdf", Path("/a")), shown_path("/a/b/c.pdf", Path("/x"))
    ('b/c.pdf', '/a/b/c.pdf')
    """
    pure = PurePosixPath(path)
    inside = pure.relative_to(folder) if pure.is_relative_to(folder) else pure
    return "".join(c if c.isprintable() else "\ufffd" for c in str(inside))


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


def why_no_hits(answer: Answer, n_pages: int, location: Location) -> str:
    """What to do when nothing was found.

    Args:
        answer: without hits.
        n_pages: pages in the index.
        location: where the index is, as the user named it.
    """
    n_candidates = answer.result.n_candidates
    if n_pages == 0:
        return f"Index {location} is empty. Fill it: pagelens ingest FOLDER --index {location}"
    if n_candidates == 0:
        return f"None of the {n_pages:,} pages passes the filters. Leave a --filter out."
    if answer.ranking == BM25:
        return (
            f"None of the {n_candidates:,} pages holds one of these words. Try others, or "
            f"--ranking {DEFAULT_RANKING}, which finds similar ones too."
        )
    return (
        f"None of the {n_candidates:,} pages has a text layer, and this index was made from text. "
        "To search by looks, make another: pagelens ingest FOLDER --encoder colsmol --index NEW"
    )
