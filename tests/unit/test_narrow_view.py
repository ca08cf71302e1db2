"""query/web/narrow_view.py: which values are offered, and where their links lead."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from index.facets import Facets
from index.filters import path_matches
from index.pages import Hit
from query.web.narrow_view import SHOWN, ChoiceList, NarrowView, hit_links, narrow_view
from query.web.search_form import SearchForm

FORM = SearchForm(q="harbour", k="5")
HIT = Hit("1-2", "a" * 32, 2, 0.5, 1.0, ("/home/a/2023 [new]/x*.pdf", "/b/x.pdf"), "", "")


def facets(
    folders: dict[str, int], n_pages: int = 10, years: dict[int, int] | None = None
) -> Facets:
    return Facets(n_pages, {"de": 3, "": 1, "en": 6}, years or {}, {"pdf": n_pages}, folders)


def view(counts: Facets | str, form: SearchForm = FORM, **names: str) -> NarrowView:
    return narrow_view(counts, (HIT,), form, names)


def lists(counts: Facets, form: SearchForm = FORM) -> dict[str, ChoiceList]:
    return {one.title: one for one in view(counts, form).lists}


def asked(href: str) -> dict[str, str]:
    return {key: value for key, (value,) in parse_qs(urlsplit(href).query).items()}


def test_values_are_links_with_their_counts_the_most_first() -> None:
    languages = lists(facets({}))["Language"].shown
    assert [(choice.text, choice.n_pages) for choice in languages] == [
        ("English", 6),
        ("German", 3),
        ("not known", 1),
    ]
    assert asked(languages[1].href) == {"q": "harbour", "k": "5", "language": "de"}
    assert languages[2].href == ""  # no filter asks for it


def test_where_there_is_one_value_there_is_nothing_to_choose() -> None:
    assert set(lists(facets({"/a": 10}))) == {"Language"}


def test_years_come_latest_first_and_many_are_folded() -> None:
    years = lists(facets({}, years={2000 + n: n + 1 for n in range(12)}))["Last changed"]
    assert [choice.text for choice in years.shown] == [str(2011 - n) for n in range(SHOWN)]
    assert [choice.text for choice in years.folded] == ["2003", "2002", "2001", "2000"]


def test_folders_are_those_in_the_deepest_that_holds_all_pages() -> None:
    counted = facets({"/home": 10, "/home/a": 10, "/home/a/2023": 7, "/home/a/2023/q1": 5, "/b": 3})
    folders = lists(counted)["Folder"].shown
    assert [(choice.text, choice.n_pages) for choice in folders] == [("2023", 7), ("a itself", 3)]
    assert asked(folders[0].href)["path"] == "/home/a/2023/*"
    assert folders[1].href == ""
    apart = lists(facets({"/home": 6, "/b": 4, "/home/a": 6}))["Folder"].shown
    assert [(choice.text, choice.n_pages) for choice in apart] == [("b", 4), ("home", 6)]


def test_a_folder_is_asked_for_as_it_is_written() -> None:
    form = replace(FORM, document="1f", not_path="*draft*")
    only_here = hit_links(HIT, form)[-1]
    assert only_here.text == "only here"
    path = asked(only_here.href)["path"]
    assert path_matches("/home/a/2023 [new]/deeper/y.pdf", path)
    assert not path_matches("/home/a/2023 n/y.pdf", path)
    (chip,) = [one for one in view(facets({}), replace(FORM, path=path)).filters]
    assert (chip.said, chip.without) == ("folder /home/a/2023 [new]", FORM.href)


def test_a_hit_leads_to_its_document_and_to_all_others() -> None:
    only, other, here = hit_links(HIT, replace(FORM, not_document="a" * 32))
    assert asked(only.href) == {"q": "harbour", "k": "5", "document": "a" * 32}
    assert asked(other.href)["not_document"] == "a" * 32
    assert [link.text for link in hit_links(HIT, replace(FORM, document="a"))] == ["only here"]
    assert hit_links(replace(HIT, paths=()), replace(FORM, document="a")) == ()
    assert asked(here.href)["not_document"] == "a" * 32  # what else is set stays


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (SearchForm(document="a" * 32), "x.pdf"),
        (SearchForm(not_document="b" * 32), "not document bbbbbbbb…"),
        (SearchForm(document="1f3a"), "document 1f3a"),
        (SearchForm(language="DE"), "German"),
        (SearchForm(not_language="xx"), "not xx"),
        (SearchForm(year="2020-"), "year 2020-"),
        (SearchForm(not_kind="png"), "not kind png"),
        (SearchForm(path="*.pdf"), "path *.pdf"),
        (SearchForm(path=f"{Path.cwd()}/2023/*"), "folder 2023"),
    ],
)
def test_what_is_set_is_said_in_words_and_can_be_taken_away(form: SearchForm, said: str) -> None:
    (chip,) = view(facets({}), replace(form, q="harbour"), **{"a" * 32: "x.pdf"}).filters
    assert (chip.said, chip.without) == (said, "/?q=harbour")


def test_what_cannot_be_counted_says_why() -> None:
    seen = view("No Vespa answers.")
    assert (seen.counts_said, seen.lists) == ("No Vespa answers.", ())
