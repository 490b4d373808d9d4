"""Who may do what: tokens with roles, hashed where they are kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from harnn._display import beginning
from harnn._files import PlaceTakenError, only_writer, write_atomically
from harnn.errors import ConfigError, InputError, Problem, cannot_read, suggest
from harnn.serve.current import CurrentFile

Role = Literal["read", "annotate", "review", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may: ask; read documents in review first; read them second,
settle what is disputed, and teach; change what is served and what is accepted.
"""
_MOST_BYTES = 1 << 20
_MOST_OF_A_NAME = 100
_PREFIX = "harnn_"
_DIGEST = re.compile("[0-9a-f]{64}")
_KEY_DIGITS = 32
_SECONDS_TO_WAIT = 10.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    name: str
    role: Role
    until: date | None = None
    """The last day, in UTC, on which the token is good; None: no day is the last."""
    made: str = ""
    """When, as it is written."""
    key: str = ""
    """What tells the token from all others, and cannot be used as one: part of its hash."""

    def may(self, role: Role) -> bool:
        """Tell whether the caller may do what *role* may."""
        return ROLES.index(self.role) >= ROLES.index(role)

    @property
    def is_over(self) -> bool:
        """Whether the last day of the token is over."""
        return self.until is not None and datetime.now(UTC).date() > self.until


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
        """Read a file of tokens: JSON lines of ``name``, ``role``, ``sha256``, ``made``, ``until``.

        A file without lines has no tokens.

        Raises:
            ConfigError: it cannot be read; every line that is none.
        """
        problems: list[Problem] = []
        callers: dict[str, Caller] = {}
        names: set[str] = set()
        for where, line in _lines(path):
            found = _entry(line)
            if isinstance(found, str):
                problems.append(Problem(where, found))
                continue
            digest, caller = found
            if caller.name in names:
                problems.append(Problem(where, f"is a second token of {caller.name!r}."))
            elif digest in callers:
                what = f"has the sha256 of the token of {callers[digest].name!r}."
                problems.append(Problem(where, what))
            names.add(caller.name)
            callers[digest] = caller
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

    def by_key(self, key: str) -> Caller | None:
        """Return whose token has a key."""
        return next((each for each in self.callers.values() if each.key == key), None)


class TokensFile:
    """The tokens of a file as it is now: who changes it need not start the server again."""

    def __init__(self, path: Path) -> None:
        """Raises:
        ConfigError: see :meth:`Tokens.read`; or nobody could ask.
        """
        self._file = CurrentFile(path, Tokens.read, "tokens")
        if not self.tokens.callers:
            hint = f"Make one: harnn token {path} NAME --role read"
            raise ConfigError(Problem(str(path), "holds no token, so that nobody could ask.", hint))

    @property
    def tokens(self) -> Tokens:
        """The tokens; where the file cannot be read any more, those that it held before."""
        return self._file.value


def digest_of(token: str) -> str:
    """Return the SHA-256 of a token, in 64 hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def add_token(path: Path, name: str, role: Role, *, until: date | None = None) -> str:
    """Make a token, keep its hash in a file (made where there is none), and return it.

    It is shown this once: nothing can make it again. until: the last day on which it is good, in
    UTC. A new file can be read by its owner alone.

    Raises:
        ConfigError: the name cannot be one, somebody has it already, the day is over, or the file
            holds something else.
        InputError: the file cannot be written.
    """
    if what := _wrong_name(name):
        raise ConfigError(Problem("NAME", what))
    token = _PREFIX + secrets.token_urlsafe(32)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {"name": name, "role": role, "sha256": digest_of(token), "made": made}
    if until is not None:
        if until < datetime.now(UTC).date():
            raise ConfigError(Problem("--until", f"got {until}, a day that is over."))
        entry["until"] = until.isoformat()
    with _writing(path):
        lines = [*_lines(path)] if path.exists() else []
        if lines and any(caller.name == name for caller in Tokens.read(path).callers.values()):
            what = f"holds a token of {name!r} already."
            hint = "Withdraw it (--remove), or take another name."
            raise ConfigError(Problem(str(path), what, hint))
        _write(path, [*(line for _, line in lines), json.dumps(entry, ensure_ascii=False)])
    return token


def remove_token(path: Path, name: str) -> None:
    """Withdraw the token of *name*: servers know within a moment, and end its sessions.

    Raises:
        ConfigError: nobody has that name, or the file holds something else.
        InputError: the file cannot be written.
    """
    with _writing(path):
        names = [caller.name for caller in Tokens.read(path).callers.values()]
        if name not in names:
            what = f"holds no token of {name!r}."
            raise ConfigError(Problem(str(path), what, suggest(name, names)))
        kept = [line for _, line in _lines(path) if json.loads(line)["name"] != name]
        _write(path, kept)


def _writing(path: Path) -> ExitStack:
    """Be the only one who changes a file, after those who do so now."""
    stack, end = ExitStack(), time.monotonic() + _SECONDS_TO_WAIT
    while True:
        try:
            stack.enter_context(only_writer(path))
            return stack
        except PlaceTakenError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def _write(path: Path, lines: Iterable[str]) -> None:
    content = "".join(f"{line}\n" for line in lines)
    if len(content.encode()) > _MOST_BYTES:
        raise InputError(Problem(str(path), f"would have more than {_MOST_BYTES:,} bytes."))
    with write_atomically(path, private=True) as file:
        file.write(content)


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the lines of a file that hold something, and where each stands."""
    try:
        if path.exists() and not path.is_file():  # a pipe could be read once
            raise ConfigError(Problem(str(path), "is no file, expected one of tokens."))
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error if isinstance(error, OSError) else OSError(str(error))
        raise ConfigError(cannot_read(path, reason)) from None
    if len(content) > _MOST_BYTES:
        raise ConfigError(Problem(str(path), f"has more than {_MOST_BYTES:,} bytes."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(Problem(str(path), f"is not UTF-8 ({error.reason}).")) from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{path}:{number}", line.strip()


def _entry(line: str) -> tuple[str, Caller] | str:
    """Return the hash and whose it is; or what is wrong."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict):
        return "is no JSON object; expected a line that harnn token has written."
    name, role, digest = (entry.get(key) for key in ("name", "role", "sha256"))
    if what := _wrong_name(name):
        return what
    assert isinstance(name, str)
    if role not in ROLES:
        return f"has the role {_shown(role)}, expected one of {', '.join(ROLES)}."
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return "has no sha256 of 64 hexadecimal digits (0-9, a-f)."
    try:
        until = None if entry.get("until") is None else date.fromisoformat(entry["until"])
    except (TypeError, ValueError):
        return f"is good until {_shown(entry['until'])}, expected a day such as 2027-01-31."
    return digest, Caller(name, role, until, str(entry.get("made", "")), digest[:_KEY_DIGITS])


def _wrong_name(name: Any) -> str:
    """Return what is wrong with a name, which stands in logs and answers; or nothing."""
    if not isinstance(name, str) or not name.strip():
        return "has no name."
    if len(name) > _MOST_OF_A_NAME or not name.isprintable() or name != name.strip():
        return (
            f"has the name {_shown(name)}, expected at most {_MOST_OF_A_NAME} signs that can be "
            "printed, and no blanks around them."
        )
    return ""


def _shown(value: Any) -> str:
    return beginning(repr(value), 40)
