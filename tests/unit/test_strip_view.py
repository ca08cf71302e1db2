"""query/web/strip_view.py: where the marks of a document stand."""

from dataclasses import replace

from encoders.lexical import LexicalEncoder
from index.filters import Filters
from index.interface import BM25
from index.pages import Document, FileRecord
from query.web.search_form import SearchForm
from query.web.strip_view import StripView, strip_view
from tests.finding import found_for
from tests.library import make_page
from tests.memory_index import MemoryIndex
from tests.random_pages import document_id

FORM = SearchForm(q="ferries", path="*.pdf", ranking="bm25")


def strip(pages: list[str], here: int = 1, k: int = 12, text: str = "ferries") -> StripView:
    index = MemoryIndex(LexicalEncoder().fingerprint)
    files = (FileRecord("/ferries.pdf", 1000, 0),)
    one = Document(document_id(1), files, "", len(pages), is_complete=True)
    index.put_document(one)
    index.put([make_page(document_id(1), n, page) for n, page in enumerate(pages, 1)])
    found = found_for(index, text, BM25, k, filters=Filters(document_id=document_id(1)))
    view = strip_view(one, here, found, replace(FORM, q=text))
    assert view is not None
    return view


def test_pages_that_hold_the_words_are_marked_in_page_order() -> None:
    view = strip(["ferries and cranes", "cranes", "ferries ferries", "cranes"], here=3)
    assert [(mark.page_number, mark.x, mark.is_here) for mark in view.marks] == [
        (1, 0, False),
        (3, 2, True),
    ]
    assert [mark.place for mark in view.marks] == [2, 1]
    assert view.marks[1].height == 1 > view.marks[0].height
    assert view.said == "found on 2 of 4 pages"
    assert (view.here, view.here_width) == (2, 0.8)
    # every page is found by the file's name, which marks none
    assert view.marks[0].href == f"/page/{document_id(1)}-1?q=ferries&ranking=bm25&path=%2A.pdf"


def test_the_box_searches_this_document_on_this_page() -> None:
    view = strip(["ferries", "cranes"], here=2)
    assert view.action == f"/page/{document_id(1)}-2"
    assert view.form == SearchForm(q="ferries", ranking="bm25", document=document_id(1))
    assert view.hits == f"/?q=ferries&ranking=bm25&document={document_id(1)}"


def test_marks_of_a_long_document_can_be_seen_and_stay_inside() -> None:
    view = strip([*["cranes"] * 999, "ferries"])
    (mark,) = view.marks
    assert (mark.x, mark.width) == (996, 4)
    assert view.said == "found on 1 of 1,000 pages"


def test_the_best_are_marked_where_more_would_be() -> None:
    assert strip(["ferries"] * 4, k=3).said == "the best 3 of 4 pages"


def test_nothing_found_says_so() -> None:
    view = strip(["cranes", "cranes"], text="zebra")
    assert (view.marks, view.said, view.hits) == ((), "found on none of 2 pages", "")


def test_without_a_search_there_is_the_box_alone() -> None:
    one = Document(document_id(1), (), "", 3, is_complete=True)
    view = strip_view(one, 2, None, SearchForm())
    assert view is not None
    assert (view.said, view.marks, view.form.document) == ("", (), document_id(1))
    assert strip_view(replace(one, page_count=1), 1, None, SearchForm()) is None
