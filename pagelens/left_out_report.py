"""What an ingest tells of what it passed over: links to folders, junk, and what rules exclude."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.wording import count, printable
from ingest.exclusion import IGNORE_FILE
from ingest.files import LeftOut, shown


def left_out_lines(left_out: LeftOut) -> list[str]:
    """What was passed over, a line for each thing to know; none where nothing was."""
    lines = []
    n_links = len(left_out.links)
    if n_links:
        lines.append(
            f"{count(n_links, 'link')} to {'a folder' if n_links == 1 else 'folders'} not followed "
            f"({_example(left_out.links)}); --follow-links looks behind."
        )
    kinds = {
        f"by --exclude or {IGNORE_FILE}": left_out.excluded,
        "as bins or thumbnails of other systems": left_out.junk,
        "as hidden": left_out.hidden,
    }
    said = [f"{len(paths):,} {kind} ({_example(paths)})" for kind, paths in kinds.items() if paths]
    if said:
        lines.append(f"Left out: {', '.join(said)}.")
    if left_out.other_kinds:
        endings = Counter(path.suffix.lower() for path in left_out.other_kinds)
        some = ", ".join(f"{n:,} {ending}" for ending, n in endings.most_common())
        files = count(len(left_out.other_kinds), "file")
        lines.append(f"{files} of kinds that are not read: {some}.")
    lines += [
        f"--exclude {pattern!r} matches no document and no folder. Patterns are read as in "
        '.gitignore, from each folder named on: "*.tif", "drafts/", "/2019/*.pdf".'
        for pattern in left_out.idle_patterns
    ]
    return lines


def left_out_as_json(left_out: LeftOut) -> dict[str, Any]:
    """The same as JSON: every path."""
    return {
        "links": [shown(path) for path in left_out.links],
        "excluded": [shown(path) for path in left_out.excluded],
        "junk": [shown(path) for path in left_out.junk],
        "hidden": [shown(path) for path in left_out.hidden],
        "other_kinds": [shown(path) for path in left_out.other_kinds],
        "idle_patterns": list(left_out.idle_patterns),
    }


def _example(paths: Sequence[Path]) -> str:
    name = printable(shown(paths[0]))
    return f"such as {name}" if len(paths) > 1 else name
