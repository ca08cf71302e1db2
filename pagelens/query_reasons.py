"""The reasons `pagelens query` gives beside its hits: explanations, "why not", heatmaps.

What finds and shows a reason is imported where one is wanted: most queries want none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.interface import PageIndex
from index.wording import shown_path
from query.as_json import explanation_as_json, hot_words_as_json
from query.found import Found
from query.page_name import find_page

if TYPE_CHECKING:
    from query.heat.hot_words import HotWord
    from query.why.explain import PageExplanation


@dataclass(frozen=True)
class ReasonsWanted:
    """Which reasons the user asked for.

    Attributes:
        explain: of every page shown.
        why_not: a page by id or as FILE:NUMBER, to be explained even if it did not come up.
        heatmap_folder: where the pages shown are to be written with their heat.
    """

    explain: bool
    why_not: str | None
    heatmap_folder: Path | None


@dataclass(frozen=True, eq=False)
class Reasons:
    """The reasons for one answer, those that were asked for.

    Attributes:
        explanations: with the name of each page as a person reads it.
        heatmaps: hot words by the name of each picture written.
    """

    explanations: "tuple[tuple[str, PageExplanation], ...]" = ()
    why_not: "tuple[str, PageExplanation] | None" = None
    heatmaps: "Mapping[str, tuple[HotWord, ...]] | None" = None


def find_reasons(index: PageIndex, found: Found, wanted: ReasonsWanted) -> Reasons:
    """Explain an answer.

    Args:
        index: where the search ran.
        found: what it gave; with vectors where heatmaps are wanted.
        wanted: what to find out.

    Raises:
        WrongUseError: no page has that name, or a folder cannot be written to.
    """
    explanations: tuple[tuple[str, PageExplanation], ...] = ()
    if wanted.explain:
        from query.why.explain import explain_hits

        by_id = {explained.page_id: explained for explained in explain_hits(index, found)}
        explanations = tuple(
            (f"{shown_path(hit.name, Path.cwd())}, page {hit.page_number}", by_id[hit.page_id])
            for hit in found.shown
        )
    why_not = None
    if wanted.why_not is not None:
        from query.why.explain import explain

        page_id = find_page(index, wanted.why_not)
        why_not = (wanted.why_not, explain(index, found, page_id))
    heatmaps = None
    if wanted.heatmap_folder is not None and found.shown:
        from pagelens.save_heatmaps import heatmap_name, save_heatmaps

        words = save_heatmaps(wanted.heatmap_folder, found, index)
        names = [heatmap_name(rank, hit) for rank, hit in enumerate(found.shown, 1)]
        heatmaps = dict(zip(names, words, strict=True))
    return Reasons(explanations, why_not, heatmaps)


def reasons_as_json(reasons: Reasons) -> dict[str, object]:
    """What an answer's JSON object holds of the reasons; nothing that was not asked for."""
    found: dict[str, object] = {}
    if reasons.explanations:
        found["explanations"] = [explanation_as_json(each) for _, each in reasons.explanations]
    if reasons.why_not is not None:
        found["why_not"] = explanation_as_json(reasons.why_not[1])
    if reasons.heatmaps is not None:
        found["heatmaps"] = [
            {"file": file, "hot_words": hot_words_as_json(words)}
            for file, words in reasons.heatmaps.items()
        ]
    return found


def print_reasons(reasons: Reasons) -> None:
    """Print explanations, one below the other, and the hot words of each picture."""
    if not (reasons.explanations or reasons.why_not or reasons.heatmaps):
        return
    from pagelens.reasons_report import print_explanation, print_hot_words

    for name, explanation in reasons.explanations:
        print_explanation(explanation, name)
    if reasons.why_not is not None:
        print_explanation(reasons.why_not[1], reasons.why_not[0])
    print_hot_words(reasons.heatmaps or {})
