"""Lines as they are seen, from left to right, and as they are read."""

import unicodedata

import pytest

from ingest.reading_order import (
    in_reading_order,
    is_given_as_read,
    is_right_to_left,
    with_ligatures_mended,
)


def seen(word: str) -> str:
    """A right-to-left word as poppler gives it: back to front, marks after their letter."""
    letters: list[str] = []
    for character in word:
        if letters and unicodedata.combining(character):
            letters[-1] += character
        else:
            letters.append(character)
    return "".join(reversed(letters))


def read(line: str, *others: str) -> str:
    """The line as read on a page that holds the other lines too."""
    lines = [line.split(), *(other.split() for other in others)]
    words = in_reading_order(
        lines[0],
        page_is_right_to_left=is_right_to_left(lines),
        page_is_as_read=is_given_as_read(lines),
    )
    return " ".join("".join(piece.text for piece in word) for word in words)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("הרבחה לש ינועבר חוד", "דוח רבעוני של החברה"),
        ("1939 ةيناثلا ةيملاعلا برحلا", "الحرب العالمية الثانية 1939"),
        ("left to right", "left to right"),
        ("2024 - 2026", "2024 - 2026"),
    ],
)
def test_a_line_of_one_direction(line: str, expected: str) -> None:
    assert read(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            ".2024 תנשב Windows 10 (ABC) הסרגב רמשנ PDF ץבוקה",
            "הקובץ PDF נשמר בגרסה Windows 10 (ABC) בשנת 2024.",
        ),
        (
            "ןקת אוה Portable Document Format (PDF) טמרופ",
            "פורמט Portable Document Format (PDF) הוא תקן",
        ),
        ("החנה 50%-ו ₪ 1,234.56 ריחמ", "מחיר 1,234.56 ₪ ו-50% הנחה"),
        (",10:30 העש ,03-1234567 :ןופלט", "טלפון: 03-1234567, שעה 10:30,"),
        ("הפרי'ג ,ל\"הצ", "צה\"ל, ג'ירפה"),
        ("03/2024 - 01/2024 ךיראת", "תאריך 01/2024 - 03/2024"),
        ("קוש 3D תספדמ", "מדפסת 3D שוק"),
    ],
)
def test_numbers_and_latin_words_in_hebrew(line: str, expected: str) -> None:
    assert read(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("12/03/2024 و %50 ةبسنب ١٩٤٥ ىتح ١٩٣٩ ماع", "عام ١٩٣٩ حتى ١٩٤٥ بنسبة 50% و 12/03/2024"),
        ("2026-2024 نم", "من 2024-2026"),
        ("ظوفحم PDF فلم", "ملف PDF محفوظ"),
    ],
)
def test_numbers_and_latin_words_in_arabic(line: str, expected: str) -> None:
    assert read(line) == expected


def test_a_line_in_english_with_hebrew_in_it() -> None:
    line = "The word םכילע םולש means peace (םולש) in 2024, OK."
    expected = "The word שלום עליכם means peace (שלום) in 2024, OK."
    assert read(line) == expected
    assert read(line, "הרבחה לש ינועבר חוד " * 5) == expected


def test_a_line_that_could_be_read_both_ways_is_read_as_the_page_is() -> None:
    line = "Microsoft Office Word תסרגב"
    assert read(line, "הרבחה לש ינועבר חוד") == "בגרסת Microsoft Office Word"
    assert read(line, "a page in English, with a version") == "Microsoft Office Word בגרסת"


@pytest.mark.parametrize("brackets", ["()", ")("])
def test_brackets_open_before_they_close_whatever_the_program_gave(brackets: str) -> None:
    left, right = brackets
    assert read(f"{left}ABC{right} 2024 תנשל") == "לשנת 2024 (ABC)"
    assert read(f"ףוס {left}רבד{right} תישאר") == "ראשית (דבר) סוף"


@pytest.mark.parametrize("word", ["בְּרֵאשִׁית", "تقريبًا", "اللَّهِ"])
def test_marks_stay_with_their_letter(word: str) -> None:
    assert read(seen(word)) == word


def test_a_word_of_two_directions_takes_its_parts_from_both() -> None:
    line = ["םי-Microsoft", "Word", "שי"]
    words = in_reading_order(line, page_is_right_to_left=True, page_is_as_read=False)
    assert ["".join(piece.text for piece in word) for word in words] == [
        "יש",
        "Microsoft",
        "Word-ים",
    ]
    assert {piece.word for piece in words[2]} == {0, 1}


def test_replacement_text_is_given_as_it_is_read() -> None:
    words = in_reading_order(["حَبيبي habibi"], page_is_right_to_left=True, page_is_as_read=False)
    assert ["".join(piece.text for piece in word) for word in words] == ["حَبيبي habibi"]
    assert read("مدرسة", "كبيرة") == "مدرسة"
    assert read("ةسردم", "ةريبك") == "مدرسة"
    assert read("بيت", "مدرسة كبيرة") == "بيت"  # it has no sign of its own


@pytest.mark.parametrize(
    "word", ["الأول", "الإنتاجية", "الآن", "الاقتصاد", "بالإضافة", "کالای", "لا", "إلا"]
)
def test_lam_alef_ligatures_given_as_two_letters(word: str) -> None:
    given = word.replace("لا", "ال").replace("لأ", "أل").replace("لإ", "إل").replace("لآ", "آل")
    if word not in ("الإنتاجية", "الأول", "الآن", "بالإضافة"):
        assert given != word
    assert with_ligatures_mended(given) == word


@pytest.mark.parametrize("word", ["العالم", "قال", "إلى", "ألف", "مال"])
def test_words_without_a_ligature_stay(word: str) -> None:
    assert with_ligatures_mended(word) == word
