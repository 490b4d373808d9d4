"""Errors as several interfaces write them: one object with the member ``error``."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from harnn.serve.asking import json_response
from harnn.serve.problems import RequestError
from harnn.serve.routes.schemas import problems


class Error(BaseModel):
    """Why a request is refused; a line for each thing that is wrong."""

    error: str


def error_response(error: RequestError) -> Response:
    """Return a refusal as ``{"error": …}``."""
    response = json_response({"error": "\n".join(error.problems) or error.detail}, error.status)
    response.headers.update(error.headers)
    return response


def errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Return for OpenAPI how a route refuses; 400, 401 and 403 are added."""
    return {
        code: {"description": problem["description"], "model": Error}
        for code, problem in problems(*codes).items()
    }
