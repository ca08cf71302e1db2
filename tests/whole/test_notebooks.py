"""Every notebook runs from a clean kernel, and is stored as its source alone."""

from pathlib import Path

import nbformat
import pytest
from ipykernel.kernelspec import write_kernel_spec
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_TIMEOUT_S = 300  # a hundred times what the slowest cell takes; ends one that hangs

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture
def clean_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a kernel that runs this interpreter, and knows nothing of the user's settings."""
    jupyter = tmp_path / "jupyter"
    write_kernel_spec(jupyter / "kernels" / "this-interpreter")  # its argv begins sys.executable
    monkeypatch.setenv("JUPYTER_PATH", str(jupyter))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(jupyter / "config"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(jupyter / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(jupyter / "ipython"))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel's own draws into the notebook
    return "this-interpreter"


def test_a_notebook_runs_from_a_clean_kernel(path: Path, clean_kernel: str) -> None:
    notebook = read(path)
    NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name=clean_kernel,
        resources={"metadata": {"path": str(path.parent)}},  # the working folder Jupyter gives it
    ).execute()
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    printed = [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    assert "Warning" not in "".join(printed)


def test_a_notebook_is_stored_without_what_a_run_leaves(path: Path) -> None:
    notebook = read(path)
    for cell in code_cells(notebook):
        assert (cell.outputs, cell.execution_count, cell.metadata) == ([], None, {}), cell.id
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def test_a_notebook_is_valid_and_its_cells_have_names(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
