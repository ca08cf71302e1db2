"""Are the words of a text layer words? Told from which letters follow each other.

A font whose table of letters is wrong gives "Uif rvjdl cspxo gpy" for "The quick brown fox", or
signs and accented letters. Only Latin letters are judged: of other scripts nothing is said.
"""

import re
import string
import unicodedata
from collections.abc import Sequence

_FOLLOWING = {
    "a": "abcdfghijklmnoprstuvwyz",
    "b": "aeiloru",
    "c": "aehikotu",
    "d": "aeinoruz",
    "e": "abcdefghijklmnprstuvz",
    "f": "aeioru",
    "g": "aeiloruy",
    "h": "aeiotu",
    "i": "abcdeghijklmnoprstuvz",
    "j": "aeiou",
    "k": "aehiklorstu",
    "l": "adeijklmostuy",
    "m": "abeimopu",
    "n": "acdeghijknostuy",
    "o": "abcdgijklmnoprstuvwz",
    "p": "aeilopru",
    "q": "u",
    "r": "acdegiklmnorstuyz",
    "s": "aceiklmopstuvz",
    "t": "aehiorstuy",
    "u": "abcdegiklmnoprstz",
    "v": "aeio",
    "w": "aei",
    "x": "",
    "y": "aceos",
    "z": "aeino",
}
"""Which letters follow a letter: the pairs that make up at least 0.06 % of those of 27 languages
with Latin letters, each counted alike, accents dropped, words by how often they are used (the word
lists of wordfreq 3.1). They are 87 (Polish) to 97 % of the pairs of each of these languages, of one
left out of the count at least 82 %, and with the letters exchanged at random 39 %."""

_PAIRS = frozenset(first + second for first, after in _FOLLOWING.items() for second in after)
_MIN_USUAL = 0.6
"""Of the pairs. On 1,140 real pages it is 0.71 and more, on one that shows alphabets 0.61;
on five with wrong tables 0.25 to 0.4, and with the letters of real pages exchanged at random below
0.6 on 99 of 100."""
_MIN_WORDS = 12  # different ones; a few are names, codes or units
_WORD = re.compile("[a-z]{4,}")  # shorter ones are often abbreviations
_MAX_CODES = 0.5  # of the words; lists of parts have more with digits in them
_DIGIT = re.compile(r"\d")
_ACCENTS = re.compile("[\u0300-\u036f]+")

_MAX_SIGNS = 0.5
_SIGNS = frozenset(string.punctuation) - frozenset("._-*")  # those are leaders and rules
_MAX_ACCENTED = 0.6  # of the letters; Vietnamese has 0.3
_ACCENTED = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]")
_MIN_CHARACTERS = 40


def are_no_words(texts: Sequence[str]) -> bool:
    """Whether the words of a page are those of no language.

    It rather says no: of names, codes, formulas, few words and other scripts than Latin it is
    never sure.

    >>> are_no_words("The quick brown fox jumps over the lazy dog".split())
    False
    """
    text = "".join(texts)
    accented = len(_ACCENTED.findall(text))
    if accented >= _MIN_CHARACTERS and accented > _MAX_ACCENTED * sum(map(str.isalpha, text)):
        return True
    signs = sum(c in _SIGNS for c in text)
    if signs >= _MIN_CHARACTERS and signs > _MAX_SIGNS * len(text):
        return True
    if sum(map(bool, map(_DIGIT.search, texts))) > _MAX_CODES * len(texts):
        return False
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", " ".join(texts).lower()))
    bare = {word.strip(string.punctuation) for word in plain.split()}
    words = [word for word in bare if _WORD.fullmatch(word)]
    if len(words) < _MIN_WORDS:
        return False
    pairs = [word[i : i + 2] for word in words for i in range(len(word) - 1)]
    return sum(pair in _PAIRS for pair in pairs) < _MIN_USUAL * len(pairs)
