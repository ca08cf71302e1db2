"""Errors as problem JSON (RFC 9457), or as a page where a browser asks: never a traceback."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from index.errors import PagelensError, ServerError
from query.service.refusals import BusyError
from query.web.error_kinds import kind_of
from query.web.security_headers import SECURITY_HEADERS

PROBLEM_TYPE = "application/problem+json"
API_PREFIX = "/api/"
SERVER_RETRY_AFTER_S = 10  # a Vespa server that restarts needs longer, and browsers ask again


class WrongField(BaseModel):
    """A part of a request that cannot be used."""

    where: str = Field(description="Which part.", examples=["query.k"])
    message: str = Field(
        description="What is wrong with it.",
        examples=["Input should be greater than or equal to 1"],
    )


class ProblemBody(BaseModel):
    """What went wrong, and what to do."""

    type: str = Field(
        default="about:blank",
        description="As RFC 9457 has it: the status says all.",
        examples=["about:blank"],
    )
    title: str = Field(description="The status in words.", examples=["Not Found"])
    status: int = Field(description="Of HTTP.", examples=[404])
    detail: str = Field(
        description="What happened, why, and what to do.",
        examples=["There is nothing at this address. Searches begin at /."],
    )
    wrong_fields: list[WrongField] = Field(
        default=[], description="Parts of the request that cannot be used."
    )


@dataclass(frozen=True)
class Problem:
    """What went wrong, as an answer to a request.

    Attributes:
        status: of HTTP.
        detail: what happened, why, and what to do, in a line or two.
        wrong_fields: parts of the request that cannot be used.
        headers: what the status asks of HTTP's headers.
    """

    status: int
    detail: str
    wrong_fields: tuple[WrongField, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


def retry_after(seconds: int) -> dict[str, str]:
    """The header that says when the same request may work."""
    return {"Retry-After": str(seconds)}


ProblemResponder = Callable[[Request, Problem], Response]


def problem_of(error: Exception) -> Problem:
    """What an error is, to whoever sent the request."""
    if isinstance(error, RequestValidationError):
        return _unprocessable(error)
    if isinstance(error, HTTPException):
        return Problem(error.status_code, _http_detail(error), headers=error.headers or {})
    if not isinstance(error, PagelensError):
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, _BUG)
    headers = retry_after(SERVER_RETRY_AFTER_S) if isinstance(error, ServerError) else {}
    if isinstance(error, BusyError):
        headers = retry_after(error.retry_after_s)
    return Problem(kind_of(error).status, str(error), headers=headers)


_BUG = "This is a bug in Pagelens. The terminal of the server shows where it arose."

_DETAILS = {
    404: "There is nothing at this address. Searches begin at /.",
    405: "This address takes no such request.",
}


def _http_detail(error: HTTPException) -> str:
    """The detail that was given, not the status in words that stands in for one."""
    if error.detail and error.detail != HTTPStatus(error.status_code).phrase:
        return error.detail
    return _DETAILS.get(error.status_code, HTTPStatus(error.status_code).description)


def _unprocessable(error: RequestValidationError) -> Problem:
    wrong = tuple(
        WrongField(where=".".join(map(str, fault["loc"])), message=fault["msg"])
        for fault in error.errors()
    )
    said = "; ".join(f"{field.where}: {field.message}" for field in wrong)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"The request cannot be read. {said}.", wrong)


def problem_json(problem: Problem) -> Response:
    """A problem as JSON."""
    body = ProblemBody(
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        wrong_fields=list(problem.wrong_fields),
    )
    return JSONResponse(body.model_dump(), problem.status, media_type=PROBLEM_TYPE)


def problem_answer(page: ProblemResponder) -> ProblemResponder:
    """What answers with a problem: JSON below /api/, elsewhere a page.

    Args:
        page: shows a problem to a person.
    """

    def answer(request: Request, problem: Problem) -> Response:
        is_for_programs = request.url.path.startswith(API_PREFIX)
        response = problem_json(problem) if is_for_programs else page(request, problem)
        response.status_code = problem.status
        response.headers.update(
            {**problem.headers, **SECURITY_HEADERS}
        )  # a bug passes by middleware
        return response

    return answer


def answer_errors(app: FastAPI, answer: ProblemResponder) -> None:
    """Make every error that arises in an app a problem."""

    def answer_error(request: Request, error: Exception) -> Response:
        return answer(request, problem_of(error))

    for kind in (PagelensError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer_error)


def documented(*statuses: int) -> dict[int | str, dict[str, object]]:
    """What OpenAPI says of the problems a path may answer with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in statuses
    }


def describe_problems(app: FastAPI) -> None:
    """Give an app's OpenAPI description, once it has all paths, what `documented` refers to."""
    schema = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = schema.pop("$defs")
    app.openapi()["components"]["schemas"].update({**parts, "ProblemBody": schema})
