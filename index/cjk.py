"""Chinese and Japanese characters: which they are, and whether a text has any.

A regular expression that names these 90,000 takes 2 to 5 ms to compile, which is felt when a
command starts: so they stay strings here and where they are used, `re` compiles them for the first
text that needs them, and most texts do not.
"""

import re

CJK_CHARACTERS = "々-〇぀-ヿ㐀-䶿一-鿿\U00020000-\U0003ffff"
"""Han and kana, as a regular expression's character class; Hangul is written with spaces."""

_FROM_U3000 = re.compile(b"[\xe3-\xff]")
"""What begins a character from U+3000 on in UTF-8: their punctuation, and then they."""


def may_have_cjk(text: str) -> bool:
    """Whether a text has a character as high as these; a quick look that never misses one.

    >>> may_have_cjk("東京"), may_have_cjk("a “quoted” word"), may_have_cjk("")
    (True, False, False)
    """
    has_high = not text.isascii() and _FROM_U3000.search(text.encode("utf-8", "surrogatepass"))
    return bool(has_high)


def n_cjk(text: str) -> int:
    """How many of its characters are Chinese or Japanese.

    >>> n_cjk("東京 2024")
    2
    """
    return len(re.findall(f"[{CJK_CHARACTERS}]", text)) if may_have_cjk(text) else 0
