"""Every notebook runs from a clean kernel, draws, and warns of nothing."""

from pathlib import Path

import pytest

from notebooks.render import NOTEBOOKS, execute

pytestmark = pytest.mark.parametrize(
    "path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem
)


def test_a_notebook_runs_from_a_clean_kernel(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAGELENS_MODEL", raising=False)  # what anybody has, not who has weights
    cells = [cell for cell in execute(path).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    printed = [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    assert "Warning" not in "".join(printed)
