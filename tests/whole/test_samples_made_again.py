"""The script makes the sample documents again."""

import json
import subprocess
import sys
import zlib
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from platform import machine

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
PDFS = sorted(SAMPLES.glob("*.pdf"))


@pytest.fixture(scope="module")
def made_again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    command = [sys.executable, "-m", "samples.make_samples", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def words(path: Path) -> Counter[str]:
    """Their order may change with the libraries' versions."""
    done = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", path, "-"], capture_output=True, check=True, encoding="utf-8"
    )
    return Counter(done.stdout.split())


def test_the_script_makes_the_same_pages(made_again: Path):
    assert sorted(path.name for path in made_again.glob("*.pdf")) == [p.name for p in PDFS]
    for path in PDFS:
        again, kept = words(made_again / path.name), words(path)
        changed = (again - kept) + (kept - again)
        # another matplotlib may break the labels of a chart differently
        assert changed.total() <= 0.02 * kept.total(), f"{path.name}: {changed}"


def test_the_same_libraries_make_the_same_bytes(made_again: Path):
    recorded = json.loads((SAMPLES / "made_with.json").read_text(encoding="utf-8"))
    libraries = ("matplotlib", "numpy", "pillow", "reportlab")
    here = {name: version(name) for name in libraries}
    here |= {"zlib": zlib.ZLIB_RUNTIME_VERSION, "machine": machine()}
    if here != recorded:
        pytest.skip(f"the samples were made with {recorded}, this is {here}")
    for path in PDFS:
        assert (made_again / path.name).read_bytes() == path.read_bytes(), path.name
