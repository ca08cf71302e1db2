"""A comparison as one picture: quality beside time, and groups of questions below.

Settings are told apart by their row alone, not by colour.
"""

import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from index.errors import MissingDependencyError
from query.quality.comparison import Comparison, Group
from query.quality.measures import CONFIDENCE, NDCG_AT_5, Interval

try:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
except ImportError as e:
    raise MissingDependencyError(
        "To draw a picture, the package matplotlib is needed. "
        "Install it: pip install 'pagelens[eval]', or leave out --picture."
    ) from e

_FIRST, _OTHERS, _QUIET = "#1d1f23", "#0072b2", "#8a8c93"
_GROUPS_SHOWN = 12  # of each kind of group, the largest
_PANELS_IN_A_ROW = 4
_ROW_IN, _TITLES_IN = 0.26, 0.85  # inches: a setting; title and axis of a panel
_WIDTH_IN, _DPI = 10.0, 150
_LINE_CHARACTERS, _TITLE_LINES, _NAME_CHARACTERS = 110, 3, 20


def draw_comparison(comparison: Comparison, title: str) -> bytes:
    """Draw a comparison.

    Above, each setting's mean nDCG@5 with its interval, and its milliseconds per query; a line
    marks the mean of the first setting. Below, the same for each language and each kind.

    Args:
        comparison: of at least one setting.
        title: what was measured, and by which questions.

    Returns:
        A PNG.
    """
    names = [quality.setting.name for quality in comparison.settings]
    groups = [*_named("language", comparison.by_language), *_named("kind", comparison.by_kind)]
    n_group_rows = math.ceil(len(groups) / _PANELS_IN_A_ROW)
    panel_in = _ROW_IN * (len(names) + 1) + _TITLES_IN
    layout = ConstrainedLayoutEngine(hspace=0.05)
    figure = Figure(figsize=(_WIDTH_IN, panel_in * (1 + n_group_rows) + 0.4), layout=layout)
    FigureCanvasAgg(figure)
    lines = textwrap.wrap(title, _LINE_CHARACTERS, max_lines=_TITLE_LINES, placeholder=" …")
    figure.suptitle("\n".join(lines), fontsize=10, parse_math=False)
    grid = figure.add_gridspec(1 + n_group_rows, _PANELS_IN_A_ROW)

    ndcg = [quality.ndcg for quality in comparison.settings]
    best = figure.add_subplot(grid[0, : _PANELS_IN_A_ROW - 1])
    _draw_quality(best, ndcg, _left_edge([ndcg]))
    best.set_title(f"{NDCG_AT_5}, mean and {CONFIDENCE:.0%} interval", fontsize=10)
    best.set_yticks(range(len(names)), names)
    for row, interval in enumerate(ndcg):
        beside = best.get_yaxis_transform()
        best.text(1.01, row, f"{interval.mean:.3f}", transform=beside, va="center", fontsize=8)
    time = figure.add_subplot(grid[0, _PANELS_IN_A_ROW - 1], sharey=best)
    _draw_time(time, [quality.query_ms for quality in comparison.settings])

    left = _left_edge([group.ndcg for _, group in groups])
    for n, (what, group) in enumerate(groups):
        row, column = divmod(n, _PANELS_IN_A_ROW)
        panel = figure.add_subplot(grid[1 + row, column])
        _draw_quality(panel, group.ndcg, left)
        panel.set_title(what, fontsize=9, parse_math=False)
        panel.set_yticks(range(len(names)), names if column == 0 else [""] * len(names))
    for axes in figure.axes:
        axes.tick_params(labelsize=8, length=2)
        axes.spines[["top", "right"]].set_visible(False)

    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a name in a script it lacks
        figure.savefig(file, format="png", dpi=_DPI)
    return file.getvalue()


def _named(what: str, groups: Sequence[Group]) -> Iterator[tuple[str, Group]]:
    for group in groups[:_GROUPS_SHOWN]:
        name = group.name or "none"
        if len(name) > _NAME_CHARACTERS:
            name = f"{name[: _NAME_CHARACTERS - 1]}…"
        yield f"{what}: {name} ({group.n_questions:,})", group


def _left_edge(shown: Sequence[Sequence[Interval]]) -> float:
    """Where the axis begins: at one place for all that are to be compared."""
    edges = (edge for some in shown for one in some for edge in (one.mean, *_bounds(one)))
    return max(0.0, math.floor(10 * min(edges, default=0)) / 10)


def _bounds(interval: Interval) -> tuple[float, ...]:
    return tuple(bound for bound in (interval.low, interval.high) if not math.isnan(bound))


def _draw_quality(axes: Axes, shown: Sequence[Interval], left: float) -> None:
    axes.axvline(shown[0].mean, color=_QUIET, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    for row, interval in enumerate(shown):
        colour = _OTHERS if row else _FIRST
        bounds = _bounds(interval)
        if bounds:
            axes.plot(bounds, [row] * len(bounds), color=colour, linewidth=1.4)
        axes.plot([interval.mean], [row], "o" if row else "D", color=colour, markersize=5)
    _frame(axes, len(shown))
    margin = 0.02 * (1 - left)
    axes.set_xlim(left - margin, 1 + margin)


def _draw_time(axes: Axes, ms: Sequence[float]) -> None:
    axes.barh(range(len(ms)), ms, height=0.45, color=[_FIRST] + [_OTHERS] * (len(ms) - 1))
    for row, value in enumerate(ms):
        label: Any = f" {value:.1f}" if value < 10 else f" {value:,.0f}"
        axes.text(value, row, label, va="center", fontsize=8)
    axes.set_title("ms per query, median", fontsize=10)
    axes.set_xlim(0, 1.3 * max(ms) or 1.0)
    axes.tick_params(axis="y", labelleft=False)
    axes.grid(visible=False)
    _frame(axes, len(ms))


def _frame(axes: Axes, n_rows: int) -> None:
    axes.set_ylim(n_rows - 0.5, -0.5)  # the first setting on top
    axes.grid(axis="x", color=_QUIET, linewidth=0.3)
    axes.set_axisbelow(True)
