"""Run the notebooks and write them, with what they print and draw, to docs/notebooks/.

    python -m notebooks.render            # all
    python -m notebooks.render 05 07      # those whose names begin so

A notebook is stored without outputs; who only reads finds them here.
"""

import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from ipykernel.kernelspec import write_kernel_spec
from nbclient import NotebookClient
from nbconvert import MarkdownExporter
from nbformat import NotebookNode
from PIL import Image

NOTEBOOKS = Path(__file__).parent
RENDERED = NOTEBOOKS.parent / "docs" / "notebooks"
CELL_TIMEOUT_S = 600  # many times what the slowest cell takes; ends one that hangs
WEBP_QUALITY = 80  # letters stay sharp, and a figure takes some 30 kB


def execute(path: Path) -> NotebookNode:
    """A notebook as it is after a run from a clean kernel of this interpreter.

    Raises:
        CellExecutionError: a cell failed.
        ValueError: a figure could not be drawn, which the kernel reports and goes on.
    """
    notebook = nbformat.read(path, as_version=4)
    with _clean_kernel() as name:
        NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT_S,
            kernel_name=name,
            coalesce_streams=True,  # what a cell prints is one output
            resources={"metadata": {"path": str(path.parent)}},  # the folder Jupyter gives it
        ).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                raise ValueError(f"{path.name}, cell {cell.id}: {output.ename}: {output.evalue}")
    return notebook


def render(path: Path, folder: Path = RENDERED) -> None:
    """Run a notebook and write `folder/<its name>.md` with its pictures beside it."""
    notebook = execute(path)
    resources = {"unique_key": path.stem, "output_files_dir": ""}
    text, made = MarkdownExporter().from_notebook_node(notebook, resources)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{path.stem}*"):
        old.unlink()
    for name, data in made["outputs"].items():
        picture = Path(name).with_suffix(".webp").name
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGB").save(folder / picture, quality=WEBP_QUALITY, method=6)
        text = text.replace(f"({name})", f"({picture})")
    head = (
        f"<!-- Written by `python -m notebooks.render {path.stem[:2]}`; edit the notebook. -->\n"
        f"*[The notebook](../../notebooks/{path.name}) as it ran; "
        "[all of them](../concepts.md#the-notebooks).*\n\n"
    )
    body = relinked(text).replace("![png]", "![figure]").strip()
    (folder / f"{path.stem}.md").write_text(f"{head}{body}\n", encoding="utf-8")


def relinked(text: str) -> str:
    """Links of a notebook as they lead from docs/notebooks/."""
    text = text.replace("](../", "](../../")
    return re.sub(r"\]\((\w+)\.ipynb", r"](\1.md", text)


@contextmanager
def _clean_kernel() -> Iterator[str]:
    """The name of a kernel that runs this interpreter, and knows nothing of the user's settings."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        jupyter = Path(folder)
        write_kernel_spec(
            jupyter / "kernels" / "this-interpreter"
        )  # its argv begins sys.executable
        os.environ |= {
            "JUPYTER_PATH": str(jupyter),
            "JUPYTER_CONFIG_DIR": str(jupyter / "config"),
            "JUPYTER_RUNTIME_DIR": str(jupyter / "runtime"),
            "IPYTHONDIR": str(jupyter / "ipython"),
            "PYTHONWARNINGS": "ignore:IProgress not found",  # tqdm misses widgets nobody would see
        }
        os.environ.pop("MPLBACKEND", None)  # the kernel's own draws into the notebook
        try:
            yield "this-interpreter"
        finally:
            os.environ.clear()
            os.environ |= before


if __name__ == "__main__":
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        if len(sys.argv) == 1 or notebook.name.startswith(tuple(sys.argv[1:])):
            print(notebook.name, flush=True)
            render(notebook)
