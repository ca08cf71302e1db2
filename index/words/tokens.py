"""What a word of a text is: a term, its place, and what else it is found by."""

from typing import NamedTuple

LONGEST_TERM = 64
"""Characters kept of a term. No word is longer; what is longer is a hash, a rule or an attack."""


class Token(NamedTuple):
    """One word of a text.

    Attributes:
        term: the word in canonical spelling; never empty, at most LONGEST_TERM characters.
        start, end: where it stands in the text as given, in characters.
        also: other terms it is found by, each once, without `term`.
    """

    term: str
    start: int
    end: int
    also: tuple[str, ...] = ()


class Whole(NamedTuple):
    """What several words, or parts of one, say together: a term, and where it stands in the text.

    Attributes:
        start, end: in characters, end exclusive.
        term: found by this.
        also: and by these.
        is_only: whether it stands instead of the words inside and not beside them.
    """

    start: int
    end: int
    term: str
    also: tuple[str, ...] = ()
    is_only: bool = False


def found_by(token: Token, *others: str) -> Token:
    """A token that is found by other terms too."""
    return token._replace(also=each_once(token.term, (*token.also, *others)))


def each_once(term: str, others: tuple[str, ...]) -> tuple[str, ...]:
    """Terms cut to their longest, without doubles, the empty one and a word's own."""
    if not others:
        return ()
    cut = (other[:LONGEST_TERM] for other in others)
    return tuple(other for other in dict.fromkeys(cut) if other and other != term)
