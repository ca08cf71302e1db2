"""Notebooks are stored as their source alone, and their rendering is of that source."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from notebooks.render import NOTEBOOKS, RENDERED, relinked

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
RENDERED_BYTES = 5_000_000  # all of docs/notebooks: what a clone carries for who only reads

each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


@each_notebook
def test_a_notebook_is_stored_without_what_a_run_leaves(path: Path) -> None:
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count, cell.metadata) == ([], None, {}), cell.id
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


@each_notebook
def test_a_notebook_is_valid_and_its_cells_have_names(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


@each_notebook
def test_a_notebook_opens_with_a_question_and_ends_with_what_to_try(path: Path) -> None:
    first, *_, last = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    assert first.startswith("# ")
    assert "?" in first
    assert last.startswith("## What to try next\n")


@each_notebook
def test_its_rendering_is_of_this_source(path: Path) -> None:
    rendered = (RENDERED / f"{path.stem}.md").read_text(encoding="utf-8")
    for cell in read(path).cells:
        assert squeezed(relinked(cell.source)) in squeezed(rendered), cell.id
    pictures = set(re.findall(r"\]\((\w+\.webp)\)", rendered))
    assert pictures
    assert pictures == {picture.name for picture in RENDERED.glob(f"{path.stem}_*")}


@each_notebook
def test_its_rendering_says_nothing_of_the_machine_it_ran_on(path: Path) -> None:
    rendered = (RENDERED / f"{path.stem}.md").read_text(encoding="utf-8")
    for trace in (str(NOTEBOOKS.parent), "site-packages", "Warning", "\x1b"):
        assert trace not in rendered


@each_notebook
def test_every_link_leads_somewhere(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\((?!https?://)([^)#]+)", cell.source):
                assert (path.parent / target).exists(), target


def test_nothing_else_is_rendered_and_it_is_small() -> None:
    assert {page.stem for page in RENDERED.glob("*.md")} == {path.stem for path in PATHS}
    assert sum(file.stat().st_size for file in RENDERED.iterdir()) < RENDERED_BYTES


def test_links_lead_to_the_same_from_where_it_is_rendered() -> None:
    source = "[a](../docs/vespa.md), [b](02_patches.ipynb), [c](https://x.org/y.ipynb)"
    rendered = "[a](../../docs/vespa.md), [b](02_patches.md), [c](https://x.org/y.ipynb)"
    assert relinked(source) == rendered


def squeezed(text: str) -> str:
    """Without white space, which a rendering may add."""
    return "".join(text.split())
