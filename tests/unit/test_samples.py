"""The sample documents are what their table says, and the script makes them again."""

import csv
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
PDFS = sorted(SAMPLES.glob("*.pdf"))
SCAN = "scanned-notes.pdf"

with (SAMPLES / "queries.tsv").open(encoding="utf-8", newline="") as file:
    QUERIES = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def page_texts(path: Path) -> list[str]:
    """The text layer of each page, as poppler reads it."""
    done = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", path, "-"], capture_output=True, check=True, encoding="utf-8"
    )
    return done.stdout.split("\f")[:-1]


def facts(path: Path) -> str:
    done = subprocess.run(
        ["pdfinfo", "-box", "-f", "1", "-l", "99", path],
        capture_output=True, check=True, encoding="utf-8",
    )  # fmt: skip
    return done.stdout


def words(path: Path) -> list[Counter[str]]:
    """The words of each page; their order may change with the libraries' versions."""
    return [Counter(text.split()) for text in page_texts(path)]


def test_the_collection_is_small_and_varied():
    assert len(PDFS) == 12
    assert sum(len(page_texts(path)) for path in PDFS) == 41
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 3_000_000


def test_every_document_has_a_title_of_its_own():
    titles = {re.search(r"^Title: +(.+)$", facts(path), re.MULTILINE)[1] for path in PDFS}
    assert len(titles) == len(PDFS)
    assert "(anonymous)" not in titles


@pytest.mark.parametrize("path", PDFS, ids=lambda path: path.name)
def test_all_pages_but_the_scanned_ones_have_a_text_layer(path: Path):
    has_text = [bool(text.strip()) for text in page_texts(path)]
    assert has_text == [path.name != SCAN] * len(has_text)


@pytest.mark.parametrize("path", PDFS, ids=lambda path: path.name)
def test_fonts_that_draw_text_are_embedded(path: Path):
    listing = subprocess.run(
        ["pdffonts", path], capture_output=True, check=True, encoding="utf-8"
    ).stdout
    rows = [row.split() for row in listing.splitlines()[2:]]
    # reportlab declares Helvetica in every file, and empty form fields name it.
    assert {row[0] for row in rows if row[-5] == "no"} <= {"Helvetica"}


def test_east_asian_text_comes_out_whole():
    assert "青函トンネル" in page_texts(SAMPLES / "nihon.pdf")[1]
    assert "珠穆朗玛峰" in page_texts(SAMPLES / "zhongguo.pdf")[0]


def test_pages_are_rotated_and_cropped():
    rotations = re.findall(r"rot: +(\d+)", facts(SAMPLES / "chemical-elements.pdf"))
    assert rotations == ["90", "180", "270", "0"]
    boxes = facts(SAMPLES / "si-units.pdf")
    media, crop = (re.findall(rf"{name}Box: +(.+)", boxes) for name in ("Media", "Crop"))
    assert len(media) == len(crop) == 2
    assert not set(media) & set(crop)


def test_the_form_has_fields():
    assert b"/AcroForm" in (SAMPLES / "meteor-form.pdf").read_bytes()


def test_the_yearbooks_differ_in_few_words():
    older, newer = (sum(words(SAMPLES / f"solar-system-{y}.pdf"), Counter()) for y in (2023, 2024))
    changed = (newer - older).total()
    assert 10 <= changed <= 40
    assert changed < 0.1 * newer.total()


@pytest.mark.parametrize("row", QUERIES, ids=lambda row: row["query"])
def test_a_query_names_a_page_that_exists(row: dict[str, str]):
    texts = page_texts(SAMPLES / row["file"])
    pages = [int(number) for number in row["pages"].split(",")]
    assert all(1 <= number <= len(texts) for number in pages)
    assert all(bool(texts[n - 1].strip()) == (row["kind"] != "scan") for n in pages)


def test_there_are_forty_queries_over_every_document():
    assert len({row["query"] for row in QUERIES}) == len(QUERIES) == 40
    assert Counter(row["kind"] for row in QUERIES)["scan"] == 4
    assert {row["file"] for row in QUERIES} == {path.name for path in PDFS}
