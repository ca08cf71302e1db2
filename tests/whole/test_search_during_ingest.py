"""Many search on while an index is written, emptied and compacted."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from query.request import SearchRequest
from query.service import shared_index
from query.service.service import SearchService
from tests.library import NEW_REPORT, OLD_REPORT, fill

WAIT_S = 10.0  # for what happens at once unless it never does


def test_answers_stay_whole_while_an_ingest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_index, "REFRESH_S", 0)
    monkeypatch.setattr(shared_index, "PATIENCE_S", 0)  # as often as there is a chance to
    with closing(EmbeddedIndex.open_for_writing(tmp_path, LexicalEncoder().fingerprint)) as writer:
        fill(writer)
        service = SearchService(lambda: EmbeddedIndex.open(tmp_path), lambda _: LexicalEncoder())
        is_over = threading.Event()

        def search_on() -> int:
            n_searches = 0
            while not is_over.is_set():
                found = service.search(SearchRequest("harbour report", k=8))
                assert found.groups[0].best.document_id in (OLD_REPORT, NEW_REPORT)
                n_searches += 1
            return n_searches

        with ThreadPoolExecutor(3) as threads:
            searchers = [threads.submit(search_on) for _ in range(3)]
            try:
                for _ in range(20):
                    writer.delete([OLD_REPORT])
                    writer.compact()
                    fill(writer)
            finally:
                is_over.set()
            assert all(searcher.result(WAIT_S) for searcher in searchers)
        service.close()
