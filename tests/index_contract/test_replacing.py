"""A changed file is never missing: until its new document is complete, the old one is found."""

import itertools
from collections.abc import Callable
from pathlib import Path

from encoders.lexical import LexicalEncoder
from index.errors import ServerError
from index.interface import BM25, HAMMING, PageIndex
from tests.documents import write_pdf
from tests.finding import shown
from tests.syncing import sync

OLD, NEW = "harbour before", "harbour afterwards"
WRITES = ("put_document", "put", "delete")


class FailsAtWrite:
    """An index whose n-th call that writes does nothing but fail."""

    def __init__(self, index: PageIndex, n: int) -> None:
        self._index = index
        self._n_left = n

    def __getattr__(self, name: str) -> Callable[..., object]:
        if name in WRITES:
            self._n_left -= 1
            if self._n_left == 0:
                raise ServerError("The server is gone.")
        return getattr(self._index, name)


def found(index: PageIndex, ranking: str) -> list[str]:
    query = LexicalEncoder().encode_query("harbour")
    return [hit.text for hit in shown(index, index.search(query, ranking, 10).hits)]


def test_the_old_document_or_the_new_is_found_wherever_an_ingest_fails(
    empty_index: PageIndex, tmp_path: Path
) -> None:
    path = tmp_path / "report.pdf"
    seen = []
    for n in itertools.count(1):
        empty_index.delete([document.document_id for document in empty_index.documents()])
        write_pdf(path, [OLD])
        sync(empty_index, path)
        write_pdf(path, [NEW])
        try:
            sync(FailsAtWrite(empty_index, n), path)
        except ServerError:
            seen.append(found(empty_index, BM25))
            assert found(empty_index, HAMMING) == seen[-1]
            sync(empty_index, path)  # goes on from there
            assert found(empty_index, BM25) == found(empty_index, HAMMING) == [NEW]
        else:
            break  # no call was left to fail
    assert [state for state, _ in itertools.groupby(seen)] == [[OLD], [NEW]]
