"""Hits as files: each page's picture with the query's heat over it."""

from pathlib import Path

from index.errors import WrongUseError
from index.interface import PageIndex
from index.pages import Hit
from pagelens.save_pages import preview_name
from query.found import Found
from query.heat.drawing import draw_heatmap
from query.heat.hot_words import HotWord, hot_words
from query.heat.merging import heat_map, heat_of_cells, map_size_px
from query.heat.scale import common_scale


def save_heatmaps(folder: Path, found: Found, index: PageIndex) -> tuple[tuple[HotWord, ...], ...]:
    """Write each hit's page with its heat over all content tokens, on one colour scale.

    Named as `save_pages` names previews, ending in `-heat.png`; files of the same names are
    replaced, others stay.

    Args:
        folder: made where it does not exist.
        found: with vectors.
        index: where the search ran.

    Returns:
        For each hit the words outlined, hottest first.

    Raises:
        WrongUseError: the folder cannot be written to.
    """
    query = found.query
    pages = [index.page(hit.page_id) for hit in found.shown]
    heats = [heat_of_cells(query, page, None) for page in pages]
    scale = common_scale(heats, index.fingerprint)
    outlined = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for rank, (hit, page) in enumerate(zip(found.shown, pages, strict=True), 1):
            found_words = hot_words(query, page, None, scale)
            words = tuple(word for word in found_words if scale.is_hot(word.heat))
            heat = heat_map(query, page, None, *map_size_px(page))
            picture = draw_heatmap(page.preview, heat, scale, words)
            (folder / heatmap_name(rank, hit)).write_bytes(picture)
            outlined.append(words)
    except OSError as e:
        raise WrongUseError(
            f"Cannot write to {folder} ({e.strerror}). Name another folder with --heatmap."
        ) from e
    return tuple(outlined)


def heatmap_name(rank: int, hit: Hit) -> str:
    """The file name of a hit's heatmap; sorts by rank.

    >>> heatmap_name(3, Hit("", "", 12, 0, 0, ("/a/Q3 report.pdf",), "", ""))
    '03-Q3_report-p12-heat.png'
    """
    return f"{Path(preview_name(rank, hit)).stem}-heat.png"
