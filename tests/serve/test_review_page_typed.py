"""What the page of review types over HTTP is answered as it shows."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.served import running
from support.typed_pages import DOCS, blocks

ADDRESS = "http://127.0.0.1:8000"


def test_a_document_from_the_queue_to_the_export(model: Path, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    page = (DOCS / "review.md").read_text(encoding="utf-8")
    found = blocks(page.partition("## Over HTTP")[2].partition("\n## ")[0])
    asked = [block.content.replace("\\\n", " ").splitlines() for block in found[::2]]
    shown = [json.loads(block.content) for block in found[1::2]]
    assert {block.language for block in found} == {"sh", "json"}
    assert asked[0].pop(0) == "harnn serve model --database review.db"
    assert len(asked) == len(shown) == 6
    options = ("--database", str(tmp_path / "review.db"))
    with running(tmp_path / "log", f"model={model}", *options) as server:
        for lines, expected in zip(asked, shown, strict=True):
            for line in lines:
                words = shlex.split(line.replace(ADDRESS, server.url))
                assert words[0] == "curl"
                done = subprocess.run(words, check=True, capture_output=True, text=True)
            assert_shown(json.loads(done.stdout), expected)


def assert_shown(found: Any, shown: Any) -> None:
    """Hold an answer to what is shown of it: some members, and numbers nearly."""
    if isinstance(shown, dict):
        for key in shown:
            assert_shown(found[key], shown[key])
    elif isinstance(shown, list):
        assert len(found) == len(shown)
        for each, other in zip(found, shown, strict=True):
            assert_shown(each, other)
    elif isinstance(shown, float):
        assert found == pytest.approx(shown, abs=0.03)
    else:
        assert found == shown
