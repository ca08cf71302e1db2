"""Append-only files of bits, vectors and page previews. Knows nothing of what their bytes mean.

A generation is one set of the three files; `compact` writes the next. Only the catalog knows how
much of a file counts: bytes past the recorded length are garbage from a crash.
"""

import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.errors import DamagedIndexError, PagelensError

KINDS = ("bits", "vectors", "previews")


def segment_path(folder: Path, kind: str, generation: int) -> Path:
    """Where a segment lies, for example `bits-000001.bin`."""
    return folder / f"{kind}-{generation:06}.bin"


@dataclass(frozen=True, eq=False)
class MappedSegment:
    """The part of a segment that counts, mapped for reading.

    Attributes:
        data: uint8 (length,).
    """

    data: NDArray[np.uint8]
    _map: mmap.mmap | None

    def will_need(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        """Tell the system to read these ranges of bytes now, all at once, and do not wait.

        Left to page faults, pages spread over a cold disk are read one after the other: 200 pages
        of vectors took 620 ms that way, and 31 ms so.
        """
        if self._map is None:
            return
        first = starts - starts % mmap.PAGESIZE
        for start, end in zip(first.tolist(), (starts + lengths).tolist(), strict=True):
            if end > start:
                self._map.madvise(mmap.MADV_WILLNEED, start, end - start)


def map_segment(path: Path, length: int) -> MappedSegment:
    """Map the first `length` bytes of a segment for reading.

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
        return MappedSegment(np.zeros(0, np.uint8), None)  # an empty file cannot be mapped
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ)
    return MappedSegment(np.frombuffer(mapped, np.uint8), mapped)


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
            raise _cannot_write(self._files[kind].name, e) from e
        self._lengths[kind] += len(data)
        return start

    def sync(self) -> None:
        """Make everything appended durable."""
        for file in self._files.values():
            try:
                os.fsync(file.fileno())
            except OSError as e:
                raise _cannot_write(file.name, e) from e

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


def _cannot_write(name: str, error: OSError) -> PagelensError:
    return PagelensError(
        f"Cannot write to {name}: {error.strerror}. What was committed before is kept: "
        "make room, and run the same command again."
    )
