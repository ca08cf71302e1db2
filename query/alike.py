"""Which word of a page a word that stands on no page may be meant to be.

Vectors of words find such a page by resemblance; this says what the resemblance is.
"""

from rapidfuzz.distance import OSA

SHORTEST = 5
"""Letters of a word that may be mistyped, or part of a longer one: shorter ones have too many
neighbours."""

LETTERS_A_SLIP = 4
"""One letter wrong, missing, added or swapped for so many."""

MOST_SLIPS = 2


def is_alike(asked: str, term: str) -> bool:
    """Whether a term may be what is meant: with a typing error or two, or as the end of a compound.

    By optimal string alignment distance: letters replaced, left out, added, or two neighbours
    swapped (https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance). Terms with digits
    or marks are alike only if they are equal: another code is another thing.

    Args:
        asked: a term of a query.
        term: of a page.

    >>> is_alike("goverment", "government"), is_alike("frist", "kuendigungsfrist")
    (True, True)
    >>> is_alike("rent", "tent"), is_alike("inv2023", "inv2024")
    (False, False)
    """
    if len(asked) < SHORTEST or not (asked.isalpha() and term.isalpha()):
        return False
    if term.startswith(asked) or term.endswith(asked):
        return True
    allowed = min(MOST_SLIPS, len(asked) // LETTERS_A_SLIP)
    return OSA.distance(asked, term, score_cutoff=allowed) <= allowed
