import hashlib
import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from encoders import lexical, term_vectors
from encoders.interface import PageInput
from encoders.lexical import CHANCE_COSINE, LexicalEncoder
from encoders.term_vectors import n_grams, term_vector
from index.errors import WrongUseError
from index.pages import PageVectors, PageWords
from index.words.cut import LONGEST_TERM, cut, cut_query

PAGE_IMAGE = Image.new("RGB", (900, 1200))
ENCODER = LexicalEncoder()
COMMON_WORDS = """
harbour violin pepper glacier quarterly tunnel orchid mechanic sugar window battle feather lantern
monkey copper thunder village pencil rabbit silver Schmetterling Küche Fenster Gewitter fromage
oiseau montagne ventana zapato cuchillo
"""
UNRELATED = COMMON_WORDS.split()
"""Words of several languages, none akin to the words under test."""


def page_of(words, boxes=None, image=PAGE_IMAGE):
    words = tuple(words.split()) if isinstance(words, str) else tuple(words)
    if boxes is None:
        boxes = [(0.1, 0.02 * i, 0.3, 0.02 * i + 0.01) for i in range(len(words))]
    return PageInput(image, PageWords(words, np.array(boxes, np.float32).reshape(-1, 4)))


def encode(words, boxes=None, image=PAGE_IMAGE) -> PageVectors:
    return ENCODER.encode_pages([page_of(words, boxes, image)])[0]


def vector(word):
    vectors = ENCODER.encode_query(word).vectors
    assert len(vectors) == 1, f"{word} is {len(vectors)} terms"
    return vectors[0]


def cosine(a, b):
    return float(vector(a) @ vector(b))


def hamming(a, b):
    return int(((vector(a) > 0) != (vector(b) > 0)).sum())


def terms(word):
    return [token.term for token in cut(word)]


def score(query, page):
    """Mean cosine of float MaxSim."""
    return float((ENCODER.encode_query(query).vectors @ page.vectors.T).max(axis=1).mean())


def boxes_found(query, page, term=None):
    """Where the best vector of a term stands on the page, by default of a query of one term."""
    wanted = vector(query) if term is None else term_vector(term)
    best = int((page.vectors @ wanted).argmax())
    assert page.vectors[best] @ wanted == pytest.approx(1, abs=1e-5)
    return page.patch_map.boxes[page.patch_map.vector_index == best]


# The vectors themselves


def test_vectors_are_pinned_to_the_revision():
    # A change here makes every lexical index wrong: raise REVISION together with these values.
    assert lexical.REVISION == "2"
    first = [-0.101075, -0.082061, -0.085276, -0.058498, 0.035079, 0.089479]
    np.testing.assert_allclose(vector("report")[:6], first, atol=1e-5)
    words = ["report", "4711", "Häuser", "東京", "보고서", "отчёт", "تقرير"]
    signs = np.concatenate([np.packbits(vector(word) > 0) for word in words])
    assert hashlib.sha256(signs.tobytes()).hexdigest()[:16] == "ac9070839dc97d6d"


def test_the_fingerprint_names_encoder_and_revision():
    fingerprint = ENCODER.fingerprint
    assert (fingerprint.encoder, fingerprint.revision) == ("lexical", lexical.REVISION)
    assert (fingerprint.pooling, fingerprint.rendering) == ("none", "words")


def test_vectors_are_the_same_on_pages_and_in_queries():
    page = encode("Annual report")
    query = ENCODER.encode_query("annual report")
    np.testing.assert_array_equal(page.vectors, query.vectors)


def test_a_page_gives_one_vector_per_distinct_word_in_order_of_first_occurrence():
    page = encode("blue whale, blue sea: Whale")
    assert page.vectors.shape == (3, 128)
    assert page.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(page.vectors, axis=1), 1, atol=1e-6)
    assert page.patch_map.vector_index.tolist() == [0, 1, 0, 2, 1]
    np.testing.assert_array_equal(page.vectors[1], vector("whale"))


