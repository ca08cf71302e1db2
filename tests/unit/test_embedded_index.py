"""What only the index in a folder does: snapshots, crashes, the lock, compaction, checking."""

import errno
import json
import os
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index import kernels
from index.embedded import embedded_index, ranking
from index.embedded.catalog import Catalog
from index.embedded.check import check_index
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import (
    DamagedIndexError,
    IndexMismatchError,
    PagelensError,
    WrongUseError,
)
from index.interface import BM25, FLOAT, HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT
from index.pages import QueryVectors
from index.quantize import from_bfloat16, to_bfloat16
from tests.random_pages import FINGERPRINT, document, document_id, page, query, unit_vectors

QUERY = query(unit_vectors(np.random.default_rng(99), 6), text="words")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def fill(folder: Path, numbers: range) -> None:
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as index:
        put_documents(index, numbers)


def put_documents(index: EmbeddedIndex, numbers: range) -> None:
    for n in numbers:
        rng = np.random.default_rng(n)
        index.put_document(document(n, f"/{n}.pdf", page_count=2))
        index.put(
            [page(n, number, unit_vectors(rng, 3 + n), text=f"words {n}") for number in (1, 2)]
        )


def ranked(index: EmbeddedIndex) -> list[tuple[str, float]]:
    return [(h.page_id, h.score_sum) for h in index.search(QUERY, FLOAT, 100).hits]


@pytest.fixture
def reader(folder: Path) -> Iterator[EmbeddedIndex]:
    fill(folder, range(3))
    with closing(EmbeddedIndex.open(folder)) as index:
        yield index


