"""A term as the text indexes store it: letters and digits that a tokenizer keeps as one token."""

import functools
import hashlib
import unicodedata

LONGEST_STORED = 64
_HASH_LENGTH = 16

# fmt: off
_MARKS = {
    "+": "plus", "#": "sharp", ".": "dot", "&": "and", "/": "slash", "-": "dash", "%": "percent",
    "@": "at", "$": "dollar", "°": "degree", "§": "section", ":": "colon", "'": "apostrophe",
    "~": "stem",
}
# fmt: on


@functools.lru_cache(1 << 16)
def stored_form(term: str) -> str:
    """The term as one token of SQLite's unicode61 and of Vespa's tokenizer, at most 64 characters.

    Letters and digits stay; a mark is spelled out as people do where they cannot type it, and any
    other character is its number between two x's.

    >>> stored_form("c++"), stored_form(".net"), stored_form("3.14")
    ('cplusplus', 'dotnet', '3dot14')
    """
    is_plain = term.isascii() and term.isalnum()
    stored = term if is_plain else "".join(map(_stored_character, term))
    if len(stored) <= LONGEST_STORED:
        return stored
    digest = hashlib.sha256(term.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return stored[: LONGEST_STORED - _HASH_LENGTH] + digest


def _stored_character(character: str) -> str:
    """Itself if a letter or digit in Unicode 3.2 already, which no tokenizer is older than."""
    if unicodedata.ucd_3_2_0.category(character)[0] in "LN":
        return character
    return _MARKS.get(character) or f"x{ord(character):x}x"
