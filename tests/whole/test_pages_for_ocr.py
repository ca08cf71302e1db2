"""Which pages of samples/ and of tests/cases go to OCR: the scans, and no other."""

from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from ingest.ocr.need import NO_TEXT_LAYER, why_ocr
from ingest.render import read_facts, render_page
from tests.cases import CASES

SAMPLES = Path(__file__).parents[2] / "samples"
NOT_OPENED = ("count-20k.pdf", "same-page-100.pdf")  # see test_cases.py
FILES = [
    path
    for path in sorted([*SAMPLES.glob("*.pdf"), *CASES.glob("*.pdf")])
    if path.name not in NOT_OPENED
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_scans_go(path: Path) -> None:
    facts = read_facts(path)
    for page_number in range(1, facts.page_count + 1):
        page = render_page(path, facts, page_number, LexicalEncoder().page_size_px)
        why = why_ocr(page.words, page.has_unreadable_text, page.image)
        assert why == (NO_TEXT_LAYER if path.name == "scanned-notes.pdf" else ""), page_number
