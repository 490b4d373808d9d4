"""The pages for people, and the files that they load. They hold nothing that needs a token."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from harnn.serve.problems import RequestError
from harnn.serve.web import PAGES, POLICY, WebFile, web_files, web_pages

router = APIRouter(include_in_schema=False)


async def page(request: Request) -> Response:
    """One of the pages."""
    return _sent(request, web_pages()[request.url.path])


for _path in PAGES:
    router.add_api_route(_path, page, methods=["GET"])


@router.get("/static/{name}")
async def static(request: Request, name: str) -> Response:
    """A style sheet or a script of the pages, by its name; no path of the machine."""
    found = web_files().get(name)
    if found is None:
        raise RequestError(404, "There is no such file.")
    return _sent(request, found)


def _sent(request: Request, file: WebFile) -> Response:
    """Answer with a file, or that the client has it already."""
    headers = {"etag": file.tag, "cache-control": "no-cache", "content-security-policy": POLICY}
    known = request.headers.get("if-none-match", "")
    if file.tag in known or known.strip() == "*":
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)
