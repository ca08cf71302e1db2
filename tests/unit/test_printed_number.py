"""ingest/printed_number.py: what a PDF calls its pages, told by poppler."""

from pathlib import Path

import pytest
from PIL import Image

from ingest import poppler
from ingest.printed_number import printed_number
from tests.documents import write_pdf


@pytest.mark.parametrize("label", ["iv", "A-3", "12", "(7)", "7 (bis)", r"a\b", "é", "%%Page: 9 9"])
def test_what_stands_in_the_file_is_told(tmp_path: Path, label: str) -> None:
    pdf = write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"], printed_numbers=["x", label])
    assert printed_number(pdf, 2) == label


def test_a_page_called_by_its_place_has_no_other_number(tmp_path: Path) -> None:
    named = write_pdf(tmp_path / "a.pdf", ["aardvark", "badger"], printed_numbers=["1", "2"])
    plain = write_pdf(tmp_path / "b.pdf", ["aardvark", "badger"])
    assert printed_number(named, 2) == printed_number(plain, 1) == printed_number(plain, 2) == ""


def test_what_is_too_long_for_a_number_is_none(tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "a.pdf", ["aardvark"], printed_numbers=["x" * 41])
    assert printed_number(pdf, 1) == ""


def test_what_cannot_be_read_has_none(tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "a.pdf", ["aardvark"], printed_numbers=["i"])
    Image.new("RGB", (60, 80)).save(tmp_path / "a.png")
    assert printed_number(pdf, 2) == ""
    pdf.with_name("broken.pdf").write_bytes(pdf.read_bytes()[:200])
    assert printed_number(tmp_path / "broken.pdf", 1) == ""
    assert printed_number(tmp_path / "gone.pdf", 1) == ""
    assert printed_number(tmp_path / "a.png", 1) == ""


def test_no_program_is_left_behind(tmp_path: Path) -> None:
    pdf = write_pdf(tmp_path / "a.pdf", ["aardvark"], printed_numbers=["i"])
    assert printed_number(pdf, 1) == "i"
    assert not poppler._running
