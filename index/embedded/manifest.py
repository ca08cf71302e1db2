"""manifest.json: what an index folder is, readable before anything else is opened."""

import json
from dataclasses import asdict
from pathlib import Path

from index.errors import DamagedIndexError, IndexMismatchError, WrongUseError
from index.pages import Fingerprint

MANIFEST_NAME = "manifest.json"
FORMAT_VERSION = 3
"""Raised whenever the files of an index change their meaning; any other version is refused."""


def read_manifest(folder: Path) -> Fingerprint:
    """What made the index in a folder.

    Raises:
        WrongUseError: there is no index in this folder.
        IndexMismatchError: it was written in another format version.
        DamagedIndexError: the manifest cannot be read.
    """
    path = folder / MANIFEST_NAME
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format_version"]
        if version == FORMAT_VERSION:
            return Fingerprint(**manifest["fingerprint"])
    except (FileNotFoundError, NotADirectoryError) as e:
        raise WrongUseError(
            f"No index at {folder}. Make one with "
            f'"pagelens ingest FOLDER --index {folder}", or name another with --index.'
        ) from e
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise DamagedIndexError(
            f"{path} cannot be read ({e}). "
            "Restore it from a backup, or delete the index and ingest again."
        ) from e
    raise IndexMismatchError(
        f"Index {folder} has format version {version}, this program reads {FORMAT_VERSION}. "
        "Use the program that made it, or ingest again into a new index."
    )


def write_manifest(folder: Path, fingerprint: Fingerprint) -> None:
    """Declare the folder an index; all at once, so that it is one or is not."""
    manifest = {"format_version": FORMAT_VERSION, "fingerprint": asdict(fingerprint)}
    draft = folder / f"{MANIFEST_NAME}.new"
    draft.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / MANIFEST_NAME)
