"""Several ingests at once, each with its part of the documents, fill one index in Vespa."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from index.errors import WrongUseError
from index.location import Location
from index.pages import Document
from ingest.report import Report
from ingest.shard import Shard
from tests.documents import write_pdf
from tests.syncing import sync
from tests.vespa_java.stand_in import StandIn
from vespa_app.vespa_index import VespaIndex

N = 3


def one_of(url: str, folder: Path, number: int) -> Report:
    fingerprint = LexicalEncoder().fingerprint
    with closing(VespaIndex.open_for_writing(Location(url), fingerprint)) as index:
        return sync(index, folder, shard=Shard(number, N))


def at_once(url: str, folder: Path) -> list[Report]:
    with ThreadPoolExecutor(N) as pool:
        return list(pool.map(lambda n: one_of(url, folder, n), range(1, N + 1)))


def documents(url: str) -> list[Document]:
    with closing(VespaIndex.open(Location(url))) as index:
        assert index.n_unfinished() == 0
        return list(index.documents())


def test_runs_at_once_make_the_index_one_would_make(stand_in: StandIn, tmp_path: Path) -> None:
    for n in range(12):
        write_pdf(tmp_path / f"{n}.pdf", [f"page {n}", "and another"])
    stand_in.clear()
    reports = at_once(stand_in.url, tmp_path)
    assert sum(report.added.documents for report in reports) == 12
    assert sum(report.added.documents > 0 for report in reports) > 1
    assert len(documents(stand_in.url)) == 12

    (tmp_path / "0.pdf").rename(tmp_path / "moved.pdf")
    (tmp_path / "1.pdf").unlink()
    write_pdf(tmp_path / "2.pdf", ["changed"])
    reports = at_once(stand_in.url, tmp_path)
    assert sum(report.moved.documents for report in reports) == 1
    assert sum(report.removed.documents for report in reports) == 1
    assert sum(report.replaced.documents for report in reports) == 1
    assert sum(report.skipped.documents for report in reports) == 9
    later = documents(stand_in.url)
    assert len(later) == 11

    stand_in.clear()
    fingerprint = LexicalEncoder().fingerprint
    with closing(VespaIndex.open_for_writing(Location(stand_in.url), fingerprint)) as index:
        sync(index, tmp_path)
    assert documents(stand_in.url) == later


@pytest.mark.parametrize("text", ["", "0/2", "3/2", "1", "1/0", "a/b", "-1/2", "1/2/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(WrongUseError, match="is no shard. Write K/N"):
        Shard.read(text)
