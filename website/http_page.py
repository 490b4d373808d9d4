"""The page of all HTTP routes, made from the routes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from harnn.serve.routes import ROUTERS
from website.marks import code, prose, table

_PARAMETER = ("parameter", "where", "what it is")


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of all routes, without a server or a model."""
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    return app.openapi()


def routes_text() -> str:
    """Return every route with its parameters, body and answers, and all schemas."""
    document = openapi()
    lines = ["## Refusals", "", "Every route says below with which of them it answers.", ""]
    lines += table(("status", "what it says"), sorted(_refusals(document).items()))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            lines += _route(method, path, operation)
    lines += ["## Schemas", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += _schema(name, schema)
    return "\n".join(lines)


def _route(method: str, path: str, operation: dict[str, Any]) -> list[str]:
    lines = [f"## {method.upper()} {path}".replace("{", "\\{"), ""]
    lines += [prose(operation.get("description") or operation.get("summary", "")), ""]
    lines += table(
        _PARAMETER,
        [
            (
                code(each["name"]),
                each["in"] + (", required" if each.get("required") else ""),
                _about(each | each.get("schema", {})),
            )
            for each in operation.get("parameters", [])
        ],
    )
    body = operation.get("requestBody")
    if body is not None:
        lines += [f"Body: {_contents(body['content'])}.", ""]
    for status, answer in operation["responses"].items():
        if not _refuses(status):
            said = _contents(answer.get("content", {})) or prose(answer.get("description", ""))
            lines += [f"Answer {status}: {said}.", ""]
    refusals = ", ".join(filter(_refuses, operation["responses"]))
    return [*lines, f"Refusals: {refusals}.", ""] if refusals else lines


def _refuses(status: str) -> bool:
    return status[0] in "45"


def _refusals(document: dict[str, Any]) -> dict[str, str]:
    """Return every status of a refusal with what it is said to mean, wherever it may be given."""
    found: dict[str, list[str]] = {}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if _refuses(status):
                    found.setdefault(status, []).append(prose(answer["description"]))
    return {status: " Or: ".join(dict.fromkeys(said)) for status, said in found.items()}


def _contents(content: dict[str, Any]) -> str:
    """Return what a body may be: its media types, each with its schema."""
    return ", or ".join(
        f"{code(media)}: {_kind(each.get('schema', {}))}" for media, each in content.items()
    )


def _schema(name: str, schema: dict[str, Any]) -> list[str]:
    lines = [f"### {name} {{ #{_anchor(name)} }}", ""]
    if schema.get("description"):
        lines += [prose(schema["description"]), ""]
    required = schema.get("required", [])
    rows = [
        (code(field) + (" (required)" if field in required else ""), _kind(each), _about(each))
        for field, each in schema.get("properties", {}).items()
    ]
    return lines + (table(("field", "type", "what it is"), rows) or [_kind(schema), ""])


def _anchor(name: str) -> str:
    return f"schema-{name}"


def _about(schema: dict[str, Any]) -> str:
    """Return what a value means, its bounds and its default."""
    said = [prose(schema.get("description", ""))]
    said += [f"{word}: {code(str(schema[key]))}." for key, word in _BOUNDS.items() if key in schema]
    return " ".join(part for part in said if part)


_BOUNDS = {
    "minimum": "At least",
    "exclusiveMinimum": "More than",
    "maximum": "At most",
    "exclusiveMaximum": "Less than",
    "minLength": "Least length",
    "maxLength": "Greatest length",
    "minItems": "Least number",
    "maxItems": "Greatest number",
    "default": "Default",
}


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a value, with links to schemas."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{_anchor(name)})"
    if "enum" in schema or "const" in schema:
        return " or ".join(code(str(each)) for each in schema.get("enum", [schema.get("const")]))
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return " or ".join(_distinct(map(_kind, choices)))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict) and extra:
        return f"object of {_kind(extra)}"
    return str(schema.get("type", "any value"))


def _distinct(words: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(words))
