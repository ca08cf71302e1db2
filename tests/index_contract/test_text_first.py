"""An ingest that puts the words of all pages before the vectors of the first."""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from encoders.interface import PageInput
from index.errors import PageFailure, PassingFailure
from index.interface import BM25, FLOAT, INDEX_RANKINGS, PageIndex
from index.pages import Failure, Hit, PageVectors, QueryVectors
from ingest.report import Report
from query.fusion import HYBRID
from query.request import SearchRequest
from query.search import find
from tests.documents import write_pdf
from tests.finding import shown
from tests.pixel_encoder import PixelEncoder
from tests.syncing import sync


class Watched(PixelEncoder):
    """Sees pages as they are drawn; something happens before each."""

    def __init__(self, before_page: Callable[[int], object] = lambda n_encoded: None) -> None:
        self.n_encoded = 0
        self._before_page = before_page

    def page_size_px(self, width: float, height: float) -> tuple[int, int]:
        return 64, 96  # large enough for words to leave a trace

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        self._before_page(self.n_encoded)
        self.n_encoded += len(pages)
        return super().encode_pages(pages)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pdfs"
    folder.mkdir()
    write_pdf(folder / "animals.pdf", ["aardvark", "badger", "camel"])
    write_pdf(folder / "plants.pdf", ["acacia", "birch"])
    return folder


def ingest(
    index: PageIndex,
    folder: Path,
    encoder: Watched | None = None,
    *,
    text_first: bool = True,
    stop: threading.Event | None = None,
    retry_failed: bool = False,
) -> Report:
    encoder = encoder or Watched()
    return sync(
        index, folder, load_encoder=lambda: encoder, text_first=text_first, stop=stop,
        retry_failed=retry_failed,
    )  # fmt: skip


def stopped_after(index: PageIndex, folder: Path, n_pages: int) -> Report:
    """An ingest that is stopped when it has encoded so many pages, or one that waited behind."""
    stop = threading.Event()
    encoder = Watched(lambda n_encoded: n_encoded + 1 == n_pages and stop.set())
    report = ingest(index, folder, encoder, stop=stop)
    assert n_pages <= encoder.n_encoded == report.added.pages <= n_pages + 1
    return report


def hits(index: PageIndex) -> list[tuple[Hit, ...]]:
    query = Watched().encode_query("badger birch")
    return [shown(index, index.search(query, ranking, 100).hits) for ranking in INDEX_RANKINGS]


def found(index: PageIndex, text: str, ranking: str = BM25) -> list[tuple[str, int]]:
    query = QueryVectors.text_only(text) if ranking == BM25 else Watched().encode_query(text)
    hits = shown(index, index.search(query, ranking, 100).hits)
    return sorted((Path(hit.paths[0]).name, hit.page_number) for hit in hits)


def emptied(index: PageIndex) -> None:
    index.delete([document.document_id for document in index.documents()])


def test_in_the_end_the_index_is_the_same(empty_index: PageIndex, folder: Path) -> None:
    calm = ingest(empty_index, folder, text_first=False)
    expected = hits(empty_index), list(empty_index.documents())
    emptied(empty_index)
    report = ingest(empty_index, folder)
    assert (hits(empty_index), list(empty_index.documents())) == expected
    assert (report.added, report.pages_waiting, report.is_interrupted) == (calm.added, 0, False)


def test_all_pages_are_found_by_their_words_before_the_first_has_vectors(
    empty_index: PageIndex, folder: Path
) -> None:
    seen = []

    def look(n_encoded: int) -> None:
        if n_encoded == 0:
            seen.append((found(empty_index, "camel"), found(empty_index, "birch")))
            seen.append((empty_index.n_waiting(), found(empty_index, "birch", FLOAT)))

    ingest(empty_index, folder, Watched(look))
    assert seen == [([("animals.pdf", 3)], [("plants.pdf", 2)]), (5, [])]


@pytest.mark.parametrize("text_first", [True, False])
def test_stopped_it_answers_and_goes_on_where_it_was(
    empty_index: PageIndex, folder: Path, monkeypatch: pytest.MonkeyPatch, text_first: bool
) -> None:
    ingest(empty_index, folder, text_first=False)
    expected = hits(empty_index)
    emptied(empty_index)
    report = stopped_after(empty_index, folder, 2)
    n_left = report.pages_waiting
    assert (report.is_interrupted, report.added.pages + n_left) == (True, 5)
    assert empty_index.n_waiting() == n_left == 5 - len(found(empty_index, "x", FLOAT))
    answer = find(empty_index, Watched, SearchRequest("birch badger", 10))
    assert (answer.request.ranking, answer.n_waiting) == (HYBRID, n_left)
    assert {hit.page_number for hit in answer.shown if hit.is_waiting} == {2}  # plants.pdf
    assert answer.notices[0] == (
        f"{n_left} pages wait for their vectors, and only words find them (bm25, hybrid): an "
        "ingest is running, or it was stopped and the same command goes on."
    )
    with monkeypatch.context() as words_are_there:
        words_are_there.setattr("ingest.drawing.render_page", None)
        second = Watched()
        report = ingest(empty_index, folder, second, text_first=text_first)
    assert (second.n_encoded, report.added.pages, report.pages_waiting) == (n_left, n_left, 0)
    assert hits(empty_index) == expected
    assert (empty_index.n_waiting(), empty_index.n_unfinished()) == (0, 0)
    assert find(empty_index, Watched, SearchRequest("birch", 10)).notices == ()