def test_a_page_without_words_has_no_vectors():
    page = encode("")
    assert page.vectors.shape == (0, 128)
    assert page.patch_map.boxes.shape == (0, 4)
    assert encode("-- … •").vectors.shape == (0, 128)


def test_pages_of_a_batch_do_not_influence_each_other():
    together = ENCODER.encode_pages([page_of("one two"), page_of(""), page_of("two three")])
    assert [len(page.vectors) for page in together] == [2, 0, 2]
    np.testing.assert_array_equal(together[2].vectors, encode("two three").vectors)


@pytest.mark.parametrize(
    ("shape", "size"),
    [((595, 842), (905, 1280)), ((1920, 1080), (1280, 720)), ((1, 9000), (1, 1280))],
)
def test_page_size_keeps_the_aspect(shape, size):
    assert ENCODER.page_size_px(*shape) == size


# Nearness: margins over unrelated words, in cosine and in Hamming distance of sign bits


@pytest.mark.parametrize(
    ("word", "relative"),
    [
        ("report", "reports"),
        ("report", "reporting"),
        ("reports", "reported"),
        ("Haus", "Häuser"),
        ("Verwaltung", "Wasserstraßenverwaltung"),
        ("Wasserstraße", "Wasserstraßenverwaltung"),
        ("election", "elections"),
        ("montagne", "montagnes"),
        ("отчёт", "отчёта"),
        ("보고서", "보고서를"),
        ("보고서", "연간보고서"),
    ],
)
def test_related_words_are_nearer_than_any_unrelated_word(word, relative):
    unrelated = [other for other in UNRELATED if other != word]
    assert cosine(word, relative) > max(cosine(word, other) for other in unrelated) + 0.1
    assert hamming(word, relative) < min(hamming(word, other) for other in unrelated)
    assert cosine(word, relative) < 0.9  # the whole word stays clearly nearer


def test_unrelated_words_are_nearly_orthogonal():
    vectors = np.stack([vector(word) for word in UNRELATED])
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    assert abs(cosines.mean()) < 0.05
    assert cosines.max() < 0.45


def test_sign_bits_differ_by_the_angle():
    # what makes Hamming MaxSim rank as float MaxSim does, on average over pairs near and far
    near = [(word, word + "s") for word in UNRELATED]
    far = list(itertools.pairwise(UNRELATED))
    expected = np.array([np.arccos(cosine(a, b)) / np.pi * 128 for a, b in near + far])
    got = np.array([hamming(a, b) for a, b in near + far])
    assert abs((got - expected).mean()) < 2
    assert np.corrcoef(got, expected)[0, 1] > 0.9


def mistyped(word, at):
    """A word with one letter missing, doubled, swapped with the next, and wrong."""
    wrong = "q" if word[at] != "q" else "z"
    return [
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + wrong + word[at + 1 :],
    ]


def test_a_longer_word_with_one_typing_error_is_mostly_nearest_to_itself():
    words = [word.casefold() for word in UNRELATED if len(word) >= 6]
    asked = [(word, typed) for word in words for at in (1, 3, 4) for typed in mistyped(word, at)]
    cosines = np.array(
        [[term_vector(typed) @ term_vector(word) for word in words] for _, typed in asked]
    )
    own = np.array([words.index(word) for word, _ in asked])
    assert (cosines.argmax(axis=1) == own).mean() > 0.9


def test_resemblance_by_chance_stays_below_its_bound():
    rng = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    nonsense = ["".join(rng.choices(letters, k=k)) for k in range(5, 11) for _ in range(40)]
    vectors = np.stack([term_vector(word) for word in nonsense])
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    assert cosines.max() < CHANCE_COSINE


@pytest.mark.parametrize("term", ["4711", "c++", "c#", ".net", "r&d", "2024-03-12", "5km"])
def test_numbers_codes_and_names_with_marks_resemble_nothing(term):
    assert n_grams(term) == set()


