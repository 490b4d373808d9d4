"""A small taxonomy."""

from __future__ import annotations

import pytest

from harnn.taxonomy import Taxonomy


@pytest.fixture
def taxonomy() -> Taxonomy:
    """A, B; below A a1 and a2, below B b1; c is below a1 and b1."""
    edges = [("A", "ROOT"), ("B", "ROOT"), ("a1", "A"), ("a2", "A"), ("b1", "B")]
    return Taxonomy.from_edges([*edges, ("c", "a1"), ("c", "b1")])
