"""Which state of its source this package is of, where that is known: a checkout of git, or what an
installer took from one.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_HERE = Path(__file__).parent
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECONDS = 5


@cache
def source_commit() -> str:
    """Return the commit of the source, ``and changes`` behind it where files differ from it.

    Empty where the package is of no checkout and no installer kept the commit (PEP 610), or where
    git is not there to be asked. A package that merely lies in somebody else's checkout, as an
    environment within a project does, is none of it.
    """
    return commit_of(_HERE) or _installed_commit()


def commit_of(package: Path) -> str:
    """Return the same for a package's directory, if git has its ``__init__.py``; else nothing."""
    if not any((place / ".git").exists() for place in package.parents):
        return ""
    if not _git(package, "ls-files", "--error-unmatch", "__init__.py"):
        return ""
    commit = _git(package, "rev-parse", "HEAD")
    if not _COMMIT.fullmatch(commit):
        return ""
    changed = _git(package, "status", "--porcelain", "--", ".")
    return f"{commit} and changes" if changed else commit


def _git(place: Path, *words: str) -> str:
    """Return what git answers; nothing where it does not, or refuses."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(place), *words],
            capture_output=True,
            check=True,
            env={**others, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def _installed_commit() -> str:
    """Return the commit that ``pip install git+https://...`` took."""
    try:
        text = distribution("harnn").read_text("direct_url.json")
        found = json.loads(text or "{}")["vcs_info"]["commit_id"]
    except (PackageNotFoundError, OSError, ValueError, LookupError, TypeError):
        return ""
    return found if isinstance(found, str) and _COMMIT.fullmatch(found) else ""