def test_numbers_are_no_nearer_to_other_numbers_than_to_words():
    for other in ("4712", "47110", "471", "1147"):
        assert abs(cosine("4711", other)) < 0.3
        assert hamming("4711", other) > 48
    numbers = [str(n) for n in range(4700, 4800) if n != 4711]
    mean = np.mean([cosine("4711", other) for other in numbers])
    assert abs(mean) < 0.05


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("REPORT", "report"),
        ("naive", "naïve"),
        ("Hauser", "Häuser"),
        ("Strasse", "Straße"),
        ("finance", "ﬁnance"),
        ("Ｒｅｐｏｒｔ", "report"),
        ("2024", "٢٠٢٤"),
        ("1234", "1,234"),
        ("1,234.56", "1.234,56"),
        ("3.14", "3,14"),
        ("العربية", "العَرَبِيّة"),
        ("שלום", "שָׁלוֹם"),
        ("ガイド", "ｶﾞｲﾄﾞ"),
        ("cooperate", "co\u00adoperate"),
        ("Ευρωπη", "Ευρώπη"),
        ("report", "“report”,"),
    ],
)
def test_two_spellings_of_one_word_are_found_alike(typed, printed):
    assert score(typed, encode(printed)) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [("3.14", "314"), ("0.125", "125"), ("2.12.1", "2121"), ("10:30", "10.30"), ("й", "и")],
)
def test_different_things_stay_different(one, other):
    assert terms(one)[-1] != terms(other)[-1]


# Words that are found as parts, as wholes, and over several words


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("art", "A state-of-the-art press"),
        ("email", "send an e-mail today"),
        ("9001", "certified to ISO-9001 since"),
        ("iso9001", "certified to ISO-9001 since"),
        ("ISO", "certified to ISO-9001 since"),
        ("results", "the results1 are shown"),
        ("analyse", "voici l’analyse complète"),
    ],
)
def test_parts_and_joined_forms_are_found(query, text):
    assert score(query, encode(text)) == pytest.approx(1, abs=1e-5)


# Where things stand


@pytest.mark.parametrize(
    ("query", "right", "wrong"),
    [
        ("INV-2023-0042", "INV-2023-0042 of a long invoice", "INV-2023-0041 and 0042"),
        ("C", "the language C", "the language C++"),
        ("C++", "the language C++", "the language C"),
        ("C#", "the language C#", "the languages C and C++"),
        ("5 km", "run 5km", "5 runs of 2 km"),
        ("$1000", "it costs $1,000", "1000 of them"),
    ],
)
def test_the_page_that_has_the_whole_comes_before_one_of_its_parts(query, right, wrong):
    assert score(query, encode(right)) == pytest.approx(1, abs=1e-5)
    assert score(query, encode(wrong)) < 0.9


def test_a_term_of_several_words_has_the_boxes_of_all():
    boxes = [(0.1, 0.1, 0.2, 0.12), (0.2, 0.1, 0.3, 0.12), (0.3, 0.1, 0.4, 0.12)]
    page = encode(["run", "5", "km"], boxes)
    np.testing.assert_allclose(boxes_found("5km", page, "5km"), boxes[1:])


def test_a_page_has_no_vector_for_what_its_words_are_near_to():
    stems = encode("the invoices of houses were reported by companies")
    assert len(stems.vectors) == len(stems.patch_map.vector_index) == 8


def test_every_occurrence_keeps_its_box():
    page = encode("whale sea whale", [(0, 0, 0.2, 0.1), (0.3, 0, 0.5, 0.1), (0, 0.5, 0.2, 0.6)])
    np.testing.assert_allclose(boxes_found("whale", page), [(0, 0, 0.2, 0.1), (0, 0.5, 0.2, 0.6)])


