"""One spelling for all spellings of a word: case, accents, ligatures, width, digits, points.

Knows characters, not words: what a run of letters means is said elsewhere in this folder.
"""

import functools
import re
import unicodedata

from index.spellings import POINTS

# fmt: off
_LETTERS = str.maketrans({
    "œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i",
    "ŋ": "n", "ŧ": "t", "ƒ": "f",
    # Arabic: alef and its hamzas, ya without dots, ta marbuta; kaf, ya and ha as Persian types them
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه",
    "ک": "ك", "ی": "ي", "ہ": "ه", "ھ": "ه",
    # Devanagari: the nasal mark, and the dot below, which most people leave out
    "\u0901": "\u0902", "\u093c": "",
})
_MARKS = str.maketrans({
    **dict.fromkeys("’‘ʼʻʹ′`´ʾʿ׳", "'"),
    **dict.fromkeys("‐‑‒–−﹣־", "-"),
    **dict.fromkeys("™®©℠", " "),
    "⁄": "/", "∕": "/", "״": '"', "և": "եվ",
})
_WITH_E = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
# fmt: on
_POINT = re.compile(f"[{POINTS}]")
_SUPERSCRIPT_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_DEVANAGARI_NASAL = re.compile("[\u0919\u091e\u0923\u0928\u092e]\u094d(?=[\u0915-\u0939])")
_LONGEST_CLUSTER = 16
"""Characters of one with its marks; ten thousand accents on a letter are a joke or an attack."""
_VOICING_MARKS = "\uff9e\uff9f"
"""Half-width voicing marks: letters to Unicode, but part of the character before them."""


def fold(text: str) -> tuple[str, list[int]]:
    """A text in canonical spelling, and where each of its characters comes from.

    NFKC, case folded; accents of Latin, Greek and stressed Cyrillic letters, points of Hebrew and
    Arabic and invisible characters dropped; digits of every script written 0 to 9; apostrophes
    and hyphens of every kind the plain ones.

    Returns:
        The text, and for each character the position in the text given, with the end's as the last.

    >>> fold("Œuvre")
    ('oeuvre', [0, 0, 1, 2, 3, 4, 5])
    """
    if text.isascii():
        return text.lower(), list(range(len(text) + 1))
    folded: list[str] = []
    edges: list[int] = []
    for start, end in _clusters(text):
        cluster = text[start : min(end, start + _LONGEST_CLUSTER)]
        piece = _folded_cluster(cluster)
        if cluster[0] in _SUPERSCRIPT_DIGITS and start and text[start - 1].isalnum():
            is_unit = _is_unit_before(text, start)
            piece = piece if is_unit else " " + piece  # a footnote's mark is not of its word
        folded.append(piece)
        edges += [start] * len(piece)
    return "".join(folded), [*edges, len(text)]


def place_of(edges: list[int], start: int, end: int) -> tuple[int, int]:
    """Where a part of a folded or composed text stands in the text given: whole characters of it.

    >>> place_of([0, 0, 1], 0, 1)
    (0, 1)
    """
    last = end
    while edges[last] == edges[end - 1]:
        last += 1
    return edges[start], edges[last]


def compose(text: str) -> tuple[str, list[int]]:
    """A text in NFC, and where each of its characters comes from, as `fold` says it.

    >>> compose("u\u0308ber")
    ('über', [0, 2, 3, 4, 5])
    """
    composed: list[str] = []
    edges: list[int] = []
    for start, end in _clusters(text):
        piece = unicodedata.normalize("NFC", text[start:end])
        composed.append(piece)
        edges += [start] * len(piece)
    return "".join(composed), [*edges, len(text)]


def canonical(word: str) -> str:
    """A word in canonical spelling, when where its characters come from does not matter.

    >>> canonical("Größe"), canonical("ΟΔΟΣ"), canonical("\uff76\uff9e")
    ('grosse', 'οδοσ', 'ガ')
    """
    return settled(fold(word)[0])


