"""What an evaluation tells the user: as tables, and as JSON."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from index.wording import count, printable
from pagelens.terminal import print_results
from query.quality.comparison import Comparison, Group, Moved
from query.quality.measures import CONFIDENCE, MEASURES, NDCG_AT_5, Interval
from query.quality.settings import Setting

_MOVED_SHOWN = 10  # --json lists all
_SETTINGS_ABREAST = 6  # in 80 columns
_NARROWEST_TEXT = 20  # columns


def print_comparison(comparison: Comparison, origin: str, n_pages: int) -> None:
    """Print a line on what was measured, and tables: settings, groups, what moved.

    Args:
        comparison: of at least one setting.
        origin: how the questions were made, "" where it is not known.
        n_pages: pages of the index.
    """
    asked = f"{count(comparison.n_questions, 'question')} over {count(n_pages, 'page')}"
    print_results(Text(asked, "bold"))
    if origin:
        print_results(Text(printable(origin)))
    _show("", _settings_table(comparison))
    if len(comparison.settings) > 1:
        first = comparison.settings[0].setting
        _show(f"{NDCG_AT_5} against {first.name}", _gains_table(comparison))
    for what, groups in (("language", comparison.by_language), ("kind", comparison.by_kind)):
        for table in _groups_tables(comparison, what, groups):
            _show(f"{NDCG_AT_5} by {what} of n questions", table)
    n_moved = len(comparison.moved)
    if n_moved:
        what = count(n_moved, "question")
        if n_moved > _MOVED_SHOWN:
            what = f"{_MOVED_SHOWN} of {what}"
        title = f"{what} that moved, with the place of the first right page"
        _show(title, _moved_table(comparison))


def _show(title: str, table: Table) -> None:
    """Print a table below its title, which may be wider."""
    print_results(Text(f"\n{title}" if title else "", "bold"), table)


def _settings_table(comparison: Comparison) -> Table:
    names = [name.replace("@", "\n@") for name in MEASURES]
    names.insert(1 + MEASURES.index(NDCG_AT_5), f"{CONFIDENCE:.0%}")
    rows = []
    for quality in comparison.settings:
        means = [_number(quality.means[name]) for name in MEASURES]
        means.insert(1 + MEASURES.index(NDCG_AT_5), _range(quality.ndcg))
        rows.append((quality.setting.name, *means, _ms(quality.query_ms)))
    return _table(("setting", *names, "ms"), rows)


def _gains_table(comparison: Comparison) -> Table:
    rows = []
    for quality in comparison.settings[1:]:
        n_same = comparison.n_questions - quality.n_better - quality.n_worse
        gain = quality.gain
        difference = f"{_signed(gain.mean)} ({_signed(gain.low)} to {_signed(gain.high)})"
        numbers = (f"{n:,}" for n in (quality.n_better, quality.n_worse, n_same))
        rows.append((quality.setting.name, difference, *numbers))
    header = ("setting", f"difference ({CONFIDENCE:.0%})", "better", "worse", "same")
    return _table(header, rows)


def _groups_tables(comparison: Comparison, what: str, groups: Sequence[Group]) -> Iterator[Table]:
    """Of groups, if there are some: a table of as many settings as fit a terminal, and the next."""
    if not groups:
        return
    names = [_narrow(quality.setting.name) for quality in comparison.settings]
    for start in range(0, len(names), _SETTINGS_ABREAST):
        some = slice(start, start + _SETTINGS_ABREAST)
        rows = [
            (
                printable(group.name) or "(none)",
                f"{group.n_questions:,}",
                *(_number(interval.mean) for interval in group.ndcg[some]),
            )
            for group in groups
        ]
        yield _table((what, "n", *names[some]), rows)


def _moved_table(comparison: Comparison) -> Table:
    first, *others = (quality.setting for quality in comparison.settings)
    rows = []
    for moved in comparison.moved[:_MOVED_SHOWN]:
        before, *after = moved.places
        elsewhere = [
            f"{_place(place, setting)} {setting.name}"
            for setting, place in zip(others, after, strict=True)
            if place != before
        ]
        row = (printable(moved.question.text), _place(before, first), ", ".join(elsewhere))
        rows.append(row)
    table = _table(("question", _narrow(first.name), "elsewhere"), rows)
    table.columns[0].min_width = table.columns[2].min_width = _NARROWEST_TEXT
    table.columns[2].justify = "left"
    return table


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table of a column of names and columns of numbers; wrapped between words alone."""
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=0,
        show_edge=False,
    )
    for n, name in enumerate(header):
        words = " ".join([name, *(row[n] for row in rows)]).split()
        table.add_column(
            Text(name),
            justify="right" if n else "left",
            overflow="fold",
            min_width=max(map(len, words)),
        )
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _narrow(name: str) -> str:
    """A setting's name above a column of numbers."""
    return name.replace("-then-", "-\nthen-").replace(", ", "\n")


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _signed(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:+.3f}"


def _range(interval: Interval) -> str:
    if math.isnan(interval.low):
        return "-"
    return f"{interval.low:.2f}–{interval.high:.2f}"


def _ms(ms: float) -> str:
    return f"{ms:.1f}" if ms < 10 else f"{ms:.0f}"


def _place(place: int | None, setting: Setting) -> str:
    return f">{setting.depth}" if place is None else str(place)


def comparison_as_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison of types JSON has; null where nothing can be said."""
    names = [quality.setting.name for quality in comparison.settings]
    return {
        "n_questions": comparison.n_questions,
        "settings": [
            {
                "setting": quality.setting.name,
                "ranking": quality.setting.ranking,
                "rerank": quality.setting.rerank,
                "pool": quality.setting.pool,
                "measures": {name: _or_null(mean) for name, mean in quality.means.items()},
                "ndcg_at_5": _interval_as_json(quality.ndcg),
                "difference_to_first": _interval_as_json(quality.gain),
                "n_better": quality.n_better,
                "n_worse": quality.n_worse,
                "query_ms": round(quality.query_ms, 3),
            }
            for quality in comparison.settings
        ],
        "by_language": _groups_as_json(names, comparison.by_language),
        "by_kind": _groups_as_json(names, comparison.by_kind),
        "moved": [_moved_as_json(names, moved) for moved in comparison.moved],
    }


def _groups_as_json(names: Sequence[str], groups: Sequence[Group]) -> list[dict[str, Any]]:
    return [
        {
            "name": group.name,
            "n_questions": group.n_questions,
            "ndcg_at_5": {
                name: _interval_as_json(ndcg) for name, ndcg in zip(names, group.ndcg, strict=True)
            },
        }
        for group in groups
    ]


def _moved_as_json(names: Sequence[str], moved: Moved) -> dict[str, Any]:
    question = moved.question
    return {
        "id": question.id,
        "query": question.text,
        "language": question.language,
        "kind": question.kind,
        "places": dict(zip(names, moved.places, strict=True)),
    }


def _interval_as_json(interval: Interval) -> dict[str, float | None]:
    return {
        "mean": _or_null(interval.mean),
        "low": _or_null(interval.low),
        "high": _or_null(interval.high),
    }


def _or_null(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
