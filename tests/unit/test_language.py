from concurrent.futures import ThreadPoolExecutor

import pytest

from encoders import language
from encoders.language import detect_language

SENTENCES = {
    "en": "The water level of the lake has been measured every morning since the dam was built.",
    "de": "Der Wasserstand des Sees wird seit dem Bau der Staumauer jeden Morgen gemessen.",
    "fr": "Le niveau du lac est mesuré chaque matin depuis la construction du barrage.",
    "ja": "ダムが建設されてから、湖の水位は毎朝測定されています。",
    "zh": "自从大坝建成以来，每天早上都会测量湖水的水位。",
    "ar": "يتم قياس مستوى مياه البحيرة كل صباح منذ بناء السد.",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_enough(code: str) -> None:
    assert detect_language(SENTENCES[code]) == code


@pytest.mark.parametrize(
    "text",
    ["", "   ", "12 34 56 1,234.5 2019 %", "Table 1 2 3", "Q4", "ZX-81 B2B kWh m3 4711 00-13"],
)
def test_numbers_codes_and_headings_tell_no_language(text: str) -> None:
    assert detect_language(text) == ""


def test_only_two_letter_codes_come_out() -> None:
    assert all(len(c) == 2 or c == "zxx" for c in language._identifier().labels)


def test_only_the_beginning_of_a_long_page_counts() -> None:
    page = SENTENCES["de"] * 50
    assert detect_language(page + SENTENCES["zh"] * 1000) == "de"


def test_many_threads_load_one_model_and_agree() -> None:
    language._identifier.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(detect_language, [*SENTENCES.values()] * 5))
    assert answers == [*SENTENCES] * 5
    assert language._identifier.cache_info().misses == 1
