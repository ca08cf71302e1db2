import string

import pytest

from ingest.ocr.letter_pairs import are_no_words

TEXTS = {
    "English": "The quick brown fox jumps over the lazy dog while several children watch from "
    "behind their garden fence and wonder where these animals might sleep tonight",
    "German": "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich, während sein "
    "Schwager Würstchen verkauft und die Brücke ohne Entschuldigung geschlossen bleibt",
    "Polish": "Szczęście sprzyja tym, którzy wcześnie rozpoczynają przygotowania i dokładnie "
    "sprawdzają wszystkie rzeczy przed wyjazdem, chociaż nikt nie przewidzi przyszłości",
    "Czech": "Příliš žluťoučký kůň úpěl ďábelské ódy, zatímco vlk mrkl na tchyni, která strčila "
    "prst skrz krk a nikdo z přítomných nevěděl, jak celou událost vysvětlit úřadům",
    "Finnish": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan, "
    "heille on annettu järki ja omatunto, ja heidän on toimittava toisiaan kohtaan",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền, mọi "
    "người đều được tạo hóa ban cho lý trí và lương tâm và cần phải đối xử với nhau",
    "Swahili": "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa, wote wamejaliwa akili na "
    "dhamiri, hivyo yapasa watendeane kindugu, kila mmoja anastahili kuwa na uhuru",
    "Latin": "Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani, "
    "tertiam qui ipsorum lingua Celtae, nostra Galli appellantur, instituta legibus",
    "Russian": "Все люди рождаются свободными и равными в своем достоинстве и правах, они",
    "Hebrew": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם, כולם חוננו בתבונה ובמצפון",
    "Chinese": "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神。" * 2,
    "code": "static int parse_args(int argc, char **argv) { struct opts *o = malloc(sizeof(*o)); "
    'if (!o) { fprintf(stderr, "out of memory\\n"); return -1; } strncpy(o->name, argv[1], 16); '
    "while (*ptr != NULL && strcmp(buf, tmp) < 0) { memset(dst, 0, len); ptr++; errno = EINVAL; }",
    "part list": "XTR-4471 HGKL SKF6204 BNZR DWG0012 KPTF M8x20 DIN912 SN74LS04N BC547B LM317T "
    "1N4148 10k0 PCB-77 RJ45 USB2 QX-11 HJKL WRZT PLMK BVCX QWRT ZXCV MNBV LKJH GFDS TRWQ",
    "table of contents": "Introduction ................ 1 Methods ................ 23 Results ....."
    "............................................................................... 47",
    "formulas": "∑ αᵢ = β + γ²; f(x) = ∫₀¹ e^{-x²} dx ≤ π/2, ∀ ε > 0 ∃ δ: |x − a| < δ ⇒ |f(x)| < ε",
    "numbers": " ".join(f"{i * 37.5:.2f} %" for i in range(60)),
}
LETTERS = string.ascii_letters


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_in_order_is_words(name: str) -> None:
    assert not are_no_words(TEXTS[name].split())


@pytest.mark.parametrize("by", [-29, 1, 2, 13])
def test_letters_moved_along_the_alphabet_are_no_words(by: int) -> None:
    """Fonts whose codes are glyph numbers: 29 less than the letter in those made by Windows."""
    moved = {ord(c): chr(ord(c) + by) for c in LETTERS}
    if by > 0:
        for c in LETTERS:
            alphabet = LETTERS[:26] if c.islower() else LETTERS[26:]
            moved[ord(c)] = alphabet[(alphabet.index(c) + by) % 26]
    for name in ("English", "German", "Finnish"):
        assert are_no_words(TEXTS[name].translate(moved).split()), name


@pytest.mark.parametrize(("name", "encoding"), [("Russian", "cp1251"), ("Chinese", "gbk")])
def test_bytes_of_another_script_taken_for_accented_letters_are_no_words(
    name: str, encoding: str
) -> None:
    taken = TEXTS[name].encode(encoding).decode("latin-1")
    assert are_no_words(taken.split())


def test_letters_numbered_in_the_order_of_their_use_are_no_words() -> None:
    text = TEXTS["English"].lower()
    number = {ord(c): chr(0x21 + i) for i, c in enumerate(dict.fromkeys(text.replace(" ", "")))}
    assert are_no_words(text.translate(number).split())


def test_of_a_few_words_nothing_is_said() -> None:
    assert not are_no_words(["Uif", "rvjdl", "cspxo", "gpy", "kvnqt"])
    assert not are_no_words([])
