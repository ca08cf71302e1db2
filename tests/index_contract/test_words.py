"""Words that a PDF holds in other ways than a person types them are found in every index."""

from pathlib import Path

import pytest

from encoders.lexical import LexicalEncoder
from index.interface import BM25, FLOAT, HAMMING, HAMMING_THEN_FLOAT, PageIndex
from query.fusion import HYBRID
from query.request import SearchRequest
from query.search import find
from query.snippet import snippet
from tests.documents import write_pdf, write_spelled_pdf
from tests.syncing import sync

HEBREW = [["2024", "תנשל", "הרבחה", "לש", "ינועבר", "חוד"], ["(םכח)", "PDF", "ץבוק"]]
ARABIC = [["1939", "ةيناثلا", "ةيملاعلا", "برحلا"], ["تلاكشملا", "ةيجاتنلإا", "لولأا"]]
FORMS = [["\ufee1\ufefc\ufeb4\ufedf\u0627"]]  # presentation forms, a lam-alef ligature among them
CONTROL = [["Overview\x02of\x02Technology\x02Acceptance"]]
BROKEN = [["all", "docu-"], ["ments", "of"]]
SOFT = [["com\u00adpu\u00ad"], ["ters"]]
COLUMN = [["書"], ["き"], ["の"], ["日"], ["本"], ["語"]]

# "in the beginning" with points: each letter is followed by its own
POINTED = [["\u05ea\u05d9\u05e9\u05b4\u05c1\u05d0\u05e8\u05b5\u05d1\u05b0\u05bc"]]

PAGES = {
    "hebrew": HEBREW,
    "arabic": ARABIC,
    "forms": FORMS,
    "pointed": POINTED,
    "control": CONTROL,
    "broken": BROKEN,
    "soft": SOFT,
    "column": COLUMN,
    "other": [["a", "page", "about", "cranes"]],
}
SEARCHES = [
    ("hebrew", "דוח רבעוני", ("דוח", "רבעוני")),
    ("hebrew", "לשנת 2024", ("לשנת", "2024")),
    ("hebrew", "קובץ PDF", ("קובץ", "PDF")),
    ("arabic", "الحرب العالمية", ("الحرب", "العالمية")),
    ("arabic", "الإنتاجية", ("الإنتاجية",)),
    ("arabic", "المشكلات", ("المشكالت",)),  # a ligature given as two letters, wrongly shown
    ("forms", "السلام", ("السلام",)),
    ("pointed", "בראשית", ("בְּרֵאשִׁית",)),
    ("pointed", "בְּרֵאשִׁית", ("בְּרֵאשִׁית",)),
    ("control", "technology acceptance", ("Technology", "Acceptance")),
    ("broken", "documents", ("docu- ments",)),
    ("soft", "computers", ("compu- ters",)),
    ("column", "日本語", ("日本語",)),
]
"""The name of a page, a query, and the words of the page that the query marks."""


@pytest.mark.parametrize(
    "ranking",
    [HAMMING, HAMMING_THEN_FLOAT, FLOAT, BM25, HYBRID],
)
def test_words_are_found_and_marked(empty_index: PageIndex, tmp_path: Path, ranking: str) -> None:
    for name, lines in PAGES.items():
        write_spelled_pdf(tmp_path / f"{name}.pdf", lines)
    sync(empty_index, tmp_path)
    for name, query, marked in SEARCHES:
        hits = find(empty_index, LexicalEncoder, SearchRequest(query, 10, ranking)).shown
        assert hits[0].paths == (str(tmp_path / f"{name}.pdf"),), query
        assert snippet(hits[0].text, query).matched_words == marked
        assert ranking != BM25 or len(hits) == 1, query


def test_a_page_that_held_broken_words_is_gone_when_it_is_deleted(
    empty_index: PageIndex, tmp_path: Path
) -> None:
    write_spelled_pdf(tmp_path / "a.pdf", [*BROKEN, *COLUMN])
    write_pdf(tmp_path / "b.pdf", ["documents"])
    sync(empty_index, tmp_path)
    (tmp_path / "a.pdf").unlink()
    assert sync(empty_index, tmp_path).removed.documents == 1
    found = find(empty_index, LexicalEncoder, SearchRequest("documents", 10, FLOAT))
    assert [hit.paths for hit in found.shown] == [(str(tmp_path / "b.pdf"),)]


def test_text_for_agents_is_in_the_order_it_is_read(empty_index: PageIndex, tmp_path: Path) -> None:
    write_spelled_pdf(tmp_path / "a.pdf", HEBREW)
    sync(empty_index, tmp_path)
    (document,) = empty_index.documents()
    words = empty_index.page(f"{document.document_id}-1").words
    assert words.text == "דוח רבעוני של החברה לשנת 2024 קובץ PDF (חכם)"
    lefts = words.boxes[:6, 0].tolist()
    assert lefts == sorted(lefts, reverse=True)
