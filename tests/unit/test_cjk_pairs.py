"""Pairs of characters: what is asked for is what was indexed."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from vespa_app.cjk_pairs import pairs_to_find, pairs_to_index

CJK = st.text("東京都は日本の首都です中国カー한국々𠮷", min_size=1)


@given(CJK, CJK, CJK)
def test_a_run_inside_another_shares_all_its_pairs(before: str, inside: str, after: str) -> None:
    indexed = pairs_to_index(f"in {before}{inside}{after}.").split()
    asked = pairs_to_find(f"{inside}?").replace("?", "").split()
    assert asked
    assert set(asked) <= set(indexed)


def test_other_scripts_are_left_alone() -> None:
    text = "Straße, 3.14 naïve עברית हिन्दी ไทย"
    assert pairs_to_index(text) == ""
    assert pairs_to_find(text) == unicodedata.normalize("NFKC", text)


def test_words_glued_to_a_run_are_cut_off() -> None:
    assert pairs_to_find("iPhone15は").split() == ["iPhone15", "は"]


def test_halfwidth_and_compatibility_forms_are_the_plain_ones() -> None:
    assert pairs_to_find("ﾄｳｷｮｳ") == pairs_to_find("トウキョウ")
    assert pairs_to_index("ﾄｳｷｮｳ") == pairs_to_index("トウキョウ")
