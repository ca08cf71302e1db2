"""The Vespa application's files: a zip for a config server, a folder for the Vespa CLI."""

import io
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from index.errors import WrongUseError

APPLICATION = Path(__file__).parents[1] / "application"
"""The package as it lies in the repository and in the wheel; nothing in it is generated."""

SERVICES, HOSTS = "services.xml", "hosts.xml"
"""On which machines it runs, and with what: their names within a package."""

Package = Mapping[str, bytes]
"""What is deployed: its files by their paths, "/" between the parts."""

_SIGNS = (SERVICES, "schemas/page.sd", "schemas/pdf.sd")
"""Files by which an earlier export is known, whatever version wrote it."""


def application_package() -> dict[str, bytes]:
    """The package as it lies, in the order of its paths."""
    found = ((p.relative_to(APPLICATION), p) for p in sorted(APPLICATION.rglob("*")) if p.is_file())
    return {
        path.as_posix(): file.read_bytes()
        for path, file in found
        if not any(part.startswith(".") for part in path.parts)
    }


def packed(package: Package) -> bytes:
    """A package as a config server takes it; the same bytes whenever it is packed."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for path, content in package.items():
            entry = zipfile.ZipInfo(path)  # its date is 1980, whatever the file's
            archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return zipped.getvalue()


def write_package(package: Package, folder: Path) -> None:
    """Write a package into a folder, which is made."""
    for path, content in package.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def export_package(package: Package, folder: Path) -> Path | None:
    """Write a package to a folder that is new, empty, or holds an earlier export.

    The folder takes its name when all of it is written. An earlier export that differs may have
    been edited, so it is kept beside the new one.

    Args:
        package: what is written.
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
            if _read_package(folder) == package:
                return None
        kept = None if is_empty else _free_name(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as part:
            draft = Path(part) / folder.name
            write_package(package, draft)
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


def _read_package(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _free_name(folder: Path) -> Path:
    """A name beside the folder, `<name>.before`, that nothing has yet."""
    number = 1
    while (
        kept := folder.with_name(f"{folder.name}.before{number if number > 1 else ''}")
    ).exists():
        number += 1
    return kept
