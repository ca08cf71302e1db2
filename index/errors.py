"""The one exception tree. Each class carries the exit code its error ends the command with.

PagelensError
 |- WrongUseError           2  a flag, path, page id or value that cannot be used
 |   |- VectorShapeError    2  an array whose shape or dtype is not what the function takes
 |   `- IndexBusyError      2  another process is writing to this index
 |- PageFailure             3  one file or page could not be read; the run goes on without it
 |   `- PassingFailure      3  a cause outside the file: the next run tries again
 |- MissingDependencyError  4  poppler, model weights or a package is not on this machine
 |- IndexMismatchError      5  the index was made with another encoder, rendering or format
 |- ServerError             6  the Vespa server is unreachable or refused
 `- DamagedIndexError       7  what is stored does not agree with what was recorded

Four that only a server of many requests knows stand in query/service/refusals.py, and the
PageFailure of an image with too many pixels in encoders/image_decoder.py.

A message says what happened with the value, why, and the command or flag that helps.
"""

FINISHED_WITH_FAILURES = 3
INTERRUPTED = 130

_SHOWN_BYTES = 16


class PagelensError(Exception):
    """Base of every error a user can cause or meet; its text is one line, ready to be shown."""

    exit_code = 1


class WrongUseError(PagelensError):
    """A flag, path, page id or value that cannot be used."""

    exit_code = 2


class VectorShapeError(WrongUseError):
    """An array whose shape, dtype or values are not what the function takes."""


class IndexBusyError(WrongUseError):
    """Another process is writing to this index."""


class PageFailure(PagelensError):
    """One file or page could not be read; its text is the reason shown beside the file's name."""

    exit_code = 3


class PassingFailure(PageFailure):
    """A cause outside the file, such as a drive or a busy machine: the next run tries again."""


def wrong_kind(kind: str, head: bytes) -> str:
    """The reason for a file that is not what its name says, with its first bytes.

    >>> wrong_kind("a PDF", b"<html><body>404 Not Found")
    "not a PDF (starts with b'<html><body>404 ')"
    """
    return f"not {kind} (starts with {head[:_SHOWN_BYTES]!r})"


class MissingDependencyError(PagelensError):
    """Poppler, model weights or a package is not on this machine."""

    exit_code = 4


class IndexMismatchError(PagelensError):
    """The index was made with another encoder, model revision, rendering or format version."""

    exit_code = 5


class ServerError(PagelensError):
    """The Vespa server is unreachable, refused, or answered something unusable."""

    exit_code = 6


class DamagedIndexError(PagelensError):
    """What is stored does not agree with what was recorded."""

    exit_code = 7
