"""Append-only files of bits, vectors and page previews. Knows nothing of what their bytes mean.

A generation is one set of the three files; `compact` writes the next. Only the catalog knows how
much of a file counts: bytes past the recorded length are garbage from a crash.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import DamagedIndexError, PagelensError

KINDS = ("bits", "vectors", "previews")


def segment_path(folder: Path, kind: str, generation: int) -> Path:
    """Where a segment lies, for example `bits-000001.bin`."""
    return folder / f"{kind}-{generation:06}.bin"


def map_segment(path: Path, length: int) -> NDArray[np.uint8]:
    """Map the first `length` bytes of a segment for reading, uint8 (length,).

    Raises:
        DamagedIndexError: the file is missing or shorter than the catalog recorded.
    """
    try:
        have = path.stat().st_size
    except FileNotFoundError as e:
        raise DamagedIndexError(
            f"{path} is missing. Restore it from a backup, or delete the index and ingest again."
        ) from e
    if have < length:
        raise DamagedIndexError(
            f"{path} holds {have} bytes, {length} were recorded. "
            "Restore it from a backup, or delete the index and ingest again."
        )
    if length == 0:
        return np.zeros(0, np.uint8)  # an empty file cannot be mapped
    return np.memmap(path, np.uint8, mode="r", shape=(length,))


class SegmentWriter:
    """The three files of one generation, opened for appending by the index's one writer."""

    def __init__(self, folder: Path, generation: int, lengths: Mapping[str, int]) -> None:
        """Open the files, and cut what lies past the recorded lengths.

        Raises:
            DamagedIndexError: a file is shorter than recorded.
        """
        self._lengths = dict(lengths)
        self._files = {}
        paths = {kind: segment_path(folder, kind, generation) for kind in KINDS}
        for kind, path in paths.items():
            if lengths[kind]:
                map_segment(path, lengths[kind])  # refuses a missing or short file
        for kind, path in paths.items():
            # unbuffered: after a full disk no half-written buffer may come back at the next write
            self._files[kind] = path.open("r+b" if path.exists() else "w+b", buffering=0)
        self.roll_back(lengths)

    @property
    def lengths(self) -> dict[str, int]:
        """Bytes in each file, appended ones included."""
        return dict(self._lengths)

    def append(self, kind: str, data: bytes | memoryview) -> int:
        """Add bytes to the end of a file and return where they begin; not yet durable."""
        start = self._lengths[kind]
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._files[kind].write(rest) :]
        except OSError as e:
            raise PagelensError(f"Cannot write to {self._files[kind].name}: {e.strerror}.") from e
        self._lengths[kind] += len(data)
        return start

    def sync(self) -> None:
        """Make everything appended durable."""
        for file in self._files.values():
            try:
                os.fsync(file.fileno())
            except OSError as e:
                raise PagelensError(f"Cannot write to {file.name}: {e.strerror}.") from e

    def roll_back(self, lengths: Mapping[str, int]) -> None:
        """Forget everything past these lengths."""
        self._lengths = dict(lengths)
        for kind, file in self._files.items():
            file.seek(lengths[kind])
            file.truncate()

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