def test_a_word_broken_at_the_line_end_is_found_with_both_boxes():
    boxes = [(0.1, 0.1, 0.4, 0.12), (0.8, 0.1, 0.9, 0.12), (0.1, 0.13, 0.2, 0.15)]
    for hyphen in ("-", "\u2010", "\u00ad"):
        page = encode(["printed", f"docu{hyphen}", "ments."], boxes)
        np.testing.assert_allclose(boxes_found("documents", page), boxes[1:])
    assert score("documents", encode(["docu-", "Ments"])) < 0.9
    assert score("documents", encode(["docu", "ments"])) < 0.9


def test_cjk_bigrams_have_their_part_of_the_box():
    page = encode(["機械学習"], [(0.1, 0.2, 0.5, 0.24)])
    np.testing.assert_allclose(boxes_found("機械", page), [(0.1, 0.2, 0.3, 0.24)], atol=1e-6)
    np.testing.assert_allclose(boxes_found("械学", page), [(0.2, 0.2, 0.4, 0.24)], atol=1e-6)
    np.testing.assert_allclose(boxes_found("学習", page), [(0.3, 0.2, 0.5, 0.24)], atol=1e-6)


def test_digits_and_letters_take_half_the_width_of_cjk_characters():
    page = encode(["2024年度、売上"], [(0.0, 0.2, 0.7, 0.24)])  # four digits, five wide characters
    np.testing.assert_allclose(boxes_found("年度", page), [(0.2, 0.2, 0.4, 0.24)], atol=1e-6)
    np.testing.assert_allclose(boxes_found("売上", page), [(0.5, 0.2, 0.7, 0.24)], atol=1e-6)


def test_vertical_cjk_text_is_cut_downwards():
    page = encode(["機械学習"], [(0.9, 0.2, 0.93, 0.4)])
    np.testing.assert_allclose(boxes_found("学習", page), [(0.9, 0.3, 0.93, 0.4)], atol=1e-6)


def test_whether_text_is_vertical_is_judged_in_pixels_not_in_page_fractions():
    banner = Image.new("RGB", (1280, 100))
    page = encode(["機械学習"], [(0.0, 0.2, 0.1, 0.5)], banner)  # 128 x 30 pixels
    np.testing.assert_allclose(boxes_found("学習", page), [(0.05, 0.2, 0.1, 0.5)], atol=1e-6)


def test_cjk_words_set_apart_or_broken_over_lines_are_found_with_both_boxes():
    boxes = [(0.1, 0.1, 0.5, 0.12), (0.1, 0.13, 0.3, 0.15)]
    page = encode(["機械学習", "術語"], boxes)
    expected = [(0.4, 0.1, 0.5, 0.12), (0.1, 0.13, 0.2, 0.15)]
    np.testing.assert_allclose(boxes_found("習術", page), expected, atol=1e-6)
    assert score("機械学習", encode("機 械 学 習")) == pytest.approx(1, abs=1e-5)
    assert score("習術", encode("学習。 術語")) < 0.9


def test_a_single_cjk_character_is_near_the_bigrams_that_hold_it():
    assert cosine("本", "日本") > 0.4
    assert hamming("本", "日本") < min(hamming("本", word) for word in UNRELATED)
    assert cosine("日本", "東京") < 0.3


# Queries


def test_stop_words_are_left_out_of_a_query_that_has_other_words():
    query = ENCODER.encode_query("What is the height of die Brücke?")
    assert query.tokens == ("height", "Brücke")
    assert query.is_content.all()
    assert query.text == "What is the height of die Brücke?"


def test_a_query_of_stop_words_alone_finds_its_page():
    query = "to be or not to be"
    assert ENCODER.encode_query(query).tokens == ("to", "be", "or", "not")
    assert ENCODER.encode_query(query).is_content.all()
    right, wrong = encode("To be, or not to be: that is it"), encode("A whale in the sea")
    assert score(query, right) == pytest.approx(1, abs=1e-5)
    assert score(query, wrong) < 0.5


