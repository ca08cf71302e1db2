"""query/agents/regions.py: boxes and words an agent can cite."""

import numpy as np
import pytest

from index.pages import PageWords
from query.agents.regions import LEAST_PART, MAX_BOXES, MAX_REGIONS, hot_regions
from query.heat.scale import Scale
from query.token_matches import TokenMatch

ANY = Scale(0, 1)
LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)


def match(token, patch, similarity, *boxes, is_content=True):
    return TokenMatch(
        token=token,
        token_index=0,
        is_content=is_content,
        patch=patch,
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        similarity=similarity,
        contribution=similarity,
        share=0.0,
    )


def words(*placed):
    texts = tuple(text for text, _ in placed)
    return PageWords(texts, np.float32([box for _, box in placed]).reshape(-1, 4))


def test_tokens_that_match_one_vector_make_one_region():
    found = hot_regions(
        [match("cr", 4, 0.6, LEFT), match("ane", 4, 0.8, LEFT), match("sea", 2, 0.7, RIGHT)],
        PageWords.none(),
        ANY,
    )
    assert [region.tokens for region in found] == [("cr", "ane"), ("sea",)]
    assert [region.similarity for region in found] == [0.8, 0.7]
    assert [region.boxes for region in found] == [(LEFT,), (RIGHT,)]


def test_only_content_tokens_unless_there_are_no_others():
    of, sea = match("of", 1, 0.9, LEFT, is_content=False), match("sea", 2, 0.5, RIGHT)
    assert [region.tokens for region in hot_regions([of, sea], PageWords.none(), ANY)] == [("sea",)]
    assert [region.tokens for region in hot_regions([of], PageWords.none(), ANY)] == [("of",)]


def test_a_place_much_less_similar_than_the_best_says_nothing():
    best, near = match("a", 1, 0.8, LEFT), match("b", 2, 0.8 * LEAST_PART, RIGHT)
    far = match("c", 3, 0.79 * LEAST_PART, RIGHT)
    found = hot_regions([far, near, best], PageWords.none(), ANY)
    assert [region.tokens for region in found] == [("a",), ("b",)]


def test_what_has_no_colour_on_the_querys_scale_is_no_region():
    chance, found = match("a", 1, 0.59, LEFT), match("b", 2, 0.6, RIGHT)
    regions = hot_regions([chance, found], PageWords.none(), Scale(0.6, 0.8))
    assert [region.tokens for region in regions] == [("b",)]
    assert hot_regions([chance], PageWords.none(), Scale(0.6, 0.8)) == ()


def test_few_regions_of_few_boxes():
    matches = [match(str(i), i, 0.5, *[LEFT] * 30) for i in range(30)]
    found = hot_regions(matches, PageWords.none(), ANY)
    assert [region.tokens for region in found] == [(str(i),) for i in range(MAX_REGIONS)]
    assert all(len(region.boxes) == MAX_BOXES for region in found)


def test_pooled_cells_side_by_side_are_one_box():
    grid = [(x / 8, y / 8, (x + 1) / 8, (y + 1) / 8) for y in range(8) for x in range(8)]
    apart = grid[63]
    cells = [grid[9], apart, *grid[16:24], *grid[24:32], grid[10]]
    (region,) = hot_regions([match("a", 0, 0.5, *cells)], words(("word", grid[27])), ANY)
    assert region.boxes == ((0.125, 0.125, 0.375, 0.25), apart, (0.0, 0.25, 1.0, 0.5))
    assert region.words == ("word",)
    (whole,) = hot_regions([match("a", 0, 0.5, *grid)], PageWords.none(), ANY)
    assert whole.boxes == ((0.0, 0.0, 1.0, 1.0),)


def test_a_page_without_vectors_or_cells_has_no_regions():
    assert hot_regions([], PageWords.none(), ANY) == ()
    assert hot_regions([match("a", 0, 0.5)], PageWords.none(), ANY) == ()


@pytest.mark.parametrize(
    ("box", "stands"),
    [
        ((0.1, 0.1, 0.2, 0.12), True),
        ((0.45, 0.1, 0.53, 0.12), True),  # the larger part of it
        ((0.45, 0.1, 0.6, 0.12), False),
        ((0.5, 0.1, 0.6, 0.12), False),  # beside it
        ((-0.5, -0.5, 1.5, 1.5), True),  # a headline larger than the cell
        ((0.2, 0.2, 0.2, 0.2), False),  # no area
    ],
)
def test_words_that_stand_in_a_region(box, stands):
    (region,) = hot_regions([match("a", 0, 0.5, LEFT)], words(("word", box)), ANY)
    assert region.words == (("word",) if stands else ())


def test_words_come_in_reading_order():
    page = words(("first", LEFT), ("second", RIGHT), ("third", LEFT))
    (region,) = hot_regions([match("a", 0, 0.5, LEFT)], page, ANY)
    assert region.words == ("first", "third")
