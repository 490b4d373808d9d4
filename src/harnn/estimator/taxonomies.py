"""The taxonomy of an estimator, given as a value or as a file."""

from __future__ import annotations

from pathlib import Path

from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy import Taxonomy


def as_taxonomy(given: object) -> Taxonomy:
    """Return the taxonomy, read from its file where *given* is a path.

    Raises:
        TaxonomyError: it cannot be read, or is something else.
    """
    if isinstance(given, Taxonomy):
        return given
    if isinstance(given, str | Path):
        return Taxonomy.from_file(given)
    what = f"is {type(given).__name__}, expected a harnn.Taxonomy or the path of its file."
    raise TaxonomyError(Problem("taxonomy", what))
