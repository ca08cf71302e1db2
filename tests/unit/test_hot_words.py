"""query/heat/hot_words.py: the words under the heat, whatever made it."""

from dataclasses import replace

import numpy as np
import pytest

from encoders.lexical import LexicalEncoder
from index.pages import VECTOR_DIM, PageVectors, PageWords, PatchMap
from query.heat.hot_words import hot_words
from query.heat.scale import Scale, common_scale
from tests.library import JAPANESE, OLD_REPORT, make_page
from tests.random_pages import page, query

AXES = np.eye(VECTOR_DIM, dtype=np.float32)
LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)


def page_of(words, cosines, cells=(LEFT, RIGHT)):
    """A page with words at boxes, and a vector of each cosine with the first axis at each cell."""
    vectors = np.zeros((len(cosines), VECTOR_DIM), np.float32)
    vectors[:, 0] = cosines
    vectors[:, 1] = np.sqrt(1 - np.square(cosines))
    texts, boxes = zip(*words, strict=True)
    patch_map = PatchMap(np.float32(cells), np.arange(len(cells), dtype=np.int32))
    return replace(
        page(1, 7, np.zeros((0, VECTOR_DIM), np.float32)),
        words=PageWords(texts, np.float32(boxes)),
        vectors=PageVectors(vectors, patch_map),
    )


def row(texts, y=0.5):
    """Words side by side at one height, each box 1/20 wide."""
    return [(text, (i / 20, y, i / 20 + 0.05, y + 0.01)) for i, text in enumerate(texts)]


QUERY = query(AXES[:1], "crane")
ANY = Scale(0, 1)
OF_WORDS = common_scale([], LexicalEncoder().fingerprint)


def test_the_words_of_a_query_hottest_first():
    library_page = make_page(OLD_REPORT, 2, "A chart of cranes, containers and one crane at sea")
    found = hot_words(LexicalEncoder().encode_query("crane"), library_page, None, OF_WORDS)
    assert [word.text for word in found] == ["crane", "cranes,"]
    assert found[0].heat == pytest.approx(1, abs=0.01)
    assert 0.5 < found[1].heat < found[0].heat
    assert found[0].page_number == 2
    box = library_page.words.boxes[library_page.words.texts.index("crane")]
    assert found[0].box == tuple(box.tolist())


def test_one_token_alone():
    library_page = make_page(OLD_REPORT, 2, "A chart of cranes, containers and sheds")
    both = LexicalEncoder().encode_query("cranes sheds")
    assert [word.text for word in hot_words(both, library_page, None, OF_WORDS)] == [
        "cranes,",
        "sheds",
    ]
    assert [word.text for word in hot_words(both, library_page, 1, OF_WORDS)] == ["sheds"]


def test_a_word_over_two_cells_takes_each_by_its_area():
    across = ("bridge", (0.25, 0.1, 0.55, 0.2))  # 5/6 on the left, 1/6 on the right
    wholly = ("tower", (0.6, 0.1, 0.9, 0.2))
    found = hot_words(QUERY, page_of([across, wholly], [0.0, 0.6], [LEFT, RIGHT]), None, ANY)
    assert [word.text for word in found] == ["tower"]
    cells = [(0.0, 0.0, 0.1, 1.0), (0.1, 0.0, 0.2, 1.0)]  # apart from the words: no heat there
    assert hot_words(QUERY, page_of([wholly], [0.0, 0.6], cells), None, ANY) == ()


def test_an_area_weighted_mean():
    # words as cells: no smoothing reaches from one to the other
    half = [("twopart", (0.2, 0.5, 0.4, 0.52))]
    cells = [(0.2, 0.5, 0.25, 0.52), (0.25, 0.5, 0.4, 0.52), (0.9, 0.9, 0.901, 0.901)]
    found = hot_words(QUERY, page_of(half, [0.8, 0.4, 0.0], cells), None, ANY)
    assert found[0].heat == pytest.approx(0.25 * 0.8 + 0.75 * 0.4, abs=0.02)


def test_function_words_and_single_letters_do_not_crowd_out():
    texts = ["the", "of", "x", "crane", "and", "7", "Kran", "für"]
    found = hot_words(QUERY, page_of(row(texts), [0.5, 0.4]), None, ANY)
    assert {word.text for word in found} == {"crane", "Kran"}


def test_unless_the_query_asks_for_nothing_else():
    library_page = make_page(OLD_REPORT, 1, "To be or not to be, that is the question")
    found = hot_words(LexicalEncoder().encode_query("to be"), library_page, None, OF_WORDS)
    assert [word.text for word in found] == ["To", "be", "to", "be,"]


def test_one_chinese_character_is_a_word():
    found = hot_words(QUERY, page_of(row(["山", "a"]), [0.5, 0.4]), None, ANY)
    assert [word.text for word in found] == ["山"]


def test_japanese_words():
    library_page = make_page(JAPANESE, 1, "機械学習の入門 ガイド")
    found = hot_words(LexicalEncoder().encode_query("ガイド"), library_page, None, OF_WORDS)
    assert [word.text for word in found] == ["ガイド"]


def test_words_of_equal_heat_stand_in_reading_order():
    texts = [f"crane{i}" for i in range(9)]
    found = hot_words(QUERY, page_of(row(texts), [0.5, 0.4]), None, ANY, 5)
    assert [word.text for word in found] == texts[:5]


def test_a_list_has_no_accidents():
    texts = ["crane", *(f"w{i}" for i in range(18))]
    library_page = make_page(OLD_REPORT, 1, " ".join(texts))
    found = hot_words(LexicalEncoder().encode_query("crane"), library_page, None, OF_WORDS)
    assert [word.text for word in found] == ["crane"]


def test_no_text_layer_no_vectors_and_no_words():
    with_vectors = page_of([("crane", (0.1, 0.1, 0.2, 0.2))], [0.5, 0.4])
    assert len(hot_words(QUERY, with_vectors, None, ANY)) == 1
    assert hot_words(QUERY, replace(with_vectors, words=PageWords.none()), None, ANY) == ()
    nothing = PatchMap(np.zeros((0, 4), np.float32), np.zeros(0, np.int32))
    blind = PageVectors(np.zeros((0, VECTOR_DIM), np.float32), nothing)
    assert hot_words(QUERY, replace(with_vectors, vectors=blind), None, ANY) == ()


def test_what_the_page_does_not_have_is_no_hot_word():
    library_page = make_page(OLD_REPORT, 2, "A chart of containers and sheds")
    assert hot_words(LexicalEncoder().encode_query("xyzzyqq"), library_page, None, OF_WORDS) == ()
