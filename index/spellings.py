"""Spellings by which a word is found that its page has not: what is typed is not what is there."""

import re

POINTS = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew points
    "\u0610-\u061a\u0640\u064b-\u065f\u0670"  # Arabic points, hamza, and the lengthening stroke
)
"""Vowel points, over and under the letters, as a regular expression's character class."""

_ARABIC_WORD = re.compile("[\u0621-\u064a]+")
_POINT = re.compile(f"[{POINTS}]")
_ARTICLE = re.compile("[\u0648\u0641\u0628\u0643]{0,2}\u0627\u0644")  # and, so, with, like; the
_ALEF_LAM = re.compile("(?<=[\u0621-\u064a])([\u0622\u0623\u0625\u0627])\u0644")


def without_points(text: str) -> str:
    """The text as it is typed, and as most of it is printed.

    >>> without_points("\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd") == "\u05e9\u05dc\u05d5\u05dd"
    True
    """
    return _POINT.sub("", text)


def with_ligatures(word: str) -> list[str]:
    """What an Arabic word is if alef and lam inside it are a lam-alef ligature, turned round.

    A PDF gives that one glyph as two letters, and most programs that make text of one turn them
    round. Nothing in the word tells, so it is looked for both ways; an article is left alone, and
    what looks like one is tried too.

    >>> len(with_ligatures("\u0645\u0634\u0643\u0627\u0644\u062a")), with_ligatures("salam")
    (1, [])
    """
    article = _ARTICLE.match(word)
    start = article.end() if article else 0
    turned = (_turned(word, start), _turned(word, 0))
    return [other for other in dict.fromkeys(turned) if other != word]


def _turned(word: str, start: int) -> str:
    """The word with every alef and lam behind another letter, from a place on, turned round."""
    return _ALEF_LAM.sub(lambda m: m[0] if m.start() < start else f"\u0644{m[1]}", word)
