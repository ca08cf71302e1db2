"""Compaction: the next generation of segments, with the live pages only."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from index.embedded.catalog import BITS_SIZE, VECTOR_SIZE, Catalog
from index.embedded.segments import KINDS, SegmentWriter, map_segment, segment_path


@dataclass(frozen=True)
class NewGeneration:
    """Segments that wait to be committed.

    Attributes:
        places: page_key, first_patch, preview_start of every page in them.
    """

    generation: int
    lengths: Mapping[str, int]
    places: tuple[tuple[int, int, int], ...]


def copy_live_pages(folder: Path, catalog: Catalog) -> NewGeneration:
    """Write the next generation's files, durable but not yet counted by the catalog."""
    old, lengths = catalog.generation(), catalog.lengths()
    mapped = {
        kind: map_segment(segment_path(folder, kind, old), lengths[kind]).data for kind in KINDS
    }
    remove_other_generations(folder, old)
    new = SegmentWriter(folder, old + 1, dict.fromkeys(KINDS, 0))
    places = []
    try:
        for row in catalog.page_rows():
            first, last = row.first_patch, row.first_patch + row.n_stored
            start = new.append("bits", mapped["bits"][first * BITS_SIZE : last * BITS_SIZE].data)
            new.append("vectors", mapped["vectors"][first * VECTOR_SIZE : last * VECTOR_SIZE].data)
            end = row.preview_start + row.preview_length
            preview_start = new.append("previews", mapped["previews"][row.preview_start : end].data)
            places.append((row.page_key, start // BITS_SIZE, preview_start))
        new.sync()
    finally:
        new.close()
    return NewGeneration(old + 1, new.lengths, tuple(places))


def remove_other_generations(folder: Path, generation: int) -> None:
    """Delete segment files the catalog does not count: a compaction's source, or its torso."""
    for kind in KINDS:
        for path in folder.glob(f"{kind}-*.bin"):
            if path != segment_path(folder, kind, generation):
                path.unlink()
