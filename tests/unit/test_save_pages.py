"""pagelens/save_pages.py: names any file system takes; the files are in test_query_command.py."""

import pytest

from index.pages import Hit
from pagelens.save_pages import LONGEST_NAME, preview_name


@pytest.mark.parametrize("name", ["日" * 200, "a/../../b", "x y:z?", "-rf"])
def test_names_of_saved_pages_are_safe(name: str) -> None:
    found = preview_name(1, Hit("d-1", "d", 1, 1.0, 1.0, (f"/a/{name}.pdf",), "", ""))
    assert "/" not in found
    assert len(found.encode()) < 255
    assert len(found) <= LONGEST_NAME + len("01--p1.webp")
