"""The reference of the REST interface for people, set from its OpenAPI description.

Everything it shows is in that description; nothing is loaded from elsewhere, and no script runs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.templating import Jinja2Templates

from query.web.problems import PROBLEM_TYPE

_REFERENCE = "#/components/schemas/"
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
}

Json = Mapping[str, Any]
"""A part of the description."""


@dataclass(frozen=True)
class Row:
    """A parameter, or a field of a body.

    Attributes:
        kind: its type.
        leads_to: the body that is of this type; "" for none.
        limits: what it may hold, and what it is where it is left out.
        example: as JSON has it; "" for none.
    """

    name: str
    kind: str
    leads_to: str
    is_required: bool
    description: str
    limits: str
    example: str


@dataclass(frozen=True)
class Answer:
    """What a path may answer with."""

    status: str
    description: str
    kind: str
    leads_to: str


@dataclass(frozen=True)
class Operation:
    """A path and what can be asked of it.

    Attributes:
        name: of the operation, and of its place in the page.
        needs_no_token: whether it is open to everybody.
        answers: those that are no problems.
        problems: statuses of the others.
    """

    name: str
    method: str
    path: str
    description: str
    needs_no_token: bool
    parameters: tuple[Row, ...]
    answers: tuple[Answer, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Body:
    """An object of JSON that is sent or answered."""

    name: str
    description: str
    fields: tuple[Row, ...]


@dataclass(frozen=True)
class Scheme:
    """A way to be let in."""

    name: str
    how: str
    description: str


@dataclass(frozen=True)
class Reference:
    """All of the interface.

    Attributes:
        needs_token: whether everybody is asked for one.
    """

    version: str
    needs_token: bool
    schemes: tuple[Scheme, ...]
    operations: tuple[Operation, ...]
    bodies: tuple[Body, ...]


def make_router(templates: Jinja2Templates) -> APIRouter:
    """The one page.

    Args:
        templates: of the folder `templates`.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/api/docs")
    def show_reference(request: Request) -> Response:
        context = {"here": "docs", "view": reference(request.app.openapi())}
        return templates.TemplateResponse(request, "api_docs.html", context)

    return router


def reference(description: Json) -> Reference:
    """Lay out an OpenAPI description.

    Args:
        description: as FastAPI makes it.
    """
    bodies = description["components"]["schemas"]
    sent = {name for name in bodies if name.startswith("Body_")}  # of forms: shown as parameters
    return Reference(
        version=description["info"]["version"],
        needs_token=bool(description.get("security")),
        schemes=tuple(
            _scheme(name, scheme)
            for name, scheme in description["components"]["securitySchemes"].items()
        ),
        operations=tuple(
            _operation(path, method, operation, bodies)
            for path, item in description["paths"].items()
            for method, operation in item.items()
        ),
        bodies=tuple(
            Body(name, body.get("description", ""), _fields(body))
            for name, body in sorted(bodies.items())
            if "properties" in body and name not in sent
        ),
    )


def _scheme(name: str, scheme: Json) -> Scheme:
    how = "Authorization: Bearer TOKEN" if scheme["type"] == "http" else f"cookie {scheme['name']}"
    return Scheme(name, how, scheme["description"])


def _operation(path: str, method: str, operation: Json, bodies: Json) -> Operation:
    answers = operation["responses"].items()
    parameters = [
        _row(p["name"], p["schema"] | {"description": p.get("description", "")}, p["required"])
        for p in operation.get("parameters", ())
    ]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        form = bodies[content["schema"]["$ref"].removeprefix(_REFERENCE)]
        parameters += [_row(f"{row.name} ({kind})", *_of(form, row.name)) for row in _fields(form)]
    return Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        description=operation.get("description", ""),
        needs_no_token=operation.get("security") == [],
        parameters=tuple(parameters),
        answers=tuple(
            _answer(status, answer) for status, answer in answers if not _is_problem(answer)
        ),
        problems=tuple(status for status, answer in answers if _is_problem(answer)),
    )


def _of(form: Json, name: str) -> tuple[Json, bool]:
    return form["properties"][name], name in form.get("required", ())


def _is_problem(answer: Json) -> bool:
    return PROBLEM_TYPE in answer.get("content", {})


def _answer(status: str, answer: Json) -> Answer:
    kinds = list(answer.get("content", {}).items())
    if not kinds:
        return Answer(status, answer["description"], "", "")
    media_type, content = kinds[-1]
    name, leads_to = _kind(content.get("schema", {}))
    kind = name if leads_to else media_type
    return Answer(status, answer["description"], kind, leads_to)


def _fields(body: Json) -> tuple[Row, ...]:
    required = body.get("required", ())
    return tuple(_row(name, field, name in required) for name, field in body["properties"].items())


def _row(name: str, schema: Json, is_required: bool) -> Row:
    kind, leads_to = _kind(schema)
    examples = schema.get("examples", ())
    return Row(
        name=name,
        kind=kind,
        leads_to=leads_to,
        is_required=is_required,
        description=schema.get("description", ""),
        limits=_limits(schema),
        example=json.dumps(examples[0], ensure_ascii=False) if examples else "",
    )


def _kind(schema: Json) -> tuple[str, str]:
    """A type in words, and the body it leads to."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REFERENCE)
        return name, name
    if "anyOf" in schema:
        kinds = [_kind(one) for one in schema["anyOf"]]
        return " or ".join(name for name, _ in kinds), next((to for _, to in kinds if to), "")
    if "items" in schema:
        name, leads_to = _kind(schema["items"])
        return f"list of {name}", leads_to
    if schema.get("format") == "binary" or "contentMediaType" in schema:
        return "file", ""
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_kind(schema['additionalProperties'])[0]}", ""
    return str(schema.get("type", "anything")), ""


def _limits(schema: Json) -> str:
    """What the value may be, in a line."""
    parts = [schema, *schema.get("anyOf", ())]
    said = []
    for part in parts:
        if "enum" in part or "const" in part:
            said.append("one of " + ", ".join(part.get("enum") or [part["const"]]))
        said += [text.format(f"{part[key]:,}") for key, text in _LIMITS.items() if key in part]
    if schema.get("default") is not None and schema["default"] != "":
        said.append(f"{json.dumps(schema['default'])} where it is left out")
    return "; ".join(said)
