"""Carrying a plan out over a real index: real poppler, the lexical encoder, awkward moments."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from encoders.interface import Encoder, PageInput
from encoders.lexical import LexicalEncoder
from index.embedded.embedded_index import EmbeddedIndex
from index.errors import VectorShapeError
from index.interface import BM25, HAMMING_THEN_FLOAT
from index.pages import PageVectors, QueryVectors
from ingest.document_facts import DocumentFacts
from ingest.files import find_files, scope_of
from ingest.page_run import PageRun
from ingest.pipeline import Watch, carry_out
from ingest.plan import make_plan
from ingest.render import RenderedPage, render_page
from ingest.report import Report
from query.request import SearchRequest
from query.search import find
from tests.documents import write_pdf
from tests.finding import shown

LETTERS = [6 * letter for letter in "abcdefghijklmnopq"]
"""Words of 17 pages that do not resemble each other."""

PageSize = Callable[[float, float], tuple[int, int]]


class SmallBatches(LexicalEncoder):
    """The lexical encoder with batches of two pages, and something that happens before each."""

    def __init__(
        self, before_batch: Callable[[Sequence[PageInput]], None] = lambda _: None
    ) -> None:
        super().__init__()
        self.n_encoded = 0
        self._before_batch = before_batch

    @property
    def batch_size(self) -> int:
        return 2

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        self._before_batch(pages)
        self.n_encoded += len(pages)
        return super().encode_pages(pages)


class LargeBatches(SmallBatches):
    """The same with batches larger than the folder."""

    @property
    def batch_size(self) -> int:
        return 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    write_pdf(folder / "animals.pdf", ["aardvark", "badger", "camel", "dingo", "elephant"])
    write_pdf(folder / "plants.pdf", ["acacia", "birch"])
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EmbeddedIndex]:
    fingerprint = LexicalEncoder().fingerprint
    with closing(EmbeddedIndex.open_for_writing(tmp_path / "index", fingerprint)) as index:
        yield index


def sync(
    folder: Path,
    index: EmbeddedIndex,
    encoder: Encoder | None = None,
    *,
    stop: threading.Event | None = None,
    retry_failed: bool = False,
) -> Report:
    scope = scope_of([folder])
    plan = make_plan(
        find_files(scope, leave_out=folder / "index"),
        scope,
        index.documents(),
        index.page_numbers,
        index.waiting_pages,
        keep_missing=False,
        retry_failed=retry_failed,
        n_workers=2,
        on_file=lambda: None,
    )
    done: list[None] = []

    def load() -> Encoder:
        return encoder or LexicalEncoder()

    report = carry_out(
        plan,
        index,
        load,
        n_workers=2,
        stop=stop or threading.Event(),
        watch=Watch(on_page=lambda _: done.append(None)),
    )
    if not report.is_interrupted:
        assert len(done) == plan.n_pages
    return report


def found(index: EmbeddedIndex, text: str) -> list[tuple[str, int]]:
    hits = index.search(QueryVectors.text_only(text), BM25, 100).hits
    return [(Path(hit.paths[0]).name, hit.page_number) for hit in shown(index, hits)]


def test_pages_are_found_by_both_kinds_of_ranking(folder: Path, index: EmbeddedIndex) -> None:
    report = sync(folder, index)
    assert (report.added.documents, report.added.pages) == (2, 7)
    assert found(index, "camel") == [("animals.pdf", 3)]
    query = LexicalEncoder().encode_query("birch")
    (best,) = shown(index, index.search(query, HAMMING_THEN_FLOAT, 1).hits)
    assert (Path(best.paths[0]).name, best.page_number) == ("plants.pdf", 2)
    assert best.score == pytest.approx(1, abs=0.01)


def test_a_second_run_encodes_nothing_and_loads_no_encoder(
    folder: Path, index: EmbeddedIndex
) -> None:
    sync(folder, index)
    encoder = SmallBatches(lambda _: pytest.fail("nothing was to be encoded"))
    report = sync(folder, index, encoder)
    assert (report.added.documents, report.skipped.documents, report.skipped.pages) == (0, 2, 7)


def test_a_renamed_file_is_found_under_its_new_name_without_encoding(
    folder: Path, index: EmbeddedIndex
) -> None:
    sync(folder, index)
    (folder / "plants.pdf").rename(folder / "trees.pdf")
    report = sync(folder, index, SmallBatches(lambda _: pytest.fail("nothing was to be encoded")))
    assert (report.moved.documents, report.moved.pages) == (1, 2)
    assert found(index, "birch") == [("trees.pdf", 2)]


def test_a_deleted_file_leaves_no_hit(folder: Path, index: EmbeddedIndex) -> None:
    sync(folder, index)
    (folder / "plants.pdf").unlink()
    report = sync(folder, index)
    assert (report.removed.documents, report.removed.pages) == (1, 2)
    assert found(index, "birch") == []


def test_a_changed_file_is_found_in_its_old_form_until_the_new_one_is_complete(
    folder: Path, index: EmbeddedIndex, tmp_path: Path
) -> None:
    sync(folder, index)
    write_pdf(folder / "plants.pdf", ["cedar", "dogwood", "elm", "fir"])
    seen = []

    def look(_: Sequence[PageInput]) -> None:
        with closing(EmbeddedIndex.open(tmp_path / "index")) as reader:
            seen.append((found(reader, "birch"), found(reader, "cedar")))

    report = sync(folder, index, SmallBatches(look))

    assert seen == [([("plants.pdf", 2)], [])] * 2
    assert (report.replaced.documents, report.replaced.pages) == (1, 4)
    assert found(index, "birch") == []
    assert found(index, "cedar") == [("plants.pdf", 1)]


def test_a_search_during_an_ingest_says_that_more_is_coming(
    folder: Path, index: EmbeddedIndex, tmp_path: Path
) -> None:
    seen = []

    def look(_: Sequence[PageInput]) -> None:
        with closing(EmbeddedIndex.open(tmp_path / "index")) as reader:
            seen.append(find(reader, LexicalEncoder, SearchRequest("badger", 1)))

    sync(folder, index, SmallBatches(look))
    more = "2 documents are not yet wholly in the index: an ingest is running and more will be "
    assert all(notice.startswith(more) for notice in seen[1].result.notices)
    assert len(seen[1].result.notices) == len(seen[1].shown) == 1
    assert find(index, LexicalEncoder, SearchRequest("badger", 1)).result.notices == ()


def test_a_stopped_run_keeps_its_batches_and_the_next_does_the_rest(
    folder: Path, index: EmbeddedIndex
) -> None:
    stop = threading.Event()
    first = SmallBatches(lambda _: stop.set())
    report = sync(folder, index, first, stop=stop)
    assert report.is_interrupted
    assert report.added.pages == index.stats().n_pages == first.n_encoded == 2
    assert found(index, "badger") == [("animals.pdf", 2)]

    second = SmallBatches()
    report = sync(folder, index, second)
    assert not report.is_interrupted
    assert first.n_encoded + second.n_encoded == 7
    assert index.stats().n_pages == 7
    assert all(document.is_complete for document in index.documents())


def test_a_run_stopped_within_a_replacement_keeps_the_old_document(
    folder: Path, index: EmbeddedIndex
) -> None:
    sync(folder, index)
    write_pdf(folder / "plants.pdf", ["cedar", "dogwood", "elm", "fir"])
    stop = threading.Event()
    sync(folder, index, SmallBatches(lambda _: stop.set()), stop=stop)
    assert found(index, "birch") == [("plants.pdf", 2)]
    assert found(index, "cedar") == []
    second = SmallBatches()
    report = sync(folder, index, second)
    assert (report.replaced.documents, second.n_encoded) == (1, 2)
    assert found(index, "birch") == []
    assert found(index, "cedar") == [("plants.pdf", 1)]


def test_a_replacement_given_up_half_way_leaves_nothing(folder: Path, index: EmbeddedIndex) -> None:
    sync(folder, index)
    write_pdf(folder / "plants.pdf", ["cedar", "dogwood", "elm", "fir"])
    stop = threading.Event()
    sync(folder, index, SmallBatches(lambda _: stop.set()), stop=stop)
    write_pdf(folder / "plants.pdf", ["ginkgo"])
    sync(folder, index)
    assert found(index, "ginkgo") == [("plants.pdf", 1)]
    assert len(list(index.documents())) == 2


def test_no_more_is_rendered_ahead_than_the_encoder_and_the_workers_soon_take(
    tmp_path: Path, index: EmbeddedIndex
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for n in range(16):
        write_pdf(folder / f"{n}.pdf", [f"page {n}"])
    n_waiting = []

    def count(_: Sequence[PageInput]) -> None:
        begun = [document for document in index.documents() if not document.is_complete]
        n_waiting.append(len(begun))

    sync(folder, index, SmallBatches(count))

    # the batch of two in hand and perhaps the one before, two pages for each of the two workers,
    # and two for the next batch
    assert max(n_waiting) <= 2 + 2 + 2 * 2 + 2


@pytest.mark.parametrize(("look_takes_s", "n_batches"), [(0, {1}), (6, {2, 3, 4, 5, 6, 7})])
def test_slow_pages_are_committed_before_their_batch_is_full(
    folder: Path,
    index: EmbeddedIndex,
    monkeypatch: pytest.MonkeyPatch,
    look_takes_s: float,
    n_batches: set[int],
) -> None:
    clock = itertools.count(0, look_takes_s)  # it goes on at every look at it
    monkeypatch.setattr("ingest.page_pass.time", SimpleNamespace(monotonic=lambda: next(clock)))
    sizes = []
    sync(folder, index, LargeBatches(lambda pages: sizes.append(len(pages))))
    assert sum(sizes) == 7
    assert len(sizes) in n_batches


def test_nobody_waits_behind_a_page_that_takes_long(
    folder: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    others_are_searchable = threading.Event()

    def render(
        path: Path, facts: DocumentFacts, page_number: int, size: PageSize, page_run: PageRun
    ) -> RenderedPage:
        if (path.name, page_number) == ("animals.pdf", 1):
            assert others_are_searchable.wait(10), "all wait for the first page"
        return render_page(path, facts, page_number, size, page_run)

    def see(_: Sequence[PageInput]) -> None:
        if found(index, "birch"):
            others_are_searchable.set()

    monkeypatch.setattr("ingest.drawing.render_page", render)
    monkeypatch.setattr("ingest.page_pass.COMMIT_INTERVAL_S", 0.1)
    write_pdf(folder / "stones.pdf", ["agate", "basalt", "chalk", "dolomite"])
    report = sync(folder, index, SmallBatches(see))
    assert (report.added.documents, report.added.pages) == (3, 11)
    assert found(index, "aardvark") == [("animals.pdf", 1)]


def test_pages_are_drawn_by_runs_where_there_are_many(
    tmp_path: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    write_pdf(folder / "long.pdf", LETTERS)
    drawn: dict[PageRun, list[int]] = {}

    def render(
        path: Path, facts: DocumentFacts, page_number: int, size: PageSize, page_run: PageRun
    ) -> RenderedPage:
        drawn.setdefault(page_run, []).append(page_number)
        return render_page(path, facts, page_number, size, page_run)

    monkeypatch.setattr("ingest.drawing.render_page", render)
    assert sync(folder, index).added.pages == 17
    runs = sorted(drawn.values())
    assert runs == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [17]]
    assert found(index, LETTERS[10]) == [("long.pdf", 11)]


def test_a_run_ends_where_it_is_when_all_is_to_stop(
    tmp_path: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    write_pdf(folder / "long.pdf", LETTERS)
    stop, drawn = threading.Event(), []

    def render(
        path: Path, facts: DocumentFacts, page_number: int, size: PageSize, page_run: PageRun
    ) -> RenderedPage:
        drawn.append(page_number)
        if page_number in (2, 6):
            stop.wait(10)
            time.sleep(0.5)  # until the pages that are left are cancelled
        elif page_number == 5:
            stop.set()
        return render_page(path, facts, page_number, size, page_run)

    monkeypatch.setattr("ingest.drawing.render_page", render)
    report = sync(folder, index, stop=stop)
    assert report.is_interrupted
    assert set(drawn) <= {1, 2, 5, 6}
    monkeypatch.undo()
    assert sync(folder, index).added.pages == 17 - report.added.pages
    assert found(index, LETTERS[2]) == [("long.pdf", 3)]


def test_a_page_without_usable_vectors_fails_alone(folder: Path, index: EmbeddedIndex) -> None:
    def nan_for_dingo(pages: Sequence[PageInput]) -> None:
        if any("dingo" in page.words.texts for page in pages):
            raise VectorShapeError("Page vectors must have unit length")

    report = sync(folder, index, SmallBatches(nan_for_dingo))
    ((path, failure),) = report.failed
    assert (Path(path).name, failure.page_number) == ("animals.pdf", 4)
    assert failure.reason == "Page vectors must have unit length"
    assert report.added.pages == index.stats().n_pages == 6

    again = sync(folder, index)
    assert [failure for _, failure in again.failed] == [failure]  # still told, not tried
    assert index.stats().n_pages == 6
    healed = sync(folder, index, retry_failed=True)
    assert not healed.failed
    assert found(index, "dingo") == [("animals.pdf", 4)]


def test_a_broken_file_is_named_and_stops_nothing(folder: Path, index: EmbeddedIndex) -> None:
    (folder / "aaa.pdf").write_text("<html>not found</html>")
    report = sync(folder, index)
    ((path, failure),) = report.failed
    assert (Path(path).name, failure.page_number) == ("aaa.pdf", None)
    assert failure.reason.startswith("not a PDF")
    assert (report.added.documents, report.added.pages) == (2, 7)


def test_an_error_of_the_index_ends_the_run_with_what_was_committed(
    folder: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_put, n_puts = index.put, []

    def fail_at_second(pages: Sequence[object]) -> None:
        n_puts.append(len(pages))
        if len(n_puts) == 2:
            raise KeyboardInterrupt
        real_put(pages)  # type: ignore[arg-type]  # passed through unchanged

    monkeypatch.setattr(index, "put", fail_at_second)
    with pytest.raises(KeyboardInterrupt):
        sync(folder, index, SmallBatches())
    monkeypatch.undo()
    second = SmallBatches()
    sync(folder, index, second)
    assert second.n_encoded == 5
    assert index.stats().n_pages == 7
