"""What a look through folders leaves out by name: junk of other systems, and what rules say.

Rules are read as git reads them: `--exclude PATTERN`, and the lines of `.pagelensignore` files,
each relative to the folder it stands in. Of those that match a name the last one counts, those of a
deeper folder before those of a higher one, and `--exclude` before all. Opens no document.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.pattern import RegexPattern

from index.errors import PageFailure, WrongUseError

IGNORE_FILE = ".pagelensignore"

_JUNK = re.compile(
    r"@eadir|@tmp|#recycle|#snapshot"  # Synology
    r"|@recycle|@recently-snapshot|\.@__thumb"  # QNAP
    r"|\$recycle\.bin|recycler|system volume information|~\$.*"  # Windows, and what Office locks
    r"|__macosx|\._.*|\.ds_store|\.trash.*|\.(?:spotlight-v100|fseventsd|temporaryitems)"  # macOS
    r"|lost\+found",  # file systems of Linux, which also have .Trash-1000
    re.IGNORECASE,
)


def is_junk(name: str) -> bool:
    """Whether a file or folder is a bin, a thumbnail or the like of another system."""
    return _JUNK.fullmatch(name) is not None


@dataclass(frozen=True)
class Rules:
    """Patterns and the folder they are relative to, which is looked through from above.

    Attributes:
        prefix: the folder, with a slash at its end.
    """

    prefix: str
    patterns: tuple[RegexPattern, ...]

    def verdict(self, path: Path, is_folder: bool) -> bool | None:
        """Whether a path is left out; False where a rule takes it in, None where none matches.

        Args:
            path: in the folder or below, where no folder above it is left out.
            is_folder: whether it is one, or a link to one.
        """
        relative = self._relative(path)
        for pattern in reversed(self.patterns):
            if _matches(pattern, relative, is_folder):
                return pattern.include
        return None

    def matching(self, path: Path, is_folder: bool) -> Iterator[int]:
        """The places of all patterns that match."""
        relative = self._relative(path)
        for place, pattern in enumerate(self.patterns):
            if _matches(pattern, relative, is_folder):
                yield place

    def _relative(self, path: Path) -> str:
        return _plain(str(path)[len(self.prefix) :])


def read_rules(folder: Path) -> Rules:
    """The rules of the folder's own file.

    Raises:
        PageFailure: it cannot be read, or a line of it is no pattern.
    """
    try:
        text = (folder / IGNORE_FILE).read_bytes().decode("utf-8-sig")
    except OSError as e:
        raise PageFailure(f"its {IGNORE_FILE} cannot be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise PageFailure(f"its {IGNORE_FILE} is not text in UTF-8") from e
    patterns: list[RegexPattern] = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            patterns += _patterns(line.removesuffix("\r"))
        except _NO_PATTERN as e:
            raise PageFailure(f"line {number} of its {IGNORE_FILE} is no pattern: {line!r}") from e
    return _rules(folder, patterns)


class Exclusion:
    """What the command line leaves out, below every folder that it names.

    Args:
        patterns: as `.gitignore` has them.

    Raises:
        WrongUseError: one of them is no pattern.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._as_given = tuple(patterns)
        self._idle = set(range(len(patterns)))
        self._patterns: list[RegexPattern] = []
        for pattern in patterns:
            try:
                [read] = _patterns(pattern)
            except (*_NO_PATTERN, ValueError) as e:  # or a comment, or nothing
                raise WrongUseError(
                    f"--exclude {pattern!r} is no pattern. Write one as in .gitignore, "
                    'such as "*.tif" or "drafts/".'
                ) from e
            self._patterns.append(read)

    def below(self, folder: Path) -> Rules:
        """The patterns as they are read below a folder."""
        return _rules(folder, self._patterns)

    def note(self, rules: Rules, path: Path, is_folder: bool) -> None:
        """Remember which of the patterns match something, so that it is known which never do."""
        if self._idle:
            self._idle -= set(rules.matching(path, is_folder))

    @property
    def idle(self) -> tuple[str, ...]:
        """Patterns that have matched nothing so far."""
        return tuple(self._as_given[place] for place in sorted(self._idle))


def _rules(folder: Path, patterns: Sequence[RegexPattern]) -> Rules:
    return Rules(f"{str(folder).rstrip('/')}/", tuple(patterns))


_NO_PATTERN = (ValueError, re.error)
"""What pathspec says of a line that cannot be read."""


def _patterns(line: str) -> list[RegexPattern]:
    """The pattern of a line; none where it is empty or a comment."""
    read = GitIgnoreSpec.from_lines([_plain(line)]).patterns
    return [pattern for pattern in read if pattern.include is not None]


def _matches(pattern: RegexPattern, relative: str, is_folder: bool) -> bool:
    """Whether a pattern matches a file or folder itself, and not only a folder above it.

    pathspec judges paths of files, and there a folder's pattern counts for what is below. git, and
    we, go through folders from above and judge each for itself: after "*" and "!kept/" that folder
    is looked into, and in it "*" holds. Where a match rests on a folder, pathspec marks its slash.
    """
    if None in _folder_ends(pattern, relative):
        return True
    return is_folder and len(relative) in _folder_ends(pattern, f"{relative}/")


def _folder_ends(pattern: RegexPattern, path: str) -> list[int | None]:
    """For each match in the path, where the folder ends that it rests on; None for the path."""
    assert pattern.regex is not None, "only comments have none"
    return [
        found.start(_FOLDER_MARK) if found.groupdict().get(_FOLDER_MARK) else None
        for found in pattern.regex.finditer(path)
    ]


_FOLDER_MARK = "ps_d"


def _plain(text: str) -> str:
    # macOS stores "é" as two characters, a keyboard types one
    return unicodedata.normalize("NFC", text)
