"""The pages as files: what is sent, how it is kept, and what it may do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harnn.serve import add_token
from harnn.serve.web import PAGES, POLICY, web_files, web_pages
from support.served import SMALL, client_of


@pytest.mark.parametrize("path", sorted(PAGES))
def test_a_page_is_sent_with_its_policy_and_kept_by_its_tag(path: str) -> None:
    with client_of(SMALL) as client:
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-cache"
        known = {"If-None-Match": answer.headers["etag"]}
        again = client.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"] == POLICY
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_static_files_by_their_names_alone() -> None:
    with client_of(SMALL) as client:
        assert client.get("/static/frame.js").headers["content-type"].startswith("text/javascript")
        assert client.get("/static/pages.css").headers["content-type"].startswith("text/css")
        for name in ("frame.html", "../web.css", "..%2f..%2faccess.py", "%00", "__init__.py"):
            answer = client.get(f"/static/{name}")
            assert answer.status_code == 404, name
            assert answer.headers["content-type"] == "application/problem+json"


def test_pages_need_no_token_and_hold_nothing(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    add_token(tokens, "kim", "read")
    with client_of(SMALL, tokens=tokens) as client:
        for path in PAGES:
            assert client.get(path).status_code == 200
        assert client.get("/v1/models").status_code == 401


INLINE = r"<style|\sstyle=|\son[a-z]+=|<script(?! (type=\"module\" )?src=)"
UNSAFE = r"https?://|innerHTML|outerHTML|insertAdjacentHTML|\beval\(|@import|url\("


def test_nothing_stands_inline_and_nothing_comes_from_elsewhere() -> None:
    known = {*PAGES, "data:,", "#main", *(f"/static/{name}" for name in web_files())}
    for page in web_pages().values():
        text = page.content.decode()
        symbols = {f"#{name}" for name in re.findall(r"<symbol id=\"([\w-]+)\"", text)}
        assert not re.search(INLINE, text)
        assert set(re.findall(r"(?:src|href)=\"([^\"]*)\"", text)) <= known | symbols
    for name, file in web_files().items():
        text = file.content.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(UNSAFE, text), name


def test_a_page_with_all_that_it_loads_is_small() -> None:
    files = web_files()
    for page in web_pages().values():
        assert len(page.content) + sum(len(file.content) for file in files.values()) < 300_000
