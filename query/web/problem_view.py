"""What a page says when it cannot show what was asked for: what happened, and what to do."""

from dataclasses import dataclass

from index.errors import (
    DamagedIndexError,
    IndexMismatchError,
    MissingDependencyError,
    PagelensError,
    ServerError,
    WrongUseError,
)
from query.web.problems import Problem
from query.web.refusals import BusyError, NoSuchPageError, UnavailableError


@dataclass(frozen=True)
class ProblemView:
    """A page that says what to do.

    Attributes:
        heading: what happened, in a few words.
        message: the problem's own lines.
        what_to_do: what they do not say already.
        retry_href: the same address, where it may work later; "" where not.
        bm25_href: the same search by words alone; "" where that is no way out.
    """

    heading: str
    message: str
    what_to_do: tuple[str, ...] = ()
    retry_href: str = ""
    bm25_href: str = ""


@dataclass(frozen=True)
class _Kind:
    """What is said of one class of errors."""

    error: type[PagelensError]
    heading: str
    what_to_do: tuple[str, ...] = ()
    may_pass: bool = False


_KINDS = (
    _Kind(
        NoSuchPageError,
        "This page is not in the index",
        ("Its file may have been changed or removed since the address was copied.",),
    ),
    _Kind(WrongUseError, "This cannot be shown"),
    _Kind(
        BusyError,
        "One moment, please",
        ("Nothing is lost: the same address works again in a moment.",),
        may_pass=True,
    ),
    _Kind(UnavailableError, "This cannot be searched now", may_pass=True),
    _Kind(
        ServerError,
        "The Vespa server does not answer",
        (
            "As soon as it is back, this address works again; nothing needs to be restarted here.",
            "An index in a folder needs no server: pagelens serve --index FOLDER",
        ),
        may_pass=True,
    ),
    _Kind(
        DamagedIndexError,
        "The index is damaged",
        ("The PDFs themselves are untouched: an index can always be made again from them.",),
        may_pass=True,
    ),
    _Kind(MissingDependencyError, "The model is not on this machine"),
    _Kind(IndexMismatchError, "The index was made in another way"),
    _Kind(PagelensError, "Something went wrong"),
)
"""The first class that an error belongs to counts."""

_HEADINGS = {404: "There is nothing here", 503: "One moment, please"}


def view_of_error(error: PagelensError, address: str, bm25_href: str) -> ProblemView:
    """Lay out an error of the service.

    Args:
        error: what was raised.
        address: path and query string that met it.
        bm25_href: address of the same search by words alone, "" where there is none.
    """
    kind = next(kind for kind in _KINDS if isinstance(error, kind.error))
    needs_model = isinstance(error, MissingDependencyError | IndexMismatchError)
    return ProblemView(
        heading=kind.heading,
        message=str(error),
        what_to_do=kind.what_to_do,
        retry_href=address if kind.may_pass else "",
        bm25_href=bm25_href if needs_model else "",
    )


def view_of_problem(problem: Problem, address: str) -> ProblemView:
    """Lay out a problem that arose outside of the service: a wrong address, a bug.

    Args:
        problem: as HTTP knows it.
        address: path and query string that met it.
    """
    return ProblemView(
        heading=_HEADINGS.get(problem.status, problem.title),
        message=problem.detail,
        retry_href=address if problem.status >= 500 else "",
    )