def test_a_word_typed_twice_counts_once():
    assert ENCODER.encode_query("tax Tax forms TAX").tokens == ("tax", "forms")


def test_tokens_are_shown_as_typed():
    query = ENCODER.encode_query("Häuser, ISO-9001: 5 km (機械学習)")
    shown = ("Häuser", "ISO", "9001", "ISO-9001", "5", "km", "5 km", "機械", "械学", "学習")
    assert query.tokens == shown


def test_a_compound_is_asked_for_in_parts_and_whole():
    assert ENCODER.encode_query("an E-Mail today").tokens == ("Mail", "E-Mail", "today")
    assert ENCODER.encode_query("state-of-the-art").tokens == ("state", "art", "state-of-the-art")


@pytest.mark.parametrize("text", ["", " \t\n", "?!", "😀 …", "\x00\x07"])
def test_a_query_without_words_is_refused(text):
    with pytest.raises(WrongUseError) as error:
        ENCODER.encode_query(text)
    assert str(error.value) == (
        f"No word to look for in {text!r}: it holds no letter or digit. "
        "Type one or more words, as in: annual report."
    )


def test_a_long_query_without_words_is_shortened_in_the_message():
    with pytest.raises(WrongUseError, match=r"in '\?{40}…': it holds"):
        ENCODER.encode_query("?" * 10_000)


def test_ranking_prefers_all_words_then_inflected_ones_then_none():
    pages = [
        encode("the report on annual water levels"),
        encode("reports on levels of waters, annually"),
        encode("a violin concert in the village"),
    ]
    scores = [score("annual water level report", page) for page in pages]
    assert scores[0] > scores[1] + 0.1 > scores[2] + 0.2


# Hostile input


@pytest.mark.parametrize(
    "word",
    [
        "x" * 100_000,
        "ab1" * 33_000,
        "-".join(["part"] * 20_000),
        "1," * 50_000,
        "x" * 100_000 + ".-",
        "1.111" * 20_000,
        "字" * 100_000,
        "e" + "\u0301" * 100_000,
        "क" + "्" * 100_000,
        "x\u200d" * 1000,
        "a\x00b\x1fc",
        "🏳️‍🌈flag",
        "مرحبا-بالعالم",
        "ﷺ" * 1000,
        "\u202eevil\u202c",
        "𝕳𝖊𝖑𝖑𝖔",
    ],
    ids=range(16),
)
def test_hostile_words_give_vectors_of_bounded_terms(word):
    page = encode([word, word.lower()])
    np.testing.assert_allclose(np.linalg.norm(page.vectors, axis=1), 1, atol=1e-5)
    assert 0 < len(page.vectors) < 50
    assert all(len(term) <= LONGEST_TERM for term in terms(word))


def test_the_vocabulary_cache_is_bounded():
    info = term_vector.cache_info()
    assert info.maxsize == term_vectors.CACHED_TERMS
    assert info.maxsize * (LONGEST_TERM * 4 + 128 * 4) < 64 * 2**20


def test_cached_vectors_cannot_be_changed_through_a_page():
    page = encode("whale")
    before = vector("whale").copy()
    page.vectors[:] = 0
    np.testing.assert_array_equal(vector("whale"), before)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_gives_unit_vectors_or_is_refused(text):
    try:
        query = ENCODER.encode_query(text)
    except WrongUseError:
        assert not cut_query(text)
        return
    np.testing.assert_allclose(np.linalg.norm(query.vectors, axis=1), 1, atol=1e-5)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_page_is_found_by_its_own_words(text):
    page = encode(text)
    cells = page.patch_map
    assert sorted(set(cells.vector_index)) == list(range(len(page.vectors)))
    assert ((cells.boxes >= 0) & (cells.boxes[:, [2, 3, 2, 3]] >= cells.boxes)).all()
    if len(page.vectors):
        assert score(text, page) == pytest.approx(1, abs=1e-5)
