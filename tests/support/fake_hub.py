"""A hub on this machine, with the routes that ``huggingface_hub`` asks for models."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from support.http_servers import Handler, serving

OWNER, TOKEN = "ada", "hf_only-a-test-has-this-token"


@dataclass
class FakeRepository:
    private: bool
    branches: dict[str, list[tuple[str, dict[str, bytes]]]] = field(
        default_factory=lambda: {"main": [("0" * 40, {})]}
    )
    """By name the commits, the last at the end: their hash and their files."""

    def files(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if revision in self.branches:
            return self.branches[revision][-1]
        every = (commit for commits in self.branches.values() for commit in commits)
        return next((commit for commit in every if commit[0] == revision), None)


@dataclass
class FakeHub:
    address: str = ""
    repositories: dict[str, FakeRepository] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    """Large files by their SHA-256."""
    refuses: int = 0
    """A status that everything is answered with; 0: nothing is refused."""
    asked: list[str] = field(default_factory=list)

    def main(self, name: str) -> dict[str, bytes]:
        """The files of the last commit of main; may be changed."""
        return self.repositories[name].branches["main"][-1][1]


@contextmanager
def running_hub() -> Iterator[FakeHub]:
    hub = FakeHub()

    class Own(_Hub):
        state = hub

    with serving(Own) as hub.address:
        yield hub


class _Hub(Handler):
    state: FakeHub
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        path = unquote(urlsplit(self.path).path)
        self.state.asked.append(f"{self.command} {path}")
        if self.state.refuses:
            self._json({"error": "no"}, self.state.refuses)
        elif self.command == "PUT":
            self.state.uploads[path.rpartition("/")[2]] = body
            self._json({})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._json({"error": "Invalid credentials"}, 401)
        elif path == "/api/validate-yaml":
            self._json({"warnings": [], "errors": []})
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path.startswith("/api/models/"):
            self._models(path.removeprefix("/api/models/"), body)
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._batch(json.loads(body))
        else:
            name, _, rest = path[1:].partition("/resolve/")
            revision, _, file = rest.partition("/")
            self._file(name, revision, file)

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked.get('organization') or OWNER}/{asked['name']}"
        url = {"url": f"{self.state.address}/{name}", "name": name}
        there = name in self.state.repositories
        if not there:
            self.state.repositories[name] = FakeRepository(asked.get("visibility") == "private")
        self._json(url | ({"error": "exists"} if there else {}), 409 if there else 200)

    def _models(self, path: str, body: bytes) -> None:
        owner, name, *rest = path.split("/")
        found = self.state.repositories.get(f"{owner}/{name}")
        if found is None:
            self._json({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        elif rest[:1] == ["branch"]:
            found.branches.setdefault(rest[1], list(found.branches["main"]))
            self._json({})
        elif rest[:1] == ["preupload"]:
            files = json.loads(body)["files"]
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                    "shouldIgnore": False,
                }
                for file in files
            ]
            self._json({"files": modes})
        elif rest[:1] == ["commit"]:
            self._commit(found, f"{owner}/{name}", rest[1], body)
        else:
            self._info(found, f"{owner}/{name}", rest[1] if rest else "main")

    def _commit(self, found: FakeRepository, name: str, branch: str, body: bytes) -> None:
        files = dict(found.branches[branch][-1][1])
        for line in body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                files[value["path"]] = self.state.uploads[value["oid"]]
        commit = hashlib.sha1(body).hexdigest()
        found.branches[branch].append((commit, files))
        url = f"{self.state.address}/{name}/commit/{commit}"
        self._json({"commitUrl": url, "commitOid": commit})

    def _info(self, found: FakeRepository, name: str, revision: str) -> None:
        at = found.files(revision)
        if at is None:
            self._json({"error": "Invalid rev id"}, 404, {"X-Error-Code": "RevisionNotFound"})
            return
        commit, files = at
        siblings = [{"rfilename": x, "size": len(content)} for x, content in files.items()]
        self._json({"id": name, "modelId": name, "sha": commit, "siblings": siblings})

    def _batch(self, asked: dict[str, Any]) -> None:
        made = [
            {**x, "actions": {"upload": {"href": f"{self.state.address}/lfs/{x['oid']}"}}}
            for x in asked["objects"]
        ]
        self._json({"transfer": "basic", "objects": made})

    def _file(self, name: str, revision: str, file: str) -> None:
        found = self.state.repositories.get(name)
        at = None if found is None else found.files(revision)
        if at is None or file not in at[1]:
            self._json({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})
            return
        commit, files = at
        etag = f'"{hashlib.sha256(files[file]).hexdigest()}"'
        self.send(200, files[file], {"ETag": etag, "X-Repo-Commit": commit})

    def _json(self, value: Any, status: int = 200, more: dict[str, str] | None = None) -> None:
        headers = {"Content-Type": "application/json", **(more or {})}
        self.send(status, json.dumps(value).encode(), headers)
