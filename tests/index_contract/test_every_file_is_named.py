"""What could not be read is named, every time, and tried again where the cause may have passed."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from encoders.interface import PageInput
from encoders.lexical import LexicalEncoder
from index.errors import PageFailure, PassingFailure
from index.interface import BM25, HAMMING, PageIndex
from index.pages import Failure, PageVectors, QueryVectors
from ingest import drawing, render
from ingest.render import RenderedPage, render_page
from query.request import SearchRequest
from query.search import find
from tests.cases import CASES
from tests.documents import write_pdf
from tests.finding import shown
from tests.syncing import sync


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "d"
    folder.mkdir()
    return folder


def listed(index: PageIndex) -> dict[str, str]:
    """What `pagelens status` lists, file name to reason."""
    failed = [failed for document in index.documents() for failed in document.named_failures]
    return {Path(path).name: failure.reason for path, failure in failed}


def found(index: PageIndex, word: str) -> list[str]:
    """File name and page number of each hit."""
    hits = index.search(QueryVectors.text_only(word), BM25, 100).hits
    return [f"{Path(hit.paths[0]).name} {hit.page_number}" for hit in shown(index, hits)]


def test_ten_files_of_the_same_bytes_are_ten_names(empty_index: PageIndex, folder: Path) -> None:
    for number in range(10):
        (folder / f"{number}.pdf").write_bytes(b"<html>404</html>")
    names = [f"{number}.pdf" for number in range(10)]
    for _ in range(2):
        report = sync(empty_index, folder)
        assert [Path(path).name for path, _ in report.failed] == names
        assert list(listed(empty_index)) == names


def test_the_bytes_say_what_a_file_is(empty_index: PageIndex, folder: Path) -> None:
    write_pdf(folder / "b.pdf", ["heron"])
    wrong = folder / "a.png"
    wrong.write_bytes((folder / "b.pdf").read_bytes())
    for _ in range(2):
        report = sync(empty_index, folder)
        assert report.failed == [
            (str(wrong), Failure(None, "not an image but a PDF; rename the file"))
        ]
        assert found(empty_index, "heron") == ["b.pdf 1"]
    wrong.unlink()
    assert sync(empty_index, folder).failed == []
    assert listed(empty_index) == {}
    assert found(empty_index, "heron") == ["b.pdf 1"]


def test_a_file_that_cannot_be_opened_is_kept_in_mind(empty_index: PageIndex, folder: Path) -> None:
    target = folder.parent / "elsewhere.pdf"
    (folder / "link.pdf").symlink_to(target)
    odd = os.fsencode(folder) + b"/\xff.pdf"
    Path(os.fsdecode(odd)).write_bytes(b"%PDF-")
    report = sync(empty_index, folder)
    reasons = {
        "link.pdf": f"is a link to {target}, which is not there",
        "\\xff.pdf": "its name is not valid UTF-8; rename the file",
    }
    assert listed(empty_index) == reasons == {Path(p).name: f.reason for p, f in report.failed}
    write_pdf(target, ["heron"])
    Path(os.fsdecode(odd)).unlink()
    report = sync(empty_index, folder)
    assert (report.added.documents, report.replaced.documents) == (1, 0)
    assert report.removed.documents == 0  # what was only kept in mind is forgotten without a word
    assert listed(empty_index) == {}
    assert found(empty_index, "heron") == ["link.pdf 1"]


@pytest.mark.parametrize("retry_failed", [False, True])
def test_a_file_that_could_not_be_opened_is_tried_again(
    empty_index: PageIndex, folder: Path, monkeypatch: pytest.MonkeyPatch, retry_failed: bool
) -> None:
    write_pdf(folder / "heron.pdf", ["heron"])
    real_open = Path.open

    def refuse(path: Path, mode: str = "r", **options: object) -> object:
        if path.name == "heron.pdf":
            raise OSError(5, "Input/output error")
        return real_open(path, mode, **options)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "open", refuse)
        sync(empty_index, folder)
    assert listed(empty_index) == {"heron.pdf": "cannot be read: Input/output error"}
    assert sync(empty_index, folder, retry_failed=retry_failed).failed == []
    assert (found(empty_index, "heron"), listed(empty_index)) == (["heron.pdf 1"], {})


def fail_at(page: int, error: Exception) -> Callable[..., RenderedPage]:
    """A renderer that fails at one page, and does its work on the others."""

    def render(path: Path, facts: object, page_number: int, *rest: object) -> RenderedPage:
        if page_number == page:
            raise error
        return render_page(path, facts, page_number, *rest)

    return render


def test_a_page_that_failed_for_a_passing_cause_is_tried_again(
    empty_index: PageIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pdf(folder / "birds.pdf", ["heron", "stork"])
    with monkeypatch.context() as busy:
        busy.setattr(drawing, "render_page", fail_at(2, PassingFailure("took too long")))
        report = sync(empty_index, folder)
    assert report.failed == [
        (str(folder / "birds.pdf"), Failure(2, "took too long", is_passing=True))
    ]
    assert found(empty_index, "stork") == []
    report = sync(empty_index, folder)
    assert (report.added.documents, report.added.pages, report.failed) == (1, 1, [])
    assert (found(empty_index, "stork"), listed(empty_index)) == (["birds.pdf 2"], {})


def test_a_page_that_could_not_be_drawn_is_found_by_its_words(
    empty_index: PageIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_pdf(folder / "birds.pdf", ["heron", "stork"])

    def cannot_draw(*_: object) -> None:
        raise PageFailure("pdftoppm crashed (SIGSEGV)")

    with monkeypatch.context() as broken:
        broken.setattr(render, "_pdf_image", cannot_draw)
        report = sync(empty_index, folder)
    reason = "pdftoppm crashed (SIGSEGV)"
    failure = Failure(1, reason, last_page=2, has_words=True)
    assert report.failed == [(str(path), failure)]
    assert (report.added.documents, report.added.pages) == (1, 2)
    (document,) = empty_index.documents()
    assert (document.failures, document.readable_pages) == ((failure,), (1, 2))
    assert document.why_not_drawn(2) == reason
    for ranking in (BM25, HAMMING):
        hits = find(empty_index, LexicalEncoder, SearchRequest("stork", 1, ranking)).shown
        assert [hit.page_number for hit in hits] == [2]
    assert sync(empty_index, folder).skipped.documents == 1  # the reason lies in the file
    assert sync(empty_index, folder, retry_failed=True).failed == []
    assert next(empty_index.documents()).failures == ()


def test_pages_that_are_not_there_are_one_failure(empty_index: PageIndex, folder: Path) -> None:
    path = folder / "count-20k.pdf"
    path.write_bytes((CASES / path.name).read_bytes())
    for _ in range(2):
        report = sync(empty_index, folder)
        assert report.failed == [
            (str(path), Failure(2, "page is missing or damaged: it has no size", 20_000))
        ]
        (document,) = empty_index.documents()
        assert (document.page_count, document.readable_pages) == (1, (1,))


class MeanwhileEncoder(LexicalEncoder):
    """The lexical encoder, with something that happens before its first batch."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self._happens = [happens]

    def encode_pages(self, pages: Sequence[PageInput]) -> list[PageVectors]:
        while self._happens:
            self._happens.pop()()
        return super().encode_pages(pages)


@pytest.mark.parametrize("is_known", [False, True])
def test_a_file_replaced_while_it_is_read_leaves_no_page_under_the_old_id(
    empty_index: PageIndex, folder: Path, is_known: bool
) -> None:
    path = folder / "birds.pdf"
    if is_known:
        write_pdf(path, ["wren"])
        sync(empty_index, folder)
    write_pdf(path, ["heron", "stork"])
    replaces = MeanwhileEncoder(lambda: write_pdf(path, ["finch", "eagle"]))
    report = sync(empty_index, folder, load_encoder=lambda: replaces)
    assert report.failed == [
        (str(path), Failure(None, "was changed while it was read", is_passing=True))
    ]
    assert (report.added.documents, report.replaced.documents) == (0, 0)
    assert [found(empty_index, word) for word in ("heron", "stork", "finch")] == [[], [], []]
    assert found(empty_index, "wren") == (["birds.pdf 1"] if is_known else [])
    assert sync(empty_index, folder).failed == []
    assert found(empty_index, "finch") == ["birds.pdf 1"]
    assert len(list(empty_index.documents())) == 1
