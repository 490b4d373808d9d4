"""What pages show can be typed: commands are understood, Python and TOML are read."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from harnn.cli import program
from harnn.config import Config
from support.pages import PAGES, ROOT, tokens

NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES if page.name != "CHANGELOG.md"]
_PIPE = re.compile(r"^(?:\||>>?|<|2>&1|&&|&)$")
_PLACEHOLDERS = {"...", "…"}


def blocks(name: str, language: str) -> Iterator[str]:
    for token in tokens(ROOT / name):
        if token.type == "fence" and token.info.strip() == language:
            yield token.content


def commands(name: str) -> Iterator[list[str]]:
    """Yield the words of every harnn command, without what a shell does with it."""
    for block in blocks(name, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            if re.match(r"(?:[A-Z_]+=\S* )*harnn ", line):
                words = shlex.split(line, comments=True)
                del words[: words.index("harnn")]
                end = next((at for at, word in enumerate(words) if _PIPE.match(word)), len(words))
                yield words[1:end]


def understood(words: list[str], command: Any) -> None:
    """Parse the words of a command as it does; a mistake is an exception."""
    while hasattr(command, "commands"):
        assert words[0] in command.commands, words[0]
        command, words = command.commands[words[0]], words[1:]
    if _PLACEHOLDERS & set(words):  # what is left out may be what is required
        words = [word for word in words if word not in _PLACEHOLDERS]
        known = {option for each in command.params for option in each.opts}
        assert {word for word in words if word.startswith("-")} <= known, words
        return
    context = command.make_context(command.name, list(words))
    settings = [each for each in context.params.get("settings") or [] if "NAME" not in each]
    Config.read(None, [each for each in settings if not each.startswith("data.")])


@pytest.mark.parametrize("name", NAMES)
def test_commands_are_understood(name: str) -> None:
    group = program()
    for words in commands(name):
        if words and words != ["--help"] and "COMMAND" not in words:
            try:
                understood(words, group)
            except Exception as error:
                raise AssertionError(f"harnn {shlex.join(words)}: {error}") from error


@pytest.mark.parametrize("name", NAMES)
def test_python_and_settings_are_read(name: str) -> None:
    for code in blocks(name, "python"):
        ast.parse(code)
    for text in blocks(name, "toml"):
        tomllib.loads(text)


@pytest.mark.parametrize(
    "line", ["train --nonsense", "nonsense", "train -o m --set model.preset=slow", "train ... --x"]
)
def test_mistakes_are_found(line: str) -> None:
    with pytest.raises(Exception, match=r".+"):
        understood(line.split(), program())
