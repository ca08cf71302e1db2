"""The application package, and copies of it that are broken in one place."""

import shutil
from pathlib import Path

APPLICATION = Path(__file__).resolve().parents[2] / "vespa_app" / "application"


def copy_with(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the application in which one text of one file is replaced by another."""
    copy = folder / "application"
    shutil.copytree(APPLICATION, copy)
    text = (copy / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file} holds {old!r} {text.count(old)} times"
    (copy / file).write_text(text.replace(old, new), encoding="utf-8")
    return copy
