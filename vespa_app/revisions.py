"""Documents' records, read and written so that no run writes over what it has not seen.

Each write gives a record another revision, and is done on condition that the record still has the
one that was read (Vespa: test and set). Runs that fill one index at once need that.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from secrets import token_hex

from index.pages import Document
from vespa_app.client import NONE_YET, VespaClient
from vespa_app.wire import MANIFEST_ID, document_fields, document_from_fields

RECORD = "pdf"
"""The schema of records."""


@dataclass(frozen=True)
class Stored:
    """A record as it is stored.

    Attributes:
        revision: the second it was written in, 0 where the document is to go, a dash, and what
            chance gave; "" where another program has written it.
    """

    document: Document
    revision: str

    @property
    def age_s(self) -> float:
        """How long ago it was last of use to a run, by the clocks of two machines."""
        written_s = self.revision.partition("-")[0]
        return time.time() - int(written_s) if written_s.isdecimal() else math.inf


class Revisions:
    """Reads and writes documents' records."""

    def __init__(self, client: VespaClient) -> None:
        self._client = client

    def read(self, document_id: str) -> Stored | None:
        """A record as it is stored now; None where there is none."""
        operation = f"read the record of document {document_id}"
        fields = self._client.get(operation, RECORD, document_id, "[document]")
        return None if fields is None else _stored(fields)

    def all(self) -> Iterator[Stored]:
        """Every record, in no order."""
        for fields in self._client.visit("read the documents' records", RECORD):
            if fields.get("document_id") != MANIFEST_ID:
                yield _stored(fields)

    def write(
        self, document: Document, before: Stored | None, *, is_to_go: bool = False
    ) -> Stored | None:
        """Store a record in the place of the one that was read, of the same document.

        Args:
            document: as it is to be stored.
            before: what was read; None where there was none.
            is_to_go: its removal begins, and whoever meets what is left may finish it.

        Returns:
            The record as it is stored; None where another run has written since, and nothing is.
        """
        id_ = document.document_id
        now_s = 0 if is_to_go else int(time.time())
        written = Stored(document, f"{now_s}-{token_hex(8)}")
        is_done = self._client.put(
            f"put the record of document {id_}",
            RECORD,
            id_,
            document_fields(document) | {"revision": written.revision},
            condition=_still(before),
        )
        if not is_done:
            now = self.read(id_)  # ours, where the answer to the first attempt was lost
            is_done = now is not None and now.revision == written.revision
        return written if is_done else None

    def remove(self, before: Stored) -> bool:
        """Remove the record that was read; whether it is gone, and not written by another run."""
        id_ = before.document.document_id
        is_done = self._client.remove(
            f"remove {RECORD} {id_}", RECORD, id_, condition=_still(before)
        )
        return is_done or self.read(id_) is None


def with_others_changes(document: Document, seen: Stored | None, stored: Stored | None) -> Document:
    """A document as one run wants it, with the paths that others have given or taken meanwhile.

    Args:
        document: made of what the run saw.
        seen: by the run, before.
        stored: now; where there is none any more, the run's own paths are all there is.
    """
    if stored is None or stored == seen:
        return document
    ours = {file.path: file for file in document.files}
    before = {file.path: file for file in seen.document.files} if seen is not None else {}
    now = {file.path: file for file in stored.document.files}
    files = []
    for path in sorted({*ours, *now}):
        was_left_alone = ours.get(path) == before.get(path)
        file = now.get(path) if was_left_alone else ours.get(path)
        if file is not None:
            files.append(file)
    return replace(document, files=tuple(files))


def _stored(fields: dict[str, object]) -> Stored:
    return Stored(document_from_fields(fields), str(fields.get("revision", "")))


def _still(before: Stored | None) -> str:
    """That a record is the one that was read, or that there is none yet."""
    if before is None:
        return NONE_YET
    return f'pdf.revision == "{before.revision}"' if before.revision else "pdf.revision == null"
