"""What packages ask for, and commands where some are not installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, requires

HEAVY = {"torch", "gensim", "lightning-fabric", "numba", "scikit-learn", "transformers", "pyarrow"}
"""What no answer without PyTorch needs."""


BLOCKED = """
import importlib.util, json, sys
refused = set(json.loads(sys.argv[1]))
class Refuse:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Refuse)
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in refused else find(name, *rest)
from harnn.cli import run
sys.exit(max(run(words) for words in json.loads(sys.argv[2])))
"""
"""Runs commands as where some modules are not installed."""


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@cache
def needed_by(name: str) -> frozenset[str]:
    """A package and all that it asks for, without extras."""
    try:
        asked = requires(name) or []
    except PackageNotFoundError:  # for other systems
        return frozenset()
    found = {name}
    for line in asked:
        if "extra ==" not in line and name_of(line) not in found:
            found |= needed_by(name_of(line))
    return frozenset(found)


def brought_by(requirements: Iterable[str]) -> frozenset[str]:
    """All packages that pip installs for requirements."""
    return frozenset[str]().union(*(needed_by(name_of(line)) for line in requirements))


def run_without(modules: Iterable[str], *commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Run commands in a process where modules cannot be imported."""
    given = [json.dumps(sorted(modules)), json.dumps(commands)]
    return subprocess.run([sys.executable, "-c", BLOCKED, *given], capture_output=True, text=True)
