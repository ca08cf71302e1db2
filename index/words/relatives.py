"""By what else one word is found: other spellings of it, its stems, parts that a script hides."""

import functools

from index.spellings import with_ligatures
from index.words.scripts import hangul_parts, without_particle
from index.words.spelling import settled, with_e
from index.words.stems import stems


@functools.lru_cache(1 << 16)
def relatives(word: str, term: str, language: str, is_query: bool) -> tuple[str, ...]:
    """Other terms by which a word of letters is found, each once, without its own.

    Args:
        word: as it stands in the text, in NFC; the beginning of a long one.
        term: the same in canonical spelling.
        language: of the page it stands on, "" where unknown.
        is_query: whether it is typed, and not on a page.

    >>> relatives("Größen", "grossen", "de", False)
    ('groessen', 'gross~de')
    """
    if word.isascii():
        found = stems(word, term, language, is_query) if word.isalpha() else ()
    else:
        found = (
            settled(with_e(word)),
            *(without_particle(term) if is_query else hangul_parts(term)),
            *(() if is_query else with_ligatures(term)),
            *stems(word if word.isalpha() else term, term, language, is_query),
        )
    return tuple(other for other in dict.fromkeys(found) if other and other != term)
