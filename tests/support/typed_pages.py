"""Pages whose commands are typed, and whose excerpts are held to what is printed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harnn.cli import run
from harnn.sample.__main__ import main as write_sample
from support.served import RunningServer, running

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
_LEARNED = re.compile(r"\d+\.\d+|\d+(?= KB)")
_ADDRESS = "http://127.0.0.1:8000"


class Block(NamedTuple):
    """A block of a page."""

    language: str
    content: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of code of a page, in order."""
    return [Block(*found) for found in _BLOCK.findall(page)]


def commands(page: str) -> Iterator[list[str]]:
    """Yield the words of each line of the shell."""
    for block in blocks(page):
        if block.language == "sh":
            for line in block.content.replace("\\\n", " ").splitlines():
                yield shlex.split(line)


def is_printed(line: str, printed: list[str]) -> bool:
    """Tell whether a line is among those printed, with nearly the same numbers."""
    numbers = [float(number) for number in _LEARNED.findall(line)]
    alike = [each for each in printed if _LEARNED.sub("#", each) == _LEARNED.sub("#", line)]
    return any(
        [float(number) for number in _LEARNED.findall(each)] == pytest.approx(numbers, abs=2)
        for each in alike
    )


class Typist:
    """Types the blocks of a page, one after the other, in the directory where it is."""

    def __init__(self, capsys: pytest.CaptureFixture[str], toml: str) -> None:
        """toml: the file that blocks of settings stand for."""
        self._capsys, self._toml = capsys, toml
        self._server: RunningServer | None = None
        self._left = ExitStack()
        self._kept: dict[str, Any] = {}
        self.excerpts = 0

    def type(self, page: str) -> None:
        """Type all blocks, and hold what they print to the excerpts that follow them."""
        found = blocks(page)
        printed: list[str] = []
        with self._left:
            for block, after in zip(found, [*found[1:], Block("", "")], strict=True):
                if block.language == "toml":
                    Path(self._toml).write_text(block.content, encoding="utf-8")
                elif block.language == "sh":
                    expected = 2 if after.language == "text" and "to mend." in after.content else 0
                    printed = self._type_lines(block.content, expected)
                elif block.language == "python":
                    exec(compile(self._here(block.content), "page", "exec"), self._kept)
                    printed = self._printed()
                elif block.language == "text":
                    for line in block.content.splitlines():
                        assert is_printed(line, printed), line
                    self.excerpts += 1
                elif block.language == "json":
                    assert_alike(json.loads("\n".join(printed)), json.loads(block.content))
                    self.excerpts += 1

    def _type_lines(self, content: str, expected: int) -> list[str]:
        for line in content.replace("\\\n", " ").splitlines():
            words = shlex.split(self._here(line))
            if words[:2] == ["pip", "install"]:
                continue
            if words[:3] == ["python", "-m", "harnn.sample"]:
                assert write_sample(words[3:]) == 0
            elif words[0] == "cd":
                os.chdir(words[1])
            elif words[0] == "curl":
                print(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
            elif words[:2] == ["harnn", "serve"]:
                self._server = self._left.enter_context(running(Path("serve.log"), *words[2:]))
            else:
                assert words[0] == "harnn", line
                assert run(words[1:]) == expected, line
        return self._printed()

    def _here(self, content: str) -> str:
        """Ask the server where it is."""
        return content.replace(_ADDRESS, self._server.url) if self._server else content

    def _printed(self) -> list[str]:
        captured = self._capsys.readouterr()
        return (captured.out + captured.err).splitlines()


def assert_alike(found: Any, shown: Any) -> None:
    """Compare JSON but for what depends on the machine: numbers a little, hashes at all."""
    if isinstance(shown, dict):
        assert found.keys() == shown.keys()
        for key in shown.keys() - {"version"}:
            assert_alike(found[key], shown[key])
    elif isinstance(shown, list):
        assert len(found) == len(shown)
        for each, other in zip(found, shown, strict=True):
            assert_alike(each, other)
    elif isinstance(shown, float):
        assert found == pytest.approx(shown, abs=0.03)
    else:
        assert found == shown
