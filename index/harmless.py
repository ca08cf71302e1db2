"""Text from outside on its way to a terminal. Imports nothing, for errors come before all else."""

import re

_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    r"""The text, its lines kept, without what moves a cursor or turns the words around it.

    >>> harmless("a\x1b[2Jb\n")
    'a\ufffd[2Jb\n'
    """
    return _STEERING.sub("\ufffd", text)
