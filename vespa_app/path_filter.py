"""Shell patterns for paths as regular expressions that Vespa matches.

What a pattern means is defined by `index.filters.path_matches`. Vespa's engine reads RE2, its Java
code java.util.regex: what is written here means the same to both.
"""

import itertools
import re
import unicodedata
from pathlib import PurePosixPath

from vespa_app.wire import filter_path, to_wire_text

_SET = re.compile(r"\[(!|(?!!))(\][^\]]*|[^\]]+)\]")  # the first of its members may be a bracket
_NO_CHARACTER = r"[^\s\S]"


def path_expression(glob: str) -> str:
    r"""A regular expression that finds the `filter_path` of each path the pattern matches.

    >>> path_expression("2023/[a-c]*.pdf")
    '(?s)^(?:.*/)?2023/[a-c].*\\.pdf\\z'
    """
    # normalized first, as path_matches does: a "./" before an accent is none
    plain = filter_path(unicodedata.normalize("NFC", glob).removeprefix("./"))
    parts = []
    position = 0
    while position < len(plain):
        character_set = _SET.match(plain, position)
        if character_set is not None:
            negated, members = character_set.groups()
            parts.append(_set_expression(bool(negated), members))
            position = character_set.end()
        else:
            parts.append(_character_expression(plain[position]))
            position += 1
    return rf"(?s)^(?:.*/)?{''.join(parts)}\z"


def name_expression(name: str) -> str:
    r"""A regular expression for what `index.paths.lies_at` finds, in paths as they are stored.

    A letter with accents is one character there or several, as the file system gave it.

    >>> name_expression("2023/report.pdf")
    '(?s)^(?:.*/)?2023/report\\.pdf\\z'
    """
    whole = str(PurePosixPath(unicodedata.normalize("NFC", name)))
    letters = "".join(_any_form(character) for character in whole)
    return rf"(?s)^{'' if whole.startswith('/') else '(?:.*/)?'}{letters}\z"


def _any_form(character: str) -> str:
    parted = unicodedata.normalize("NFD", character)
    letter, accents = parted[0], parted[1:]
    if not accents:
        return text_expression(character)
    # any number of its accents may be one with the letter, and they may stand in another order
    forms = {
        unicodedata.normalize("NFC", letter + "".join(order[:n])) + "".join(order[n:])
        for order in itertools.permutations(accents)
        for n in range(len(accents) + 1)
    }
    same = [form for form in forms if unicodedata.normalize("NFC", form) == character]
    same.sort(key=lambda form: (len(form), form))
    return f"(?:{'|'.join(map(text_expression, same))})"


def text_expression(text: str) -> str:
    r"""A regular expression that finds a text, as it is stored, in others.

    >>> text_expression("a+b\x01")
    'a\\+b␛1\\;'
    """
    return "".join(map(_quoted, to_wire_text(text)))


def _character_expression(character: str) -> str:
    if character == "*":
        return ".*"
    if character == "?":
        return "."
    return _quoted(character)


def _set_expression(negated: bool, members: str) -> str:
    """One of these characters and ranges, or none of them; a range from high to low is empty."""
    parts = []
    position = 0
    while position < len(members):
        first = last = members[position]
        if members[position + 1 : position + 2] == "-" and position + 2 < len(members):
            last = members[position + 2]
            position += 2
        position += 1
        if first == last:
            parts.append(_quoted(first))
        elif first < last:
            parts.append(f"{_quoted(first)}-{_quoted(last)}")
    if not parts:
        return "." if negated else _NO_CHARACTER
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _quoted(character: str) -> str:
    """The character itself: a backslash before ASCII punctuation, and before nothing else."""
    is_plain = not character.isascii() or character.isalnum() or character in " /_"
    return character if is_plain else f"\\{character}"
