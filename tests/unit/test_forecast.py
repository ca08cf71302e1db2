"""What a plan will take: tiles from the shapes of pages, time from those that were done."""

from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

from encoders.interface import Encoder
from encoders.layouts.tiles import TileLayout
from encoders.lexical import LexicalEncoder
from index.pages import Document, FileRecord
from ingest import forecast
from ingest.document_facts import DocumentFacts, PdfPage
from ingest.estimate import estimate
from ingest.forecast import Pace, page_tiles, scaled_up
from ingest.plan import Plan, Work
from ingest.render import read_facts
from pagelens.forecast_report import CHOICES, Cost, choices, cost_lines
from tests.pixel_encoder import PixelEncoder

PUBLISHED = TileLayout(long_edge_px=2048, tile_px=512, cells_per_side=8)


class Tiling(PixelEncoder):
    """An encoder that cuts pages as the published models do."""

    def n_tiles(self, width: float, height: float) -> int:
        return PUBLISHED.n_tiles(width, height)


def plan_of(*works: Work) -> Plan:
    return Plan(works, (), (), (), (), ())


def work(path: Path, page_numbers: tuple[int, ...], facts: DocumentFacts | None = None) -> Work:
    facts = facts or read_facts(path)
    document = Document("0" * 32, (FileRecord(str(path), 1, 1),), "", facts.page_count, False)
    return Work(document, facts, page_numbers, ())


def test_a_letter_page_is_a_third_more_than_an_a4_one(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "mixed.pdf"))
    for size in (A4, LETTER, A4):
        canvas.setPageSize(size)
        canvas.drawString(50, 50, "page")
        canvas.showPage()
    canvas.save()
    Image.new("RGB", (30, 30)).save(tmp_path / "square.png")
    plan = plan_of(work(tmp_path / "mixed.pdf", (1, 2)), work(tmp_path / "square.png", (1,)))
    assert page_tiles(plan, Tiling()) == (13, 17, 17)
    assert page_tiles(plan, LexicalEncoder()) == (0, 0, 0)


def test_a_page_without_a_size_has_no_tiles() -> None:
    missing = DocumentFacts("", 1, (PdfPage(0.0, 0.0, False),))
    assert page_tiles(plan_of(work(Path("x.pdf"), (1,), missing)), Tiling()) == (0,)


def test_what_is_left_is_scaled_by_tiles() -> None:
    found = scaled_up(26.0, [13], [17, 17])
    assert (found.seconds, found.seconds_per_page) == (68.0, 26.0)
    assert found.memory_bytes > 1_000_000
    assert scaled_up(1.0, [0, 0], [0, 0, 0]).seconds == 1.5


@pytest.mark.parametrize(("n_pages", "batch_size", "said_at"), [(4, 2, 2), (4, 1, 1), (3, 8, None)])
def test_the_first_batch_is_timed_and_no_other(
    monkeypatch: pytest.MonkeyPatch, n_pages: int, batch_size: int, said_at: int | None
) -> None:
    now = 100.0
    monkeypatch.setattr(forecast.time, "monotonic", lambda: now)
    pace = Pace([10] * n_pages, batch_size)
    said = []
    for n in range(1, n_pages + 1):
        now += 3.0
        found = pace.page_done()
        if found is not None:
            said.append((n, found.seconds, found.seconds_per_page))
    expected = [] if said_at is None else [(said_at, 3.0 * (n_pages - said_at), 3.0)]
    assert said == expected


@pytest.mark.parametrize("encoder", [LexicalEncoder(), Tiling()])
def test_a_few_pages_are_timed_for_all(tmp_path: Path, encoder: Encoder) -> None:
    Image.new("RGB", (30, 30)).save(tmp_path / "square.png")
    found = estimate(plan_of(work(tmp_path / "square.png", (1,))), encoder, n_workers=1)
    assert found is not None
    assert found.seconds == pytest.approx(found.seconds_per_page)
    (tmp_path / "square.png").write_bytes(b"damaged")
    facts = DocumentFacts("", 1, image_size_px=(30, 30))
    assert estimate(plan_of(work(tmp_path / "square.png", (1,), facts)), encoder, 1) is None


def test_many_pages_on_a_cpu_come_with_choices() -> None:
    assert choices(200, is_on_cpu=True) == ()
    assert choices(201, is_on_cpu=False) == ()
    assert choices(201, is_on_cpu=True) == CHOICES
    lines = cost_lines(201, Cost(2613, None, CHOICES))
    assert lines[:2] == [
        "201 pages of 2,613 tiles to render and encode.",
        "A CPU takes long for 201 pages. What helps:",
    ]
    assert lines[2:] == [f"  {choice}" for choice in CHOICES]
    assert cost_lines(1, Cost(0, None, ())) == ["1 page to render and encode."]
