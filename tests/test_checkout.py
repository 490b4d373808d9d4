"""Of which commit the package is: that of its own checkout, and of nobody else's."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from harnn import _checkout
from harnn._checkout import commit_of, source_commit


def git(place: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, "-C", str(place), *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    home = tmp_path / "home" / "src" / "harnn"
    home.mkdir(parents=True)
    (home / "__init__.py").write_text("", "utf-8")
    checkout = tmp_path / "home"
    git(checkout, "init", "-q")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "one")
    return home


def test_a_checkout_and_what_differs_from_it(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git(package, "rev-parse", "HEAD")
    assert commit_of(package) == commit
    (tmp_path / "home" / "notes.txt").write_text("beside the package", "utf-8")
    assert commit_of(package) == commit
    (package / "more.py").write_text("", "utf-8")
    assert commit_of(package) == f"{commit} and changes"
    (package / "more.py").unlink()
    (package / "__init__.py").write_text("x = 1\n", "utf-8")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))  # as hooks of git set it
    assert commit_of(package) == f"{commit} and changes"
    monkeypatch.setenv("PATH", "")
    assert commit_of(package) == ""


def test_an_environment_in_a_checkout_is_none_of_it(package: Path, tmp_path: Path) -> None:
    inside = tmp_path / "home" / ".venv" / "site-packages" / "harnn"
    inside.mkdir(parents=True)
    (inside / "__init__.py").write_text("", "utf-8")
    assert commit_of(inside) == ""
    assert commit_of(tmp_path / "nowhere" / "harnn") == ""


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        (json.dumps({"url": "u", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}), "a" * 40),
        (json.dumps({"url": "file:///x", "dir_info": {}}), ""),
        (json.dumps({"vcs_info": {"commit_id": 7}}), ""),
        ("[", ""),
        (None, ""),
    ],
)
def test_what_an_installer_kept(
    kept: str | None, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PEP 610."""
    monkeypatch.setattr(_checkout, "commit_of", lambda _: "")
    known = SimpleNamespace(read_text=lambda name: kept if name == "direct_url.json" else None)
    monkeypatch.setattr(_checkout, "distribution", lambda _: known)
    source_commit.cache_clear()
    assert source_commit() == found
    source_commit.cache_clear()
