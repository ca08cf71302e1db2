"""Makes the sample PDFs: `python -m samples.make_samples [FOLDER]`, by default into `samples/`.

The same versions of the libraries give the same bytes; `made_with.json` names them. Each document
is one module of `samples/source`.
"""

import json
import platform
import sys
import zlib
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import matplotlib

from samples.source import (
    binary_codes_paper,
    chemical_elements,
    earth_report,
    east_asia,
    german,
    light_slides,
    meteor_form,
    scan,
    si_units,
    yearbook,
)
from samples.source.layout import register_fonts

DOCUMENTS: dict[str, Callable[[Path], None]] = {
    "binary-codes-paper.pdf": binary_codes_paper.make,
    "chemical-elements.pdf": chemical_elements.make,
    "earth-report.pdf": earth_report.make,
    "light-slides.pdf": light_slides.make,
    "meteor-form.pdf": meteor_form.make,
    "nihon.pdf": east_asia.make_japanese,
    "scanned-notes.pdf": scan.make,
    "si-units.pdf": si_units.make,
    "solar-system-2023.pdf": partial(yearbook.make, year=2023),
    "solar-system-2024.pdf": partial(yearbook.make, year=2024),
    "wasserstrassen.pdf": german.make,
    "zhongguo.pdf": east_asia.make_chinese,
}


def made_with() -> dict[str, str]:
    """The versions that the bytes of the files depend on."""
    libraries = {name: version(name) for name in ("matplotlib", "numpy", "pillow", "reportlab")}
    return {**libraries, "zlib": zlib.ZLIB_RUNTIME_VERSION, "machine": platform.machine()}


def make_samples(folder: Path) -> None:
    """Write every document, and the versions it was made with, into a folder."""
    matplotlib.rcdefaults()  # a matplotlibrc of the user must not change the charts
    register_fonts()
    for name, make in DOCUMENTS.items():
        make(folder / name)
        print(f"{name}: {(folder / name).stat().st_size / 1000:.0f} kB")
    (folder / "made_with.json").write_text(
        json.dumps(made_with(), indent=2) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    make_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
