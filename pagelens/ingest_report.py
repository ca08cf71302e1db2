"""What an ingest tells the user: the plan, the result, the failures; as text and as JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console

from index.pages import Document, Failure
from index.wording import count, duration
from ingest.lost_roots import LostRoot
from ingest.plan import Plan
from ingest.report import Counts, Report
from pagelens.forecast_report import Cost, cost_lines
from pagelens.terminal import plain

_PATHS_SHOWN = 20  # of each kind in a dry run; --json lists all


def print_plan(console: Console, plan: Plan, cost: Cost | None) -> None:
    """Show what a run would do."""
    for verb, documents in _works_by_kind(plan).items():
        _print_kind(console, verb.replace("_", " "), documents)
    _print_kind(console, "move", plan.move)
    _print_kind(console, "remove", plan.remove)
    print_lost_roots(console, plan.lost_roots)
    print_failures(console, planned_failures(plan))
    if cost is not None:
        for line in cost_lines(plan.n_pages, cost):
            console.print(line)
    unchanged = len(plan.skip) + len(plan.touch)
    console.print(f"{count(unchanged, 'document')} unchanged. Nothing was written (--dry-run).")


def _works_by_kind(plan: Plan) -> dict[str, list[Document]]:
    """Documents whose pages are to be looked at, by what is done with them."""
    works = [work for work in plan.work if work.facts]
    return {
        "add": [w.document for w in works if not (w.replaces or w.kept)],
        "replace": [w.document for w in works if w.replaces],
        "read_again": [w.document for w in works if w.kept],
    }


def _print_kind(console: Console, verb: str, documents: Sequence[Document]) -> None:
    if not documents:
        return
    n_pages = sum(document.page_count for document in documents)
    console.print(f"[bold]{verb}[/] {count(len(documents), 'document')}, {count(n_pages, 'page')}")
    for document in documents[:_PATHS_SHOWN]:
        console.print(f"  {plain(document.name)} ({count(document.page_count, 'page')})")
    if len(documents) > _PATHS_SHOWN:
        console.print(f"  and {len(documents) - _PATHS_SHOWN} more")


def plan_as_json(plan: Plan, cost: Cost | None) -> dict[str, Any]:
    """The plan as one JSON object; `cost` is None where there is no page to do."""
    forecast = cost.forecast if cost else None

    def listed(documents: Iterable[Document]) -> list[dict[str, Any]]:
        return [
            {
                "document_id": document.document_id,
                "paths": list(document.paths),
                "pages": document.page_count,
            }
            for document in documents
        ]

    return {
        "dry_run": True,
        **{kind: listed(documents) for kind, documents in _works_by_kind(plan).items()},
        "move": listed(plan.move),
        "remove": listed(plan.remove),
        "skip": listed((*plan.skip, *plan.touch)),
        "failed": [failure_as_json(*failed) for failed in planned_failures(plan)],
        "lost_roots": lost_roots_as_json(plan.lost_roots),
        "pages": plan.n_pages,
        "tiles": cost.n_tiles if cost else 0,
        "estimated_seconds": round(forecast.seconds, 3) if forecast else 0.0,
        "ocr_pages": cost.ocr.n_pages if cost and cost.ocr else 0,
        "ocr_seconds": round(cost.ocr.seconds, 3) if cost and cost.ocr else 0.0,
        "seconds_per_page": round(forecast.seconds_per_page, 3) if forecast else None,
        "memory_bytes": forecast.memory_bytes if forecast else None,
        "choices": list(cost.choices) if cost else [],
    }


def planned_failures(plan: Plan) -> list[tuple[str, Failure]]:
    """Everything already known to be unreadable."""
    kept = (*plan.skip, *plan.touch, *plan.move, *(work.document for work in plan.work))
    known = [failed for document in kept for failed in document.named_failures]
    return sorted([*known, *plan.unreadable], key=lambda failed: failed[0])


def print_report(
    console: Console, report: Report, plan: Plan, encoder: str, seconds: float
) -> None:
    """Show what a run did."""
    kinds = {
        "added": report.added,
        "replaced": report.replaced,
        "moved": report.moved,
        "removed": report.removed,
        "skipped": report.skipped,
        "read again": report.read_again,
    }
    done = [
        f"{name} {count(counts.documents, 'document')} ({count(counts.pages, 'page')})"
        for name, counts in kinds.items()
        if counts.documents or counts.pages
    ]
    console.print(f"{', '.join(done).capitalize() or 'Nothing to do'} in {duration(seconds)}.")
    print_pages_without_vectors(console, report.pages_without_vectors, encoder)
    _print_pages_with_unreadable_text(console, report.pages_with_unreadable_text)
    if report.pages_read_by_ocr:
        console.print(f"{count(report.pages_read_by_ocr, 'page')} read by OCR.")
    print_lost_roots(console, report.lost_roots)
    print_not_searched(console, report.not_searched)
    print_failures(console, report.failed)
    if report.is_interrupted:
        n_done = report.added.pages + report.replaced.pages
        console.print(
            f"Stopped after {n_done:,} of {count(plan.n_pages, 'page')}; these are kept. "
            f"{_waiting(report.pages_waiting)}Run the same command again to go on."
        )


def _waiting(n_pages: int) -> str:
    if not n_pages:
        return ""
    verb = "is" if n_pages == 1 else "are"
    return f"{count(n_pages, 'page')} more {verb} found by words meanwhile. "


def print_pages_without_vectors(console: Console, n_pages: int, encoder: str) -> None:
    """Tell of pages in which the encoder saw nothing, if there are any."""
    if n_pages and encoder == "lexical":
        console.print(
            f"{count(n_pages, 'page')} without words: the lexical encoder sees nothing there, and "
            "only --ranking bm25 finds them, by file name and title. ColSmol would see them."
        )
    elif n_pages:
        console.print(
            f"{count(n_pages, 'page')} not drawn: the model sees nothing there, and only --ranking "
            "bm25 finds them, by their words."
        )


def _print_pages_with_unreadable_text(console: Console, n_pages: int) -> None:
    if n_pages:
        console.print(
            f"{count(n_pages, 'page')} with a text layer that cannot be read, or hardly: its fonts "
            "do not tell which letters they draw, so what is written there is not found as text. "
            "ColSmol sees it."
        )


def print_lost_roots(console: Console, roots: Sequence[LostRoot]) -> None:
    """Say of which folders nothing was removed though nothing is left of them."""
    for root in roots:
        documents, pages = count(root.n_documents, "document"), count(root.n_pages, "page")
        console.print(
            f"{plain(root.path)} has lost everything at once ({documents}): nothing of it is "
            "removed, and nothing added. Is its drive mounted? If all is to go, which would be "
            f"{pages} to render and encode again, say --allow-empty."
        )


def lost_roots_as_json(roots: Sequence[LostRoot]) -> list[dict[str, Any]]:
    """Folders that have lost everything at once, of types JSON has."""
    return [
        {"path": root.path, "documents": root.n_documents, "pages": root.n_pages} for root in roots
    ]


def print_not_searched(console: Console, not_searched: Sequence[tuple[str, str]]) -> None:
    """List what files hold beside their pages, which no search looks into."""
    if not_searched:
        console.print("[bold]Not searched[/], for only what is drawn on pages is:")
    for path, what in not_searched:
        console.print(f"  {plain(path)}: {plain(what)}")


def print_failures(console: Console, failed: Sequence[tuple[str, Failure]]) -> None:
    """List files and pages that could not be read."""
    undrawn = [one for one in failed if one[1].has_words]
    not_by_ocr = [one for one in failed if one[1].is_of_ocr]
    unread = [one for one in failed if not (one[1].has_words or one[1].is_of_ocr)]
    for what, some in (
        ("read", unread),
        ("drawn, and are found by their words only", undrawn),
        ("read by OCR, and are found by all but their words", not_by_ocr),
    ):
        if some:
            console.print(
                f"[bold]{len(some)} could not be {what}[/] (--retry-failed tries these again):"
            )
        _list_failures(console, some)


def _list_failures(console: Console, failed: Sequence[tuple[str, Failure]]) -> None:
    for path, failure in failed:
        where = f" {failure.where}" if failure.where else ""
        console.print(f"  {plain(path)}{where}: {plain(failure.reason)}")


def report_as_json(report: Report, seconds: float) -> dict[str, Any]:
    """The report as one JSON object."""

    def counts(of: Counts) -> dict[str, int]:
        return {"documents": of.documents, "pages": of.pages}

    return {
        "added": counts(report.added),
        "replaced": counts(report.replaced),
        "moved": counts(report.moved),
        "removed": counts(report.removed),
        "skipped": counts(report.skipped),
        "read_again": counts(report.read_again),
        "pages_without_vectors": report.pages_without_vectors,
        "pages_waiting": report.pages_waiting,
        "pages_with_unreadable_text": report.pages_with_unreadable_text,
        "pages_read_by_ocr": report.pages_read_by_ocr,
        "failed": [failure_as_json(*failed) for failed in report.failed],
        "not_searched": [{"path": path, "what": what} for path, what in report.not_searched],
        "lost_roots": lost_roots_as_json(report.lost_roots),
        "interrupted": report.is_interrupted,
        "seconds": round(seconds, 3),
    }


def failure_as_json(path: str, failure: Failure) -> dict[str, Any]:
    """One failure as a JSON object.

    `page` is null where the whole file failed, `last_page` where it is not several in a row.
    """
    return {
        "path": path,
        "page": failure.page_number,
        "last_page": failure.last_page,
        "reason": failure.reason,
        "is_passing": failure.is_passing,
        "has_words": failure.has_words,
        "is_of_ocr": failure.is_of_ocr,
    }
