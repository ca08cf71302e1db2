"""One of several runs that share an ingest: which documents are its own."""

import re
from dataclasses import dataclass

from index.errors import WrongUseError

_SHARD = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})")


@dataclass(frozen=True)
class Shard:
    """Number K of N runs, on as many machines as there are, over the same folders into one index.

    A document belongs to one run by its id, which is a hash of its bytes: no run asks another, and
    each has as many documents as the others, as far as chance has it.

    Attributes:
        number: from 1.
        of: how many there are.
    """

    number: int
    of: int

    @classmethod
    def read(cls, text: str) -> "Shard":
        """From "K/N".

        >>> Shard.read("2/8")
        Shard(number=2, of=8)

        Raises:
            WrongUseError: it is not of that form, or K is above N.
        """
        match = _SHARD.fullmatch(text)
        if match is None or int(match[1]) > int(match[2]):
            raise WrongUseError(
                f"{text!r} is no shard. Write K/N, such as 1/4, 2/4, 3/4 and 4/4 for four runs."
            )
        return cls(int(match[1]), int(match[2]))

    def has(self, document_id: str) -> bool:
        """Whether this run does a document."""
        return int(document_id[:15], 16) % self.of == self.number - 1


EVERYTHING = Shard(1, 1)
