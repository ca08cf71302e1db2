"""query/agents/citation.py: the place of a page that a citation points at."""

from dataclasses import replace

import numpy as np
import pytest

from index.pages import PageWords
from query.agents.citation import NEAR, cited_place
from query.agents.regions import HotRegion
from tests.library import SCAN, make_page

HOT = HotRegion((((0.5, 0.5, 0.6, 0.6)),), 0.9, ("chart",), ())


def page_of(*lines: str):
    """A page whose words stand in lines, each as wide as its letters in hundredths of the page."""
    texts, boxes = [], []
    for row, line in enumerate(lines):
        at = 0.1
        for word in line.split():
            texts.append(word)
            boxes.append((at, 0.1 + row / 10, at + len(word) / 100, 0.15 + row / 10))
            at += (len(word) + 1) / 100
    words = PageWords(tuple(texts), np.float32(boxes).reshape(-1, 4))
    return replace(make_page(SCAN, 1, ""), words=words)


def test_all_words_of_a_match_are_in_the_box():
    page = page_of("The air is thin", "and holds carbon dioxide now")
    place = cited_place(page, "carbon dioxide in the air", [HOT])
    assert place.quote == "air is thin and holds carbon dioxide"
    assert place.box == pytest.approx((0.1, 0.1, 0.34, 0.25), abs=1e-4)


def test_the_place_where_most_words_stand_together_is_cited():
    page = page_of("dioxide " + "filler " * 40, "carbon dioxide")
    place = cited_place(page, "carbon dioxide", [])
    assert (place.quote, place.box[1]) == ("carbon dioxide", pytest.approx(0.2, abs=1e-4))


def test_no_more_is_quoted_than_has_every_word():
    page = page_of("freezing tin freezing zinc freezing silver freezing")
    assert cited_place(page, "zinc freezing", []).quote == "freezing zinc"


def test_one_word_of_many_is_cited_only_where_nothing_is_hot():
    page = page_of("figure four")
    query = "bar chart of ocean areas, figure"
    assert cited_place(page, query, [HOT]).quote == ""
    assert cited_place(page, query, []).quote == "figure"


def test_without_words_what_lies_beside_the_hottest_region_is_cited_with_it():
    def region(x: float) -> HotRegion:
        return HotRegion(((x, 0.5, x + 0.1, 0.6),), 0.8, ("chart",), ())

    beside, next_but_one, far = region(0.6 + NEAR / 2), region(0.75), region(0)
    place = cited_place(page_of(), "chart", [HOT, far, next_but_one, beside])
    assert (place.quote, place.box) == ("", (0.5, 0.5, 0.85, 0.6))


def test_nothing_that_matches_is_not_cited():
    assert cited_place(page_of("sea"), "mountain", []) is None
    assert cited_place(page_of(), "mountain", []) is None


@pytest.mark.parametrize(
    ("texts", "query", "quote"),
    [
        (("Cafe\u0301", "au", "lait"), "lait", "lait"),  # composed: a character less
        (("機械学習の入門", "ガイド"), "ガイド", "ガイド"),
        (("縦", "書", "き", "の", "本", "文"), "本文", "本文"),  # words of one character each
    ],
)
def test_words_are_counted_as_the_text_counts_them(texts, query, quote):
    boxes = np.float32([(i / 10, 0, (i + 1) / 10, 0.1) for i in range(len(texts))])
    page = replace(make_page(SCAN, 1, ""), words=PageWords(texts, boxes))
    place = cited_place(page, query, [])
    assert place.quote == quote
    first = next(i for i, text in enumerate(texts) if quote.startswith(text))
    assert place.box[::2] == pytest.approx((first / 10, len(texts) / 10))
