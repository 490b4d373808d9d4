"""Tokens: their file, how it is changed, and what a server makes of a change."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from harnn.cli import run as harnn_command
from harnn.errors import ConfigError, InputError
from harnn.serve import Tokens, add_token, remove_token
from harnn.serve.access import TokensFile, digest_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_token_is_found_and_the_file_does_not_hold_it(path: Path) -> None:
    token = add_token(path, "Frau Öl", "review", until=date(9999, 1, 1))
    found = Tokens.read(path).find(token)
    assert found is not None
    assert (found.name, found.role, found.until) == ("Frau Öl", "review", date(9999, 1, 1))
    assert found.may("read")
    assert not found.may("admin")
    assert token not in path.read_text("utf-8")
    assert digest_of(token) in path.read_text("utf-8")
    assert found.key == digest_of(token)[:32]
    for wrong in ("", token[:-1], token + "x", "\ud800", "x" * 100_000, digest_of(token)):
        assert Tokens.read(path).find(wrong) is None


def test_a_new_file_is_its_owners_alone_from_its_first_byte(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    real = os.fsync

    def look(handle: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(os, "fsync", look)
    before = os.umask(0)
    try:
        add_token(path, "kim", "read")
    finally:
        os.umask(before)
    assert modes == [0o600]
    assert mode_of(path) == 0o600


def test_a_file_that_was_there_keeps_what_its_group_may_and_others_nothing(path: Path) -> None:
    add_token(path, "kim", "read")
    path.chmod(0o644)
    add_token(path, "bob", "read")
    assert mode_of(path) == 0o640


def test_a_file_that_cannot_be_given_back_is_nobody_elses(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    add_token(path, "kim", "read")
    path.chmod(0o640)
    owner = path.stat()
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda _, uid, gid: given.append((uid, gid)))
    add_token(path, "bob", "read")
    assert given == [(owner.st_uid, owner.st_gid)]
    assert mode_of(path) == 0o640
    monkeypatch.setattr(os, "chown", refuse)
    add_token(path, "eve", "read")
    assert mode_of(path) == 0o600


def test_names_are_checked(path: Path) -> None:
    for name, shown in (("a\nb", r"'a\nb'"), (" a", "' a'"), ("\x1b[31m", r"'\x1b[31m'")):
        with pytest.raises(ConfigError) as caught:
            add_token(path, name, "read")
        assert str(caught.value) == (
            f"NAME: has the name {shown}, expected at most 100 signs that can be printed, and no "
            "blanks around them."
        )
    with pytest.raises(ConfigError, match="NAME: has no name"):
        add_token(path, "  ", "read")
    with pytest.raises(ConfigError, match="expected at most 100 signs"):
        add_token(path, "x" * 101, "read")
    assert not path.exists()


def test_who_has_a_token_gets_no_second_one(path: Path) -> None:
    add_token(path, "kim", "read")
    before = path.read_bytes()
    with pytest.raises(ConfigError) as caught:
        add_token(path, "kim", "admin")
    assert str(caught.value) == (
        f"{path}: holds a token of 'kim' already. Withdraw it (--remove), or take another name."
    )
    assert path.read_bytes() == before


def test_a_token_is_withdrawn_by_name(path: Path) -> None:
    kim, bob = add_token(path, "kim", "read"), add_token(path, "bob", "read")
    with pytest.raises(ConfigError) as caught:
        remove_token(path, "kin")
    assert str(caught.value) == f"{path}: holds no token of 'kin'. Did you mean 'kim'?"
    remove_token(path, "kim")
    assert Tokens.read(path).find(kim) is None
    assert Tokens.read(path).find(bob) is not None
    assert mode_of(path) == 0o600
    remove_token(path, "bob")
    assert Tokens.read(path).callers == {}


def test_a_day_that_is_over_is_refused_and_its_token_over(path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        add_token(path, "kim", "read", until=date(2020, 1, 1))
    assert str(caught.value) == "--until: got 2020-01-01, a day that is over."
    today = datetime.now(UTC).date()
    token = add_token(path, "kim", "read", until=today)
    found = Tokens.read(path).find(token)
    assert found is not None
    assert not found.is_over
    text = path.read_text("utf-8").replace(str(today), str(today - timedelta(days=1)))
    path.write_text(text, "utf-8")
    found = Tokens.read(path).find(token)
    assert found is not None
    assert found.is_over


def _add_many(path: str, worker: int, count: int) -> None:
    for number in range(count):
        add_token(Path(path), f"{worker}-{number}", "read")


def test_writers_at_the_same_time_lose_nothing(path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_add_many, args=(str(path), each, 8)) for each in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    names = {caller.name for caller in Tokens.read(path).callers.values()}
    assert names == {f"{worker}-{number}" for worker in range(3) for number in range(8)}


def test_every_line_that_is_no_token_is_named(path: Path) -> None:
    good = {"name": "kim", "role": "read", "sha256": "a" * 64}
    lines = [
        json.dumps(good),
        "[]",
        "{",
        "[" * 100_000,
        json.dumps(good | {"name": 7}),
        json.dumps(good | {"name": "a", "role": "root"}),
        json.dumps(good | {"name": "b", "role": ["x"] * 1_000}),
        json.dumps(good | {"name": "c", "sha256": "A" * 64}),
        json.dumps(good | {"name": "d", "until": "soon"}),
        json.dumps(good | {"name": "e", "until": 5}),
        json.dumps(good),
        json.dumps(good | {"name": "f"}),
    ]
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(ConfigError) as caught:
        Tokens.read(path)
    found = [
        f"{problem.where.rpartition(':')[2]}: {problem.what}" for problem in caught.value.problems
    ]
    no_object = "is no JSON object; expected a line that harnn token has written."
    day = "expected a day such as 2027-01-31."
    assert found == [
        f"2: {no_object}",
        f"3: {no_object}",
        f"4: {no_object}",
        "5: has no name.",
        "6: has the role 'root', expected one of read, annotate, review, admin.",
        "7: has the role ['x', 'x', 'x', 'x', 'x', 'x', 'x', 'x',\u00a0…, expected one of read, "
        "annotate, review, admin.",
        "8: has no sha256 of 64 hexadecimal digits (0-9, a-f).",
        f"9: is good until 'soon', {day}",
        f"10: is good until 5, {day}",
        "11: is a second token of 'kim'.",
        "12: has the sha256 of the token of 'kim'.",
    ]


def test_what_is_no_file_of_text_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        Tokens.read(path)
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"is not UTF-8 \(invalid start byte\)"):
        Tokens.read(path)
    path.write_bytes(b" " * (1 << 20) + b" ")
    with pytest.raises(ConfigError, match="has more than 1,048,576 bytes"):
        Tokens.read(path)
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="is no file, expected one of tokens"):
        Tokens.read(pipe)
    with pytest.raises(InputError, match="its directory does not exist"):
        add_token(path.with_name("no") / "x", "kim", "read")


def test_a_byte_order_mark_and_empty_lines_do_not_matter(path: Path) -> None:
    token = add_token(path, "kim", "read")
    path.write_text("\ufeff\r\n" + path.read_text("utf-8").replace("\n", "\r\n\r\n"), "utf-8")
    assert Tokens.read(path).find(token) is not None


def test_a_server_without_any_token_does_not_start(path: Path) -> None:
    path.touch()
    with pytest.raises(ConfigError) as caught:
        TokensFile(path)
    assert str(caught.value) == (
        f"{path}: holds no token, so that nobody could ask. "
        f"Make one: harnn token {path} NAME --role read"
    )


def test_a_changed_file_is_read_again_and_the_last_token_can_be_withdrawn(path: Path) -> None:
    kim = add_token(path, "kim", "read")
    file = TokensFile(path)
    assert file.tokens is file.tokens  # it is not read for every request
    bob = add_token(path, "bob", "read")
    assert file.tokens.find(bob) is not None
    remove_token(path, "kim")
    assert file.tokens.find(kim) is None
    remove_token(path, "bob")
    assert file.tokens.callers == {}


def test_a_broken_file_changes_nothing_and_is_told_once(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("harnn.serve"), "propagate", True)
    kim = add_token(path, "kim", "read")
    content = path.read_text("utf-8")
    file = TokensFile(path)
    path.write_text(content + "broken\n", "utf-8")
    for _ in range(3):
        assert file.tokens.find(kim) is not None
    expected = (
        f"The tokens stay what they were: {path}:2: is no JSON object; expected a line that harnn "
        "token has written."
    )
    assert [record.message for record in caplog.records] == [expected]
    path.unlink()
    assert file.tokens.find(kim) is not None
    assert file.tokens.find(kim) is not None
    assert len(caplog.records) == 2
    path.write_text(content, "utf-8")
    assert file.tokens.find(kim) is not None


def test_the_command_makes_lists_and_withdraws(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = harnn_command(["token", str(path), *arguments])
        return code, *capsys.readouterr()

    code, out, err = run("kim", "--role", "review", "--until", "9999-12-31")
    token = out.strip()
    assert Tokens.read(path).find(token) is not None
    expected = f"kim may review until 9999-12-31. The token is shown this once; {path} keeps its"
    assert (code, err) == (0, f"{expected} hash.\n")
    code, out, err = run()
    name, role, _, until = out.rstrip("\n").split("\t")
    assert (name, role, until, err) == ("kim", "review", "until 9999-12-31", "")
    assert token not in out
    error = "Error: --remove: expected the NAME whose token is withdrawn.\n"
    assert run("--remove") == (2, "", error)
    assert run("kim", "--remove") == (0, "", "kim has no token any more.\n")
    assert run() == (0, "", f"{path} holds no token.\n")
