"""A model of each family from the command line: into a folder and into Vespa, asked, and drawn."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from index.embedded.embedded_index import EmbeddedIndex
from index.pages import Page, page_id
from pagelens.main import main
from tests import tiny_families
from tests.tiny_colsmol import build_tiny_colmodernvbert
from tests.vespa_java.stand_in import StandIn

pytestmark = pytest.mark.usefixtures("exact_cpu")

A4_PT = (595.0, 842.0)
SQUARE = (0.5, 0.55, 0.75, 0.75)  # left, top, right, bottom, as fractions of the page

FAMILIES = {
    "ColSmol 2.2B": (tiny_families.build_tiny_colsmol_2b, 1053),
    "ColModernVBERT": (build_tiny_colmodernvbert, 832),
    "ColQwen2": (tiny_families.build_tiny_colqwen2, 736),
    "ColQwen2.5": (tiny_families.build_tiny_colqwen2_5, 736),
    "ColPali": (tiny_families.build_tiny_colpali, 1024),
}
"""A builder of a tiny model, and the vectors of an A4 page. ColSmol: test_published_layout.py."""


@pytest.fixture
def run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Run a command in a folder with a PDF of one page that has a black square."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PAGELENS_INDEX", raising=False)
    Path("pdfs").mkdir()
    width, height = A4_PT
    left, top, right, bottom = SQUARE
    canvas = Canvas("pdfs/square.pdf", pagesize=A4_PT, invariant=1)
    canvas.drawString(60, height - 80, "a black square")
    size_pt = (right - left) * width, (bottom - top) * height
    canvas.rect(left * width, (1 - bottom) * height, *size_pt, fill=1)
    canvas.save()

    def command(*arguments: str) -> str:
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        out, err = capsys.readouterr()
        assert exit_.value.code == 0, out + err
        return out

    return command


@pytest.mark.parametrize("family", FAMILIES)
def test_into_a_folder_and_into_vespa(
    run: Callable[..., str], stand_in: StandIn, family: str, tmp_path: Path
) -> None:
    """Random weights: which page wins means nothing, but both indexes must say the same."""
    build, n_vectors = FAMILIES[family]
    model = build(tmp_path / "model")
    stand_in.clear()
    scores = []
    for index in ("here", stand_in.url):
        run("ingest", "pdfs", "--index", index, "--model", str(model), "--device", "cpu")
        status = json.loads(run("status", "--index", index, "--json"))
        assert (status["n_pages"], status["n_vectors"]) == (1, n_vectors)
        asked = ("query", "a black square", "--index", index, "--device", "cpu")
        hits = json.loads(run(*asked, "--json"))["hits"]
        scores += [round(hit["score"], 4) for hit in hits]
        run(*asked, "--heatmap", f"heat-{len(scores)}")
        with Image.open(next(Path(f"heat-{len(scores)}").glob("*.png"))) as heat:
            assert heat.height == 1280  # people can read it, however small the model sees it
            assert heat.width == round(1280 * A4_PT[0] / A4_PT[1])
    assert scores[0] == scores[1]
    with closing(EmbeddedIndex.open(Path("here"))) as reader:
        (document,) = reader.documents()
        assert_the_square_is_seen_in_its_place(reader.page(page_id(document.document_id, 1)))


def assert_the_square_is_seen_in_its_place(page: Page) -> None:
    """Cells in the square are more alike than any is like one on white paper, wherever it lies."""
    boxes, vectors = page.vectors.patch_map.boxes, page.vectors.vectors
    left, top, right, bottom = SQUARE
    x0, y0, x1, y1 = boxes.T
    is_fine = x1 - x0 < 0.06  # the cells of a global view see more than the square
    inside = is_fine & (x0 >= left) & (x1 <= right) & (y0 >= top) & (y1 <= bottom)
    # what a causal model makes of a page's first rows is like nothing else
    outside = is_fine & ((x1 < left) | (x0 > right) | (y1 < top) | (y0 > bottom)) & (y0 > 0.3)
    assert inside.sum() >= 30
    in_square = vectors[inside].mean(axis=0)
    alike = vectors @ (in_square / np.linalg.norm(in_square))
    assert alike[inside].min() > alike[outside].max()


def test_two_devices_take_turns(run: Callable[..., str], tmp_path: Path) -> None:
    """Two processes on the CPU stand for two GPUs, as in test_published_layout.py for ColSmol."""
    model = tiny_families.build_tiny_colqwen2(tmp_path / "model")
    run("ingest", "pdfs", "--index", "one", "--model", str(model), "--device", "cpu")
    run("ingest", "pdfs", "--index", "two", "--model", str(model), "--device", "cpu,cpu")
    vectors = []
    for name in ("one", "two"):
        with closing(EmbeddedIndex.open(Path(name))) as reader:
            (document,) = reader.documents()
            vectors.append(reader.page(page_id(document.document_id, 1)).vectors.vectors)
    np.testing.assert_array_equal(*vectors)
