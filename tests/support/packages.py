"""What packages ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, requires

HEAVY = {"torch", "gensim", "lightning-fabric", "numba", "scikit-learn", "transformers", "pyarrow"}
"""What no answer without PyTorch needs."""


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
