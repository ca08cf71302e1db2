"""What searches gave, kept as it comes: an interrupted sweep goes on, a finished one is read."""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType

from index.errors import WrongUseError
from index.pages import Document, Fingerprint
from query.quality.settings import Setting

_BEGINNING = b'{"state": "'  # of every line


@dataclass(frozen=True)
class Answer:
    """What one search gave.

    Attributes:
        page_ids: best first.
        ms: how long it took to encode the query, where the ranking needs it, and to rank; without
            the reading of the hits.
    """

    page_ids: tuple[str, ...]
    ms: float


def state_of(fingerprint: Fingerprint, documents: Iterable[Document], place: str) -> str:
    """What all answers of an index depend on: another state makes them void.

    Args:
        fingerprint: of the index.
        documents: all it holds: their pages, titles and paths count.
        place: one name for all names of where it lies: a folder and a server differ in the scores
            of words, and in time.
    """
    state = hashlib.sha256(f"{version('pagelens')}\n{place}\n{fingerprint}".encode())
    for document in documents:
        holds = (document.document_id, document.readable_pages, document.is_complete)
        named = (document.title, sorted(document.paths))
        state.update(os.fsencode(f"\n{holds} {named}"))
    return state.hexdigest()[:32]


class RunFile:
    """Answers of an index in a file of JSON lines, and in memory; a context manager.

    Those of another state, also of another index, stay in the file and are not looked at. What a
    kill has cut off in the midst of a line is dropped.

    Args:
        path: made where it is not there.
        state: as `state_of` gives it.

    Raises:
        WrongUseError: the file cannot be written to, or holds something else.

    Attributes:
        path: of the file.
        answers: by setting and text.
    """

    def __init__(self, path: Path, state: str) -> None:
        self.path, self._state = path, state
        self.answers: dict[tuple[Setting, str], Answer] = {}
        try:
            self._file = path.open("a+b", buffering=0)
        except OSError as e:
            raise WrongUseError(
                f"Cannot write to {path} ({e.strerror}). Name another file with --runs."
            ) from e
        try:
            for number, line in enumerate(self._whole_lines(), 1):
                self._read(number, line)
        except BaseException:
            self._file.close()
            raise

    def _whole_lines(self) -> Iterator[bytes]:
        """Every line; the file is cut before one that a kill has left without its end."""
        end = 0
        with self.path.open("rb") as file:
            for line in file:
                begins_as_ours = line.startswith(_BEGINNING) or _BEGINNING.startswith(line)
                if begins_as_ours and not line.endswith(b"\n"):
                    self._file.truncate(end)
                    return
                end += len(line)
                yield line

    def _read(self, number: int, line: bytes) -> None:
        try:
            row = json.loads(line)
            key = (Setting(row["ranking"], row["rerank"], row.get("pool")), row["query"])
            if row["state"] == self._state:
                self.answers[key] = Answer(tuple(map(sys.intern, row["pages"])), row["ms"])
        except (ValueError, KeyError, TypeError) as e:
            raise WrongUseError(
                f"{self.path} line {number} is not what pagelens eval writes. Name another file "
                "with --runs."
            ) from e

    def add(self, setting: Setting, text: str, answer: Answer, *, is_kept: bool) -> None:
        """Take an answer in.

        Args:
            setting: how it was searched for.
            text: what was searched for.
            answer: what came.
            is_kept: whether the file is to have it too.
        """
        self.answers[setting, text] = answer
        if is_kept:
            row = {
                "state": self._state,
                "ranking": setting.ranking,
                "rerank": setting.rerank,
                "pool": setting.pool,
                "query": text,
                "pages": answer.page_ids,
                "ms": answer.ms,
            }
            self._file.write(json.dumps(row).encode() + b"\n")

    def __enter__(self) -> "RunFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
