"""What a page says when it cannot show what was asked for: what happened, and what to do."""

from dataclasses import dataclass

from index.errors import PagelensError
from query.web.error_kinds import kind_of
from query.web.problems import Problem


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


_HEADINGS = {404: "There is nothing here", 503: "One moment, please"}


def view_of_error(error: PagelensError, address: str, bm25_href: str) -> ProblemView:
    """Lay out an error of the service.

    Args:
        error: what was raised.
        address: path and query string that met it.
        bm25_href: address of the same search by words alone, "" where there is none.
    """
    kind = kind_of(error)
    return ProblemView(
        heading=kind.heading,
        message=str(error),
        what_to_do=kind.what_to_do,
        retry_href=address if kind.may_pass else "",
        bm25_href=bm25_href if kind.needs_model else "",
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
