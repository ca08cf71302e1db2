"""Refuses parameters that a path of the REST interface does not have, such as misspelt ones."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse what the path's OpenAPI description does not name.

    Raises:
        RequestValidationError: names each such parameter.
    """
    known = {
        parameter["name"]
        for item in request.app.openapi()["paths"].values()
        for operation in item.values()
        if operation["operationId"] == request.scope["route"].name
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    }
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        said = f"There is no such parameter. There are: {', '.join(sorted(known)) or 'none'}"
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name), "msg": said} for name in unknown]
        )
