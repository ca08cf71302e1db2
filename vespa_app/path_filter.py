"""Shell patterns for paths as regular expressions that Vespa matches.

What a pattern means is defined by `index.filters.path_matches`. Vespa's engine reads RE2, its Java
code java.util.regex: what is written here means the same to both.
"""

import re
import unicodedata

from vespa_app.wire import filter_path

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
