"""Which word of a page a word that stands on no page may be meant to be.

Vectors of words find such a page by resemblance; this says what the resemblance is.
"""

SHORTEST = 5
"""Letters of a word that may be mistyped, or part of a longer one: shorter ones have too many
neighbours."""

LETTERS_A_SLIP = 4
"""One letter wrong, missing, added or swapped for so many."""

MOST_SLIPS = 2


def letters_between(asked: str, term: str) -> int | None:
    """How far a term is from what was asked, if that may be meant by it; None if not.

    It may where it has a typing error or two, by optimal string alignment distance (letters
    replaced, left out, added, or two neighbours swapped,
    https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance), or is the beginning or end
    of a longer word. A term with digits or marks is meant as it is: another code is another thing.

    Args:
        asked: a term of a query.
        term: of a page.

    >>> letters_between("goverment", "government"), letters_between("frist", "kuendigungsfrist")
    (1, 11)
    >>> letters_between("rent", "tent"), letters_between("inv2023", "inv2024")
    (None, None)
    """
    if len(asked) < SHORTEST or not (asked.isalpha() and term.isalpha()):
        return None
    if term.startswith(asked) or term.endswith(asked):
        return len(term) - len(asked)
    from rapidfuzz.distance import OSA  # most queries compare no word by its letters

    allowed = min(MOST_SLIPS, len(asked) // LETTERS_A_SLIP)
    distance = OSA.distance(asked, term, score_cutoff=allowed)
    return distance if distance <= allowed else None
