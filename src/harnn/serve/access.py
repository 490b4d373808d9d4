"""Who may do what: tokens with roles, hashed where they are kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from harnn._files import write_atomically
from harnn.errors import ConfigError, Problem, cannot_read

Role = Literal["read", "review", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may: ask; teach; change what is served."""
_MOST_BYTES = 4 << 20
_PREFIX = "harnn_"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Tell whether the caller may do what *role* may."""
        return ROLES.index(self.role) >= ROLES.index(role)


ANYBODY = Caller("anybody", "admin")
"""Who asks a server without tokens."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a file, by their SHA-256: a token is 256 random bits, so that no salt and no
    slow hash is needed.
    """

    callers: Mapping[str, Caller]
    """By 64 hexadecimal digits."""

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """Read a file of tokens: JSON lines of ``name``, ``role``, ``sha256`` and ``made``.

        Raises:
            ConfigError: every line that is none.
        """
        problems: list[Problem] = []
        callers: dict[str, Caller] = {}
        for where, line in _lines(path):
            found = _entry(line)
            if isinstance(found, str):
                problems.append(Problem(where, found))
            else:
                callers[found[0]] = found[1]
        if not callers and not problems:
            hint = f"Make one: harnn token {path} NAME --role read"
            problems.append(Problem(str(path), "holds no token, so that nobody could ask.", hint))
        if problems:
            raise ConfigError(problems)
        return cls(callers)

    def find(self, token: str) -> Caller | None:
        """Return whose token it is; takes as long for wrong ones, however wrong they are."""
        digest, found = digest_of(token), None
        for known, caller in self.callers.items():
            if hmac.compare_digest(known, digest):
                found = caller
        return found


def digest_of(token: str) -> str:
    """Return the SHA-256 of a token, in 64 hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def add_token(path: Path, name: str, role: Role) -> str:
    """Make a token, keep its hash in a file (made where there is none), and return it.

    It is shown this once: nothing can make it again.

    Raises:
        ConfigError: the file holds something else, or somebody has that name already.
    """
    lines = [line for _, line in _lines(path)] if path.exists() else []
    if (
        any(caller.name == name for caller in Tokens.read(path).callers.values())
        if lines
        else False
    ):
        what = f"holds a token of {name!r} already."
        raise ConfigError(Problem(str(path), what, "Take the line out to withdraw it."))
    token = _PREFIX + secrets.token_urlsafe(32)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {"name": name, "role": role, "sha256": digest_of(token), "made": made}
    with write_atomically(path) as file:
        file.writelines(f"{line}\n" for line in (*lines, json.dumps(entry, ensure_ascii=False)))
    path.chmod(0o600)
    return token


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(cannot_read(path, error)) from None
    if len(content) > _MOST_BYTES:
        raise ConfigError(Problem(str(path), f"has more than {_MOST_BYTES:,} bytes."))
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if line.strip():
            yield f"{path}:{number}", line


def _entry(line: str) -> tuple[str, Caller] | str:
    """Return the hash and whose it is; or what is wrong."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return "is no JSON object; expected a line that harnn token has written."
    if not isinstance(entry, dict):
        return "is no JSON object; expected a line that harnn token has written."
    name, role, digest = (entry.get(key) for key in ("name", "role", "sha256"))
    if not isinstance(name, str) or not name.strip():
        return "has no name."
    if role not in ROLES:
        return f"has the role {role!r}, expected one of {_listed(ROLES)}."
    if (
        not isinstance(digest, str)
        or len(digest) != 64
        or not set(digest) <= set("0123456789abcdef")
    ):
        return "has no sha256 of 64 hexadecimal digits (0-9, a-f)."
    return digest, Caller(name, role)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