def test_a_stop_among_the_words_is_a_stop(empty_index: PageIndex, folder: Path) -> None:
    stop = threading.Event()
    stop.set()
    encoder = Watched()
    assert ingest(empty_index, folder, encoder, stop=stop).is_interrupted
    assert encoder.n_encoded == 0
    assert not ingest(empty_index, folder).is_interrupted
    assert len(found(empty_index, "x", FLOAT)) == 5


def test_what_changes_while_pages_wait_is_right_after_the_next_run(
    empty_index: PageIndex, folder: Path
) -> None:
    write_pdf(folder / "fungi.pdf", ["agaric", "bolete"])
    stopped_after(empty_index, folder, 1)
    (folder / "animals.pdf").rename(folder / "beasts.pdf")
    (folder / "fungi.pdf").unlink()
    write_pdf(folder / "plants.pdf", ["cedar"])
    report = ingest(empty_index, folder)
    assert not report.failed
    assert report.replaced.documents == report.removed.documents == 1
    assert found(empty_index, "x", FLOAT) == [
        ("beasts.pdf", 1), ("beasts.pdf", 2), ("beasts.pdf", 3), ("plants.pdf", 1),
    ]  # fmt: skip
    assert found(empty_index, "agaric birch acacia") == []
    assert found(empty_index, "camel cedar") == [("beasts.pdf", 3), ("plants.pdf", 1)]
    assert (empty_index.n_waiting(), empty_index.n_unfinished()) == (0, 0)


def test_a_changed_file_is_found_by_its_new_words_at_once(
    empty_index: PageIndex, folder: Path
) -> None:
    ingest(empty_index, folder)
    write_pdf(folder / "plants.pdf", ["cedar", "dogwood"])
    seen = []

    def look(n_encoded: int) -> None:
        seen.append((found(empty_index, "birch"), found(empty_index, "cedar")))

    report = ingest(empty_index, folder, Watched(look))
    assert seen[0] == ([], [("plants.pdf", 1)])
    assert (report.replaced.documents, report.replaced.pages) == (1, 2)
    assert len(list(empty_index.documents())) == 2


def test_a_file_written_to_before_its_vectors_keeps_its_words_until_the_next_run(
    empty_index: PageIndex, folder: Path
) -> None:
    def rewrite(n_encoded: int) -> None:
        if n_encoded == 0:
            write_pdf(folder / "plants.pdf", ["cedar"])

    report = ingest(empty_index, folder, Watched(rewrite))
    changed = Failure(None, "was changed while it was read", is_passing=True)
    assert report.failed == [(str(folder / "plants.pdf"), changed)]
    assert (report.added.pages, report.pages_waiting) == (3, 2)
    assert found(empty_index, "birch") == [("plants.pdf", 2)]
    assert empty_index.n_waiting() == 2
    assert not ingest(empty_index, folder).failed
    assert (found(empty_index, "birch"), found(empty_index, "cedar")) == ([], [("plants.pdf", 1)])
    assert empty_index.n_waiting() == 0


@pytest.mark.parametrize("error", [PageFailure("too dark"), PassingFailure("no memory")])
def test_a_page_that_gets_no_vectors_is_named_and_waits_no_longer(
    empty_index: PageIndex, folder: Path, error: PageFailure
) -> None:
    pages = itertools.count(1)

    def refuse(n_encoded: int) -> None:
        if next(pages) == 2:
            raise error

    report = ingest(empty_index, folder, Watched(refuse))
    is_passing = isinstance(error, PassingFailure)
    failure = Failure(2, str(error), is_passing=is_passing, has_words=True)
    assert report.failed == [(str(folder / "animals.pdf"), failure)]
    assert (empty_index.n_waiting(), empty_index.n_unfinished(), report.pages_waiting) == (0, 0, 0)
    assert found(empty_index, "badger") == [("animals.pdf", 2)]
    assert ("animals.pdf", 2) not in found(empty_index, "x", FLOAT)
    assert ingest(empty_index, folder, retry_failed=not is_passing).failed == []
    assert ("animals.pdf", 2) in found(empty_index, "x", FLOAT)
    assert empty_index.stats().n_pages_without_vectors == 0


def test_a_page_that_failed_is_still_known_for_it_after_a_kill(
    empty_index: PageIndex, folder: Path
) -> None:
    """Killed just before the record that says so for good."""
    stopped_after(empty_index, folder, 1)
    animals = next(d for d in empty_index.documents() if d.page_count == 3)
    failure = Failure(2, "too dark", has_words=True)
    empty_index.put_document(replace(animals, failures=(failure,)))
    report = ingest(empty_index, folder)
    assert report.failed == [(str(folder / "animals.pdf"), failure)]
    assert (empty_index.n_waiting(), empty_index.n_unfinished()) == (0, 0)
