"""What pages show can be typed: commands are understood, Python and TOML are read."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from harnn._settings_toml import settings_of
from harnn.cli import program
from harnn.config import Config
from support.pages import PAGES, ROOT, code_of, tokens

NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES if page.name != "CHANGELOG.md"]
PROGRAM: Any = program()
_PIPE = re.compile(r"^(?:\||>>?|<|2>&1|&&|&)$")
_SUFFIXES = {"safetensors", "onnx", "json", "csv", "npz"}
"""Of files that are called like a table of settings, such as ``model.onnx``."""
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
        assert options_of(words) <= known_to(command), words
        return
    context = command.make_context(command.name, list(words))
    settings = [each for each in context.params.get("settings") or [] if "NAME" not in each]
    Config.read(None, [each for each in settings if not each.startswith("data.")])


def options_of(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if re.match(r"-[a-z-]", word)}


def known_to(command: Any) -> set[str]:
    return {
        "--help",
        *(option for each in command.params for option in [*each.opts, *each.secondary_opts]),
    }


@pytest.mark.parametrize("name", NAMES)
def test_options_named_in_the_text_are_there(name: str) -> None:
    """``harnn evaluate --strategies`` in a sentence: the command has the option."""
    for text in code_of(ROOT / name):
        command: Any = PROGRAM
        words = text.removeprefix("harnn ").split()
        if not words or words[0] not in command.commands:
            continue
        while words and words[0] in getattr(command, "commands", {}):
            command, words = command.commands[words[0]], words[1:]
        assert options_of(words) <= known_to(command), text


@pytest.mark.parametrize("name", NAMES)
def test_settings_named_in_the_text_are_there(name: str) -> None:
    known = {f"{each.table}.{each.name}" for each in settings_of(Config())}
    tables = {each.partition(".")[0] for each in known}
    for text in code_of(ROOT / name):
        found = re.fullmatch(r"(?:--set )?(\w+)\.([a-z_0-9]+)(?:=.*)?", text)
        if found is not None and found[1] in tables and found[2] not in _SUFFIXES:
            assert f"{found[1]}.{found[2]}" in known, text


@pytest.mark.parametrize("name", NAMES)
def test_commands_are_understood(name: str) -> None:
    for words in commands(name):
        if words and words != ["--help"] and "COMMAND" not in words:
            try:
                understood(words, PROGRAM)
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
        understood(line.split(), PROGRAM)