def settled(term: str) -> str:
    """What only a whole word shows: Hindi writes a nasal before a consonant in two ways.

    >>> settled("\u0939\u093f\u0928\u094d\u0926\u0940") == "\u0939\u093f\u0902\u0926\u0940"
    True
    """
    return term if term.isascii() else _DEVANAGARI_NASAL.sub("\u0902", term)


def with_e(word: str) -> str:
    """A word with ä, ö, ü, ø, å as ae, oe, ue, oe, aa: typed where a keyboard lacks them.

    >>> with_e("Größe"), with_e("size")
    ('groesse', 'size')
    """
    if word.isascii():
        return word.lower()
    return canonical(unicodedata.normalize("NFC", word.lower()).translate(_WITH_E))


def _clusters(text: str) -> list[tuple[int, int]]:
    """Each character with the marks and invisible characters behind it: (start, end)."""
    starts = [i for i, c in enumerate(text) if i == 0 or not _follows(c)]
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _follows(character: str) -> bool:
    """Whether a character belongs to the one before it: an accent, a joiner, half of a syllable."""
    if character < "\u0300" and character != "\u00ad":
        return False
    return (
        unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")
        or character in _VOICING_MARKS
        or "\u1160" <= character <= "\u11ff"
    )


@functools.lru_cache(1 << 14)
def _folded_cluster(cluster: str) -> str:
    """A character with its marks, folded; again, as what it became may take no mark (a digit)."""
    return _folded_once(_folded_once(cluster))


def _folded_once(cluster: str) -> str:
    text = unicodedata.normalize("NFKC", cluster.translate(_MARKS)).casefold()
    text = unicodedata.normalize("NFD", text)
    if text[:1] < "\u0400":  # Latin and Greek
        text = "".join(c for c in text if not "\u0300" <= c <= "\u036f")
    elif "\u0400" <= text[:1] < "\u0530":  # the stress of Cyrillic vowels, and the dots of yo
        text = re.sub("[\u0300\u0301]", "", text)
        text = re.sub("(?<=\u0435)\u0308+", "", text)
    text = unicodedata.normalize("NFC", _POINT.sub("", text)).translate(_LETTERS)
    return "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() else c
        for c in text.translate(_MARKS)
        if unicodedata.category(c) != "Cf"
    )


def _is_unit_before(text: str, end: int) -> bool:
    """Whether a superscript raises a unit of one or two letters (m², km³), not a whole word."""
    start = end
    while start > 0 and end - start < 3 and text[start - 1].isalpha():
        start -= 1
    return 1 <= end - start <= 2


def plain_marks(text: str) -> str:
    """A text of the same length in lower case, its digits 0 to 9, its marks and spaces plain ones.

    >>> plain_marks("§\u00a0٥ – O’Brien")
    "§ 5 - o'brien"
    """
    return text.translate(_ASCII_SPACES if text.isascii() else _PLAIN_MARKS).lower()


_ASCII_SPACES = str.maketrans("\t\n\r\f\v", "     ")
_OTHER_SPACES = "\u00a0\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


class _PlainMarks(dict[int, str]):
    """A table for `str.translate` that looks a character up when it first comes.

    Digits lie scattered among 130,000 characters: to find all takes longer than to read a page.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        is_digit = character.isdecimal()
        plain = self[code] = str(unicodedata.decimal(character)) if is_digit else character
        return plain


_PLAIN_MARKS = _PlainMarks(
    {
        **dict.fromkeys(map(ord, "\t\n\r\f\v" + _OTHER_SPACES), " "),
        **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},  # full width
        **{c: plain for c, plain in _MARKS.items() if plain is not None and len(plain) == 1},
        **{ord("\u00ad"): "-", ord("İ"): "i", ord("µ"): "μ", ord("²"): "2", ord("³"): "3"},
    }
)
