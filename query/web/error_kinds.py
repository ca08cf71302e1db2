"""What each class of errors is to whoever sent the request: its status, and what a page says of it.

The one table of both: problem JSON takes the status, a page for people the rest too.
"""

from dataclasses import dataclass
from http import HTTPStatus

from index.errors import (
    DamagedIndexError,
    IndexMismatchError,
    MissingDependencyError,
    PagelensError,
    ServerError,
    WrongUseError,
)
from query.service.refusals import (
    BusyError,
    NoOriginalError,
    NoSuchPageError,
    NoSuchUploadError,
    NotAPdfError,
    UnavailableError,
    UploadTooLargeError,
)


@dataclass(frozen=True)
class ErrorKind:
    """One class of errors.

    Attributes:
        status: of HTTP.
        heading: what happened, in a few words.
        what_to_do: what the error's own line does not say already.
        may_pass: whether the same request may work later.
        needs_model: whether the search can be run by words alone.
    """

    error: type[PagelensError]
    status: HTTPStatus
    heading: str
    what_to_do: tuple[str, ...] = ()
    may_pass: bool = False
    needs_model: bool = False


_KINDS = (
    ErrorKind(
        NoSuchPageError,
        HTTPStatus.NOT_FOUND,
        "This page is not in the index",
        ("Its file may have been changed or removed since the address was copied.",),
    ),
    ErrorKind(NoSuchUploadError, HTTPStatus.NOT_FOUND, "This file is not here"),
    ErrorKind(UploadTooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This file is too large"),
    ErrorKind(NotAPdfError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Only PDFs are taken"),
    ErrorKind(WrongUseError, HTTPStatus.UNPROCESSABLE_ENTITY, "This cannot be shown"),
    ErrorKind(NoOriginalError, HTTPStatus.NOT_FOUND, "The file cannot be shown"),
    ErrorKind(
        BusyError,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "One moment, please",
        ("Nothing is lost: the same address works again in a moment.",),
        may_pass=True,
    ),
    ErrorKind(
        UnavailableError,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This cannot be searched now",
        may_pass=True,
    ),
    ErrorKind(
        ServerError,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The Vespa server does not answer",
        (
            "As soon as it is back, this address works again; nothing needs to be restarted here.",
            "An index in a folder needs no server: pagelens serve --index FOLDER",
        ),
        may_pass=True,
    ),
    ErrorKind(
        DamagedIndexError,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The index is damaged",
        ("The PDFs themselves are untouched: an index can always be made again from them.",),
        may_pass=True,
    ),
    ErrorKind(
        MissingDependencyError,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The model is not on this machine",
        needs_model=True,
    ),
    ErrorKind(
        IndexMismatchError,
        HTTPStatus.CONFLICT,
        "The index was made in another way",
        needs_model=True,
    ),
    ErrorKind(PagelensError, HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong"),
)
"""The first class that an error belongs to counts."""


def kind_of(error: PagelensError) -> ErrorKind:
    """The row of an error."""
    return next(kind for kind in _KINDS if isinstance(error, kind.error))
