"""The Vespa application's files: a zip for a config server, a folder for the Vespa CLI."""

import io
import shutil
import tempfile
import zipfile
from pathlib import Path

from index.errors import WrongUseError

APPLICATION = Path(__file__).parents[1] / "application"
"""The package as it lies in the repository and in the wheel; nothing in it is generated."""

_SIGNS = ("services.xml", "schemas/page.sd", "schemas/pdf.sd")
"""Files by which an earlier export is known, whatever version wrote it."""


def application_files() -> list[Path]:
    """Every file of the package, relative to APPLICATION and sorted."""
    found = (path.relative_to(APPLICATION) for path in APPLICATION.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.parts))


def application_zip() -> bytes:
    """The package as a config server takes it; the same bytes whenever it is packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in application_files():
            entry = zipfile.ZipInfo(path.as_posix())  # its date is 1980, whatever the file's
            content = (APPLICATION / path).read_bytes()
            archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def copy_application(folder: Path) -> None:
    """Write the package into a folder, which is made."""
    for path in application_files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(APPLICATION / path, target)


def export_application(folder: Path) -> Path | None:
    """Write the package to a folder that is new, empty, or holds an earlier export.

    The folder takes its name when all of it is written. An earlier export that differs may have
    been edited, so it is kept beside the new one.

    Args:
        folder: where; its parents are made.

    Returns:
        Where the earlier export is kept; None where there was none, or it was the same.

    Raises:
        WrongUseError: the folder holds something else, or cannot be written.
    """
    folder = folder.resolve()  # of a link, the folder it leads to is replaced
    try:
        is_empty = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
        if not is_empty:
            _check_is_export(folder)
            if _is_current(folder):
                return None
        kept = None if is_empty else _free_name(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as part:
            draft = Path(part) / folder.name
            copy_application(draft)
            if kept is not None:
                folder.rename(kept)
            draft.rename(folder)  # over an empty folder too
    except OSError as e:
        raise WrongUseError(
            f"Cannot write {folder} ({e.strerror}). Free some space there, or name another folder."
        ) from e
    return kept


def _check_is_export(folder: Path) -> None:
    if not folder.is_dir():
        raise WrongUseError(f"Cannot export to {folder}: it is a file. Name a new folder.")
    if not all((folder / sign).is_file() for sign in _SIGNS):
        first = min(path.name for path in folder.iterdir())
        raise WrongUseError(
            f"{folder} holds other files ({first}) and no earlier export. Name a new folder."
        )


def _is_current(folder: Path) -> bool:
    ours = application_files()
    theirs = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return theirs == ours and all(
        (folder / path).read_bytes() == (APPLICATION / path).read_bytes() for path in ours
    )


def _free_name(folder: Path) -> Path:
    """A name beside the folder, `<name>.before`, that nothing has yet."""
    number = 1
    while (
        kept := folder.with_name(f"{folder.name}.before{number if number > 1 else ''}")
    ).exists():
        number += 1
    return kept
