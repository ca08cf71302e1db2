"""Vowel points: over and under the letters of Hebrew and Arabic, and left out by who types."""

import re

POINTS = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # Hebrew points
    "\u0610-\u061a\u0640\u064b-\u065f\u0670"  # Arabic points, hamza, and the lengthening stroke
)
"""As a regular expression's character class."""

_POINT = re.compile(f"[{POINTS}]")


def without_points(text: str) -> str:
    """The text as it is typed, and as most of it is printed.

    >>> without_points("\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd") == "\u05e9\u05dc\u05d5\u05dd"
    True
    """
    return _POINT.sub("", text)