@pytest.mark.parametrize("name", [HAMMING, HAMMING_THEN_BITS, HAMMING_THEN_FLOAT, FLOAT])
def test_few_and_many_comparisons_are_ranked_alike(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fill(folder, range(30))
    with closing(EmbeddedIndex.open(folder)) as index:
        found = []
        for limit in (sys.maxsize, -1):
            monkeypatch.setattr(ranking, "PLAIN_COMPARISONS", limit)
            result = index.search(QUERY, name, 3, rerank=4)  # of 60: all phases, and the pruning
            found.append(result)
    plain, fast = found
    assert list(plain.timings_ms) == list(fast.timings_ms)
    assert [hit.page_id for hit in plain.hits] == [hit.page_id for hit in fast.hits]
    scores = [[hit.score_sum for hit in result.hits] for result in found]
    assert scores[0] == pytest.approx(scores[1], rel=1e-6)


def test_the_kernels_score_more_than_the_plain_limit(
    reader: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    stats = reader.stats()
    n_comparisons = len(QUERY.tokens) * stats.n_vectors
    n_comparisons += ranking.COMPARISONS_OF_A_PAGE * stats.n_pages
    counted = []
    scores = kernels.float_scores
    monkeypatch.setattr(kernels, "float_scores", lambda *a: counted.append(1) or scores(*a))
    monkeypatch.setattr(ranking, "PLAIN_COMPARISONS", n_comparisons)
    ranked(reader)
    assert not counted
    monkeypatch.setattr(ranking, "PLAIN_COMPARISONS", n_comparisons - 1)
    ranked(reader)
    assert counted


def test_of_many_pages_fewer_vectors_are_read(
    reader: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_pages = reader.stats().n_pages
    for most, count in ((n_pages, 3000), (n_pages - 1, 1000)):
        monkeypatch.setattr("index.embedded.embedded_index.MANY_PAGES", most)
        assert reader.rerank_count == count


def test_a_process_that_searches_once_loads_no_kernels_for_it(
    folder: Path, reader: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = []
    scores = kernels.float_scores
    monkeypatch.setattr(kernels, "float_scores", lambda *a: counted.append(1) or scores(*a))
    monkeypatch.setattr(ranking, "PLAIN_COMPARISONS", -1)
    with closing(EmbeddedIndex.open(folder, searches_once=True)) as index:
        once = ranked(index)
        assert not counted
        assert [id_ for id_, _ in once] == [id_ for id_, _ in ranked(reader)]
        assert counted
        monkeypatch.setattr(ranking, "PLAIN_COMPARISONS_OF_ONE_SEARCH", -1)
        counted.clear()
        ranked(index)
        assert counted


def test_a_search_that_waits_for_a_compiler_says_so(
    reader: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: dict[str, float] = {}
    scores = kernels.float_scores

    def compile_and_score(*arguments: Any) -> NDArray[np.float64]:
        compiled.update(_hamming=0.8, _float=0.94)
        return scores(*arguments)

    monkeypatch.setattr(embedded_index, "COMPILED_S", compiled)
    monkeypatch.setattr(kernels, "float_scores", compile_and_score)
    monkeypatch.setattr(ranking, "PLAIN_COMPARISONS", -1)
    assert reader.search(QUERY, FLOAT, 3).notices == (
        "1.7 s of this search went into compiling what compares vectors: once after an install, "
        "and once on another kind of processor.",
    )
    assert reader.search(QUERY, FLOAT, 3).notices == ()


def test_a_reader_stays_on_the_state_it_opened(folder: Path, reader: EmbeddedIndex) -> None:
    before = ranked(reader)
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as writer:
        put_documents(writer, range(3, 5))
        writer.delete([document_id(0)])
        assert ranked(reader) == before
        assert len(reader.search(QueryVectors.text_only("words"), BM25, 100).hits) == 6
        assert reader.image(f"{document_id(0)}-1")
        reader.refresh()
        assert ranked(reader) == ranked(writer)
    assert {id_[:32] for id_, _ in ranked(reader)} == {document_id(n) for n in (1, 2, 3, 4)}


def test_a_reader_survives_compaction(folder: Path, reader: EmbeddedIndex) -> None:
    before = ranked(reader)
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as writer:
        writer.delete([document_id(1)])
        writer.compact()
    assert ranked(reader) == before
    reader.refresh()
    assert ranked(reader) == [pair for pair in before if not pair[0].startswith(document_id(1))]


def test_a_reader_may_not_write(reader: EmbeddedIndex) -> None:
    with pytest.raises(WrongUseError, match="is open for reading"):
        reader.put_document(document(1))
    with pytest.raises(WrongUseError, match="is open for reading"):
        reader.delete([document_id(1)])
    with pytest.raises(WrongUseError, match="is open for reading"):
        reader.compact()


def test_bytes_past_what_was_committed_are_cut(folder: Path, reader: EmbeddedIndex) -> None:
    before = ranked(reader)
    sizes = {path: path.stat().st_size for path in folder.glob("*.bin")}
    for path in sizes:
        with path.open("ab") as file:
            file.write(b"torn write")
    with closing(EmbeddedIndex.open(folder)) as again:
        assert ranked(again) == before
    EmbeddedIndex.open_for_writing(folder, FINGERPRINT).close()
    assert {path: path.stat().st_size for path in sizes} == sizes
    assert check_index(folder).problems == ()


def test_a_full_disk_loses_nothing_that_was_committed(
    folder: Path, reader: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ranked(reader)

    def full_disk(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as writer:
        with monkeypatch.context() as broken:
            broken.setattr("index.embedded.segments.os.fsync", full_disk)
            with pytest.raises(
                PagelensError, match=r"No space left on device\. What was committed before is kept"
            ):
                put_documents(writer, range(3, 4))
        put_documents(writer, range(4, 5))  # the next write lands where the torn one began
        assert len(ranked(writer)) == len(before) + 2
    assert check_index(folder).problems == (
        "/3.pdf: recorded as complete, but page 1 is not stored",
    )


def test_a_write_that_ends_half_way_is_taken_back(folder: Path, reader: EmbeddedIndex) -> None:
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as writer:
        writer.put_document(document(3, "/3.pdf"))
        with (
            files_of_at_most(reader.stats().size_bytes["vectors"] + 100),
            pytest.raises(PagelensError, match=r"vectors-.*: File too large\. What was"),
        ):
            writer.put([page(3, 1, unit_vectors(np.random.default_rng(3), 4))])
        writer.put([page(3, 1, unit_vectors(np.random.default_rng(4), 4))])
        stored = writer.page(f"{document_id(3)}-1").vectors.vectors
    put = unit_vectors(np.random.default_rng(4), 4)
    np.testing.assert_array_equal(stored, from_bfloat16(to_bfloat16(put)))
    assert check_index(folder).problems == ()


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """As on a disk that is full: what fits of a write is written, the rest is refused."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_interrupt_just_after_the_commit_keeps_what_was_committed(
    folder: Path, reader: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_transaction = Catalog.transaction

    @contextmanager
    def interrupted(catalog: Catalog) -> Iterator[None]:
        with real_transaction(catalog):
            yield
        raise KeyboardInterrupt

    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as writer:
        writer.put_document(document(3, "/3.pdf"))
        with monkeypatch.context() as broken:
            broken.setattr(Catalog, "transaction", interrupted)
            with pytest.raises(KeyboardInterrupt):
                writer.put([page(3, 1, unit_vectors(np.random.default_rng(3), 4))])
        assert f"{document_id(3)}-1" in {page_id for page_id, _ in ranked(writer)}
    assert check_index(folder).problems == ()


def test_compaction_gives_bytes_back_and_changes_no_score(folder: Path) -> None:
    fill(folder, range(6))
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as index:
        index.delete([document_id(0), document_id(4)])
        before, reclaimable = ranked(index), index.stats().reclaimable_bytes
        assert reclaimable > 0
        assert index.compact() == reclaimable
        assert index.stats().reclaimable_bytes == 0
        assert ranked(index) == before
        put_documents(index, range(7, 8))
        assert len(ranked(index)) == len(before) + 2
    assert check_index(folder).problems == ()
    assert len(list(folder.glob("*.bin"))) == 3


def test_the_torso_of_a_compaction_is_swept(folder: Path, reader: EmbeddedIndex) -> None:
    torso = folder / "bits-000002.bin"
    torso.write_bytes(b"killed half way")
    EmbeddedIndex.open_for_writing(folder, FINGERPRINT).close()
    assert not torso.exists()


def test_no_index_here(tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match=r'No index at .*nowhere.*"pagelens ingest FOLDER'):
        EmbeddedIndex.open(tmp_path / "nowhere")


def test_an_index_is_never_made_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(WrongUseError, match=r"holds other files \(thesis.docx\) and no index"):
        EmbeddedIndex.open_for_writing(tmp_path, FINGERPRINT)
    with pytest.raises(WrongUseError, match="is a file. An index is a folder"):
        EmbeddedIndex.open_for_writing(tmp_path / "thesis.docx", FINGERPRINT)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_vectors_of_another_encoder_are_refused(folder: Path) -> None:
    fill(folder, range(1))
    other = replace(FINGERPRINT, encoder="colsmol", model="a/b", revision="abc")
    with pytest.raises(
        IndexMismatchError, match=r"made with encoder lexical, not colsmol; model lexical, not a/b"
    ):
        EmbeddedIndex.open_for_writing(folder, other)
    EmbeddedIndex.open_for_writing(folder, replace(FINGERPRINT, model="/moved")).close()


@pytest.mark.parametrize("version", [2, 99])
def test_another_format_version_is_refused(folder: Path, version: int) -> None:
    fill(folder, range(1))
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format_version": version}))
    message = f"has format version {version}, this program reads 3. Use the program that made it"
    with pytest.raises(IndexMismatchError, match=message):
        EmbeddedIndex.open(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format_version": 3}'])
def test_a_damaged_manifest_is_named(folder: Path, text: str) -> None:
    fill(folder, range(1))
    (folder / "manifest.json").write_text(text)
    with pytest.raises(DamagedIndexError, match=r"manifest.json cannot be read"):
        EmbeddedIndex.open(folder)


@pytest.mark.parametrize("kind", ["bits", "vectors", "previews"])
def test_check_names_the_page_of_a_flipped_bit(folder: Path, kind: str) -> None:
    fill(folder, range(3))
    path = folder / f"{kind}-000001.bin"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert check_index(folder).problems == (
        f"/2.pdf page 2: its {kind} in {path.name} differ from their checksum",
    )


@pytest.mark.parametrize("kind", ["bits", "vectors", "previews"])
def test_a_short_or_missing_segment_is_named(folder: Path, kind: str) -> None:
    fill(folder, range(3))
    path = folder / f"{kind}-000001.bin"
    size = path.stat().st_size
    os.truncate(path, size - 1)
    (problem,) = check_index(folder).problems
    assert f"{path} holds {size - 1} bytes, {size} were recorded" in problem
    with pytest.raises(DamagedIndexError, match="bytes, "):
        EmbeddedIndex.open(folder)
    with pytest.raises(DamagedIndexError, match="bytes, "):
        EmbeddedIndex.open_for_writing(folder, FINGERPRINT)
    path.unlink()
    with pytest.raises(DamagedIndexError, match="is missing"):
        EmbeddedIndex.open(folder)


def test_a_damaged_or_missing_catalog_is_named(folder: Path) -> None:
    fill(folder, range(3))
    catalog = folder / "catalog.sqlite"
    catalog.write_bytes(b"not a database" * 1000)
    with pytest.raises(DamagedIndexError, match=r"catalog.sqlite is damaged"):
        check_index(folder)
    catalog.unlink()
    with pytest.raises(DamagedIndexError, match=r"catalog.sqlite is missing"):
        EmbeddedIndex.open(folder)


def test_a_whole_index_has_no_problems(folder: Path) -> None:
    fill(folder, range(3))
    report = check_index(folder)
    assert (report.n_documents, report.n_pages, report.problems) == (3, 6, ())


def test_an_index_of_before_ocr_is_read_as_it_is_and_written_on(folder: Path) -> None:
    fill(folder, range(2))
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as catalog:
        catalog.execute("ALTER TABLE pages DROP COLUMN ocr_engine")
        catalog.commit()
    with closing(EmbeddedIndex.open(folder)) as reader:
        before = ranked(reader)
        assert reader.ocr_engines(document_id(1)) == {}
        assert reader.stats().n_pages_by_ocr_engine == {}
    with closing(EmbeddedIndex.open_for_writing(folder, FINGERPRINT)) as writer:
        scanned = writer.page(f"{document_id(1)}-2")
        writer.put([replace(scanned, ocr_engine="an engine")])
    with closing(EmbeddedIndex.open(folder)) as reader:
        assert ranked(reader) == before
        assert reader.ocr_engines(document_id(1)) == {2: "an engine"}


def test_a_readers_state_is_another_after_each_commit(tmp_path: Path) -> None:
    with closing(EmbeddedIndex.open_for_writing(tmp_path / "index", FINGERPRINT)) as writer:
        assert writer.state() != writer.state()
        with closing(EmbeddedIndex.open(tmp_path / "index")) as reader:
            reader.refresh()
            before = reader.state()
            reader.refresh()
            assert reader.state() == before
            writer.put_document(document(1, "/a/x.pdf"))
            assert reader.state() == before, "until it goes on"
            reader.refresh()
            assert reader.state() != before
