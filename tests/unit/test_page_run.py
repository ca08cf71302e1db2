"""ingest/page_run.py: pages from one call of poppler are those it gives one by one."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from encoders.lexical import LexicalEncoder
from index.errors import PageFailure
from ingest import page_run, poppler
from ingest.document_facts import DocumentFacts, PdfPage
from ingest.page_run import PageRun, page_runs
from ingest.render import RenderedPage, read_facts, render_page
from tests.documents import write_pdf
from tests.fakes import FakePrograms

WORDS = ("agate", "basalt", "chalk", "dolomite", "emerald")
DRAWING = ("pdftoppm", "pdftotext")
A4, A5, TURNED = (
    PdfPage(595, 842, False),
    PdfPage(420, 595, False),
    PdfPage(595, 842, is_turned=True),
)


@pytest.fixture
def stones(tmp_path: Path) -> Path:
    return write_pdf(tmp_path / "stones.pdf", list(WORDS))


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    return FakePrograms(tmp_path_factory.mktemp("programs"), monkeypatch)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that are started."""
    names: list[str] = []
    popen = poppler.subprocess.Popen

    def note(command: list[str], **options: object) -> object:
        names.append(command[0])
        return popen(command, **options)

    monkeypatch.setattr(poppler.subprocess, "Popen", note)
    return names


def rendered(path: Path, pages: Sequence[int], asked: Sequence[int]) -> list[RenderedPage | str]:
    """Pages of a run, or why there are none."""
    facts, size = read_facts(path), LexicalEncoder().page_size_px
    outcomes: list[RenderedPage | str] = []
    with PageRun(path, pages) as run:
        for number in asked:
            try:
                outcomes.append(render_page(path, facts, number, size, run))
            except PageFailure as failure:
                outcomes.append(str(failure))
    return outcomes


def assert_same(one: RenderedPage | str, other: RenderedPage | str) -> None:
    assert isinstance(one, RenderedPage) and isinstance(other, RenderedPage)
    assert one.words.texts == other.words.texts
    np.testing.assert_array_equal(one.words.boxes, other.words.boxes)
    assert one.image.tobytes() == other.image.tobytes()
    assert one.preview == other.preview


@pytest.mark.parametrize(
    ("pages", "runs"),
    [
        ((1, 2, 3, 4, 5), [(1, 2, 3), (4, 5)]),
        ((1, 3, 4), [(1,), (3, 4)]),
        ((5, 6, 7, 8), [(5, 6), (7,), (8,)]),
        ((), []),
    ],
    ids=["too many", "gap", "other shape", "none"],
)
def test_runs_have_no_gap_and_one_shape(
    pages: tuple[int, ...], runs: list[tuple[int, ...]]
) -> None:
    facts = DocumentFacts("", 8, (*[A4] * 6, A5, TURNED))
    assert list(page_runs(facts, pages, 3)) == runs


def test_frames_of_an_image_file_are_alone() -> None:
    assert list(page_runs(DocumentFacts("", 2), (1, 2), 3)) == [(1,), (2,)]
    assert list(page_runs(None, (1, 2), 3)) == [(1,), (2,)]


def test_a_run_takes_one_call_of_each_program(stones: Path, started: list[str]) -> None:
    pages = range(1, 5)
    together = rendered(stones, pages, pages)
    assert [name for name in started if name in DRAWING] == ["pdftoppm", "pdftotext"]
    for number, page in zip(pages, together, strict=True):
        (alone,) = rendered(stones, [number], [number])
        assert_same(page, alone)
    assert started.count("pdftoppm") == 1 + 4, "a run of one page is a page alone"


@pytest.mark.parametrize("asked", [(1, 3, 4), (2, 1), (3, 3)], ids=str)
def test_pages_asked_for_in_another_order(stones: Path, asked: tuple[int, ...]) -> None:
    for number, page in zip(asked, rendered(stones, range(1, 6), asked), strict=True):
        (alone,) = rendered(stones, [number], [number])
        assert_same(page, alone)


def test_another_size_than_the_page_before(stones: Path) -> None:
    facts = read_facts(stones)
    with PageRun(stones, range(1, 6)) as run:
        for number, edge in ((1, 100), (2, 200), (3, 200)):
            page = render_page(stones, facts, number, lambda *_, edge=edge: (edge, edge), run)
            alone = render_page(stones, facts, number, lambda *_, edge=edge: (edge, edge))
            assert_same(page, alone)


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("kill -SEGV $$", "pdftoppm crashed (SIGSEGV)"),
        ("exit 0", "damaged PDF"),
        ("printf nothing; exit 0", "damaged PDF"),
        ("while :; do :; done", "takes more than 0.4 s of processor time (pdftoppm)"),
        (
            "exec dd if=/dev/zero of=/dev/null bs=300M",
            "takes more than 0.4 s of processor time (pdftoppm)",
        ),
    ],
    ids=["crashes", "writes less", "writes something else", "takes long", "takes much"],
)
def test_a_page_that_cannot_be_drawn_does_its_neighbours_no_harm(
    stones: Path, fake: FakePrograms, monkeypatch: pytest.MonkeyPatch, end: str, why: str
) -> None:
    pages = range(1, 6)
    sound = rendered(stones, pages, pages)
    monkeypatch.setattr(page_run, "RUN_CPU_LIMIT_S", 0.3)
    monkeypatch.setattr(page_run, "LARGE_BYTES", 200_000_000)
    monkeypatch.setattr(poppler, "CPU_LIMIT_S", 0.4)
    fake.end_at_page("pdftoppm", 3, end)
    outcomes = rendered(stones, pages, pages)
    bad = outcomes.pop(2)
    assert isinstance(bad, RenderedPage) and bad.words.texts == ("chalk",)
    assert str(bad.not_drawn) == why
    for page, other in zip(outcomes, [*sound[:2], *sound[3:]], strict=True):
        assert_same(page, other)


@pytest.mark.parametrize("end", ["kill -SEGV $$", "exit 0", "exit 3", "while :; do :; done"])
def test_a_text_that_cannot_be_read_does_its_neighbours_no_harm(
    stones: Path, fake: FakePrograms, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(page_run, "RUN_CPU_LIMIT_S", 0.3)
    monkeypatch.setattr(poppler, "CPU_LIMIT_S", 0.3)
    fake.end_at_page("pdftotext", 3, end)
    pages = [
        page for page in rendered(stones, range(1, 6), range(1, 6)) if not isinstance(page, str)
    ]
    assert [page.words.text for page in pages] == ["agate", "basalt", "", "dolomite", "emerald"]


def test_more_text_than_a_run_may_have_is_read_page_by_page(
    stones: Path, monkeypatch: pytest.MonkeyPatch, started: list[str]
) -> None:
    monkeypatch.setattr(page_run, "_MAX_TEXT_BYTES", 1500)
    pages = [
        page for page in rendered(stones, range(1, 6), range(1, 6)) if not isinstance(page, str)
    ]
    assert [page.words.text for page in pages] == list(WORDS)
    assert started.count("pdftotext") == 1 + 5


def test_a_program_that_draws_for_nobody_is_ended(stones: Path) -> None:
    with PageRun(stones, range(1, 6)) as run:
        assert run.picture(1, ["-scale-to", "2000"])
        assert len(poppler._running) == 1
    assert not poppler._running


def test_nothing_is_started_for_a_page_alone(stones: Path, started: list[str]) -> None:
    assert shutil.which("pdftoppm")
    with PageRun(stones, [2]) as run:
        assert run.picture(2, ["-scale-to", "100"]) is None
        assert run.text(2, ["-bbox-layout"]) is None
    assert started == []
